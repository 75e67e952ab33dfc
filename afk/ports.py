"""Declare what the product needs from the outside, and the errors that can come back.

Calls take many subjects at once where the outside can answer so. In such an answer a subject that is missing does not
exist; one that could not be asked is there as the `PortError` that says why.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from afk.core.counts import Count
    from afk.core.doorbell import Card
    from afk.core.model import (
        Board,
        Brief,
        CommitAsk,
        Issue,
        IssueRef,
        Repo,
        StageKind,
        StageReading,
        Thread,
        Tracked,
        Transcript,
        Vetting,
    )
    from afk.core.presence import Claim
    from afk.core.records import (
        Change,
        Command,
        Delivery,
        Doorbell,
        Entry,
        Note,
        Notice,
        Switches,
        TickRecord,
        Verdicted,
    )
    from afk.core.run import Run


class PortError(Exception):
    """Something outside did not do what was asked. The message names system, operation and subject."""


class Unreachable(PortError):
    """Nobody answered, or asked us to come back later: ask again at the next tick."""

    def __init__(self, message: str, until: datetime | None = None) -> None:
        super().__init__(message)
        self.until = until  # a rate limit says when


class Refused(PortError):
    """The other side understood and said no: asking again changes nothing until somebody mends it."""


class Gone(PortError):
    """The subject existed and does not exist any more."""


class Unexpected(PortError):
    """The other side said something that we do not understand: believe nothing of it."""


class Uncertain(PortError):
    """The answer was lost after the request left: it may have taken effect."""


@dataclass(frozen=True, slots=True)
class ThreadOrder:
    """Everything needed to open the thread of a run. The same order twice opens one thread."""

    thread_id: str
    repo: Repo
    title: str
    message_id: str
    text: str
    tries: int = 0


@dataclass(frozen=True, slots=True)
class TurnOrder:
    """A follow-up message. The same order twice is one message."""

    thread_id: str
    message_id: str
    text: str
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Watched:
    """A thread to look up in the fleet, with what is known of the turn that was ordered last."""

    thread_id: str
    message_id: str
    before: str | None  # the newest turn when it was ordered
    receipt: str
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class TrackAsk:
    """A run in flight, as the tracker is asked about it."""

    ref: IssueRef
    issue_key: str
    since: datetime
    run_id: str


class Tracker(Protocol):
    """Issues, labels, comments and the default branch's commits of one forge."""

    def boards(self, repos: Sequence[Repo]) -> Mapping[str, Board | PortError]:
        """The open issues with the ready label and those with the in-progress label, by repository name."""
        ...

    def issues(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Issue | PortError]: ...

    def vet(self, issues: Sequence[Issue]) -> Mapping[IssueRef, Vetting | PortError]:
        """Trust and blockers. May rest on answers some minutes old."""
        ...

    def brief(self, issue: Issue) -> Brief:
        """The task and its vetting, asked afresh: what may be started right now."""
        ...

    def track(self, asks: Sequence[TrackAsk]) -> Mapping[IssueRef, Tracked | PortError]: ...

    def add_label(self, ref: IssueRef, label: str) -> None: ...

    def remove_label(self, ref: IssueRef, label: str) -> None:
        """Safe to repeat: a label that is not there is no error."""
        ...

    def put_comment(self, ref: IssueRef, marker: str, body: str, comment_id: str) -> str:
        """Write our comment with this marker: edit the one we have, find ours again, or make it. Returns its id."""
        ...

    def close(self, ref: IssueRef) -> None: ...

    def reopen(self, ref: IssueRef) -> None: ...


class Executor(Protocol):
    """The coding agents' cockpit."""

    def fleet(self, watched: Sequence[Watched]) -> Mapping[str, Thread]:
        """One light read for all threads; a thread that is gone is missing from the answer."""
        ...

    def open(self, order: ThreadOrder) -> str:
        """Open the thread and its first turn. Returns the executor's receipt."""
        ...

    def send(self, order: TurnOrder) -> str: ...

    def answer(self, order: TurnOrder, question_id: str) -> str:
        """Answer what the agent asked; `order` carries the words."""
        ...

    def interrupt(self, thread_id: str, turn: str | None, key: str) -> None: ...

    def transcript(self, thread_id: str) -> Transcript: ...

    def link(self, thread_id: str) -> str: ...


class Stage(Protocol):
    """One kind of CI stage."""

    def read(self, asks: Sequence[CommitAsk]) -> Mapping[str, Mapping[str, StageReading] | PortError]:
        """Readings by repository name and commit, for as many of the commits as are needed to decide."""
        ...


class Channel(Protocol):
    """A way to ring a person."""

    name: str
    updates: bool  # whether a message can be changed after it was sent

    def ring(self, key: str, card: Card) -> str:
        """Send, and return the channel's own reference. Raises `Uncertain` if the answer was lost."""
        ...

    def find(self, key: str, since: datetime) -> str | None:
        """The reference of the message that carries this key, if it got through."""
        ...

    def update(self, key: str, reference: str, card: Card) -> None: ...


class Desk(Protocol):
    """Where people meet the bot, beside the doorbells."""

    def takes_turn(self) -> bool:
        """Take a turn in the channel of the doorbells, if there is one to spare."""
        ...

    def post(self, notice: Notice) -> None:
        """Say it where it belongs. Raises `Uncertain` if the answer was lost."""
        ...

    def show_home(self, person: str, view: Mapping[str, Any]) -> None:
        """What this person finds on the app's own page."""
        ...


class Presence(Protocol):
    """A service that shows who works where."""

    def claim(self, claim: Claim) -> None:
        """Claim, or keep what is claimed already for longer."""
        ...

    def release(self, claim: Claim) -> None: ...

    def close(self) -> None: ...


