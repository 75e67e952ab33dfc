"""Put channels on a bench: each with the verbs that make something happen to its messages."""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

import pytest
from pydantic import SecretStr
from slack_sdk import WebClient

from afk.adapters.clock import SystemClock
from afk.adapters.memory import World
from afk.adapters.ntfy import NtfyChannel
from afk.adapters.slack import Pace, SlackChannel
from afk.ports import Refused, Uncertain, Unreachable
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.ntfy import NtfyServer
from afk.sandbox.slack import SlackServer
from afk.systems import Ntfy, Slack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.core.doorbell import Card
    from afk.ports import Channel

ENVIRONMENT = os.environ
SLACK_TOKEN, SLACK_ROOM = ENVIRONMENT.get("AFK_LIVE_SLACK_TOKEN", ""), ENVIRONMENT.get("AFK_LIVE_SLACK_CHANNEL", "")
NTFY_URL, NTFY_TOKEN = ENVIRONMENT.get("AFK_LIVE_NTFY_URL", ""), ENVIRONMENT.get("AFK_LIVE_NTFY_TOKEN", "")
SLACK_API = ENVIRONMENT.get("AFK_LIVE_SLACK_API_URL", "") or "https://slack.com/api/"
_named = (*(["live-slack"] if SLACK_TOKEN and SLACK_ROOM else []), *(["live-ntfy"] if NTFY_URL else []))
LIVE = [pytest.param(name, marks=pytest.mark.live) for name in _named]
DRIVEN = ("memory", "slack", "ntfy")
READABLE = (*DRIVEN, *LIVE)
WRITABLE = (*DRIVEN, *(LIVE if ENVIRONMENT.get("AFK_LIVE_WRITES") == "1" else ()))
HOSTS = frozenset({"t3.example.org", "tracker.example.org"})


class Bench(Protocol):
    """`arrived` are the texts in the channel, oldest first."""

    channel: Channel

    def now(self) -> datetime: ...

    def arrived(self) -> list[str]: ...

    def loses_the_reply(self) -> None: ...

    def loses_the_request(self) -> None: ...

    def breaks_after_the_effect(self) -> None: ...

    def goes_down(self) -> None: ...

    def comes_back(self) -> None: ...

    def forbids(self) -> None: ...

    def allows_again(self) -> None: ...

    def is_too_busy_for_one(self) -> None: ...

    def forgets(self, reference: str) -> None: ...


class Memory:
    def __init__(self) -> None:
        self.world = World()
        self.channel: Channel = self.world.channel

    def now(self) -> datetime:
        return self.world.now()

    def arrived(self) -> list[str]:
        return [ring.card.text for ring in self.world.rings]

    def loses_the_reply(self) -> None:
        self.world.reply_is_lost("channel.ring")

    def loses_the_request(self) -> None:
        self.world.troubles.refuse("channel.ring", Uncertain("channel.ring: the reply was lost"))

    def breaks_after_the_effect(self) -> None:
        self.loses_the_reply()

    def goes_down(self) -> None:
        self.world.channel_is_down()

    def comes_back(self) -> None:
        self.world.channel_is_down(down=False)

    def forbids(self) -> None:
        self.world.troubles.refuse("channel.ring", Refused("channel.ring: no"))

    def allows_again(self) -> None:
        """It refuses once."""

    def is_too_busy_for_one(self) -> None:
        self.world.troubles.refuse("channel.ring", Unreachable("channel.ring: later", self.now()))

    def forgets(self, reference: str) -> None:
        self.world.rings[:] = [ring for ring in self.world.rings if ring.reference != reference]


class Wire:
    """What both servers of the sandbox have in common."""

    def __init__(self, server: SlackServer | NtfyServer, path: str) -> None:
        self._server = server
        self._path = f"^POST {path}$"

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the simulated servers keep real time

    def loses_the_reply(self) -> None:
        self._server.faults.add(Fault(Trouble.DROP_AFTER, self._path))

    def loses_the_request(self) -> None:
        self._server.faults.add(Fault(Trouble.DROP_BEFORE, self._path))

    def breaks_after_the_effect(self) -> None:
        self._server.faults.add(Fault(Trouble.STATUS_AFTER, self._path, status=503))

    def goes_down(self) -> None:
        self._server.stop()

    def comes_back(self) -> None:
        self._server.start()


