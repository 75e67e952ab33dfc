"""Keep what a forge keeps: people, repositories, issues and their events, commits and their statuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


class Flavour(StrEnum):
    """Which of the two programs answers."""

    FORGEJO = "forgejo"
    GITEA = "gitea"


class Access(StrEnum):
    """What a person may do in one repository, weakest first."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    OWNER = "owner"

    @property
    def rank(self) -> int:
        return list(Access).index(self)

    def allows(self, needed: Access) -> bool:
        return self.rank >= needed.rank


@dataclass(slots=True)
class User:
    id: int
    login: str
    created: datetime
    site_admin: bool = False
    owners: set[int] | None = None  # an organisation has them, a person does not


@dataclass(frozen=True, slots=True)
class Token:
    user_id: int
    scopes: frozenset[str]


@dataclass(slots=True, eq=False)
class Label:
    """Renamed in place: an old event shows the new name, and only the id stays."""

    id: int
    name: str
    color: str
    exclusive: bool
    repo_id: int | None  # None: it belongs to an organisation
    org_id: int | None = None
    description: str = ""


@dataclass(slots=True)
class Event:
    """One row of an issue's timeline; a comment is a row of type `comment`."""

    id: int
    type: str
    user_id: int
    at: datetime
    body: str = ""
    updated: datetime | None = None
    label: Label | None = None
    sha: str = ""
    old_title: str = ""
    new_title: str = ""
    old_ref: str = ""
    new_ref: str = ""
    ref_repo_id: int = 0  # where a reference came from; readers without access there never see it
    dependent: tuple[int, int] | None = None


@dataclass(slots=True)
class Issue:
    id: int
    repo_id: int
    number: int
    title: str
    body: str
    author_id: int
    created: datetime
    updated: datetime
    is_pull: bool = False
    closed: datetime | None = None
    ref: str = ""
    labels: list[Label] = field(default_factory=list)
    blockers: list[tuple[int, int]] = field(default_factory=list)  # repository id and number
    events: list[Event] = field(default_factory=list)
    content_version: int = 0


@dataclass(frozen=True, slots=True)
class Commit:
    sha: str
    parents: tuple[str, ...]
    message: str
    author_id: int
    date: datetime
    order: int
    paths: tuple[str, ...] = ()  # of every file there is after it


@dataclass(frozen=True, slots=True)
class Status:
    """`id` counts per commit, as the real one's does: two commits both have a status 1."""

    id: int
    sha: str
    context: str
    state: str
    description: str
    target_url: str
    creator_id: int
    at: datetime


@dataclass(slots=True)
class Run:
    id: int
    number: int
    workflow: str
    event: str
    branch: str
    sha: str
    actor_id: int
    status: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Protection:
    """With a whitelist, those on it may push; with neither, nobody may."""

    at: datetime
    enable_push: bool
    whitelist: tuple[str, ...] | None
    signed: bool


@dataclass(slots=True)
class Repository:
    id: int
    owner_id: int
    name: str
    private: bool
    default_branch: str
    created: datetime
    collaborators: dict[int, Access] = field(default_factory=dict)
    teams: dict[int, Access] = field(default_factory=dict)
    issues: dict[int, Issue] = field(default_factory=dict)
    labels: list[Label] = field(default_factory=list)
    commits: dict[str, Commit] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)
    protections: dict[str, Protection] = field(default_factory=dict)
    statuses: list[Status] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    archived: bool = False
    has_issues: bool = True
    fork: bool = False
    mirror: bool = False
    dependencies: bool = True
    closes_from_any_branch: bool = False

    def ancestry(self, sha: str) -> set[str]:
        seen: set[str] = set()
        queue = [sha]
        while queue:
            commit = self.commits[queue.pop()]
            if commit.sha not in seen:
                seen.add(commit.sha)
                queue.extend(commit.parents)
        return seen

    def newest_first(self, shas: set[str]) -> list[Commit]:
        return sorted((self.commits[sha] for sha in shas), key=lambda commit: -commit.order)

    def resolve(self, ref: str) -> str | None:
        """Find a commit by branch name, full sha or an unambiguous short one."""
        ref = ref.removeprefix("refs/heads/")
        if ref in self.branches:
            return self.branches[ref]
        found = [sha for sha in self.commits if len(ref) >= SHORTEST_SHA and sha.startswith(ref.lower())]
        return found[0] if len(found) == 1 else None


SHORTEST_SHA = 7
