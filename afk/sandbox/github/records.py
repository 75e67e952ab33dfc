"""Hold the facts of a simulated GitHub, one mutable record per thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from afk.sandbox.github.ci_records import CheckSuite, Status, Workflow, WorkflowRun


class Role(StrEnum):
    """What somebody may do in one repository, weakest first."""

    NONE = "none"
    READ = "read"
    TRIAGE = "triage"
    WRITE = "write"
    MAINTAIN = "maintain"
    ADMIN = "admin"

    def reaches(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)

    @property
    def folded(self) -> str:
        """The permission endpoint knows four words only: maintain reads as write and triage as read."""
        return {Role.MAINTAIN: "write", Role.TRIAGE: "read"}.get(self, self.value)


class Kind(StrEnum):
    USER = "User"
    BOT = "Bot"
    ORGANIZATION = "Organization"


@dataclass(slots=True, eq=False)
class Account:
    id: int
    node_id: str
    login: str
    kind: Kind
    created_at: datetime
    name: str
    email: str
    members: set[int] = field(default_factory=set)  # of an organisation
    owners: set[int] = field(default_factory=set)
    base_role: Role = Role.READ  # what membership alone gives in the organisation's repositories
    pays: bool = True  # a free plan protects no branch of a private repository

    @property
    def bare_login(self) -> str:
        """GraphQL names a bot without the `[bot]` that REST shows."""
        return self.login.removesuffix("[bot]")


@dataclass(slots=True, eq=False)
class App:
    id: int
    node_id: str
    slug: str
    name: str
    client_id: str
    owner: Account
    bot: Account
    public_key: str
    permissions: dict[str, str]
    created_at: datetime


@dataclass(slots=True, eq=False)
class Installation:
    id: int
    app: App
    account: Account
    permissions: dict[str, str]
    repositories: set[int] | None  # None: all of the account's
    created_at: datetime
    suspended: bool = False


@dataclass(slots=True, eq=False)
class Label:
    id: int
    node_id: str
    repo: Repository
    name: str
    color: str
    description: str | None
    created_at: datetime


@dataclass(slots=True, eq=False)
class Edit:
    id: int
    node_id: str
    editor: Account
    at: datetime
    diff: str


@dataclass(slots=True, eq=False)
class Comment:
    id: int
    node_id: str
    issue: Issue
    author: Account | None
    body: str
    created_at: datetime
    updated_at: datetime
    via_app: App | None
    last_edited_at: datetime | None = None
    editor: Account | None = None
    edits: list[Edit] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Event:
    """One row of an issue's timeline; `word` is the REST name of its kind."""

    id: int
    node_id: str
    issue: Issue
    word: str
    actor: Account | None
    created_at: datetime
    via_app: App | None = None
    label: Label | None = None
    label_name: str = ""
    label_color: str = ""
    commit: Commit | None = None
    closer: Issue | None = None  # the pull request that closed it
    state_reason: str | None = None
    source: Issue | None = None
    comment: Comment | None = None
    renamed_from: str = ""
    renamed_to: str = ""
    intent: dict[str, str] | None = None
    from_repo: Repository | None = None


@dataclass(slots=True, eq=False)
class PullRequest:
    base: str
    head: str
    merged_at: datetime | None = None
    merge_commit: Commit | None = None


@dataclass(slots=True, eq=False)
class Issue:
    """An issue, or a pull request if `pull` is there: they share numbers and lists."""

    id: int
    node_id: str
    number: int
    repo: Repository
    title: str
    body: str | None
    author: Account | None
    created_at: datetime
    updated_at: datetime
    via_app: App | None = None
    pull: PullRequest | None = None
    state: str = "open"
    state_reason: str | None = None
    closed_at: datetime | None = None
    closed_by: Account | None = None
    locked: bool = False
    labels: list[Label] = field(default_factory=list)
    comments: list[Comment] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    edits: list[Edit] = field(default_factory=list)
    last_edited_at: datetime | None = None
    editor: Account | None = None
    parent: Issue | None = None
    sub_issues: list[Issue] = field(default_factory=list)
    blocked_by: list[Issue] = field(default_factory=list)
    blocking: list[Issue] = field(default_factory=list)
    deleted: bool = False
    moved_to: Issue | None = None


@dataclass(slots=True, eq=False)
class Commit:
    sha: str
    node_id: str
    repo: Repository
    message: str
    author: Account | None
    author_name: str
    author_email: str
    authored_at: datetime
    committed_at: datetime
    parents: list[str]
    tree: dict[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Push:
    id: int
    node_id: str
    before: str
    after: str
    ref: str
    at: datetime
    actor: Account
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class RulesetRule:
    """One rule of an active ruleset, for one branch."""

    ruleset: int
    branch: str
    type: str


@dataclass(slots=True, eq=False)
class Repository:
    id: int
    node_id: str
    owner: Account
    name: str
    private: bool
    default_branch: str
    created_at: datetime
    archived: bool = False
    has_issues: bool = True
    fork: bool = False
    mirror_url: str | None = None
    protected: dict[str, frozenset[str]] = field(default_factory=dict)  # the rules of each protected branch
    rules: list[RulesetRule] = field(default_factory=list)
    roles: dict[int, Role] = field(default_factory=dict)
    role_names: dict[int, str] = field(default_factory=dict)  # custom role names
    labels: dict[str, Label] = field(default_factory=dict)  # by lower-case name: GitHub ignores the case
    issues: dict[int, Issue] = field(default_factory=dict)
    last_number: int = 0
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    pushes: list[Push] = field(default_factory=list)
    statuses: list[Status] = field(default_factory=list)
    suites: list[CheckSuite] = field(default_factory=list)
    workflows: list[Workflow] = field(default_factory=list)
    workflow_runs: list[WorkflowRun] = field(default_factory=list)

    @property
    def full_name(self) -> str:
        return f"{self.owner.login}/{self.name}"
