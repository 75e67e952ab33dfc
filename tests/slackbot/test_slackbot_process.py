"""The bot as a process: it starts, says what is missing, tells its health, and lets go when told to."""

from __future__ import annotations

import signal
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from afk import settings, wiring
from afk.adapters.ledger import open_ledger
from afk.core.config import ConfigError
from afk.sandbox.presence import PresenceServer
from afk.sandbox.slack import SlackServer
from slackbot.main import run
from tests.contract.ledgers import a_run, an_entry
from tests.slackbot.conftest import SECRET, free_port
from tests.slackbot.place import Place, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.slackbot.conftest import Town


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with SlackServer(pacing=None) as slack:
        yield Place(slack, tmp_path)


def test_bot_claims_the_repositories_of_runs(place: Place) -> None:
    with open_ledger(place.environment["AFK_DATABASE_URL"]) as ledger:
        ledger.claim(a_run(), an_entry(), {})

    with PresenceServer() as presence, place.bot(AFK_PRESENCE_URL=f"{presence.url}/claims"):
        until(lambda: presence.held() == {"repo:infra": "AFK #42"})


def test_proxy_of_a_shell_profile_hears_nothing_of_the_bot(place: Place) -> None:
    """Neither what it posts, nor what it hears over Socket Mode."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        with place.bot(HTTPS_PROXY=address, HTTP_PROXY=address, http_proxy=address):
            assert place.healthy()["hears_slack"]
            place.rings("a")
            until(lambda: place.heard() == ["text of a"])
        proxy.setblocking(False)

        with pytest.raises(BlockingIOError):
            proxy.accept()


def test_bot_answers_rings_and_ends_in_order_when_told_to(place: Place) -> None:
    with place.bot() as process:
        health = place.healthy()
        assert (health["ok"], health["hears_slack"], set(health["rounds"])) == (
            True,
            True,
            {"doorbells", "notices", "alarms"},
        )
        assert 'afk_outbox_waiting{channel="slack"} 0.0' in place.metrics()
        assert "AFK is off" in place.slack.human.types(place.ada, "/afk status", place.room).text
        place.rings("a")
        until(lambda: place.heard() == ["text of a"])
        until(lambda: 'afk_requests_total{status="200",system="Slack"} 1.0' in place.metrics())

        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stderr.read() == ""


def test_reader_and_digest_of_the_settings_reach_the_bot(place: Place) -> None:
    rita = place.slack.add_user("rita")
    now = datetime.now(UTC)  # noqa: TID251
    said = {
        "AFK_SLACK_READERS": f"{place.slack.workspace.team.id}:{rita}",
        "AFK_DIGEST_AT": f"{now - timedelta(minutes=2):%H:%M}",
    }
    with place.bot(**said):
        place.healthy()
        assert "AFK is off" in place.slack.human.types(rita, "/afk status", place.room).text
        assert "may not do this" in place.slack.human.types(rita, "/afk kill now", place.room).text
        until(lambda: [text for text in place.heard() if text.startswith("*Daily digest* up to")])


def test_http_door_takes_commands(tmp_path: Path) -> None:
    port = free_port()
    with SlackServer(pacing=None, request_url=f"http://127.0.0.1:{port}/slack/events", signing_secret=SECRET) as slack:
        place = Place(slack, tmp_path)
        with place.bot(port, SLACK_APP_TOKEN="") as process:
            place.healthy()
            assert "AFK is off" in slack.human.types(place.ada, "/afk status", place.room).text
            pages = ("alive", "health", "metrics")
            inside, outside = (
                [httpx.get(f"http://127.0.0.1:{each}/{page}").status_code for page in pages]
                for each in (place.health, port)
            )
            assert (inside, outside) == ([200] * 3, [404] * 3), "who comes from the internet is told nothing"
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0


def test_bot_holds_no_credential_of_what_it_never_asks(place: Place) -> None:
    """Neither where there is none for what is enrolled, nor where there are some: they are not even read."""
    named = dict.fromkeys(("AFK_GITHUB_TOKEN_FILE", "AFK_T3_TOKEN_FILE", "AFK_FORGEJO_TOKEN_FILE"), "/nowhere/secret")
    for more in ({}, named):
        with place.bot(AFK_ALLOWLIST="acme/infra", AFK_T3_URL="http://t3", **more):
            place.healthy()


def test_bot_links_to_what_people_open(place: Place) -> None:
    said = {
        "AFK_ALLOWLIST": "acme/infra",
        "AFK_T3_PUBLIC_URL": "https://t3.example.org",
        "AFK_FORGEJO_URL": "https://forge.example.org",
    }
    loaded = settings.for_bot(place.environment | said, Path(place.environment["HOME"]))
    with place.ledger() as ledger, wiring.ports(loaded, ledger, wiring.clock()) as ports:
        (channel,) = ports.channels
        assert {"t3.example.org", "forge.example.org", "github.com"} <= channel._hosts


@pytest.mark.parametrize(
    ("http", "change", "said"),
    [
        pytest.param(None, {"SLACK_BOT_TOKEN": ""}, "Slack is not configured: set SLACK_BOT_TOKEN", id="no-slack"),
        pytest.param(None, {"SLACK_APP_TOKEN": ""}, "Socket Mode needs SLACK_APP_TOKEN", id="no-app-token"),
        pytest.param(8, {"SLACK_SIGNING_SECRET": ""}, "--http needs SLACK_SIGNING_SECRET", id="no-secret"),
        pytest.param(9, {}, "--http and --health both name port 9", id="one-port-for-both"),
        pytest.param(None, {"SLACK_APP_TOKEN": "xapp-nonsense"}, "refuses SLACK_APP_TOKEN (invalid_auth)", id="bad-token"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(place: Place, http: int | None, change: dict[str, str], said: str) -> None:
    known = {name: value for name, value in (place.environment | change).items() if value}
    with pytest.raises(ConfigError) as wrong:
        run(settings.for_bot(known, Path(known["HOME"])), threading.Event(), http=http, health=9)

    assert said in str(wrong.value)


def test_app_for_everybody_is_refused(place: Place) -> None:
    with place.bot(SLACK_CLIENT_ID="1", SLACK_CLIENT_SECRET="2") as process:
        assert process.wait(15) == 1
        line = process.stderr.read()

    assert line == "afk: SLACK_CLIENT_ID and SLACK_CLIENT_SECRET would make this an app for everybody: unset them.\n"


def test_bot_waits_for_slack(place: Place) -> None:
    with place.bot(AFK_SLACK_API_URL="http://127.0.0.1:9/api/") as process:
        assert process.stderr.readline().startswith("afk: Slack cannot be reached (URLError); trying again")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


# Draining


class Slow(threading.Event):
    """A ledger whose every answer waits until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()


