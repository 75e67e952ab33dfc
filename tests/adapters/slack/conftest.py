"""Give each test a simulated Slack with the channel in front of it, and hands on the wire between them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from afk.adapters.slack import Pace, SlackChannel
from afk.core.doorbell import Card
from afk.core.records import DoorbellKind
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.slack import SlackServer
from afk.systems import Slack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CARD = Card(
    "bell", DoorbellKind.FROZEN, "🧊", "Frozen", "infra#42", "Rotate", "CI is red.", "attempt 1", acknowledge=True,
    thread_url="https://t3.example.org/t",
)  # fmt: skip
DAWN = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.time = DAWN

    def now(self) -> datetime:
        return self.time

    def new_id(self) -> str:
        return "1"

    def passes(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Desk:
    server: SlackServer
    clock: Clock
    room: str
    token: str
    pauses: list[float] = field(default_factory=list)
    seconds: float = 100.0  # of the clock that only goes forward

    def channel(self, patience: int = 20, **other: Any) -> SlackChannel:
        """A new process, as far as Slack can tell."""
        about = {"api_url": f"{self.server.url}/api/", "token": self.token, "channel": self.room} | other
        settings = Slack(about["api_url"], SecretStr(about["token"]), about["channel"], frozenset(), patience=patience)
        return SlackChannel(
            settings,
            self.clock,
            hosts={"t3.example.org"},
            pace=Pace(lambda: self.seconds, self.waits),
        )

    def waits(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds

    def messages(self) -> list[dict[str, Any]]:
        return self.server.messages(self.room)

    def answers(self, method: str, status: int = 200, body: Any = "", headers: dict[str, str] | None = None) -> None:
        """The next call gets this answer, and takes no effect."""
        text = body if isinstance(body, str) else json.dumps(body)
        fault = Fault(Trouble.STATUS, f"/api/{method}$", status=status, headers=headers or {}, body=text)
        self.server.faults.add(fault)

    def trouble(self, method: str, trouble: Trouble) -> None:
        self.server.faults.add(Fault(trouble, f"/api/{method}$"))

    def calls(self, method: str) -> int:
        return self.server.calls(method)


@pytest.fixture
def desk() -> Iterator[Desk]:
    clock = Clock()
    with SlackServer(clock=clock.now) as server:
        yield Desk(server, clock, server.create_channel("ops"), server.bot_token())


@pytest.fixture
def use(desk: Desk) -> dict[str, Callable[[], object]]:
    """Every method that the channel calls, on one message that is there already."""
    reference = desk.channel().ring("bell", CARD)
    channel = desk.channel()
    return {
        "chat.postMessage": lambda: channel.ring("bell", CARD),
        "chat.update": lambda: channel.update("bell", reference, CARD),
        "conversations.history": lambda: channel.find("bell", DAWN),
    }
