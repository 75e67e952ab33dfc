"""Nothing but Slack hears from the client: no proxy of the environment, and no place that a redirect names."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from afk import traffic
from afk.adapters.slack import Pace, SlackClient, SlackDesk
from afk.core.records import Notice, Place
from afk.ports import Refused, Uncertain, Unreachable
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.slack import SlackServer
from afk.systems import Slack
from tests.adapters.slack.conftest import CARD, DAWN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afk.ports import PortError
    from tests.adapters.slack.conftest import Desk

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
REDIRECTS = (301, 302, 303, 307, 308)


@contextmanager
def listener() -> Iterator[socket.socket]:
    """Somebody who would take our words."""
    with socket.create_server(("127.0.0.1", 0)) as made:
        made.setblocking(False)
        yield made


def is_spoken_to(there: socket.socket) -> bool:
    try:
        there.accept()[0].close()
    except BlockingIOError:
        return False
    return True


@pytest.fixture
def elsewhere() -> Iterator[socket.socket]:
    with listener() as made:
        yield made


@pytest.fixture
def proxied(elsewhere: socket.socket, monkeypatch: pytest.MonkeyPatch) -> socket.socket:
    for name in PROXIES:
        monkeypatch.setenv(name, f"http://127.0.0.1:{elsewhere.getsockname()[1]}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    return elsewhere


def a_desk(desk: Desk) -> SlackDesk:
    settings = Slack(f"{desk.server.url}/api/", SecretStr(desk.token), desk.room, frozenset())
    return SlackDesk(settings, desk.clock, Pace())


def answer_to(desk: Desk) -> Notice:
    ada = desk.server.add_user("ada")
    url = f"{desk.server.url}/respond/{desk.server.world.short_lived.url(ada, desk.room, '')}"
    return Notice("k", DAWN, Place.ANSWER, url, "the words", ada)


def test_proxy_of_a_shell_profile_hears_nothing(desk: Desk, proxied: socket.socket) -> None:
    desk.channel().ring("bell", CARD)
    a_desk(desk).post(answer_to(desk))

    assert not is_spoken_to(proxied)
    assert len(desk.messages()) == 1


@pytest.mark.parametrize("status", REDIRECTS)
def test_redirect_is_refused_and_its_place_hears_nothing(desk: Desk, elsewhere: socket.socket, status: int) -> None:
    """The SDK would bring the token there."""
    place = {"Location": f"http://127.0.0.1:{elsewhere.getsockname()[1]}/api/chat.postMessage"}
    desk.server.faults.add(Fault(Trouble.STATUS, times=None, status=status, headers=place, body='{"ok": true}'))
    notice = answer_to(desk)

    for call in (lambda: desk.channel().ring("bell", CARD), lambda: a_desk(desk).post(notice)):
        assert str(status) in str(refused(call))

    assert not is_spoken_to(elsewhere)


def refused(call: Callable[[], object]) -> PortError:
    with pytest.raises(Refused) as error:
        call()
    return error.value


def test_requests_are_counted_by_their_answers(desk: Desk) -> None:
    desk.answers("chat.postMessage", 503)
    channel, notice = desk.channel(), answer_to(desk)

    with traffic.counted() as tally:
        with pytest.raises(Uncertain):
            channel.ring("bell", CARD)
        channel.ring("bell", CARD)
        a_desk(desk).post(notice)
        desk.server.stop()
        with pytest.raises(Unreachable):
            channel.ring("bell", CARD)

    assert tally.requests == {("Slack", "503"): 1, ("Slack", "200"): 2, ("Slack", "URLError"): 1}


def test_address_of_an_answer_is_in_no_log(desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    """Whoever has it may speak in Slack for half an hour."""
    monkeypatch.setenv("AFK_LOG", "json")
    notice = answer_to(desk)
    desk.server.stop()

    with pytest.raises(Unreachable):
        a_desk(desk).post(notice)

    logged = capfd.readouterr().err
    assert '"path": "response_url"' in logged
    assert notice.target.rpartition("/")[2] not in logged


def test_client_of_the_bot_goes_the_same_way(proxied: socket.socket) -> None:
    with SlackServer() as server:
        answer = SlackClient(None, f"{server.url}/api/").apps_connections_open(app_token=server.app_token())

    assert answer["url"].startswith("ws")
    assert not is_spoken_to(proxied)
