"""Decide which ready issues start now, in what order, and why not the rest.

An issue starts if no gate below stops it, and if no more urgent issue of its repository starts in the same tick.
The order within a repository is total:
1. what a person asked to re-run, in the order of the asking;
2. the lowest priority value, and issues without one last;
3. the lowest issue number.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from afk.core.model import BlockerState, Trust, carries
from afk.core.priorities import priority

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from afk.core.model import Issue, IssueRef, Labels, Vetting
    from afk.core.records import Command
    from afk.core.run import Run


class Code(StrEnum):
    """Why a candidate does not start. `starts` is the one that does, and the one below it is about to be ruled on."""

    STARTS = "starts"
    RERUN_ASKED = "rerun-asked"
    KILL_SWITCH = "kill-switch"
    NOT_ENROLLED = "not-enrolled"
    NOT_ARMED = "not-armed"
    BUSY = "repository-busy"
    NOT_READY = "not-ready"
    HUMAN_LABEL = "human-label"
    CLOSED = "closed"
    BUDGET_SPENT = "budget-spent"
    COULD_NOT_ASK = "could-not-ask"
    UNTRUSTED = "untrusted"
    EDITED = "edited-after-release"
    ENDED_BEFORE = "ended-before"
    BLOCKED = "blocked"
    AFTER_OTHER = "after-a-more-urgent-issue"
    START_FAILED = "start-failed"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An issue that might start, with what the ledger knows about it."""

    issue: Issue
    rerun: Command | None = None  # a named person asked for it
    ended: Run | None = None  # its latest run, finished
    spent_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Gates:
    """Everything outside the issue that decides about a start."""

    killed: str = ""  # by whom or what; empty: the switches are off
    enrolled: frozenset[str] = frozenset()
    armed: frozenset[str] = frozenset()
    busy: Mapping[str, IssueRef] = field(default_factory=dict)  # repository → the issue whose run is not finished
    budget_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided about one candidate."""

    candidate: Candidate
    code: Code
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Selection:
    """A ruling for every candidate that could be ruled on, and those that must be vetted first, most urgent first."""

    rulings: tuple[Ruling, ...]
    unvetted: Mapping[str, tuple[Candidate, ...]]

    @property
    def starts(self) -> tuple[Candidate, ...]:
        return tuple(ruling.candidate for ruling in self.rulings if ruling.code is Code.STARTS)


def select(
    candidates: Iterable[Candidate],
    vettings: Mapping[IssueRef, Vetting],
    gates: Gates,
    labels: Labels,
) -> Selection:
    """Rule on every candidate. One whose vetting decides the slot of its repository and is missing stays unvetted."""
    rulings: list[Ruling] = []
    unvetted: dict[str, tuple[Candidate, ...]] = {}
    contenders: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        refusal = _cheap(candidate, gates, labels)
        if refusal:
            rulings.append(Ruling(candidate, *refusal))
        else:
            contenders[candidate.issue.ref.repo].append(candidate)
    for repo, rivals in contenders.items():
        rivals.sort(key=_urgency)
        rulings_here, waiting = _award(rivals, vettings)
        rulings.extend(rulings_here)
        if waiting:
            unvetted[repo] = waiting
    return Selection(tuple(rulings), unvetted)


def _cheap(candidate: Candidate, gates: Gates, labels: Labels) -> tuple[Code, str] | None:
    """The gates that cost no request, safety first."""
    issue = candidate.issue
    repo = issue.ref.repo
    if gates.killed:
        return Code.KILL_SWITCH, gates.killed
    if repo not in gates.enrolled:
        return Code.NOT_ENROLLED, repo
    if repo not in gates.armed:
        return Code.NOT_ARMED, repo
    if repo in gates.busy:
        return Code.BUSY, str(gates.busy[repo])
    if not issue.is_open:
        return Code.CLOSED, ""
    if candidate.rerun is None:
        if not carries(issue.labels, labels.ready):
            return Code.NOT_READY, labels.ready
        if carries(issue.labels, labels.human):
            return Code.HUMAN_LABEL, labels.human
    if candidate.spent_usd >= gates.budget_usd:
        return Code.BUDGET_SPENT, f"{candidate.spent_usd:.2f} of {gates.budget_usd:.0f} USD"
    return None


def _urgency(candidate: Candidate) -> tuple[int, float, float, int]:
    value = priority(candidate.issue.labels).value
    rerun = candidate.rerun
    return (
        0 if rerun else 1,
        rerun.at.timestamp() if rerun else 0.0,
        float("inf") if value is None else value,
        candidate.issue.ref.number,
    )


def _award(
    rivals: Sequence[Candidate], vettings: Mapping[IssueRef, Vetting]
) -> tuple[list[Ruling], tuple[Candidate, ...]]:
    """Give the repository's one slot to the most urgent candidate that nothing stops."""
    rulings: list[Ruling] = []
    for place, candidate in enumerate(rivals):
        vetting = vettings.get(candidate.issue.ref)
        if vetting is None:
            return rulings, tuple(rivals[place:])
        refusal = vetted(candidate, vetting)
        if refusal:
            rulings.append(Ruling(candidate, *refusal))
            continue
        rulings.append(Ruling(candidate, Code.STARTS))
        first = str(candidate.issue.ref)
        rulings.extend(Ruling(later, Code.AFTER_OTHER, first + _unreadable(later)) for later in rivals[place + 1 :])
        return rulings, ()
    return rulings, ()


def _unreadable(candidate: Candidate) -> str:
    """A label that looks like a priority and is none counts for nothing, and people should know."""
    labels = priority(candidate.issue.labels).unreadable
    return f" (unreadable priority: {', '.join(labels)})" if labels else ""


def vetted(candidate: Candidate, vetting: Vetting) -> tuple[Code, str] | None:
    """The gates that cost requests. Who asks for a re-run by name vouches for the label, not for later edits."""
    match vetting.trust:
        case Trust.UNKNOWN:
            return Code.COULD_NOT_ASK, vetting.detail
        case Trust.EDITED:
            return Code.EDITED, vetting.detail
        case Trust.UNTRUSTED if candidate.rerun is None:
            return Code.UNTRUSTED, vetting.detail
        case Trust.UNTRUSTED | Trust.TRUSTED:
            pass
    if _ended_before(candidate, vetting.released_at):
        assert candidate.ended is not None
        assert candidate.ended.outcome is not None
        return Code.ENDED_BEFORE, candidate.ended.outcome.value
    if vetting.blockers is None:
        return Code.COULD_NOT_ASK, vetting.detail
    open_ones = [blocker for blocker in vetting.blockers if blocker.state is not BlockerState.CLOSED]
    if open_ones:
        return Code.BLOCKED, ", ".join(
            blocker.name + (" (unreadable)" if blocker.state is BlockerState.UNREADABLE else "")
            for blocker in open_ones[:5]
        )
    return None


def _ended_before(candidate: Candidate, released_at: datetime | None) -> bool:
    """The end of a run is final until somebody asks for a re-run or releases the issue anew."""
    ended = candidate.ended
    if ended is None or candidate.rerun is not None:
        return False
    return released_at is None or ended.outcome_at is None or released_at <= ended.outcome_at
