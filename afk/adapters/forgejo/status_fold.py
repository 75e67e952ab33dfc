"""Fold the newest commit status of each context into one answer. Pure.

The worst wins. Without a status there is no verdict, and nobody agreed on what `warning` and `skipped` mean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from afk.core.model import StageKind, StageReading, StageState
from afk.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LINE_LIMIT = 300
# Actions name the event in the context. What did not come of a push says nothing about it.
_ACTION = re.compile(r".+ / .+ \((?P<event>[a-z_]+)\)", re.DOTALL)
OTHER_EVENTS = frozenset(
    {
        "schedule",
        "workflow_dispatch",
        "pull_request",
        "pull_request_sync",
        "pull_request_target",
        "pull_request_review",
        "pull_request_comment",
        "issues",
        "issue_comment",
        "release",
    }
)


class Mark(Enum):
    """What one context says, worst first."""

    FAILED = "failed"
    PENDING = "pending"
    UNKNOWN = "unknown"
    PASSED = "passed"


@dataclass(frozen=True, slots=True)
class Status:
    number: int  # counts per commit
    context: str
    word: str
    url: str
    says: str

    @property
    def mark(self) -> Mark:
        match self.word:
            case "success":
                return Mark.PASSED
            case "failure" | "error":
                return Mark.FAILED
            case "pending":
                return Mark.PENDING
            case _:
                return Mark.UNKNOWN

    @property
    def is_action(self) -> bool:
        return _ACTION.fullmatch(self.context) is not None

    @property
    def is_of_another_event(self) -> bool:
        found = _ACTION.fullmatch(self.context)
        return found is not None and found["event"] in OTHER_EVENTS

    @property
    def says_cancelled(self) -> bool:
        return re.search(r"\bcancell?ed\b", self.says, re.IGNORECASE) is not None


def newest(reports: Iterable[Status]) -> list[Status]:
    """Of each context, without those that no push made. Times know whole seconds only; numbers tell."""
    found: dict[str, Status] = {}
    for status in sorted(reports, key=lambda status: status.number):
        found[status.context] = status
    return [status for status in found.values() if not status.is_of_another_event]


def failed(statuses: Sequence[Status]) -> list[Status]:
    return [status for status in statuses if status.mark is Mark.FAILED]


def reading(statuses: Sequence[Status], base_url: str, *, superseded: bool) -> StageReading:
    """`superseded`: every failure was a cancellation in favour of a newer head."""
    marks = {status.mark for status in statuses}
    first = next((mark for mark in Mark if mark in marks), None)
    shown = next((status for status in statuses if status.mark is first), None)
    url = urljoin(f"{base_url}/", shown.url) if shown and shown.url else ""

    def told(state: StageState, detail: str = "") -> StageReading:
        return StageReading(StageKind.CHECKS, state, url, detail=detail)

    match first:
        case None:
            return told(StageState.ABSENT)
        case Mark.FAILED if superseded:
            return told(StageState.SUPERSEDED, "cancelled in favour of a newer commit")
        case Mark.FAILED:
            assert shown is not None
            errors = (plain(shown.says, LINE_LIMIT),) if shown.says else ()
            return StageReading(StageKind.CHECKS, StageState.FAILURE, url, job=shown.context, errors=errors)
        case Mark.PENDING:
            return told(StageState.PENDING)
        case Mark.UNKNOWN:
            names = ", ".join(sorted(f"{one.context}: {one.word}" for one in statuses if one.mark is Mark.UNKNOWN))
            return told(StageState.UNKNOWN, f"no verdict that is known: {plain(names, LINE_LIMIT)}")
        case Mark.PASSED:
            return told(StageState.SUCCESS)
