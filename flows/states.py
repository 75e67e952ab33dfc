"""Name how a flow run ended, so that the list of runs reads as a history."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from prefect.states import Completed, Failed

from afk.core.text import plain

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from afk.report import Report


class Name(StrEnum):
    """The names of our terminal states. Prefect's own ones mean that something else happened."""

    OFF = "Off"
    UNREADABLE = "Off: unreadable settings"
    QUIET = "Quiet"
    WAITING = "Waiting"
    MOVED = "Moved"
    HELD = "Held: rate limit"
    PARTLY_FAILED = "Partly failed"
    NO_LEDGER = "No ledger"
    OUT_OF_TIME = "Out of time"
    REFUSED = "Refused"
    RECORDED = "Recorded"
    TIDIED = "Tidied"
    SKIPPED = "Skipped"


# Runs in which nothing happened: the first to be deleted.
UNEVENTFUL = frozenset({Name.OFF, Name.QUIET, Name.WAITING, Name.SKIPPED})


def state_of(report: Report) -> State[Any]:
    """Green is as it should be, waiting included; red is what a person may have to look at."""
    if report.off:
        return completed(Name.OFF, report.off)
    if report.quiet:
        return completed(Name.QUIET, report.quiet)
    if report.held_until is not None:
        return completed(Name.HELD, f"until {report.held_until:%Y-%m-%d %H:%M:%S} UTC; {_told(report)}")
    if report.troubles:
        return failed(Name.PARTLY_FAILED, _told(report))
    if report.done:
        return completed(Name.MOVED, _told(report))
    return completed(Name.WAITING if report.waiting else Name.QUIET, report.summary)


def completed(name: Name, message: str) -> State[Any]:
    return Completed(name=name.value, message=plain(message, 2_000))


def failed(name: Name, message: str) -> State[Any]:
    return Failed(name=name.value, message=plain(message, 2_000))


def _told(report: Report) -> str:
    lines = [*report.troubles, *report.done]
    more = f" … and {len(lines) - 5} more" if len(lines) > 5 else ""  # noqa: PLR2004 - a message is one line
    return "; ".join(f"{line.subject} {line.what}: {plain(line.why, 200)}" for line in lines[:5]) + more


def run_name(report: Report, in_flight: int) -> str:
    """What the tick came to, in the words of the list of runs."""
    if report.off or report.quiet:
        return report.tick
    count = _count(report, in_flight)
    return f"{report.tick} · {count}" if count else report.tick


def _count(report: Report, in_flight: int) -> str:
    started = sum(line.what == "started" for line in report.done)
    if report.tick == "poll":
        return f"{started} started" if started else f"{len(report.waiting)} waiting" if report.waiting else ""
    return f"{in_flight} in flight" if in_flight else f"{len(report.done)} ended" if report.done else ""
