"""Say in Slack how a day went, and what one run took. All of it is escaped mrkdwn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.core.digest import climbed
from afk.core.run import Outcome, Phase
from afk.core.slack_text import escaped, moment
from afk.core.slack_words import NAME, lines_within, shown
from afk.core.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afk.core.digest import Digest
    from afk.core.run import Run

ROOM = 3_000
TITLE = 120
MOST = 15  # runs by name; the app's page has the others

ENDS = {
    Outcome.DONE: "done",
    Outcome.NEEDS_HUMAN: "handed back",
    Outcome.FROZEN: "frozen",
    Outcome.STOPPED: "stopped",
}
RUNGS = {
    Phase.WORKTREE: "worktree",
    Phase.TESTS_RED: "tests red",
    Phase.GREEN: "green",
    Phase.PUSHED: "pushed",
    Phase.CI: "CI",
    Phase.DEPLOYED: "deployed",
    Phase.DONE: "done",
}


def day(digest: Digest) -> str:
    """One message for the channel, once a day."""
    head = f"*Daily digest* up to {moment(digest.until)}"
    if not digest.attempts:
        return f"{head}: no run ended."
    ends = " · ".join(f"{digest.ended[outcome]} {said}" for outcome, said in ENDS.items() if _told(digest, outcome))
    tries = f"{_count(digest.attempts, 'attempt')} at {_count(digest.issues, 'issue')}"
    spent = f"{tries}, {_count(digest.corrections, 'correction')}, {_cost(digest.cost_usd)}"
    lines = [
        f"{head}: {ends}",
        spent,
        *_ladder("Median time per rung", digest.rungs),
        *(_with_a_person(run) for run in digest.with_a_person[:MOST]),
    ]
    if len(digest.with_a_person) > MOST:
        lines.append(f"… and {len(digest.with_a_person) - MOST} more with a person")
    return lines_within(lines, ROOM)


def receipt(run: Run) -> str:
    """What stands under the doorbell of a run that is over."""
    assert run.outcome is not None
    took = duration(((run.outcome_at or run.claimed_at) - run.claimed_at).total_seconds())
    spent = [_count(run.attempts_made, "correction"), _cost(run.cost_usd)]
    if run.commit:
        spent.append(f"commit {escaped(run.commit[:12], NAME)}")
    head = f"*Receipt* for {shown(str(run.ref), NAME)} attempt {run.attempt}: {ENDS[run.outcome]} after {took}"
    return "\n".join([head, *_ladder("Time per rung", climbed(run)), ", ".join(spent)])


def _told(digest: Digest, outcome: Outcome) -> bool:
    """Nobody asks how many were stopped where none was."""
    return outcome is not Outcome.STOPPED or digest.ended[outcome] > 0


def _with_a_person(run: Run) -> str:
    assert run.outcome is not None
    about = f"{shown(str(run.ref), NAME)} attempt {run.attempt}"
    return f"• {about} {ENDS[run.outcome]}: {escaped(run.title, TITLE)}"


def _ladder(head: str, rungs: Iterable[tuple[Phase, float]]) -> list[str]:
    steps = " · ".join(f"{RUNGS[phase]} {duration(seconds)}" for phase, seconds in rungs)
    return [f"{head}: {steps}"] if steps else []


def _count(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def _cost(usd: float) -> str:
    return f"about {usd:.2f} USD"
