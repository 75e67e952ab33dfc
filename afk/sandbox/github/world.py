"""Register accounts, apps and repositories, and find them again."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, TypeVar

from afk.sandbox.github.records import Account, App, Installation, Kind, Label, Repository, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

DEFAULT_LABELS = {
    "bug": "d73a4a",
    "documentation": "0075ca",
    "duplicate": "cfd3d7",
    "enhancement": "a2eeef",
    "good first issue": "7057ff",
    "help wanted": "008672",
    "invalid": "e4e669",
    "question": "d876e3",
    "wontfix": "ffffff",
}
AUTO_LABEL_COLOR = "ededed"
ACTIONS = "github-actions"
SITE = "https://github.com"
FIRST_ID = 1_000_000_007  # ids of today do not fit in 31 bits for long, and never equal a number
T = TypeVar("T")


class World:
    """Everything that exists on this GitHub. Whoever calls holds the server's lock."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.site = SITE  # where people look at it; the API has an address of its own
        self._last_id = FIRST_ID
        self.nodes: dict[str, Any] = {}
        self.accounts: dict[str, Account] = {}
        self.apps: dict[int, App] = {}
        self.installations: dict[int, Installation] = {}
        self.repositories: dict[int, Repository] = {}
        self.names: dict[str, int] = {}  # every name a repository ever had, lower case
        self.actions_app = self.create_app(ACTIONS, self.create_account("github", Kind.ORGANIZATION), "", {})

    def now(self) -> datetime:
        return self._clock().replace(microsecond=0)

    def next_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def node_id(self, prefix: str, key: object) -> str:
        code = base64.urlsafe_b64encode(f"{prefix}:{key}".encode()).decode().rstrip("=")
        return f"{prefix}_kw{code}"

    def known(self, record: T) -> T:
        """Make a record reachable by its node id."""
        self.nodes[record.node_id] = record  # type: ignore[attr-defined]  # every record that is passed has one
        return record

    def create_account(self, login: str, kind: Kind, name: str | None = None, email: str | None = None) -> Account:
        if login.lower() in self.accounts:
            raise ValueError(f"the login {login} is taken")
        number = self.next_id()
        prefix = {Kind.USER: "U", Kind.BOT: "BOT", Kind.ORGANIZATION: "O"}[kind]
        mail = email or f"{number}+{login}@users.noreply.github.com"
        account = Account(number, self.node_id(prefix, number), login, kind, self.now(), name or login, mail)
        self.accounts[login.lower()] = account
        return self.known(account)

    def remove_account(self, login: str) -> None:
        account = self.accounts.pop(login.lower())
        self.nodes.pop(account.node_id)

    def account(self, login: str) -> Account:
        return self.accounts[login.lower()]

    def create_app(self, slug: str, owner: Account, public_key: str, permissions: Mapping[str, str]) -> App:
        bot = self.create_account(f"{slug}[bot]", Kind.BOT)
        number = self.next_id()
        client = f"Iv23li{number:x}"
        node_id = self.node_id("A", number)
        granted = {"metadata": "read", **permissions}
        app = App(number, node_id, slug, slug, client, owner, bot, public_key, granted, self.now())
        self.apps[number] = app
        return self.known(app)

    def install(
        self, app: App, account: Account, permissions: Mapping[str, str], repositories: Iterable[Repository] | None
    ) -> Installation:
        chosen = None if repositories is None else {repo.id for repo in repositories}
        made = Installation(self.next_id(), app, account, dict(permissions), chosen, self.now())
        self.installations[made.id] = made
        return made

    def installation_of(self, app: App, repo: Repository) -> Installation | None:
        for made in self.installations.values():
            if made.app is app and covers(made, repo):
                return made
        return None

    def create_repository(self, owner: Account, name: str, *, private: bool, branch: str) -> Repository:
        if f"{owner.login}/{name}".lower() in self.names:
            raise ValueError(f"{owner.login}/{name} exists")
        number = self.next_id()
        repo = Repository(number, self.node_id("R", number), owner, name, private, branch, self.now())
        self.repositories[number] = repo
        self.names[repo.full_name.lower()] = number
        for label, color in DEFAULT_LABELS.items():
            self.create_label(repo, label, color)
        return self.known(repo)

    def rename_repository(self, repo: Repository, name: str) -> None:
        repo.name = name
        self.names[repo.full_name.lower()] = repo.id

    def delete_repository(self, repo: Repository) -> None:
        del self.repositories[repo.id]
        self.nodes.pop(repo.node_id)
        self.names = {name: number for name, number in self.names.items() if number != repo.id}

    def repository(self, full_name: str) -> Repository:
        return self.repositories[self.names[full_name.lower()]]

    def create_label(self, repo: Repository, name: str, color: str, description: str | None = None) -> Label:
        number = self.next_id()
        label = Label(number, self.node_id("LA", number), repo, name, color, description, self.now())
        repo.labels[name.lower()] = label
        return self.known(label)

    def role_of(self, account: Account, repo: Repository) -> Role:
        """The highest grant; membership of an organisation gives its base role, and nobody is admin by it."""
        grants = [repo.roles.get(account.id, Role.NONE)]
        if repo.owner is account or account.id in repo.owner.owners:
            grants.append(Role.ADMIN)
        if account.id in repo.owner.members:
            grants.append(repo.owner.base_role)
        if not repo.private:
            grants.append(Role.READ)
        return max(grants, key=list(Role).index)


def covers(installation: Installation, repo: Repository) -> bool:
    chosen = installation.repositories
    return repo.owner is installation.account and (chosen is None or repo.id in chosen)
