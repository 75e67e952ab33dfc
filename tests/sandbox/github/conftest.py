"""Give each test a GitHub with two repositories, people of every role, an App, and ways to talk to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from afk.sandbox.github import GithubServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.sandbox.github.verbs.people import NewApp

INFRA, WEB = "/repos/alice/infra", "/repos/alice/web"  # a private and a public one
PEOPLE = {"mia": "admin", "max": "maintain", "bob": "write", "tess": "triage", "rita": "read"}
EVERYTHING = {
    "actions": "write", "administration": "read", "checks": "write", "contents": "write", "issues": "write",
    "pull_requests": "write", "statuses": "write",
}  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Hub:
    """The server and its callers."""

    server: GithubServer
    clock: Clock
    app: NewApp
    installation: int
    clients: list[httpx.Client] = field(default_factory=list)

    def with_token(self, token: str) -> httpx.Client:
        client = httpx.Client(base_url=self.server.url, headers={"Authorization": f"Bearer {token}"})
        self.clients.append(client)
        return client

    def person(self, login: str, *scopes: str) -> httpx.Client:
        return self.with_token(self.server.token_classic(login, scopes or ("repo",)))

    def robot(self, **wish: Any) -> httpx.Client:
        return self.with_token(self.server.token_installation(self.installation, **wish))

    def fine_grained(self, login: str, **permissions: str) -> httpx.Client:
        return self.with_token(self.server.token_fine_grained(login, permissions, resource_owner="alice"))

    def as_app(self, **claims: Any) -> httpx.Client:
        now = int(self.clock().timestamp())
        payload = {"iat": now - 60, "exp": now + 540, "iss": self.app.client_id, **claims}
        return self.with_token(jwt.encode(payload, self.app.private_key, algorithm="RS256"))


def ask(client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    """The body of a GraphQL answer, which has to be a 200."""
    answer = client.post("/graphql", json={"query": query, "variables": variables})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def data(client: httpx.Client, query: str, **variables: Any) -> dict[str, Any]:
    body = ask(client, query, **variables)
    assert "errors" not in body, body["errors"]
    found: dict[str, Any] = body["data"]
    return found


@pytest.fixture(scope="session")
def keyed_app() -> tuple[GithubServer, NewApp]:
    """Making a key takes long: one for the whole run."""
    server = GithubServer()
    server.create_user("alice")
    return server, server.create_app("afk", "alice", EVERYTHING)


@pytest.fixture
def hub(keyed_app: tuple[GithubServer, NewApp]) -> Iterator[Hub]:
    clock = Clock()
    with GithubServer(clock=clock) as server:
        server.create_user("alice")
        server.create_user("stranger")
        app = keyed_app[1]
        key = keyed_app[0].forge.world.apps[app.id].public_key
        made = server.forge.world.create_app("afk", server.forge.world.account("alice"), key, EVERYTHING)
        app = type(app)(made.id, made.slug, made.client_id, app.private_key)
        server.create_repository("alice/infra", private=True, collaborators=PEOPLE)
        server.create_repository("alice/web", private=False, collaborators=PEOPLE)
        hub = Hub(server, clock, app, server.install_app("afk", "alice"))
        yield hub
        for client in hub.clients:
            client.close()


@pytest.fixture
def server(hub: Hub) -> GithubServer:
    return hub.server


@pytest.fixture
def owner(hub: Hub) -> httpx.Client:
    return hub.person("alice")


@pytest.fixture
def robot(hub: Hub) -> httpx.Client:
    return hub.robot()
