"""A small Bolt app, unchanged, over Socket Mode and over signed HTTP."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebhookClient

from afk.sandbox.slack.answers import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SECRET = "sandbox-signing-secret"
YES = {"type": "button", "action_id": "yes", "text": {"type": "plain_text", "text": "Yes"}, "value": "infra"}
ROW = [{"type": "actions", "elements": [YES]}]


def build(town: Any) -> App:
    """Arms on `/afk arm`, after asking; answers in threads; publishes a Home tab."""
    app = App(client=town.web, signing_secret=SECRET, process_before_response=True)

    @app.command("/afk")
    def command(ack: Any, command: dict[str, Any]) -> None:
        if command["text"] == "break":
            raise RuntimeError("broken")
        ack(text=f"really {command['text']}?", blocks=ROW)

    @app.action("yes")
    def yes(ack: Any, body: dict[str, Any]) -> None:
        ack()
        client = WebhookClient(body["response_url"], retry_handlers=[])
        client.send(text=f"armed {body['actions'][0]['value']} for {body['user']['team_id']}", replace_original=True)

    @app.event("message")
    def message(event: dict[str, Any], client: Any) -> None:
        if event.get("text") == "break":
            raise RuntimeError("broken")
        if "thread_ts" in event and "bot_id" not in event and "subtype" not in event:
            client.reactions_add(channel=event["channel"], timestamp=event["ts"], name="eyes")

    @app.event("app_home_opened")
    def home(event: dict[str, Any], client: Any) -> None:
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": ROW})

    return app


class Front(ThreadingHTTPServer):
    """Hands every signed request to the Bolt app."""

    daemon_threads = True
    app: App

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Door)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


class Door(BaseHTTPRequestHandler):
    server: Front

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        headers: dict[str, str | Sequence[str]] = {name.lower(): [value] for name, value in self.headers.items()}
        answer = self.server.app.dispatch(BoltRequest(body=body, headers=headers))
        self.send_response(answer.status)
        for name, values in answer.headers.items():
            self.send_header(name, values[0])
        self.send_header("Content-Length", str(len(answer.body.encode())))
        self.end_headers()
        self.wfile.write(answer.body.encode())

    def log_message(self, *_args: Any) -> None:
        pass


def until(is_so: Callable[[], Any]) -> None:
    end = time.monotonic() + 15
    while not is_so():
        assert time.monotonic() < end, "did not come to pass"
        time.sleep(0.01)


@pytest.fixture
def socket_town(opens: Callable[..., Any]) -> Iterator[Any]:
    town = opens(ack_seconds=0.25)
    handler: Any = SocketModeHandler(build(town), town.slack.app_token(), ping_interval=0.3)
    handler.connect()
    until(lambda: town.slack.socket.links)
    yield town
    # The SDK reads for up to 3 s before it lets go of a connection; a close from the other side wakes it.
    handler.client.auto_reconnect_enabled = False
    town.slack.closes_links()
    until(lambda: not handler.client.is_connected())
    handler.close()


@pytest.fixture
def http_town(opens: Callable[..., Any]) -> Iterator[Any]:
    front = Front()
    town = opens(
        ack_seconds=1.0, request_url=f"http://127.0.0.1:{front.server_port}/slack/events", signing_secret=SECRET
    )
    front.app = build(town)
    yield town
    front.shutdown()
    front.server_close()


@pytest.fixture(params=["socket_town", "http_town"])
def bolted(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


class TestOverBothTransports:
    def test_command_is_asked_about_and_confirmed_in_place(self, bolted: Any) -> None:
        human = bolted.slack.human
        question = human.types(bolted.ada, "/afk arm infra", bolted.channel).messages[0]
        clicked = human.clicks(bolted.ada, question["ts"], "yes")

        assert (question["text"], clicked.warning) == ("really arm infra?", "")
        team = bolted.slack.workspace.team.id
        assert [each["text"] for each in bolted.slack.ephemerals(bolted.ada)] == [f"armed infra for {team}"]

    def test_broken_command_is_seen_by_the_person(self, bolted: Any) -> None:
        seen = bolted.slack.human.types(bolted.ada, "/afk break", bolted.channel)

        assert seen.warning.startswith("/afk failed with the error ")

    def test_click_nobody_listens_to_leaves_a_mark(self, bolted: Any) -> None:
        row = [{"type": "actions", "elements": [{**YES, "action_id": "unheard"}]}]

        assert bolted.slack.human.clicks(bolted.ada, bolted.posts("x", blocks=row), "unheard").warning == ":warning:"

    def test_reply_in_a_thread_is_seen_by_the_app(self, bolted: Any) -> None:
        reply = bolted.slack.human.replies(bolted.ada, bolted.posts(), "try again").ts

        assert [each["name"] for each in bolted.slack.find(reply)[1]["reactions"]] == ["eyes"]

    def test_event_the_app_fails_on_is_repeated(self, bolted: Any, settled: Any) -> None:
        bolted.slack.human.types(bolted.ada, "break", bolted.channel)
        problems = [attempt.problem for attempt in settled(bolted).attempts]

        assert len(problems) == 4
        assert set(problems) <= {Problem.TIMEOUT, Problem.HTTP_ERROR}

    def test_home_tab_is_published_when_opened(self, bolted: Any) -> None:
        bolted.slack.human.opens_home(bolted.ada)

        until(lambda: bolted.slack.workspace.homes)
        assert bolted.slack.workspace.homes[bolted.ada].view["blocks"][0]["type"] == "actions"

    def test_stranger_is_recognised_by_the_user_s_team(self, bolted: Any) -> None:
        globex = bolted.slack.add_team("Globex")
        carol = bolted.slack.add_user("carol", globex)
        bolted.slack.human.clicks(carol, bolted.posts("x", blocks=ROW), "yes")

        assert bolted.slack.messages(bolted.channel)[0]["text"] == f"armed infra for {globex.id}"


class TestReconnecting:
    """The two quick ways of slack.md section 11.5. Of a cut wire or a half-open one the SDK takes 6 s to learn."""

    @pytest.mark.parametrize("how", ["disconnects", "closes_links"])
    def test_app_comes_back(self, socket_town: Any, how: str) -> None:
        getattr(socket_town.slack, how)()
        human = socket_town.slack.human

        until(lambda: human.types(socket_town.ada, "/afk arm infra", socket_town.channel).text == "really arm infra?")
        assert socket_town.slack.socket.envelopes[-1].link > 1