class SandboxSlack(Wire):
    def __init__(self, server: SlackServer) -> None:
        super().__init__(server, "/api/chat.postMessage")
        self.server = server
        self.room = server.create_channel("ops")
        settings = Slack(f"{server.url}/api/", SecretStr(server.bot_token()), self.room, frozenset())
        self.channel: Channel = SlackChannel(
            settings, SystemClock(), hosts=HOSTS, pace=Pace(itertools.count(0.0, 10.0).__next__)
        )

    def arrived(self) -> list[str]:
        assert self.server.advice == []
        return [message["text"] for message in self.server.messages(self.room)]

    def forbids(self) -> None:
        self.server.remove_app(self.room)

    def allows_again(self) -> None:
        with self.server.lock:
            workspace = self.server.workspace
            workspace.channels[self.room].members.add(workspace.app.user.id)

    def is_too_busy_for_one(self) -> None:
        self.server.faults.add(Fault(Trouble.STATUS, self._path, status=429, headers={"Retry-After": "0"}))

    def forgets(self, reference: str) -> None:
        with self.server.lock:
            del self.server.workspace.channels[self.room].messages[reference.partition(":")[2]]


class SandboxNtfy(Wire):
    def __init__(self, server: NtfyServer) -> None:
        super().__init__(server, "/afk")
        self.server = server
        token = server.add_user("afk-bot")
        server.grant("afk-bot", "afk")
        self.channel: Channel = NtfyChannel(Ntfy(f"{server.url}/afk", SecretStr(token)), hosts=HOSTS)

    def arrived(self) -> list[str]:
        return [f"{message['title']}\n{message['message']}" for message in self.server.published("afk")]

    def forbids(self) -> None:
        self.server.grant("afk-bot", "afk", "read-only")

    def allows_again(self) -> None:
        self.server.grant("afk-bot", "afk", "read-write")

    def is_too_busy_for_one(self) -> None:
        self.server.faults.add(Fault(Trouble.STATUS, self._path, status=429))

    def forgets(self, reference: str) -> None:
        raise AssertionError(f"ntfy changes no message, {reference} or any other")


class Remembering:
    """A channel that knows what it rang."""

    def __init__(self, channel: SlackChannel | NtfyChannel) -> None:
        self._channel = channel
        self.rang: list[str] = []
        self.name, self.updates, self.find, self.update = channel.name, channel.updates, channel.find, channel.update

    def ring(self, key: str, card: Card) -> str:
        self.rang.append(self._channel.ring(key, card))
        return self.rang[-1]


class Live:
    """A real server. Nobody looks at it but the channel."""

    def __init__(self, channel: SlackChannel | NtfyChannel) -> None:
        self.channel = Remembering(channel)

    def now(self) -> datetime:
        return SystemClock().now()

    def takes_back(self) -> None:
        """ntfy has no way to, and says so."""
        rang = self.channel.rang
        if self.channel.name == "slack":
            client = WebClient(SLACK_TOKEN, base_url=SLACK_API, retry_handlers=[])
            for channel, _, ts in (reference.partition(":") for reference in rang):
                client.chat_delete(channel=channel, ts=ts)
        if rang:
            over = "took them back" if self.channel.name == "slack" else "they stay, for ntfy takes nothing back"
            print(f"{self.channel.name}: rang {len(rang)} times; {over}")


@contextmanager
def bench(name: str) -> Iterator[Bench | Live]:
    with ExitStack() as stack:
        match name:
            case "memory":
                yield Memory()
            case "slack":
                yield SandboxSlack(stack.enter_context(SlackServer()))
            case "ntfy":
                one = SandboxNtfy(stack.enter_context(NtfyServer()))
                yield stack.enter_context(_closed(one))
            case "live-slack":
                settings = Slack(SLACK_API, SecretStr(SLACK_TOKEN), SLACK_ROOM, frozenset())
                yield from _live(SlackChannel(settings, SystemClock(), hosts=HOSTS))
            case _:
                token = SecretStr(NTFY_TOKEN) if NTFY_TOKEN else None
                yield from _live(stack.enter_context(closing(NtfyChannel(Ntfy(NTFY_URL, token), hosts=HOSTS))))


def _live(channel: SlackChannel | NtfyChannel) -> Iterator[Live]:
    one = Live(channel)
    try:
        yield one
    finally:
        one.takes_back()


@contextmanager
def _closed(one: SandboxNtfy) -> Iterator[SandboxNtfy]:
    with closing(one.channel):
        yield one
