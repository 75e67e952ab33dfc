"""Be Slack for one workspace: Web API, response URLs, Socket Mode or signed HTTP, people, and a page to look at."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from afk.sandbox.server import Server
from afk.sandbox.slack.conversation import Conversations, Draft
from afk.sandbox.slack.courier import Courier
from afk.sandbox.slack.human import Human
from afk.sandbox.slack.pacing import Pacing
from afk.sandbox.slack.page import Page
from afk.sandbox.slack.payloads import Payloads
from afk.sandbox.slack.request_url import RequestUrl
from afk.sandbox.slack.response_urls import Responses
from afk.sandbox.slack.short_lived import ShortLived
from afk.sandbox.slack.socket_mode import SocketMode
from afk.sandbox.slack.tokens import APP_SCOPES, BOT_SCOPES, Kind, Tokens
from afk.sandbox.slack.web_api import WebApi
from afk.sandbox.slack.workspace import Workspace
from afk.sandbox.slack.world import Settings, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aiohttp import web

    from afk.sandbox.slack.answers import Answer, Delivery, Sent
    from afk.sandbox.slack.workspace import Channel, Team

Body = dict[str, Any]


def system_clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the sandbox's default clock is the machine's


class SlackServer(Server):
    """With a `request_url` the app is reached over signed HTTP, without one over Socket Mode."""

    def __init__(
        self,
        port: int = 0,
        *,
        clock: Callable[[], datetime] = system_clock,
        settings: Settings | None = None,
        request_url: str = "",
        signing_secret: str = "sandbox-signing-secret",
        pacing: Pacing | None = Pacing(),  # noqa: B008 - frozen
        ack_seconds: float = 3.0,
        retry_factor: float = 1.0,
    ) -> None:
        super().__init__(port)
        self.workspace = Workspace(clock)
        self.conversations = Conversations(self.workspace, self._tell)
        self.socket = SocketMode(self.workspace.app.id, ack_seconds)
        self.world = World(
            self.workspace,
            self.conversations,
            Tokens(),
            ShortLived(self.workspace),
            settings or Settings(),
            self.socket,
            pacing,
        )
        self.request_url = RequestUrl(request_url, signing_secret, ack_seconds)
        self.courier = Courier(self.request_url if request_url else self.socket, retry_factor)
        self.responses = Responses(self.world, self.lock)
        self.payloads = Payloads(self.world, lambda: f"{self.url}/respond")
        self.human = Human(self)
        self._held_back: list[Body] | None = None

    def routes(self, router: web.UrlDispatcher) -> None:
        api = WebApi(self.world, self.lock, lambda: self.url)
        router.add_route("GET", "/api/{method}", api.serve)
        router.add_route("POST", "/api/{method}", api.serve)
        router.add_post("/respond/{id}", self.responses.serve)
        router.add_get("/link", self.socket.connect)
        Page(self).routes(router)

    @property
    def deliveries(self) -> list[Delivery]:
        return self.courier.deliveries

    @property
    def advice(self) -> list[str]:
        """What was posted and reads badly: no or too long a `text`."""
        return self.world.advice

    def add_team(self, name: str) -> Team:
        return self.workspace.add_team(name)

    def add_user(self, name: str, team: Team | None = None) -> str:
        with self.lock:
            return self.workspace.add_user(name, team).id

    def create_channel(self, name: str, *, private: bool = False, shared: bool = False, with_app: bool = True) -> str:
        with self.lock:
            return self.workspace.add_channel(name, private=private, shared=shared, with_app=with_app).id

    def archive(self, channel: str) -> None:
        with self.lock:
            self.workspace.channels[channel].archived = True

    def remove_app(self, channel: str) -> None:
        with self.lock:
            self.workspace.channels[channel].members.discard(self.workspace.app.user.id)

    def bot_token(self, scopes: Iterable[str] = BOT_SCOPES, expires_at: datetime | None = None) -> str:
        return self.world.tokens.issue(Kind.BOT, scopes, expires_at).value

    def app_token(self, scopes: Iterable[str] = APP_SCOPES) -> str:
        return self.world.tokens.issue(Kind.APP, scopes).value

    def config_token(self, expires_at: datetime | None = None) -> str:
        return self.world.tokens.issue(Kind.CONFIG, (), expires_at).value

    def revoke(self, token: str) -> None:
        self.world.tokens.revoke(token)

    def other_bot_posts(self, channel: str, text: str, thread_ts: str = "") -> str:
        with self.lock:
            bot = self.workspace.add_user("other-bot", is_bot=True)
            where = self.workspace.channels[channel]
            ts: str = self.conversations.post(where, bot, Draft(text, thread_ts=thread_ts))["ts"]
            return ts

    def messages(self, channel: str) -> list[Body]:
        with self.lock:
            return copy.deepcopy(list(self.workspace.channels[channel].messages.values()))

    def thread(self, ts: str) -> list[Body]:
        channel, _message = self.find(ts)
        return [each for each in self.messages(channel.id) if each.get("thread_ts", each["ts"]) == ts]

    def ephemerals(self, user: str) -> list[Body]:
        with self.lock:
            held = [each.message for each in self.workspace.ephemerals if each.reader == user and not each.gone]
            return copy.deepcopy(held)

    def find(self, ts: str) -> tuple[Channel, Body]:
        for channel in self.workspace.channels.values():
            if ts in channel.messages:
                return channel, channel.messages[ts]
        raise LookupError(f"there is no message {ts}")

    def channel_of(self, ts: str) -> Channel:
        ephemeral = self.workspace.ephemeral(ts)
        return self.workspace.channels[ephemeral.channel] if ephemeral else self.find(ts)[0]

    def calls(self, method: str) -> int:
        """How often the app called it, refused calls included."""
        with self.lock:
            return sum(exchange.path == f"/api/{method}" for exchange in self.exchanges)

    def verify_request_url(self) -> bool:
        token = self.workspace.app.verification_token
        return bool(self.run_on_loop(lambda: self.request_url.verify(token)))

    def disconnects(self, reason: str = "refresh_requested") -> None:
        self.run_on_loop(lambda: self.socket.refresh(reason))

    def closes_links(self, code: int = 1000) -> None:
        self.run_on_loop(lambda: self.socket.close(code))

    def cuts_links(self) -> None:
        self.run_on_loop(self.socket.abort)

    def deafens_links(self) -> None:
        self.run_on_loop(self.socket.deafen)

    def deliver(self, sent: Sent, payload: Body, times: int) -> tuple[Answer, ...]:
        answers: tuple[Answer, ...] = self.run_on_loop(lambda: self.courier.ask(sent, payload, times))
        return answers

    def deliver_event(self, payload: Body, times: int) -> tuple[Answer, ...]:
        answers: tuple[Answer, ...] = self.run_on_loop(lambda: self.courier.tell(payload, times))
        return answers

    def subscribed(self, event: Body, channel: Channel | None) -> Body | None:
        """The event as the app receives it, or nothing where it has not asked for it or may not see it."""
        name = f"message.{channel.kind}s" if channel else event["type"]
        inside = channel is None or self.workspace.app.user.id in channel.members
        return self.payloads.event(event, channel) if name in self.world.settings.bot_events and inside else None

    @contextmanager
    def held_back(self) -> Iterator[list[Body]]:
        """Gather the events caused meanwhile instead of sending them, for a verb that waits for their answers."""
        events: list[Body] = []
        self._held_back = events
        try:
            yield events
        finally:
            self._held_back = None

    def _tell(self, event: Body, channel: Channel | None) -> None:
        payload = self.subscribed(event, channel)
        if payload is None:
            return
        if self._held_back is not None:
            self._held_back.append(payload)
        elif self._loop is not None:
            self._loop.call_soon_threadsafe(self.courier.begin, self.courier.note(payload))

    async def _close(self) -> None:
        await self.courier.stop()
        await self.socket.stop()
        await super()._close()
