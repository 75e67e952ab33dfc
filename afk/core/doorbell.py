"""Compose the message a person gets when a run ends or needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from afk.core.dispatch_policy import Code
from afk.core.records import DoorbellKind
from afk.core.run import Outcome
from afk.core.text import plain
from afk.core.wording import duration, why_not

if TYPE_CHECKING:
    from datetime import datetime

    from afk.core.records import Doorbell, Verdicted
    from afk.core.run import Run

TITLE_LIMIT = 200
WHY_LIMIT = 1_000

STATES = {
    DoorbellKind.DONE: ("✅", "Done"),
    DoorbellKind.NEEDS_HUMAN: ("🙋", "Needs a person"),
    DoorbellKind.FROZEN: ("🧊", "Frozen"),
    DoorbellKind.QUESTION: ("❓", "Question"),
    DoorbellKind.ALARM: ("🚨", "Alarm"),
}


WITH_A_PERSON = frozenset({DoorbellKind.FROZEN, DoorbellKind.NEEDS_HUMAN})
# What the last poll can have found about an issue that somebody wants run again.
HOLDS = frozenset({
    Code.CLOSED, Code.BUSY, Code.BUDGET_SPENT, Code.COULD_NOT_ASK, Code.UNTRUSTED, Code.EDITED, Code.BLOCKED,
    Code.AFTER_OTHER, Code.START_FAILED,
})  # fmt: skip
BECAME = {
    None: "is running",
    Outcome.DONE: "is done",
    Outcome.FROZEN: "froze",
    Outcome.NEEDS_HUMAN: "was handed back",
    Outcome.STOPPED: "was stopped",
}


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who did something about a doorbell, and when."""

    what: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Card:
    """A doorbell as every channel can render it. All texts are plain and may be hostile: channels escape."""

    key: str
    kind: DoorbellKind
    mark: str
    state: str
    subject: str  # infra#42, or empty
    title: str
    why: str
    facts: str
    thread_url: str = ""
    issue_url: str = ""
    ci_url: str = ""
    rerun: str = ""  # infra#42/1: the attempt that a click would follow; empty: no button
    acknowledge: bool = False
    options: tuple[str, ...] = ()
    stamps: tuple[Stamp, ...] = ()
    sequel: str = ""  # what became of the issue since

    @property
    def headline(self) -> str:
        return " · ".join(
            part for part in (f"{self.state}: {self.subject}" if self.subject else self.state, self.title) if part
        )

    @property
    def text(self) -> str:
        """The whole fact in plain words, for notifications and readers without buttons."""
        stamps = [f"{stamp.what} by {stamp.by} at {stamp.at:%H:%M} UTC" for stamp in self.stamps]
        return "\n".join(line for line in (self.headline, self.why, self.facts, *stamps, self.sequel) if line)


def card(doorbell: Doorbell, run: Run | None, latest: Run | None = None, decision: Verdicted | None = None) -> Card:
    """Render a doorbell from what the ledger holds now: its run, the newest run of the issue, why the issue waits."""
    mark, state = STATES[doorbell.kind]
    stamps = tuple(
        Stamp(what, by, at)
        for what, by, at in (
            ("Got it", doorbell.acknowledged_by, doorbell.acknowledged_at),
            ("Re-run", doorbell.rerun_by, doorbell.rerun_at),
        )
        if by and at is not None
    )
    if run is None:
        why = plain(doorbell.text, WHY_LIMIT)
        return Card(doorbell.key, doorbell.kind, mark, state, "", "", why, "", acknowledge=not stamps, stamps=stamps)
    sequel = _sequel(doorbell, run, latest or run, decision)
    return Card(
        key=doorbell.key,
        kind=doorbell.kind,
        mark=mark,
        state=state,
        subject=str(run.ref),
        title=plain(run.title, TITLE_LIMIT),
        why=plain(_why(doorbell, run), WHY_LIMIT),
        facts=_facts(doorbell, run),
        thread_url=run.thread_url,
        issue_url=run.url,
        ci_url=run.failure.url if run.failure else "",
        rerun=f"{run.ref}/{run.attempt}" if _can_rerun(doorbell) and not sequel else "",
        acknowledge=_wants_acknowledgement(doorbell) and not sequel,
        options=run.question_options if doorbell.kind is DoorbellKind.QUESTION and run.question else (),
        stamps=stamps,
        sequel=plain(sequel, WHY_LIMIT),
    )


def _sequel(doorbell: Doorbell, run: Run, latest: Run, decision: Verdicted | None) -> str:
    """Empty as long as the issue waits for a person."""
    if doorbell.kind not in WITH_A_PERSON:
        return ""
    if latest.attempt > run.attempt:
        since = latest.outcome_at
        took = f" after {duration((since - latest.claimed_at).total_seconds())}" if since is not None else ""
        return f"Attempt {latest.attempt} {BECAME[latest.outcome]}{took}."
    if doorbell.rerun_by:
        waits = f": {why_not(decision)}" if decision is not None and Code(decision.code) in HOLDS else "."
        return f"Attempt {run.attempt + 1} has not started yet{waits}"
    return ""


def _why(doorbell: Doorbell, run: Run) -> str:
    match doorbell.kind:
        case DoorbellKind.QUESTION | DoorbellKind.ALARM:
            return doorbell.text
        case DoorbellKind.DONE | DoorbellKind.FROZEN | DoorbellKind.NEEDS_HUMAN:
            return doorbell.text or run.detail
        case _:
            assert_never(doorbell.kind)


def _facts(doorbell: Doorbell, run: Run) -> str:
    parts = [f"attempt {run.attempt}"]
    if run.attempts_made:
        parts.append(f"{run.attempts_made} correction" + ("" if run.attempts_made == 1 else "s"))
    parts.append(duration(((run.outcome_at or doorbell.at) - run.claimed_at).total_seconds()))
    if run.cost_usd:
        parts.append(f"about {run.cost_usd:.2f} USD")
    if run.commit:
        parts.append(f"commit {run.commit[:12]}")
    return " · ".join(parts)


def _can_rerun(doorbell: Doorbell) -> bool:
    return doorbell.kind in WITH_A_PERSON and not doorbell.rerun_by


def _wants_acknowledgement(doorbell: Doorbell) -> bool:
    waits = doorbell.kind in WITH_A_PERSON or doorbell.kind is DoorbellKind.ALARM
    return waits and not doorbell.acknowledged_by and not doorbell.rerun_by