def test_command_in_flight_is_answered_before_the_door_closes(opens: Callable[..., Town]) -> None:
    drained(opens("http"), lambda town: town.door.drain())


def test_command_in_flight_is_answered_before_the_line_closes(opens: Callable[..., Town]) -> None:
    drained(opens("socket"), lambda town: town.line.drain())


def drained(town: Town, drain: Callable[[Town], None]) -> None:
    slow, seen = Slow(), []
    audits = town.house.ledger.audit

    def audit(entry: Any) -> None:
        slow.entered.set()
        assert slow.wait(5)
        audits(entry)

    town.house.ledger.audit = audit
    person = threading.Thread(target=lambda: seen.append(town.types("help").text))
    person.start()
    assert slow.entered.wait(5)
    threading.Timer(0.2, slow.set).start()
    drain(town)
    person.join(5)

    assert seen[0].startswith("What AFK understands:")


def test_half_open_line_counts_as_deaf(opens: Callable[..., Town]) -> None:
    town = opens("socket")
    session = town.line._client.current_session
    assert town.line.is_alive

    heard, session.last_ping_pong_time = session.last_ping_pong_time, time.time() - 4 * town.line._ping - 1
    deaf, session.last_ping_pong_time = not town.line.is_alive, heard
    assert deaf


def test_closed_line_is_not_alive(opens: Callable[..., Town]) -> None:
    town = opens("socket")
    town.line._client.auto_reconnect_enabled = False
    town.slack.closes_links()

    town.until(lambda: not town.line.is_alive)


def test_client_that_says_nothing_holds_nobody_up(opens: Callable[..., Town]) -> None:
    town = opens("http")
    with socket.create_connection(("127.0.0.1", town.door.port)) as silent:
        silent.sendall(b"POST /slack/events HTTP/1.1\r\nContent-Length: 10\r\n\r\n")

        assert town.types("help").text.startswith("What AFK")