class Ledger(Protocol):
    """What must survive. Every method is one transaction."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *failure: object) -> None:
        """Let go of the database."""
        ...

    def claim(self, run: Run, entry: Entry, settle: Mapping[str, str]) -> bool:
        """Record a new run unless its repository has an unfinished one, or this attempt exists.

        The commands in `settle` are settled in the same transaction.
        """
        ...

    def apply(self, change: Change) -> Run | None:
        """Change a run as it was read; None if it has changed since, and then nothing is written."""
        ...

    def live(self) -> tuple[Run, ...]: ...

    def run(self, run_id: str) -> Run | None: ...

    def runs(self, run_ids: Sequence[str]) -> Mapping[str, Run]: ...

    def latest(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Run]:
        """The newest run of each issue that has one."""
        ...

    def history(self, ref: IssueRef | None, limit: int) -> tuple[Run, ...]: ...

    def ended(self, since: datetime, until: datetime) -> tuple[Run, ...]:
        """The runs whose outcome was recorded in this time, its beginning included, oldest attempt first."""
        ...

    def spent(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, float]:
        """US dollars over all attempts at each issue."""
        ...

    def switches(self) -> Switches: ...

    def arm(self, repo: str, until: datetime | None, entry: Entry) -> None: ...

    def disarm(self, repo: str, entry: Entry) -> None: ...

    def kill(self, *, on: bool, entry: Entry) -> None: ...

    def decide(self, repos: Sequence[str], verdicts: Sequence[Verdicted]) -> None:
        """Keep the latest reason code of each candidate; other issues of these repositories are dropped."""
        ...

    def decisions(self, repo: str | None = None) -> tuple[Verdicted, ...]: ...

    def command(self, command: Command, entry: Entry) -> Command:
        """Record a person's wish once per key; returns the one that stands, the winner's if there was one before."""
        ...

    def wish(self, key: str) -> Command | None: ...

    def pending(self, *verbs: str) -> tuple[Command, ...]: ...

    def settle(self, key: str, at: datetime, result: str) -> None:
        """The wish was carried out, or came to nothing for this reason."""
        ...

    def withdraw(self, key: str, entry: Entry) -> bool:
        """The wish comes to nothing, and may be wished again; False if it was settled before."""
        ...

    def note(self, note: Note, entry: Entry) -> bool: ...

    def notes(self, ref: IssueRef) -> tuple[Note, ...]: ...

    def ring(self, doorbell: Doorbell) -> bool:
        """Record a doorbell that belongs to no run; False if it rang before."""
        ...

    def outbox(self, channel: str) -> tuple[tuple[Doorbell, Delivery | None], ...]:
        """Doorbells that this channel has not got yet and that are not held, oldest first."""
        ...

    def pass_over(self, channel: str, before: datetime, now: datetime) -> int:
        """Skip what another channel got before then, on a channel that is new to the ledger. How many they are."""
        ...

    def rung(self, channel: str, since: datetime) -> tuple[tuple[Doorbell, Delivery], ...]:
        """Doorbells that this channel got since then."""
        ...

    def doorbell(self, key: str) -> Doorbell | None: ...

    def doorbell_at(self, channel: str, reference: str) -> Doorbell | None:
        """The doorbell that this channel shows under its own reference."""
        ...

    def acknowledge(self, key: str, entry: Entry) -> Doorbell | None: ...

    def deliver(self, delivery: Delivery) -> None:
        """Record how far one doorbell got on one channel."""
        ...

    def notify(self, notice: Notice) -> bool:
        """Record words that the bot owes somebody; False if there were some under this key before."""
        ...

    def notices(self) -> tuple[Notice, ...]:
        """Those that are pending or on their way, oldest first."""
        ...

    def noticed(self, notice: Notice) -> None:
        """Record how far a notice got."""
        ...

    def audit(self, entry: Entry) -> None: ...

    def audited(self, limit: int) -> tuple[Entry, ...]: ...

    def recall(self, topic: str) -> Mapping[str, str]:
        """What was remembered under this topic. It only saves requests: nothing may rest on its being there."""
        ...

    def remember(self, topic: str, learned: Mapping[str, str], at: datetime) -> None: ...

    def ticked(self, record: TickRecord, counts: Sequence[Count] = ()) -> None:
        """Keep what a tick said, and add what it counted, in one transaction."""
        ...

    def count(self, counts: Sequence[Count]) -> None:
        """Add what was counted outside of ticks."""
        ...

    def counts(self) -> tuple[Count, ...]:
        """What all ticks and deliveries counted, in order."""
        ...

    def census(self) -> Mapping[str, int]:
        """How many runs are in flight, and how many ended with each outcome."""
        ...

    def last_ticks(self) -> Mapping[str, TickRecord]: ...

    def trim(self, before: datetime) -> Mapping[str, int]:
        """Forget what is older: audit entries, recollections, words of settled wishes, doorbells that arrived.

        Keys of what happens once stay for ever.
        """
        ...

    def vacuum(self) -> None:
        """Give back the room of what was forgotten."""
        ...

    def hold(self, name: str) -> AbstractContextManager[bool]:
        """Hold a name while the block runs; False if somebody else does. Dies with its process."""
        ...


class Clock(Protocol):
    """The time, and names that nobody else uses."""

    def now(self) -> datetime: ...

    def new_id(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside as a tick meets it."""

    tracker: Tracker
    executor: Executor
    stages: Mapping[StageKind, Stage]
    ledger: Ledger
    clock: Clock
    channels: tuple[Channel, ...] = field(default=())
