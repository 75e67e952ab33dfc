"""Start T3 servers for the tests of the simulator itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.t3 import T3Server
from tests.sandbox.t3.client import Client

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Watch:
    """A clock that moves when it is told to, and a little at each look."""

    def __init__(self) -> None:
        self.at = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def serve(watch: Watch) -> Iterator[Callable[..., Client]]:
    """Start a server with the given switches and sign a client in."""
    running: list[Client] = []

    def start(**switches: Any) -> Client:
        server = T3Server(clock=watch, **switches).start()
        running.append(Client(server, server.issue_token()))
        return running[-1]

    yield start
    for client in running:
        client.http.close()
        client.server.stop()


@pytest.fixture
def t3(serve: Callable[..., Client]) -> Client:
    """A protocol 1 server with a project and an idle thread."""
    client = serve()
    client.set_up()
    return client


@pytest.fixture
def t3_v2(serve: Callable[..., Client]) -> Client:
    """A protocol 2 server with a project and an idle thread."""
    client = serve(protocol=2)
    client.set_up_v2()
    return client
