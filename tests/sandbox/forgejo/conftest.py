"""A forge with an owner, a bot that administers the repository, and somebody with nothing to say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from afk.sandbox.forgejo import ForgejoServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

INFRA = "viktor/infra"


class Clock:
    """A wall clock that moves only when a test moves it."""

    def __init__(self) -> None:
        self.time = datetime(2026, 9, 1, 12, 0, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def passes(self, **span: float) -> None:
        self.time += timedelta(**span)


class Caller:
    """One person's token, used against one server."""

    def __init__(self, server: ForgejoServer, secret: str, kind: str = "token") -> None:
        headers = {"Authorization": f"{kind} {secret}"} if secret else {}
        self.http = httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=5)

    def get(self, path: str, **query: object) -> httpx.Response:
        return self.http.get(path, params={name: str(value) for name, value in query.items()})

    def post(self, path: str, **body: object) -> httpx.Response:
        return self.http.post(path, json=body)

    def patch(self, path: str, **body: object) -> httpx.Response:
        return self.http.patch(path, json=body)

    def delete(self, path: str, **body: object) -> httpx.Response:
        return self.http.request("DELETE", path, json=body)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _populated(flavour: str, clock: Clock) -> ForgejoServer:
    server = ForgejoServer(flavour=flavour, clock=clock)
    for login in ("viktor", "afk-bot", "stranger"):
        server.add_user(login)
    server.create_repository(INFRA)
    server.add_collaborator(INFRA, "afk-bot", "admin")
    server.create_label(INFRA, "afk:ready")
    server.create_label(INFRA, "bug")
    return server


@pytest.fixture
def forge(clock: Clock) -> Iterator[ForgejoServer]:
    with _populated("forgejo", clock) as server:
        yield server


@pytest.fixture
def gitea(clock: Clock) -> Iterator[ForgejoServer]:
    with _populated("gitea", clock) as server:
        yield server


@pytest.fixture
def knock() -> Iterator[Callable[..., Caller]]:
    """A caller for a secret, closed when the test is over."""
    callers: list[Caller] = []

    def enter(server: ForgejoServer, secret: str = "", kind: str = "token") -> Caller:
        callers.append(Caller(server, secret, kind))
        return callers[-1]

    yield enter
    for caller in callers:
        caller.http.close()


@pytest.fixture
def log_in(knock: Callable[..., Caller]) -> Callable[..., Caller]:
    """A caller for a login with every scope AFK asks for."""
    return lambda server, login: knock(server, server.issue_token(login))


@pytest.fixture
def bot(forge: ForgejoServer, log_in: Callable[..., Caller]) -> Caller:
    return log_in(forge, "afk-bot")


@pytest.fixture
def stranger(forge: ForgejoServer, log_in: Callable[..., Caller]) -> Caller:
    return log_in(forge, "stranger")


@pytest.fixture
def on_gitea(gitea: ForgejoServer, log_in: Callable[..., Caller]) -> Caller:
    return log_in(gitea, "afk-bot")
