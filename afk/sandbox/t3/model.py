"""Hold what a T3 environment remembers: projects, threads, turns, messages, requests."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable

HOME = "/home/t3"
FULL_ACCESS = "full-access"


class Status(StrEnum):
    """A run, in the words of protocol 2; protocol 1 shows four of its own, derived from these."""

    PREPARING = "preparing"  # asked for; no provider has taken it up yet
    QUEUED = "queued"  # waits for the run before it
    RUNNING = "running"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED = frozenset({Status.COMPLETED, Status.INTERRUPTED, Status.FAILED, Status.CANCELLED})


@dataclass(slots=True)
class Project:
    id: str
    title: str
    workspace_root: str
    model_selection: dict[str, Any] | None
    created_at: str
    updated_at: str
    thread_env_mode: str | None = None
    favicon_path: str | None = None
    scripts: list[Any] = field(default_factory=list)
    deleted_at: str | None = None


@dataclass(slots=True)
class Message:
    id: str
    role: str
    text: str
    attachments: list[dict[str, Any]]
    created_at: str
    updated_at: str
    run_id: str | None = None
    turn_id: str | None = None
    intent: str = "turn_start"


@dataclass(slots=True)
class Activity:
    id: str
    tone: str
    kind: str
    summary: str
    payload: dict[str, Any]
    turn_id: str | None
    sequence: int
    created_at: str


@dataclass(slots=True)
class Request:
    """A question or an approval that an agent waits for."""

    id: str
    kind: str
    run_id: str
    turn_id: str
    created_at: str
    questions: list[dict[str, Any]] = field(default_factory=list)
    detail: str = ""
    status: str = "pending"
    stale: bool = False  # the session that asked is gone
    resolved_at: str | None = None
    decision: str | None = None
    answers: dict[str, Any] | None = None


@dataclass(slots=True)
class Turn:
    """One run. Its `turn_id` is the provider's, hence absent until the provider has started it."""

    run_id: str
    ordinal: int
    message_id: str
    model_selection: dict[str, Any]
    requested_at: str
    status: Status = Status.PREPARING
    turn_id: str | None = None
    started_at: str | None = None
    completed_at: str | None = None
    assistant_message_id: str | None = None
    usage: dict[str, Any] | None = None
    error: str | None = None
    reads_before_start: int = 0


@dataclass(slots=True)
class Session:
    id: str
    instance: str
    status: str
    updated_at: str
    created_at: str
    active_turn_id: str | None = None
    last_error: str | None = None


@dataclass(slots=True)
class Checkpoint:
    turn_id: str
    run_id: str
    count: int
    status: str
    files: list[dict[str, Any]]
    assistant_message_id: str | None
    completed_at: str


@dataclass(slots=True)
class Plan:
    id: str
    turn_id: str
    run_id: str
    markdown: str
    created_at: str


@dataclass(slots=True)
class Thread:
    id: str
    project_id: str
    title: str
    model_selection: dict[str, Any]
    runtime_mode: str
    interaction_mode: str
    branch: str | None
    worktree_path: str | None
    created_at: str
    updated_at: str
    created_by: str = "user"
    creation_source: str = "web"
    archived_at: str | None = None
    deleted_at: str | None = None
    settled: str | None = None
    settled_at: str | None = None
    session: Session | None = None
    latest_user_message_at: str | None = None
    messages: list[Message] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    checkpoints: list[Checkpoint] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)

    @property
    def open_turn(self) -> Turn | None:
        """The turn a provider works on, or is about to."""
        active = self.session.active_turn_id if self.session else None
        for turn in reversed(self.turns):
            if turn.status in (Status.PREPARING, Status.RUNNING) or (active and turn.turn_id == active):
                return turn
        return None

    @property
    def started(self) -> list[Turn]:
        return [turn for turn in self.turns if turn.turn_id is not None]

    @property
    def pending(self) -> list[Request]:
        return [request for request in self.requests if request.status == "pending"]

    def message(self, message_id: str) -> Message | None:
        return next((message for message in self.messages if message.id == message_id), None)


@dataclass(frozen=True, slots=True)
class Change:
    sequence: int
    project_id: str | None
    thread_id: str | None


class World:
    """The state behind both protocols; every change has a sequence number, which outlives restarts."""

    def __init__(self, clock: Callable[[], datetime], *, sees_disk: bool) -> None:
        self.clock = clock
        self.sees_disk = sees_disk
        self.environment_id = str(uuid4())
        self.projects: dict[str, Project] = {}
        self.threads: dict[str, Thread] = {}
        self.directories: set[str] = {"/", HOME}
        self.sequence = 0
        self.log: list[Change] = []

    def now(self) -> str:
        return self.clock().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def changed(self, subject: Thread | Project) -> int:
        self.sequence += 1
        subject.updated_at = self.now()
        is_thread = isinstance(subject, Thread)
        self.log.append(Change(self.sequence, None if is_thread else subject.id, subject.id if is_thread else None))
        return self.sequence

    def make_directory(self, path: str) -> None:
        while path not in self.directories:
            self.directories.add(path)
            path = posixpath.dirname(path)

    def has_directory(self, path: str) -> bool:
        return path in self.directories or (self.sees_disk and Path(path).is_dir())

    def working_directory(self, thread: Thread) -> str:
        return thread.worktree_path or self.projects[thread.project_id].workspace_root
