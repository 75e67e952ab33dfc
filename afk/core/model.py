"""Name the things the product talks about: repositories, issues, trust, blockers, threads, stages."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from datetime import datetime

REPO_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class ForgeKind(StrEnum):
    """Where a repository lives."""

    GITHUB = "github"
    FORGEJO = "forgejo"  # Gitea too


class StageKind(StrEnum):
    """Who is asked whether a commit was built, deployed, rolled out."""

    CHECKS = "checks"  # check runs, workflow runs and commit statuses of the forge
    WOODPECKER = "woodpecker"
    KUBERNETES = "kubernetes"


@dataclass(frozen=True, slots=True, order=True)
class Slug:
    """A repository as its forge spells it."""

    owner: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        owner, slash, name = text.partition("/")
        if not slash or not REPO_NAME.fullmatch(owner) or not REPO_NAME.fullmatch(name):
            raise ValueError(f"{text!r} is not owner/name")
        return cls(owner, name)

    def __str__(self) -> str:
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, slots=True)
class KubernetesTarget:
    """The container whose image tells which commit is live."""

    namespace: str
    deployment: str
    container: str


@dataclass(frozen=True, slots=True)
class Repo:
    """An enrolled repository."""

    name: str  # the short name, used in Slack and on the command line
    forge: ForgeKind
    slug: Slug
    stages: tuple[StageKind, ...]  # empty: the operator says that this repository has no CI
    kubernetes: KubernetesTarget | None = None


@dataclass(frozen=True, slots=True, order=True)
class IssueRef:
    """One issue of an enrolled repository, written `infra#42`."""

    repo: str
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        repo, hash_, number = text.strip().rpartition("#")
        if not hash_ or not REPO_NAME.fullmatch(repo) or not re.fullmatch(r"[1-9][0-9]{0,8}", number):
            raise ValueError(f"{text!r} is not repository#number")
        return cls(repo, int(number))

    def __str__(self) -> str:
        return f"{self.repo}#{self.number}"


@dataclass(frozen=True, slots=True)
class Issue:
    """What the cheap look at a tracker says about one issue."""

    ref: IssueRef
    key: str  # the tracker's own lasting identifier
    title: str
    url: str
    is_open: bool
    labels: frozenset[str]


class Trust(StrEnum):
    """May this text, released by this person, reach an agent with full access?"""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"  # who applied the label may not write, or is nobody we can check
    EDITED = "edited"  # somebody who may not write changed title or body after the label
    UNKNOWN = "unknown"  # could not ask


class BlockerState(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    UNREADABLE = "unreadable"  # blocks too: nobody can say that it is closed


@dataclass(frozen=True, slots=True)
class Blocker:
    name: str  # owner/name#7
    state: BlockerState


@dataclass(frozen=True, slots=True)
class Vetting:
    """What the costly look says: who released the issue, and what must be done first."""

    trust: Trust
    released_by: str | None = None
    released_at: datetime | None = None
    blockers: tuple[Blocker, ...] | None = ()  # None: could not ask
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    author: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Brief:
    """The task as it stands at the moment of a start, vetted afresh."""

    vetting: Vetting
    is_open: bool
    title: str
    body: str
    comments: tuple[Comment, ...]  # only of people who may write


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    message: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Closing:
    """How an issue came to be closed."""

    by: str | None
    commit: str | None = None  # a closing keyword in this commit's message did it


@dataclass(frozen=True, slots=True)
class Tracked:
    """What the tracker says about an issue with a run in flight."""

    is_open: bool
    labels: frozenset[str]
    closing: Closing | None = None
    commits: tuple[Commit, ...] = ()  # of the default branch since the run began, oldest first


class ThreadStatus(StrEnum):
    """Where the turn that we ordered last stands. A missing thread is no status: the fleet leaves it out."""

    STARTING = "starting"  # accepted, but the agent has not begun
    RUNNING = "running"
    ASKING = "asking"  # waits for a person's answer or approval
    ENDED = "ended"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    UNKNOWN = "unknown"  # a word that we do not know: neither success nor failure


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation, as the light read of the whole fleet shows it."""

    id: str
    status: ThreadStatus
    turn: str | None  # the executor's name for its newest turn
    active_at: datetime  # when anything last happened in it
    revision: str  # changes when its content may have changed
    error: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What the agent waits for."""

    id: str
    text: str
    options: tuple[str, ...] = ()
    is_approval: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a thread holds, read only when it changed."""

    messages: tuple[str, ...] = ()  # the agent's own, oldest first
    question: Question | None = None
    cost_usd: float | None = None  # an estimate from token counts; None: the executor said nothing


class StageState(StrEnum):
    """What one CI stage says about one commit."""

    SUCCESS = "success"
    FAILURE = "failure"
    PENDING = "pending"
    ABSENT = "absent"  # nothing ran on this commit (yet): a later one of the same push may speak for it
    SUPERSEDED = "superseded"  # cancelled because of a newer push, which speaks for it
    BLOCKED = "blocked"  # waits for a person's approval; no success, no failure
    UNKNOWN = "unknown"  # could not ask, or a word that we do not know


@dataclass(frozen=True, slots=True)
class StageReading:
    """One stage's answer for one commit, with what a corrective turn needs to know."""

    stage: StageKind
    state: StageState
    url: str = ""
    job: str = ""
    step: str = ""
    errors: tuple[str, ...] = ()
    detail: str = ""  # the image that is live, or why the answer is not known


@dataclass(frozen=True, slots=True)
class CommitAsk:
    """Which commits a stage is asked about: ours first, then those after it, oldest first."""

    repo: Repo
    commits: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Labels:
    ready: str = "ready-for-agent"
    in_progress: str = "agent-in-progress"
    human: str = "ready-for-human"


def carries(labels: frozenset[str], name: str) -> bool:
    """Forges keep the spelling of a label and ignore its case."""
    return name in labels or name.casefold() in {label.casefold() for label in labels}


@dataclass(frozen=True, slots=True)
class Board:
    """The issues of one repository that carry one of our labels."""

    ready: tuple[Issue, ...] = ()
    in_progress: tuple[Issue, ...] = field(default=())
