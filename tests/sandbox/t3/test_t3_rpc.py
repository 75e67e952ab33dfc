"""Effect RPC over the socket: frames, flow control, subscriptions, trouble (section 5)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed

from afk.sandbox.faults import Fault, Trouble
from tests.sandbox.t3.client import MESSAGE_V2, THREAD, THREAD_V2, TURN, Client, receive, request, send, without

if TYPE_CHECKING:
    from websockets.sync.connection import Connection

DISPATCH, SUBSCRIBE = "orchestration.dispatchCommand", "orchestration.subscribeShell"
ACK = {"_tag": "Ack", "requestId": 1}
QUIET = 0.15  # seconds without a frame that count as none


def silent(socket: Connection) -> bool:
    try:
        receive(socket, QUIET)
    except TimeoutError:
        return True
    return False


def wait_until(true: Any) -> None:
    end = time.monotonic() + 5
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_ping_is_answered_with_pong(t3: Client) -> None:
    with t3.socket() as socket:
        send(socket, {"_tag": "Ping"})

        assert receive(socket) == {"_tag": "Pong"}


def test_accepted_command_exits_with_its_sequence(t3: Client) -> None:
    with t3.socket() as socket:
        send(socket, request("7", DISPATCH, TURN))

        exit_ = receive(socket)

    sequence = t3.shell()["snapshotSequence"]
    success = {"_tag": "Success", "value": {"sequence": sequence}}
    assert exit_ == {"_tag": "Exit", "requestId": "7", "exit": success}


def test_socket_and_http_share_receipts(t3: Client) -> None:
    sequence = t3.did(TURN)

    assert t3.over_socket(TURN) == {"_tag": "Success", "value": {"sequence": sequence}}
    assert len(t3.server.turns("t-1")) == 1


def test_v1_refusal_is_a_typed_failure_of_two_fields(t3: Client) -> None:
    exit_ = t3.over_socket(THREAD, commandId="c-2")

    message = "Orchestration command invariant failed (thread.create): Thread 't-1' already exists and cannot be created twice."
    error = {"_tag": "OrchestrationDispatchCommandError", "message": message}
    assert exit_ == {"_tag": "Failure", "cause": [{"_tag": "Fail", "error": error}]}


def test_v2_refusal_names_its_command(t3_v2: Client) -> None:
    exit_ = t3_v2.over_socket(THREAD_V2, commandId="c-2")

    error = exit_["cause"][0]["error"]
    assert error.pop("message").endswith("Thread 't-1' already exists and cannot be created twice.")
    assert error == {
        "_tag": "OrchestrationV2DispatchCommandError",
        "commandId": "c-2",
        "commandType": "thread.create",
    }


@pytest.mark.parametrize(
    ("tag", "payload"),
    [
        pytest.param("orchestration.nothing", {}, id="unknown-method"),
        pytest.param("orchestration.launchThread", {}, id="v2-method"),
        pytest.param(DISPATCH, without(TURN, "runtimeMode"), id="undecodable-command"),
        pytest.param(DISPATCH, MESSAGE_V2, id="v2-command"),
        pytest.param(SUBSCRIBE, {"afterSequence": -1}, id="undecodable-subscription"),
        pytest.param(SUBSCRIBE, {"afterSequence": None}, id="null-sequence"),
    ],
)
def test_unknown_method_or_payload_dies(t3: Client, tag: str, payload: Any) -> None:
    exit_ = t3.rpc(tag, payload)

    assert exit_["_tag"] == "Failure"
    assert [(cause["_tag"], isinstance(cause["defect"], str)) for cause in exit_["cause"]] == [("Die", True)]


@pytest.mark.parametrize(
    ("scopes", "tag", "payload", "required"),
    [
        (["orchestration:read"], DISPATCH, TURN, "orchestration:operate"),
        (["orchestration:operate"], SUBSCRIBE, {}, "orchestration:read"),
    ],
    ids=["reader-dispatches", "operator-subscribes"],
)
def test_missing_scope_is_a_typed_failure(t3: Client, scopes: list[str], tag: str, payload: Any, required: str) -> None:
    t3.token = t3.server.issue_token(scopes)

    error = t3.rpc(tag, payload)["cause"][0]["error"]

    assert (error["_tag"], error["requiredScope"]) == ("EnvironmentAuthorizationError", required)
    assert isinstance(error["message"], str)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param("not json", id="no-json"),
        pytest.param("[]", id="no-object"),
        pytest.param({"id": 1}, id="no-tag"),
        pytest.param({"_tag": "Hello"}, id="unknown-tag"),
        pytest.param(without(request(1, DISPATCH, TURN), "headers"), id="no-headers"),
        pytest.param(without(request(1, DISPATCH, TURN), "payload"), id="no-payload"),
        pytest.param(without(request(1, DISPATCH, TURN), "id"), id="no-id"),
    ],
)
def test_broken_frame_is_a_defect_and_the_socket_lives_on(t3: Client, frame: Any) -> None:
    with t3.socket() as socket:
        send(socket, frame)
        assert receive(socket)["_tag"] == "Defect"

        send(socket, {"_tag": "Ping"})
        assert receive(socket) == {"_tag": "Pong"}
    assert t3.server.turns("t-1") == []


def test_subscription_begins_with_the_snapshot_and_a_marker(t3: Client) -> None:
    with t3.socket() as socket:
        send(socket, request(1, SUBSCRIBE, {"requestCompletionMarker": True}))
        chunk = receive(socket)

    assert (chunk["_tag"], chunk["requestId"]) == ("Chunk", 1)
    first, last = chunk["values"]
    assert (first["kind"], last) == ("snapshot", {"kind": "synchronized"})
    assert without(first["snapshot"], "updatedAt") == without(t3.shell(), "updatedAt")


def test_stream_stalls_until_each_chunk_is_acknowledged(t3: Client) -> None:
    with t3.socket() as socket:
        send(socket, request(1, SUBSCRIBE, {}))
        assert receive(socket)["values"][0]["kind"] == "snapshot"
        t3.did(TURN)
        assert silent(socket)

        send(socket, {"_tag": "Ack", "requestId": 2})
        assert silent(socket)
        send(socket, ACK)

        kinds = {item["kind"] for item in receive(socket)["values"]}
        assert kinds == {"thread-upserted"}


def test_subscription_after_a_sequence_replays_what_was_missed(t3: Client) -> None:
    seen = t3.shell()["snapshotSequence"]
    t3.did(TURN)
    t3.did(THREAD, commandId="c-2", threadId="t-2")
    t3.server.thread_vanishes("t-2")
    t3.did({"type": "project.meta.update", "commandId": "c-3", "projectId": "p-1", "title": "New"})

    with t3.socket() as socket:
        send(socket, request(1, SUBSCRIBE, {"afterSequence": seen, "requestCompletionMarker": True}))
        items = receive(socket)["values"]

    assert items[-1] == {"kind": "synchronized"}
    assert [item["sequence"] for item in items[:-1]] == list(range(seen + 1, t3.shell()["snapshotSequence"] + 1))
    assert [item["kind"] for item in items[:-1]] == [
        "thread-upserted",
        "thread-upserted",
        "thread-removed",
        "thread-removed",
        "project-upserted",
    ]


@pytest.mark.parametrize(("changes", "first"), [(1000, "thread-upserted"), (1001, "snapshot")])
def test_gap_of_more_than_a_thousand_events_is_not_replayed(t3: Client, changes: int, first: str) -> None:
    t3.did(TURN)
    t3.server.agent_starts("t-1")
    seen = t3.shell()["snapshotSequence"]
    for _ in range(changes):
        t3.server.agent_says("t-1", "Working")

    with t3.socket() as socket:
        send(socket, request(1, SUBSCRIBE, {"afterSequence": seen}))

        assert receive(socket)["values"][0]["kind"] == first


def test_interrupted_subscription_ends(t3: Client) -> None:
    with t3.socket() as socket:
        send(socket, request(1, SUBSCRIBE, {}))
        receive(socket)
        send(socket, {"_tag": "Interrupt", "requestId": 1})
        exit_ = receive(socket)["exit"]
        t3.did(TURN)

        assert exit_ == {"_tag": "Failure", "cause": [{"_tag": "Interrupt"}]}
        assert silent(socket)


def test_v2_subscription_speaks_of_updates_and_places(t3_v2: Client) -> None:
    with t3_v2.socket() as socket:
        send(socket, request(1, SUBSCRIBE, {}))
        snapshot = receive(socket)["values"][0]["snapshot"]
        assert set(snapshot) == {"schemaVersion", "snapshotSequence", "projects", "threads", "archivedThreads"}
        t3_v2.server.person_archives("t-1")
        send(socket, ACK)
        items = receive(socket)["values"]

    assert {(item["kind"], item["location"]) for item in items} == {("thread.updated", "archive")}


@pytest.mark.parametrize(
    ("trouble", "turns"),
    [
        pytest.param(Trouble.DROP_BEFORE, 0, id="lost-request"),
        pytest.param(Trouble.DROP_AFTER, 1, id="lost-answer"),
        pytest.param(Trouble.TRUNCATED, 1, id="half-an-answer"),
    ],
)
def test_socket_lost_under_a_command_leaves_its_effect_uncertain(t3: Client, trouble: Trouble, turns: int) -> None:
    t3.server.faults.add(Fault(trouble, match="RPC"))
    with t3.socket() as socket:
        send(socket, request(1, DISPATCH, TURN))
        with pytest.raises((ConnectionClosed, ValueError)):
            receive(socket)
    assert len(t3.server.turns("t-1")) == turns

    assert t3.over_socket(TURN)["_tag"] == "Success"
    assert len(t3.server.turns("t-1")) == 1


@pytest.mark.parametrize(("trouble", "turns"), [(Trouble.TIMEOUT, 0), (Trouble.TIMEOUT_AFTER, 1)])
def test_command_that_is_never_answered_leaves_the_socket_alive(t3: Client, trouble: Trouble, turns: int) -> None:
    t3.server.faults.add(Fault(trouble, match="RPC"))
    with t3.socket() as socket:
        send(socket, request(1, DISPATCH, TURN))
        assert silent(socket)
        send(socket, {"_tag": "Ping"})

        assert receive(socket) == {"_tag": "Pong"}
    assert len(t3.server.turns("t-1")) == turns


@pytest.mark.parametrize(("trouble", "turns"), [(Trouble.STATUS, 0), (Trouble.STATUS_AFTER, 1)])
def test_server_defect_is_no_typed_failure(t3: Client, trouble: Trouble, turns: int) -> None:
    t3.server.faults.add(Fault(trouble, match="RPC", body="disk full"))

    exit_ = t3.over_socket(TURN)

    assert exit_["cause"] == [{"_tag": "Die", "defect": "disk full"}]
    assert len(t3.server.turns("t-1")) == turns


def test_slow_command_is_answered_late(t3: Client) -> None:
    t3.server.faults.add(Fault(Trouble.SLOW, match="RPC", seconds=0.2))
    with t3.socket() as socket:
        send(socket, request(1, DISPATCH, TURN))
        assert silent(socket)

        assert receive(socket)["exit"]["_tag"] == "Success"


def test_garbage_frame_arrives_as_it_is(t3: Client) -> None:
    t3.server.faults.add(Fault(Trouble.INVALID_JSON, match="RPC"))
    with t3.socket() as socket:
        send(socket, request(1, DISPATCH, TURN))

        with pytest.raises(ValueError, match="Expecting value"):
            receive(socket)


def test_requests_of_the_socket_are_listed_with_their_status(t3: Client) -> None:
    t3.over_socket(TURN)
    t3.over_socket(THREAD, commandId="c-2")
    t3.server.faults.add(Fault(Trouble.DROP_BEFORE, match="RPC"))
    with t3.socket() as socket:
        send(socket, request(1, DISPATCH, TURN))
        with pytest.raises(ConnectionClosed):
            receive(socket)

    listed = [exchange for exchange in t3.server.exchanges if exchange.method == "RPC"]

    assert [(exchange.line, exchange.status) for exchange in listed] == [
        (f"RPC {DISPATCH}", 200),
        (f"RPC {DISPATCH}", 400),
        (f"RPC {DISPATCH}", 0),
    ]
    assert b'"threadId": "t-1"' in listed[0].body


@pytest.mark.parametrize("event", ["restart", "cut_sockets"])
def test_open_sockets_are_lost_with_the_server(t3: Client, event: str) -> None:
    with t3.socket() as socket:
        send(socket, request(1, SUBSCRIBE, {}))
        receive(socket)
        getattr(t3.server, event)()

        with pytest.raises(ConnectionClosed):
            receive(socket)
    wait_until(lambda: t3.over_socket(TURN)["_tag"] == "Success")
