"""Put channels on a bench: each with the verbs that make something happen to its messages."""

from __future__ import annotations

import itertools
import os
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

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

    from afk.ports import Channel

ENVIRONMENT = os.environ
SLACK_TOKEN, SLACK_ROOM = ENVIRONMENT.get("AFK_LIVE_SLACK_TOKEN", ""), ENVIRONMENT.get("AFK_LIVE_SLACK_CHANNEL", "")
NTFY_URL, NTFY_TOKEN = ENVIRONMENT.get("AFK_LIVE_NTFY_URL", ""), ENVIRONMENT.get("AFK_LIVE_NTFY_TOKEN", "")
LIVE = (*(["live-slack"] if SLACK_TOKEN and SLACK_ROOM else []), *(["live-ntfy"] if NTFY_URL else []))
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


class Live:
    """A real server. Nobody looks at it but the channel."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def now(self) -> datetime:
        return SystemClock().now()


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
                settings = Slack("https://slack.com/api/", SecretStr(SLACK_TOKEN), SLACK_ROOM, frozenset())
                yield Live(SlackChannel(settings, SystemClock(), hosts=HOSTS))
            case _:
                token = SecretStr(NTFY_TOKEN) if NTFY_TOKEN else None
                yield Live(stack.enter_context(closing(NtfyChannel(Ntfy(NTFY_URL, token), hosts=HOSTS))))


@contextmanager
def _closed(one: SandboxNtfy) -> Iterator[SandboxNtfy]:
    with closing(one.channel):
        yield one
