from __future__ import annotations

import httpx
import pytest
import respx

from afk.adapters.t3.rpc import Rpc
from afk.adapters.t3.wire import Wire
from afk.ports import Gone, Refused, Uncertain, Unexpected, Unreachable
from tests.adapters.t3.replies import (
    DESCRIBED_V2,
    DESCRIPTOR,
    FOLLOW_UP,
    executor,
    settings,
)
from tests.adapters.t3.sockets import CUT, OK, fail, failure


def call(socket, **patience):
    return Rpc(Wire(settings(socket.url)), **{"patience": 20.0, **patience}).call("tag", {"type": "kind"}, "t-1")


def test_a_request_is_one_frame_on_a_socket_of_its_own(socket, http):
    assert call(socket) == {"sequence": 20}
    assert socket.paths == ["/ws?orchestrationProtocol=2&wsTicket=ticket+1"]
    assert socket.frames == [{"_tag": "Request", "id": 1, "tag": "tag", "payload": {"type": "kind"}, "headers": []}]


def test_every_chunk_is_acknowledged(socket, http):
    chunk = {"_tag": "Chunk", "requestId": 1, "values": [{}]}
    socket.scripts = [[chunk, chunk, OK]]

    assert call(socket) == {"sequence": 20}
    assert socket.frames[1:] == [{"_tag": "Ack", "requestId": 1}] * 2


def test_a_long_wait_is_bridged_by_pings(socket, http):
    socket.scripts = [[None, {"_tag": "Pong"}, OK]]

    assert call(socket, ping_every=0.05) == {"sequence": 20}
    assert socket.frames[1:] == [{"_tag": "Ping"}] * 2


def test_an_answer_to_somebody_else_is_not_ours(socket, http):
    socket.scripts = [[{**OK, "requestId": 2}, OK]]

    assert call(socket, ping_every=0.05) == {"sequence": 20}


def test_an_answer_may_name_us_by_text(socket, http):
    socket.scripts = [[{**OK, "requestId": "1"}]]

    assert call(socket) == {"sequence": 20}


def test_a_frame_larger_than_the_librarys_default_is_read(socket, http):
    big = "x" * (5 * 2**20)
    socket.scripts = [[{**OK, "exit": {"_tag": "Success", "value": big}}]]

    assert call(socket) == big


@pytest.mark.parametrize(
    ("frame", "error", "told"),
    [
        pytest.param(fail("Thread 't-1' does not exist."), Refused, "does not exist", id="a-typed-failure"),
        pytest.param(
            fail("x", "EnvironmentAuthorizationError", requiredScope="orchestration:operate"),
            Refused,
            "orchestration:operate",
            id="a-scope",
        ),
        pytest.param(fail("x", "OrchestrationV2ThreadNotFoundError"), Gone, "x", id="no-thread"),
        pytest.param(failure({"_tag": "Die", "defect": "Expected a string"}), Unexpected, "choked", id="a-defect"),
        pytest.param(
            failure({"_tag": "Die", "defect": 1}, {"_tag": "Fail", "error": {"message": "no"}}),
            Refused,
            "no",
            id="both",
        ),
        pytest.param({"_tag": "Defect", "defect": "Invalid frame"}, Unexpected, "frame", id="a-frame-it-cannot-read"),
        pytest.param([], Unexpected, "frame", id="no-object"),
        pytest.param({"_tag": "Exit", "requestId": 1}, Unexpected, "exit", id="an-empty-exit"),
    ],
)
def test_what_is_no_success_is_an_error_of_its_kind(socket, http, frame, error, told):
    socket.scripts = [[frame]]

    with pytest.raises(error, match=told):
        call(socket)
    assert len(socket.commands) == 1


@pytest.mark.parametrize(
    "script",
    [
        pytest.param([CUT], id="cut"),
        pytest.param(['{"half": '], id="half-a-frame"),
        pytest.param([failure({"_tag": "Interrupt"})], id="interrupted"),
        pytest.param([failure()], id="no-cause"),
    ],
)
def test_a_lost_answer_repeats_the_request_once_and_is_uncertain_then(socket, http, script):
    socket.scripts = [script, script]

    with pytest.raises(Uncertain):
        call(socket)
    assert len(socket.commands) == 2
    assert socket.commands[0] == socket.commands[1]
    assert socket.paths[0] != socket.paths[1]  # a ticket opens one socket


def test_an_answer_that_is_lost_once_is_no_trouble(socket, http):
    socket.scripts = [[CUT], [OK]]

    assert call(socket) == {"sequence": 20}


def test_silence_is_uncertain_after_a_while(socket, http):
    socket.scripts = [[None], [None]]

    with pytest.raises(Uncertain, match="no answer"):
        call(socket, patience=0.1, ping_every=5)


# the door


def test_a_ticket_that_is_refused_is_replaced_once(socket, http):
    socket.door = [401]

    assert call(socket) == {"sequence": 20}
    assert len(socket.paths) == 2


@pytest.mark.parametrize(
    ("statuses", "error"),
    [([401, 401], Refused), ([403], Refused), ([503], Unreachable)],
    ids=["unknown", "forbidden", "busy"],
)
def test_a_closed_door_is_an_error_of_its_kind(socket, http, statuses, error):
    socket.door = statuses

    with pytest.raises(error):
        call(socket)
    assert socket.commands == []


def test_nobody_at_the_door_is_unreachable(http):
    with respx.mock(base_url="http://127.0.0.1:1") as closed:
        closed.post("/api/auth/websocket-ticket").respond(json={"ticket": "x"})
        with pytest.raises(Unreachable, match="no socket"):
            Rpc(Wire(settings("http://127.0.0.1:1")), 20.0).call("tag", {}, "t-1")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(httpx.Response(401, json={"reason": "invalid_credential"}), Refused, id="401"),
        pytest.param(httpx.ReadTimeout("slow"), Unreachable, id="lost"),
        pytest.param(httpx.Response(200, json={}), Unexpected, id="no-ticket"),
    ],
)
def test_without_a_ticket_no_socket_is_opened(socket, http, answer, error):
    http.post("/api/auth/websocket-ticket").mock(side_effect=[answer] * 2)

    with pytest.raises(error):
        call(socket)
    assert socket.paths == []


def test_an_upgrade_beyond_us_fails_closed(socket, http, heard):
    later = {**DESCRIBED_V2, "orchestrationProtocolVersion": 3}
    http.get(DESCRIPTOR).mock(side_effect=[httpx.Response(200, json=DESCRIBED_V2), httpx.Response(200, json=later)])
    socket.door = [426]

    with pytest.raises(Refused, match="speaks protocol 3"):
        executor(url=socket.url).send(FOLLOW_UP)
