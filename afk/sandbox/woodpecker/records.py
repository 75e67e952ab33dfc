"""Keep what Woodpecker keeps: repositories, pipelines, workflows, steps and their logs."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class State(StrEnum):
    """States of pipelines, workflows and steps; where several meet, the one that comes first here wins.

    `running` stands above `failure`: while one workflow runs, another's failure does not show.
    """

    DECLINED = "declined"
    BLOCKED = "blocked"
    CREATED = "created"
    ERROR = "error"
    KILLED = "killed"
    CANCELED = "canceled"
    RUNNING = "running"
    PENDING = "pending"
    FAILURE = "failure"
    SUCCESS = "success"
    SKIPPED = "skipped"

    @property
    def over(self) -> bool:
        return self not in {State.BLOCKED, State.CREATED, State.RUNNING, State.PENDING}


def merged(states: list[State]) -> State:
    """Nothing at all, or nothing but skipped workflows, is a success."""
    order = list(State)
    return min([State.SUCCESS, *states], key=order.index)


class Event(StrEnum):
    """What made a pipeline."""

    PUSH = "push"
    PULL_REQUEST = "pull_request"
    PULL_REQUEST_CLOSED = "pull_request_closed"
    PULL_REQUEST_METADATA = "pull_request_metadata"
    TAG = "tag"
    RELEASE = "release"
    DEPLOYMENT = "deployment"
    CRON = "cron"
    MANUAL = "manual"


class Right(StrEnum):
    """What a user may do with a repository, weakest first."""

    NONE = "none"
    PULL = "pull"
    PUSH = "push"
    ADMIN = "admin"

    def allows(self, needed: Right) -> bool:
        order = list(Right)
        return order.index(self) >= order.index(needed)


@dataclass(slots=True)
class User:
    id: int
    login: str
    admin: bool
    rights: dict[int, Right] = field(default_factory=dict)


@dataclass(slots=True)
class Step:
    id: int
    pid: int
    name: str
    state: State = State.PENDING
    exit_code: int = 0
    error: str = ""
    started: datetime | None = None
    finished: datetime | None = None
    log: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Workflow:
    id: int
    pid: int
    name: str
    steps: list[Step]
    state: State = State.PENDING
    error: str = ""
    started: datetime | None = None
    finished: datetime | None = None


@dataclass(frozen=True, slots=True)
class Cancellation:
    superseded_by: int = 0
    canceled_by_user: str = ""
    canceled_by_step: str = ""


@dataclass(slots=True)
class Pipeline:
    id: int
    number: int
    event: Event
    status: State
    commit: str
    branch: str
    message: str
    author: str
    created: datetime
    updated: datetime
    workflows: list[Workflow]
    parent: int = 0
    rerun_count: int = 0
    started: datetime | None = None
    finished: datetime | None = None
    errors: list[str] = field(default_factory=list)
    cancellation: Cancellation | None = None
    reviewed_by: str = ""
    reviewed: datetime | None = None


@dataclass(slots=True)
class Repository:
    id: int
    owner: str
    name: str
    branch: str
    visibility: str
    active: bool = True
    cancel_previous: tuple[Event, ...] = ()
    pipelines: list[Pipeline] = field(default_factory=list)
    last_number: int = 0

    @property
    def full_name(self) -> str:
        return f"{self.owner}/{self.name}"

    def pipeline(self, number: int) -> Pipeline | None:
        return next((one for one in self.pipelines if one.number == number), None)
