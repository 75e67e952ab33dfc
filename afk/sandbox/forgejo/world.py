"""Hold the forge's state and answer who may do what in it."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from afk.sandbox.forgejo.records import Access, Event, Flavour, Issue, Label, Repository, Token, User
from afk.sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a sandbox server is the outside world, which has its own clock


class World(Server):
    def __init__(
        self,
        port: int = 0,
        *,
        flavour: Flavour | str = Flavour.FORGEJO,
        released_runs: bool = False,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(port)
        self.flavour = Flavour(flavour)
        self.released_runs = released_runs
        self.clock = clock
        self.users: dict[int, User] = {}
        self.tokens: dict[str, Token] = {}
        self.repositories: dict[int, Repository] = {}
        self.org_labels: list[Label] = []
        self._ids = itertools.count(1)

    def next_id(self) -> int:
        return next(self._ids)

    def now(self) -> datetime:
        return self.clock().astimezone(UTC).replace(microsecond=0)

    def new_sha(self, *seed: object) -> str:
        return hashlib.sha1(repr((self.next_id(), *seed)).encode(), usedforsecurity=False).hexdigest()

    def user(self, login: str) -> User:
        found = self.find_user(login)
        if found is None:
            raise KeyError(f"nobody is called {login}")
        return found

    def find_user(self, login: str) -> User | None:
        return next((user for user in self.users.values() if user.login.lower() == login.lower()), None)

    def repository(self, full_name: str) -> Repository:
        owner, _, name = full_name.partition("/")
        found = self.find_repository(owner, name)
        if found is None:
            raise KeyError(f"there is no repository {full_name}")
        return found

    def find_repository(self, owner: str, name: str) -> Repository | None:
        for repo in self.repositories.values():
            login = self.users[repo.owner_id].login
            if (login.lower(), repo.name.lower()) == (owner.lower(), name.lower()):
                return repo
        return None

    def full_name(self, repo: Repository) -> str:
        return f"{self.users[repo.owner_id].login}/{repo.name}"

    def access(self, repo: Repository, user: User | None) -> Access:
        """The highest of ownership, organisation, team, collaboration and, in a public repository, reading."""
        grants = [Access.NONE if repo.private else Access.READ]
        if user is not None:
            owners = self.users[repo.owner_id].owners or set()
            if user.site_admin or user.id == repo.owner_id or user.id in owners:
                grants.append(Access.OWNER)
            grants += [table[user.id] for table in (repo.collaborators, repo.teams) if user.id in table]
        return max(grants, key=lambda grant: grant.rank)

    def labels_for(self, repo: Repository) -> list[Label]:
        """What may be put on an issue: the repository's labels and its organisation's."""
        return repo.labels + [label for label in self.org_labels if label.org_id == repo.owner_id]

    def record(self, issue: Issue, user: User, kind: str) -> Event:
        event = Event(self.next_id(), kind, user.id, self.now())
        issue.events.append(event)
        issue.updated = event.at
        return event

    def put_label(self, issue: Issue, label: Label, user: User) -> None:
        """Add one label; an exclusive `a/b` drops every other `a/...`."""
        if label in issue.labels:
            return
        scope = label.name.rpartition("/")[0]
        if label.exclusive and scope:
            for sibling in [one for one in issue.labels if one.exclusive and one.name.rpartition("/")[0] == scope]:
                self.take_label(issue, sibling, user)
        issue.labels.append(label)
        event = self.record(issue, user, "label")
        event.label, event.body = label, "1"

    def take_label(self, issue: Issue, label: Label, user: User) -> None:
        if label in issue.labels:
            issue.labels.remove(label)
            self.record(issue, user, "label").label = label

    def open_blockers(self, issue: Issue) -> list[Issue]:
        blockers = [self.repositories[repo].issues[number] for repo, number in issue.blockers]
        return [blocker for blocker in blockers if blocker.closed is None]

    def change_state(self, issue: Issue, user: User, *, closed: bool) -> bool:
        """False: it cannot close while something it depends on is open."""
        if (issue.closed is not None) == closed:
            return True
        if closed and self.open_blockers(issue):
            return False
        event = self.record(issue, user, "close" if closed else "reopen")
        issue.closed = event.at if closed else None
        return True

    def retitle(self, issue: Issue, user: User, title: str) -> None:
        if title != issue.title:
            event = self.record(issue, user, "change_title")
            event.old_title, event.new_title, issue.title = issue.title, title, title

    def add_blocker(self, issue: Issue, blocker: Issue, user: User) -> None:
        key = (blocker.repo_id, blocker.number)
        issue.blockers.append(key)
        self.record(issue, user, "add_dependency").dependent = key
