"""Say what a tick did, what it did not do, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from afk.core.records import TickRecord
from afk.ports import Unreachable

if TYPE_CHECKING:
    from datetime import datetime

    from afk.ports import PortError


@dataclass(frozen=True, slots=True)
class Line:
    """One subject of a tick: what happened to it, in a word for machines and a sentence for people."""

    subject: str
    what: str
    why: str = ""


@dataclass(slots=True)
class Report:
    """`off` and `quiet` say why nothing was done; a trouble is something that failed and will be tried again."""

    tick: str
    at: datetime
    off: str = ""
    quiet: str = ""
    done: list[Line] = field(default_factory=list)
    waiting: list[Line] = field(default_factory=list)
    troubles: list[Line] = field(default_factory=list)
    held_until: datetime | None = None

    def trouble(self, subject: str, what: str, error: PortError) -> None:
        """Something failed and is tried again; a rate limit says until when everything is held."""
        self.troubles.append(Line(subject, what, str(error)))
        if isinstance(error, Unreachable) and error.until is not None:
            self.held_until = max(error.until, self.held_until or error.until)

    @property
    def result(self) -> str:
        """In a word, for counting."""
        words = {"off": self.off, "quiet": self.quiet, "held": self.held_until, "trouble": self.troubles}
        return next((word for word, holds in words.items() if holds), "done" if self.done else "waiting")

    @property
    def summary(self) -> str:
        if self.off:
            return f"off: {self.off}"
        if self.quiet:
            return f"quiet: {self.quiet}"
        parts = [f"{len(lines)} {name}" for name, lines in (("done", self.done), ("waiting", self.waiting)) if lines]
        if self.held_until is not None:
            parts.append(f"held: rate limit until {self.held_until:%H:%M} UTC")
        if self.troubles:
            parts.append(f"{len(self.troubles)} in trouble")
        return ", ".join(parts) or "nothing to do"

    def as_json(self) -> dict[str, Any]:
        return {
            "tick": self.tick,
            "at": self.at.isoformat(),
            "summary": self.summary,
            "off": self.off,
            "quiet": self.quiet,
            "held_until": self.held_until.isoformat() if self.held_until else None,
            "done": [asdict(line) for line in self.done],
            "waiting": [asdict(line) for line in self.waiting],
            "troubles": [asdict(line) for line in self.troubles],
        }

    def record(self) -> TickRecord:
        return TickRecord(self.tick, self.at, self.summary, self.as_json())
