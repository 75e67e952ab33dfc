"""Render how far a run is, as the one comment on its issue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.core.identifiers import marker
from afk.core.known_links import markdown_link
from afk.core.run import Outcome, Phase
from afk.core.text import markdown_escaped, plain

if TYPE_CHECKING:
    from collections.abc import Collection

    from afk.core.run import Evidence, Run

TITLES = {
    Phase.WORKTREE: "Worktree",
    Phase.TESTS_RED: "Tests red",
    Phase.GREEN: "Tests green",
    Phase.PUSHED: "Pushed",
    Phase.CI: "CI",
    Phase.DEPLOYED: "Deployed",
    Phase.DONE: "Done",
}

HEADINGS = {
    None: "AFK is working on this",
    Outcome.DONE: "AFK is done with this",
    Outcome.FROZEN: "AFK froze this run",
    Outcome.NEEDS_HUMAN: "AFK handed this to a person",
    Outcome.STOPPED: "AFK was stopped",
}

DETAIL_LIMIT = 160


def checklist(run: Run, hosts: Collection[str]) -> str:
    """Only what was seen or reported is ticked, and each tick says by what. Links open `hosts` alone."""
    known = {each.phase: each for each in run.evidence}
    conversation = markdown_link("conversation", run.thread_url, hosts)
    lines = [
        marker(run.id, "checklist"),
        f"### {HEADINGS[run.outcome]}",
        "",
        *(_ticked(phase, known[phase], hosts) if phase in known else _open(phase, run) for phase in Phase),
        "",
        *_remarks(run),
        f"<sub>Attempt {run.attempt} · run {run.id}" + (f" · {conversation}" if conversation else "") + "</sub>",
    ]
    return "\n".join(lines) + "\n"


def _open(phase: Phase, run: Run) -> str:
    """What is done without having been deployed has no stage that would show it."""
    why = ": nothing is configured to be" if phase is Phase.DEPLOYED and run.outcome is Outcome.DONE else ""
    return f"- [ ] {TITLES[phase]}{why}"


def _ticked(phase: Phase, evidence: Evidence, hosts: Collection[str]) -> str:
    how = "" if evidence.seen else " (reported)"
    detail = markdown_escaped(plain(_shown(phase, evidence.detail), DETAIL_LIMIT))
    shown = markdown_link(detail or "log", evidence.url, hosts) or detail
    return f"- [x] {TITLES[phase]}{how}" + (f": {shown}" if shown else "")


def _shown(phase: Phase, detail: str) -> str:
    return detail[:12] if phase is Phase.PUSHED else detail


def _remarks(run: Run) -> tuple[str, ...]:
    if run.outcome is Outcome.DONE:
        return ()
    if run.outcome is not None:
        return (f"**{markdown_escaped(plain(run.detail, 500))}**", "")
    if run.question:
        return (f"Waiting for an answer: {markdown_escaped(plain(run.question_text, 300))}", "")
    if run.attempts_made:
        corrections = "correction" if run.attempts_made == 1 else "corrections"
        return (f"CI was red: {run.attempts_made} {corrections} so far.", "")
    return ()
