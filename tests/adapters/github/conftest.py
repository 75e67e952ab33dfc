"""Give each test a simulated GitHub with the adapter in front of it, or the wire alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
import respx
from pydantic import SecretStr

from afk.adapters.github import Client, GithubChecks, GithubTracker
from afk.core.model import Board, ForgeKind, Issue, IssueRef, Labels, Repo, Slug, StageKind
from afk.sandbox.github import GithubServer
from afk.systems import Github
from tests.contract.forges import StoryClock

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

LABELS = Labels()
API = "https://api.github.test"
TOKEN = "ghp_not_a_real_token"
PEOPLE = {"mia": "admin", "max": "maintain", "ada": "write", "tess": "triage", "rita": "read", "afk-bot": "write"}


def a_repo(name: str, owner: str = "acme") -> Repo:
    return Repo(name, ForgeKind.GITHUB, Slug(owner, name), (StageKind.CHECKS,))


@dataclass
class Hub:
    """One GitHub of acme's, and AFK's client of it."""

    server: GithubServer
    clock: StoryClock
    memory: MutableMapping[str, str] = field(default_factory=dict)
    repos: dict[str, Repo] = field(default_factory=dict)
    token: str = ""
    clients: list[Client] = field(default_factory=list)

    def enrol(self, *names: str, private: bool = True) -> None:
        for name in names:
            self.repos[name] = a_repo(name)
            self.server.create_repository(f"acme/{name}", private=private, collaborators=PEOPLE)
            for label in (LABELS.ready, LABELS.in_progress, LABELS.human):
                self.create_label(name, label)

    def create_label(self, name: str, label: str) -> None:
        with self.server.lock:
            world = self.server.forge.world
            world.create_label(world.repository(f"acme/{name}"), label, "ededed")

    def client(self, **settings: Any) -> Client:
        """A new process, as far as the adapter can tell."""
        self.token = self.token or self.server.token_classic("afk-bot")
        chosen = Github(self.server.url, **(settings or {"token": SecretStr(self.token)}))
        made = Client(chosen, [repo.slug for repo in self.repos.values()], self.clock, self.memory, pace=0.0)
        self.clients.append(made)
        return made

    def tracker(self, **settings: Any) -> GithubTracker:
        return GithubTracker(self.client(**settings), self.repos, LABELS)

    def checks(self, **settings: Any) -> GithubChecks:
        return GithubChecks(self.client(**settings))

    def released(self, repo: str = "infra", actor: str = "ada", **about: Any) -> IssueRef:
        number = self.server.open_issue(f"acme/{repo}", about.pop("title", "A title"), **about)
        self.server.label(f"acme/{repo}", number, LABELS.ready, actor)
        return IssueRef(repo, number)

    def requests(self) -> list[str]:
        """What was asked since the last look, one line each."""
        with self.server.lock:
            lines = [exchange.line for exchange in self.server.exchanges]
            self.server.exchanges.clear()
        return lines

    def points(self) -> int:
        return self.server.points_spent


@pytest.fixture
def hub() -> Iterator[Hub]:
    clock = StoryClock()
    with GithubServer(clock=clock.now) as server:
        server.create_organization("acme")
        made = Hub(server, clock)
        made.enrol("infra")
        yield made
        for client in made.clients:
            client.close()


def ready(tracker: GithubTracker, repo: Repo) -> tuple[Issue, ...]:
    found = tracker.boards([repo])[repo.name]
    assert isinstance(found, Board), found
    return found.ready


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    """GitHub's place on the network, where nobody answers what a test has not said."""
    with respx.mock(base_url=API) as router:
        yield router


@pytest.fixture
def clock() -> StoryClock:
    return StoryClock()


@pytest.fixture
def wired(clock: StoryClock) -> Iterator[Client]:
    client = Client(Github(API, SecretStr(TOKEN)), [Slug("acme", "infra")], clock, pace=0.0)
    yield client
    client.close()
