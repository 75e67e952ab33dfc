"""Hold what every listener works with: the operations, who may use them, the time, and what is owed to people."""

from __future__ import annotations

from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import TYPE_CHECKING

from afk.core.records import DeliveryState, Entry, Notice, Place, Via
from afk.operations import Person

if TYPE_CHECKING:
    from datetime import datetime
    from threading import Event

    from afk.operations import Operations
    from afk.ports import Clock, Ledger
    from slackbot.access import Access, Caller


@dataclass(frozen=True, slots=True)
class Page:
    """A Home tab to be shown anew, with what its reader should know first."""

    caller: Caller
    said: str = ""


@dataclass(frozen=True, slots=True)
class Bot:
    """`alarms` are set when there is something to say or to ring: whoever delivers waits for one."""

    operations: Operations
    access: Access
    clock: Clock
    alarms: tuple[Event, ...] = ()
    pages: SimpleQueue[Page] = field(default_factory=SimpleQueue)

    @property
    def ledger(self) -> Ledger:
        return self.operations.ledger

    def now(self) -> datetime:
        return self.clock.now()

    def wakes(self) -> None:
        for alarm in self.alarms:
            alarm.set()

    def owes(self, key: str, place: Place, target: str, text: str, person: str = "") -> bool:
        """Once per key, however often Slack repeats itself."""
        new = self.ledger.notify(Notice(key, self.now(), place, target, text, person))
        self.wakes()
        return new

    def claims(self, key: str) -> bool:
        """True for one caller alone: what can be done once only is done by that one."""
        return self.ledger.notify(Notice(f"claim:{key}", self.now(), Place.ANSWER, "", "", state=DeliveryState.SENT))

    def shows(self, caller: Caller, said: str = "") -> None:
        self.pages.put(Page(caller, said))
        self.wakes()

    def audits(self, caller: Caller, verb: str, target: str = "", detail: str = "", *, refused: bool = False) -> None:
        actor = f"{caller.team}:{caller.user}" if refused else caller.user
        self.ledger.audit(Entry(self.now(), actor, Via.SLACK, verb, target[:200], detail[:500], refused=refused))


def person(caller: Caller) -> Person:
    return Person(caller.user, Via.SLACK)
