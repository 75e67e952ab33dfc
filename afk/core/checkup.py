"""Say what a look at one system found, and what somebody should do about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

ENDS_SOON = timedelta(days=3)
ROUNDED = timedelta(seconds=1)  # a Date header counts whole seconds
DRIFT_NOTICED = timedelta(seconds=60)
DRIFT_MAX = timedelta(seconds=300)


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"  # AFK runs, and somebody should look
    FAIL = "fail"  # AFK cannot run like this


@dataclass(frozen=True, slots=True)
class Finding:
    system: str
    subject: str
    level: Level
    what: str
    todo: str = ""

    @property
    def line(self) -> str:
        said = f"{self.level.value:<4}  {self.system} · {self.subject}: {self.what}"
        return f"{said}. {self.todo}" if self.todo else said

    def as_json(self) -> dict[str, str]:
        return {
            "system": self.system,
            "subject": self.subject,
            "level": self.level.value,
            "what": self.what,
            "todo": self.todo,
        }


@dataclass(frozen=True, slots=True)
class Checkup:
    """One system, looked at from its beginning to its end; findings come as they are made."""

    system: str
    look: Callable[[], Iterable[Finding]]


def fine(system: str, subject: str, what: str) -> Finding:
    return Finding(system, subject, Level.OK, what)


def doubtful(system: str, subject: str, what: str, todo: str) -> Finding:
    return Finding(system, subject, Level.WARN, what, todo)


def broken(system: str, subject: str, what: str, todo: str) -> Finding:
    return Finding(system, subject, Level.FAIL, what, todo)


def could_run(findings: Iterable[Finding]) -> bool:
    return all(finding.level is not Level.FAIL for finding in findings)


def readiness(subject: str, findings: Sequence[Finding]) -> str:
    """The last line about one repository."""
    return f"{subject} {_counted('is not ready', 'is ready', findings)}"


def verdict(findings: Sequence[Finding]) -> str:
    """The last line."""
    return f"AFK {_counted('could not run', 'could run', findings)}"


def _counted(bad: str, good: str, findings: Sequence[Finding]) -> str:
    levels = [finding.level for finding in findings]
    fails, warns = levels.count(Level.FAIL), levels.count(Level.WARN)
    looks = f"{warns} to look at" if warns else "nothing to look at"
    return f"{bad}: {fails} to mend, {looks}." if fails else f"{good}: {looks}."


def lifetime(system: str, subject: str, ends: datetime, now: datetime, todo: str) -> Finding:
    """Of a credential that is still good."""
    at = f"{ends:%Y-%m-%d %H:%M} UTC"
    if ends - now < ENDS_SOON:
        return doubtful(system, subject, f"it ends soon, at {at}", todo)
    return fine(system, subject, f"good until {at}")


def clock(system: str, headers: Mapping[str, str], asked: datetime, answered: datetime) -> Iterator[Finding]:
    """Compare clocks by the time that an answer bears. One without it tells nothing."""
    told = _told(headers)
    if told is None:
        return
    drift = _drift(told, asked, answered)
    if abs(drift) <= DRIFT_NOTICED:
        yield fine(system, "clock", "agrees with this machine's")
        return
    what = f"{system}'s is {abs(drift).total_seconds():.0f} s {'ahead of' if drift > timedelta() else 'behind'} ours"
    todo = "Synchronize this machine's clock (NTP), or that of the server"
    yield (broken if abs(drift) > DRIFT_MAX else doubtful)(system, "clock", what, todo)


def _told(headers: Mapping[str, str]) -> datetime | None:
    """When the answer was made; one that a cache kept is older."""
    named = {name.lower(): value for name, value in headers.items()}
    age = named.get("age", "")
    try:
        told = parsedate_to_datetime(named.get("date", ""))
    except ValueError:
        return None
    if told.tzinfo is None:
        return None
    return told + timedelta(seconds=int(age) if age.isascii() and age.isdigit() else 0)


def _drift(told: datetime, asked: datetime, answered: datetime) -> timedelta:
    """How far their clock is ahead; nothing while it lies between question and answer."""
    if told > answered:
        return told - answered
    return min(told + ROUNDED - asked, timedelta())
