"""Give each test a workspace with a channel, two people, a clock to turn, and ways to talk to it."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx
import pytest
from aiohttp import web
from slack_sdk import WebClient

from afk.sandbox.server import Server
from afk.sandbox.slack import SlackServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EVERY_SCOPE = (
    "chat:write", "commands", "channels:history", "groups:history", "channels:read", "groups:read", "channels:join",
    "reactions:write", "users:read",
)  # fmt: skip


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Town:
    """A running workspace and the names of what is in it."""

    slack: SlackServer
    clock: Clock
    channel: str = ""
    ada: str = ""
    bob: str = ""
    token: str = ""
    app: Any = None
    http: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=10, verify=False))

    def __post_init__(self) -> None:
        self.channel = self.slack.create_channel("ops")
        self.ada, self.bob = self.slack.add_user("ada"), self.slack.add_user("bob")
        self.token = self.slack.bot_token(EVERY_SCOPE)

    @property
    def payloads(self) -> list[dict[str, Any]]:
        """What the app was sent over signed HTTP."""
        received: list[dict[str, Any]] = self.app.payloads
        return received

    @property
    def web(self) -> WebClient:
        return WebClient(self.token, base_url=f"{self.slack.url}/api/", retry_handlers=[], timeout=5)

    def api(self, method: str, token: str | None = None, **args: Any) -> dict[str, Any]:
        """The answer as it is, refusals included."""
        held = self.token if token is None else token
        headers = {"Authorization": f"Bearer {held}"} if held else {}
        answer = self.http.post(f"{self.slack.url}/api/{method}", json=args, headers=headers)
        body: dict[str, Any] = answer.json()
        assert answer.status_code == (429 if body.get("error") == "ratelimited" else 200)
        return body

    def posts(self, text: str = "hello", **more: Any) -> str:
        return str(self.web.chat_postMessage(channel=self.channel, text=text, **more)["ts"])


@pytest.fixture
def opens() -> Iterator[Callable[..., Town]]:
    """Start a workspace with settings of the test's own."""
    with contextlib.ExitStack() as stack:

        def start(**settings: Any) -> Town:
            clock = Clock()
            settings = {"clock": clock, "pacing": None, "retry_factor": 0.0001, "ack_seconds": 0.3, **settings}
            town = Town(stack.enter_context(SlackServer(**settings)), clock)
            stack.callback(town.http.close)
            return town

        yield start


@pytest.fixture
def town(opens: Callable[..., Town]) -> Town:
    return opens()


@pytest.fixture
def button() -> Callable[..., dict[str, Any]]:
    def make(action_id: str = "rerun", **more: Any) -> dict[str, Any]:
        text = {"type": "plain_text", "text": "Re-run"}
        return {"type": "button", "action_id": action_id, "text": text, "value": "infra#42:1", **more}

    return make


@pytest.fixture
def actions(button: Callable[..., dict[str, Any]]) -> Callable[..., list[dict[str, Any]]]:
    """Blocks with one row of buttons."""

    def make(*buttons: dict[str, Any]) -> list[dict[str, Any]]:
        return [{"type": "actions", "block_id": "row", "elements": list(buttons or [button()])}]

    return make


@pytest.fixture
def answering(opens: Callable[..., Town]) -> Iterator[Callable[..., Town]]:
    """An app reached over signed HTTP that answers each payload as the test says: a dict, plain words, or a status."""

    def start(answer: Callable[[dict[str, Any]], Any], **settings: Any) -> Town:
        app = Listener(answer)
        stack.callback(app.stop)
        town = opens(request_url=app.start().url + "/slack/events", **settings)
        town.app = app
        return town

    with contextlib.ExitStack() as stack:
        yield start


@pytest.fixture
def heard(answering: Callable[..., Town]) -> Town:
    """A town whose app keeps each payload and says nothing."""
    return answering(lambda _payload: {})


class Listener(Server):
    """The other end of a request URL. `exchanges` keeps every request with its headers, as on any sandbox server."""

    def __init__(self, answer: Callable[[dict[str, Any]], Any]) -> None:
        super().__init__()
        self.payloads: list[dict[str, Any]] = []
        self._answer = answer

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/slack/events", self._meet_slack)

    async def _meet_slack(self, request: web.Request) -> web.Response:
        text = await request.text()
        form = dict(parse_qsl(text)) if request.content_type != "application/json" else {}
        payload = json.loads(form["payload"]) if "payload" in form else form or json.loads(text)
        self.payloads.append(payload)
        answer = self._answer(payload)
        match answer:
            case int():
                return web.Response(status=answer)
            case str():
                return web.Response(text=answer)
            case web.Response():
                return answer
            case _:
                return web.json_response(answer) if answer else web.Response()


@pytest.fixture
def settled() -> Callable[[Town], Any]:
    """The first delivery, once nothing more will become of any."""

    def wait(town: Town) -> Any:
        until = time.monotonic() + 5
        while not all(delivery.over for delivery in town.slack.deliveries):
            assert time.monotonic() < until, "deliveries are still under way"
            time.sleep(0.005)
        return town.slack.deliveries[0]

    return wait
