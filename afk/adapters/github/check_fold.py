"""Fold what all checks of one commit say into one answer. Pure.

The worst wins, and neutral alone proves nothing: at least one check must have succeeded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from afk.core.model import StageKind, StageReading, StageState

if TYPE_CHECKING:
    from collections.abc import Sequence


class Mark(Enum):
    """What one check says, worst first."""

    FAILED = "failed"
    PENDING = "pending"
    CANCELLED = "cancelled"  # superseded if there is a newer head, else failed
    BLOCKED = "blocked"  # waits for a person's approval
    UNKNOWN = "unknown"
    NEUTRAL = "neutral"
    SKIPPED = "skipped"
    PASSED = "passed"


CONCLUSIONS = {
    "success": Mark.PASSED,
    "neutral": Mark.NEUTRAL,
    "skipped": Mark.SKIPPED,
    "failure": Mark.FAILED,
    "timed_out": Mark.FAILED,
    "startup_failure": Mark.FAILED,
    "action_required": Mark.BLOCKED,
    "cancelled": Mark.CANCELLED,
}
UNFINISHED = frozenset({"queued", "in_progress", "waiting", "requested", "pending"})
STATUSES = {
    "success": Mark.PASSED,
    "failure": Mark.FAILED,
    "error": Mark.FAILED,
    "pending": Mark.PENDING,
    "expected": Mark.PENDING,
}


@dataclass(frozen=True, slots=True)
class Check:
    """A check run, a workflow run or a commit status."""

    name: str
    mark: Mark
    url: str
    says: str = ""
    job: int | None = None  # of Actions
    run: int | None = None  # of Actions, where the job is not known yet


def mark(status: str | None, conclusion: str | None) -> Mark:
    """Of a check run or a workflow run, in the spelling of REST or of GraphQL."""
    match (status or "").lower():
        case "completed":
            return CONCLUSIONS.get((conclusion or "").lower(), Mark.UNKNOWN)
        case unfinished if unfinished in UNFINISHED:
            return Mark.PENDING
        case _:
            return Mark.UNKNOWN


def status_mark(state: str | None) -> Mark:
    return STATUSES.get((state or "").lower(), Mark.UNKNOWN)


def outcome(conclusion: str | None) -> str:
    """The conclusion where it says more than the mark does."""
    word = (conclusion or "").lower()
    return "" if word in {"success", "failure"} else word


def failing(checks: Sequence[Check]) -> Check | None:
    """The check to show: one whose job can be looked into, if there is one."""
    bad = [each for each in checks if each.mark is Mark.FAILED] or [c for c in checks if c.mark is Mark.CANCELLED]
    return next((each for each in bad if each.job), next((each for each in bad if each.run), bad[0] if bad else None))


def reading(checks: Sequence[Check], *, newer_head: bool) -> StageReading:
    """`newer_head`: the default branch has moved on, so that a cancelled run was cancelled for that."""
    marks = {check.mark for check in checks}
    first = next((mark for mark in Mark if mark in marks), None)
    url = next((check.url for check in checks if check.mark is first and check.url), "")

    def told(state: StageState, detail: str = "") -> StageReading:
        return StageReading(StageKind.CHECKS, state, url, detail=detail)

    names = ", ".join(sorted({check.name for check in checks if check.mark is first}))
    match first:
        case None:
            return told(StageState.ABSENT)
        case Mark.FAILED:
            return told(StageState.FAILURE)
        case Mark.PENDING:
            return told(StageState.PENDING)
        case Mark.CANCELLED if newer_head:
            return told(StageState.SUPERSEDED)
        case Mark.CANCELLED:
            return told(StageState.FAILURE, f"cancelled: {names}")
        case Mark.BLOCKED:
            return told(StageState.BLOCKED, f"waits for an approval: {names}")
        case Mark.UNKNOWN:
            return told(StageState.UNKNOWN, f"no verdict that is known: {names}")
        case Mark.NEUTRAL | Mark.SKIPPED if Mark.PASSED in marks:
            return told(StageState.SUCCESS)
        case Mark.NEUTRAL:
            return told(StageState.UNKNOWN, "no check succeeded: all were neutral or skipped")
        case Mark.SKIPPED:
            return told(StageState.ABSENT, "every check was skipped")
        case Mark.PASSED:
            return told(StageState.SUCCESS)
