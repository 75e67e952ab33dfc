"""Hold what CI says about commits: statuses, checks and Actions runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from afk.sandbox.github.records import Account, App, Repository


@dataclass(slots=True, eq=False)
class Status:
    id: int
    node_id: str
    sha: str
    state: str
    context: str
    description: str | None
    target_url: str | None
    creator: Account
    created_at: datetime


@dataclass(slots=True, eq=False)
class CheckSuite:
    id: int
    node_id: str
    repo: Repository
    app: App
    head_sha: str
    head_branch: str
    before: str
    created_at: datetime
    updated_at: datetime
    runs: list[CheckRun] = field(default_factory=list)
    workflow_run: WorkflowRun | None = None


@dataclass(slots=True, eq=False)
class CheckRun:
    id: int
    node_id: str
    suite: CheckSuite
    name: str
    status: str
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None
    details_url: str
    title: str | None = None
    summary: str | None = None


@dataclass(slots=True, eq=False)
class Workflow:
    id: int
    node_id: str
    repo: Repository
    name: str
    path: str
    state: str
    jobs: tuple[str, ...]
    on_push: bool  # starts by itself on the head of a push
    created_at: datetime


@dataclass(slots=True)
class Step:
    name: str
    number: int
    status: str
    conclusion: str | None
    started_at: datetime | None
    completed_at: datetime | None


@dataclass(slots=True, eq=False)
class Job:
    check: CheckRun  # GitHub gives a job the id of its check run
    attempt: int
    steps: list[Step] = field(default_factory=list)
    log: list[str] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class WorkflowRun:
    id: int
    node_id: str
    workflow: Workflow
    suite: CheckSuite
    event: str
    actor: Account
    number: int
    attempt: int
    status: str
    conclusion: str | None
    created_at: datetime
    updated_at: datetime
    started_at: datetime
    jobs: list[Job] = field(default_factory=list)
