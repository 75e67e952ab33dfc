"""Keep what the simulated world holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afk.core.model import Closing, Commit, IssueRef, Question, Repo, Slug, StageKind, StageReading, ThreadStatus

if TYPE_CHECKING:
    from datetime import datetime

    from afk.core.doorbell import Card


@dataclass(slots=True)
class LabelEvent:
    label: str
    added: bool
    actor: str
    at: datetime


@dataclass(slots=True)
class Edit:
    editor: str
    at: datetime


@dataclass(slots=True)
class Remark:
    """A comment."""

    id: str
    author: str
    body: str
    at: datetime
    writes: int = 1  # how often it was written: once, and once for each edit


@dataclass(slots=True)
class Ticket:
    """An issue."""

    ref: IssueRef
    title: str
    body: str
    author: str
    is_open: bool = True
    labels: set[str] = field(default_factory=set)
    events: list[LabelEvent] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    blockers: list[tuple[Slug, int]] = field(default_factory=list)
    closing: Closing | None = None

    @property
    def key(self) -> str:
        return f"key-{self.ref}"


@dataclass(slots=True)
class Project:
    """A repository with its issues, its default branch, and what its CI says."""

    repo: Repo
    writers: set[str]
    tickets: dict[int, Ticket] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    readings: dict[tuple[StageKind, str], StageReading] = field(default_factory=dict)


@dataclass(slots=True)
class Message:
    id: str
    text: str
    turn: str | None  # the turn it opened or steered; None until the agent starts
    steers: bool = False


@dataclass(slots=True)
class Conversation:
    """A thread."""

    id: str
    repo: str
    title: str
    active_at: datetime
    messages: list[Message] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    status: ThreadStatus = ThreadStatus.STARTING
    turn: str | None = None
    turns: int = 0
    revision: int = 0
    error: str = ""
    question: Question | None = None
    answers: list[tuple[str, str]] = field(default_factory=list)
    interrupts: set[str] = field(default_factory=set)
    cost_usd: float | None = None
    gone: bool = False


@dataclass(slots=True)
class Ring:
    """A message in the channel."""

    key: str
    card: Card
    reference: str
    updates: int = 0
