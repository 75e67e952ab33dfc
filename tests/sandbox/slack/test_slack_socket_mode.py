"""Socket Mode frame by frame, with a bare WebSocket client in the app's place."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from afk.sandbox.slack.answers import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from websockets.sync.connection import Connection


def address(town: Any) -> str:
    return str(town.api("apps.connections.open", token=town.slack.app_token())["url"])


def until(is_so: Callable[[], Any], seconds: float = 3.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "did not come to pass"
        time.sleep(0.005)


@pytest.fixture
def link(town: Any) -> Iterator[Callable[[], ClientConnection]]:
    """Open one more connection, past its hello."""
    opened: list[ClientConnection] = []

    def dial() -> ClientConnection:
        opened.append(connect(address(town), close_timeout=0.2))
        assert json.loads(opened[-1].recv(timeout=3))["type"] == "hello"
        return opened[-1]

    yield dial
    for each in opened:
        each.close()


class Typing(threading.Thread):
    """Ada types while the test plays the app."""

    def __init__(self, town: Any, text: str = "/afk status") -> None:
        super().__init__(daemon=True)
        self._town, self._text = town, text
        self.start()

    def run(self) -> None:
        self.seen = self._town.slack.human.types(self._town.ada, self._text, self._town.channel)

    def sees(self) -> Any:
        self.join(timeout=5)
        return self.seen


def receive(link: Connection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(link.recv(timeout=3))
    return frame


def acknowledge(link: ClientConnection, envelope: dict[str, Any], **payload: Any) -> None:
    link.send(json.dumps({"envelope_id": envelope["envelope_id"], **({"payload": payload} if payload else {})}))


class TestConnecting:
    def test_hello_tells_the_app_and_the_number_of_connections(self, town: Any, link: Any) -> None:
        link()
        with connect(address(town)) as second:
            hello = receive(second)

        assert (hello["type"], hello["num_connections"]) == ("hello", 2)
        assert hello["connection_info"] == {"app_id": town.slack.workspace.app.id}

    def test_ticket_is_good_for_one_connection(self, town: Any) -> None:
        url = address(town)
        with connect(url), pytest.raises(InvalidStatus) as refused, connect(url):
            pass

        assert refused.value.response.status_code == 401

    def test_connection_without_a_ticket_is_refused(self, town: Any) -> None:
        with pytest.raises(InvalidStatus), connect(town.slack.url.replace("http", "ws") + "/link"):
            pass

    def test_eleventh_connection_is_sent_away(self, town: Any, link: Any) -> None:
        for _ in range(10):
            link()
        with connect(address(town)) as eleventh:
            told = receive(eleventh)
            with pytest.raises(ConnectionClosed):
                eleventh.recv(timeout=3)

        assert (told["type"], told["reason"]) == ("disconnect", "too_many_websockets")
        assert len(town.slack.socket.links) == 10

    def test_ping_is_ponged(self, link: Any) -> None:
        assert link().ping("session:1").wait(3)


class TestEnvelopes:
    def test_command_may_be_answered_with_a_message(self, town: Any, link: Any) -> None:
        socket, typing = link(), Typing(town)
        envelope = receive(socket)
        acknowledge(socket, envelope, text="3 running")

        assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
        assert "retry_attempt" not in envelope
        assert typing.sees().text == "3 running"

    def test_empty_acknowledgement_shows_nothing(self, town: Any, link: Any) -> None:
        socket, typing = link(), Typing(town)
        acknowledge(socket, receive(socket))

        assert (typing.sees().messages, typing.sees().warning) == ((), "")

    def test_event_carries_its_attempt(self, town: Any, link: Any) -> None:
        socket, typing = link(), Typing(town, "hello")
        envelope = receive(socket)
        acknowledge(socket, envelope)

        assert (envelope["type"], envelope["accepts_response_payload"]) == ("events_api", False)
        assert (envelope["retry_attempt"], envelope["retry_reason"]) == (0, "")
        assert typing.sees().answers[0].ok

    def test_each_payload_goes_to_one_connection(self, town: Any, link: Any) -> None:
        sockets = [link(), link()]
        for _ in range(4):
            typing = Typing(town)
            until(lambda: town.slack.socket._waiting)
            turn = town.slack.socket.envelopes[-1].link - 1
            with pytest.raises(TimeoutError):
                sockets[1 - turn].recv(timeout=0.01)
            acknowledge(sockets[turn], receive(sockets[turn]), text="mine")
            assert typing.sees().text == "mine"

        assert sorted(each.link for each in town.slack.socket.envelopes) == [1, 1, 2, 2]

    def test_command_not_acknowledged_in_time_fails_before_the_person(self, town: Any, link: Any) -> None:
        socket, typing = link(), Typing(town)
        envelope = receive(socket)
        seen = typing.sees()
        acknowledge(socket, envelope, text="late")

        until(lambda: town.slack.socket.frames.late)
        assert seen.warning == '/afk failed with the error "operation_timeout"'
        assert seen.answers[0].problem is Problem.TIMEOUT
        assert town.slack.socket.frames.late == [envelope["envelope_id"]]
        assert town.slack.ephemerals(town.ada) == []
        assert town.slack.socket.envelopes[0].acknowledged_after is None

    def test_nobody_connected_fails_at_once(self, town: Any) -> None:
        seen = town.slack.human.types(town.ada, "/afk status", town.channel)

        assert seen.warning == '/afk failed with the error "dispatch_failed"'

    def test_frames_that_acknowledge_nothing_are_kept_apart(self, town: Any, link: Any) -> None:
        socket = link()
        socket.send('{"envelope_id": "made-up"}')
        socket.send("hello?")
        socket.send("[1]")

        until(lambda: len(town.slack.socket.frames.nonsense) == 2)
        assert town.slack.socket.frames.stray == ["made-up"]
        assert town.slack.socket.frames.nonsense == ["hello?", "[1]"]

    @pytest.mark.parametrize(("any_link", "text"), [(False, ""), (True, "crossed")])
    def test_acknowledgement_over_another_connection(self, town: Any, link: Any, any_link: bool, text: str) -> None:
        town.slack.socket.any_link_acknowledges = any_link
        first, typing = link(), Typing(town)
        envelope = receive(first)
        acknowledge(link(), envelope, text="crossed")

        assert typing.sees().text == text
        assert town.slack.socket.frames.stray == ([] if any_link else [envelope["envelope_id"]])

    def test_second_acknowledgement_changes_nothing(self, town: Any, link: Any) -> None:
        socket, typing = link(), Typing(town)
        envelope = receive(socket)
        acknowledge(socket, envelope, text="once")
        acknowledge(socket, envelope, text="twice")

        until(lambda: town.slack.socket.frames.late)
        assert typing.sees().text == "once"
        assert [each["text"] for each in town.slack.ephemerals(town.ada)] == ["once"]


class TestParting:
    def test_refresh_moves_traffic_to_the_new_connection(self, town: Any, link: Any) -> None:
        town.slack.socket.grace = 30
        old = link()
        town.slack.disconnects()
        told, new = receive(old), link()
        for _ in range(2):
            typing = Typing(town)
            acknowledge(new, receive(new), text="new")
            assert typing.sees().text == "new"

        assert (told["type"], told["reason"]) == ("disconnect", "refresh_requested")
        assert [each.number for each in town.slack.socket.links] == [1, 2]

    def test_connection_that_stays_after_a_refresh_is_closed(self, town: Any, link: Any) -> None:
        old = link()
        town.slack.disconnects()
        receive(old)

        with pytest.raises(ConnectionClosed):
            old.recv(timeout=3)

    def test_warning_leaves_the_connection_in_use(self, town: Any, link: Any) -> None:
        socket = link()
        town.slack.disconnects("warning")
        told, typing = receive(socket), Typing(town)
        acknowledge(socket, receive(socket), text="still here")

        assert told["reason"] == "warning"
        assert typing.sees().text == "still here"

    def test_close_carries_its_code(self, town: Any, link: Any) -> None:
        socket = link()
        town.slack.closes_links(1001)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=3)

        assert socket.close_code == 1001
        until(lambda: town.slack.socket.links == [])

    def test_cut_wire_says_nothing(self, town: Any, link: Any) -> None:
        socket = link()
        town.slack.cuts_links()

        with pytest.raises(ConnectionClosedError) as cut:
            socket.recv(timeout=3)
        assert cut.value.rcvd is None

    def test_half_open_connection_neither_pongs_nor_hears(self, town: Any, link: Any) -> None:
        socket = link()
        town.slack.deafens_links()
        pong, typing = socket.ping("session:1"), Typing(town)
        acknowledge(socket, receive(socket), text="unheard")

        assert typing.sees().warning == '/afk failed with the error "operation_timeout"'
        assert not pong.is_set()
        assert len(town.slack.socket.links) == 1

    def test_server_that_comes_back_takes_new_connections(self, town: Any, link: Any) -> None:
        link()
        town.slack.stop()
        town.slack.start()
        socket, typing = link(), Typing(town)
        acknowledge(socket, receive(socket), text="back")

        assert typing.sees().text == "back"
