"""Describe what the ledger keeps beside runs: changes, wishes, switches, doorbells, decisions, audit."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from afk.core.model import IssueRef
    from afk.core.run import Evidence, Phase, Run, Turn


class DoorbellKind(StrEnum):
    """What a person is rung for."""

    DONE = "done"
    NEEDS_HUMAN = "needs-human"
    FROZEN = "frozen"
    QUESTION = "question"
    ALARM = "alarm"  # AFK itself needs a person: unreadable settings, no ticks, nothing started


class Via(StrEnum):
    """The door a person came in by."""

    SLACK = "slack"
    CLI = "cli"
    PREFECT = "prefect"
    AFK = "afk"  # nobody: the system itself


class Verb(StrEnum):
    """What a person may ask that a tick carries out later."""

    REDISPATCH = "redispatch"
    STOP = "stop"
    SAY = "say"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit log."""

    at: datetime
    actor: str
    via: Via
    verb: str
    target: str = ""
    detail: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A wish of a person that the next tick carries out. One per key, for ever."""

    key: str
    verb: Verb
    ref: IssueRef
    actor: str
    via: Via
    at: datetime
    text: str = ""
    settled_at: datetime | None = None
    result: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """Words that a person left for the next attempt at an issue. One per key."""

    key: str
    ref: IssueRef
    actor: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Armed:
    repo: str
    by: str
    at: datetime
    until: datetime | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Switches:
    """Gate 2: what people switched at run time."""

    armed: Mapping[str, Armed] = field(default_factory=dict)
    killed: Entry | None = None  # who threw the runtime kill switch, and why

    def is_armed(self, repo: str, now: datetime) -> bool:
        armed = self.armed.get(repo)
        return armed is not None and (armed.until is None or now < armed.until)


@dataclass(frozen=True, slots=True)
class Verdicted:
    """The latest decision about one candidate: started, or the code of why not."""

    ref: IssueRef
    code: str
    detail: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Doorbell:
    """Something a person must hear of, kept until every channel has it. One per key."""

    key: str
    kind: DoorbellKind
    at: datetime
    ref: IssueRef | None = None
    run_id: str = ""
    text: str = ""  # what a question asks, or what is wrong; a run's own facts stay in the run
    held: bool = False  # waits until the issue is really closed
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    rerun_by: str = ""
    rerun_at: datetime | None = None


class DeliveryState(StrEnum):
    PENDING = "pending"  # to be sent, not before its time
    SENDING = "sending"  # left; if nobody says more, it may have arrived
    SENT = "sent"
    FAILED = "failed"  # refused; tried again later, and shown in health
    SKIPPED = "skipped"  # people had heard of it on another channel before this one was added


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far one doorbell got on one channel."""

    doorbell: str
    channel: str
    state: DeliveryState
    at: datetime  # of this state
    tries: int = 0
    not_before: datetime | None = None
    reference: str = ""
    shown: str = ""  # digest of the card as the channel shows it
    error: str = ""


class Place(StrEnum):
    """Where a notice is to be read."""

    CHANNEL = "channel"  # by everybody, in the channel of the doorbells
    THREAD = "thread"  # under the message that the target names
    PERSON = "person"  # by one person alone, under the message that the target names
    ANSWER = "answer"  # by the person whose response URL the target is
    INSTEAD = "instead"  # the same, in place of the message whose button was clicked


@dataclass(frozen=True, slots=True)
class Notice:
    """Words that the bot owes somebody in Slack: said once, and not when it is too late. One per key."""

    key: str
    at: datetime
    place: Place
    target: str
    text: str  # as Slack reads it, escaped
    person: str = ""
    state: DeliveryState = DeliveryState.PENDING
    left_at: datetime | None = None
    not_before: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class TickRecord:
    """That a tick ran to its end, and what it said."""

    tick: str
    at: datetime
    summary: str
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """One transaction on one run: new field values, new turns and evidence, and what must be told with them."""

    run: Run  # as it was read
    fields: Mapping[str, Any] = field(default_factory=dict)  # of Run, by name
    turns: tuple[Turn, ...] = ()  # new, or replacing the one of the same number
    evidence: tuple[Evidence, ...] = ()  # one per phase; a later one replaces
    dropped: tuple[Phase, ...] = ()  # phases whose evidence no longer holds
    doorbells: tuple[Doorbell, ...] = ()
    release: tuple[str, ...] = ()  # keys of held doorbells that may ring now
    settle: Mapping[str, str] = field(default_factory=dict)  # commands by key, with their result
    entries: tuple[Entry, ...] = ()

    @property
    def is_empty(self) -> bool:
        told = (self.turns, self.evidence, self.dropped, self.doorbells, self.release, self.settle, self.entries)
        return not self.fields and not any(told)
