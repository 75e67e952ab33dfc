from __future__ import annotations

import httpx
import pytest

from afk.ports import Refused, Unexpected, Unreachable
from tests.adapters.t3.replies import (
    DESCRIBED,
    DESCRIBED_V2,
    DESCRIPTOR,
    DISPATCH,
    FOLLOW_UP,
    ORDER,
    PAGE,
    SHELL,
    SNAPSHOT,
    THREAD,
    executor,
    row,
    row_v2,
    run,
    said,
    shell,
    shell_v2,
    thread,
    watched,
)

WITHOUT = {key: value for key, value in DESCRIBED.items() if key != "orchestrationProtocolVersion"}


@pytest.mark.parametrize(
    "described",
    [
        pytest.param(DESCRIBED, id="protocol-1"),
        pytest.param(WITHOUT, id="no-protocol-means-1"),
        pytest.param({**WITHOUT, "serverVersion": "0.0.25"}, id="the-oldest"),
        pytest.param({**DESCRIBED, "serverVersion": "0.0.45-nightly.20260901.12"}, id="a-nightly"),
        pytest.param({**DESCRIBED, "serverVersion": "dev"}, id="a-nameless-build-that-tells-its-protocol"),
    ],
)
def test_protocol_1_is_spoken_without_the_header_of_2(server, described):
    server.get(DESCRIPTOR).respond(json=described)
    reads = server.get(SHELL).mock(shell())
    server.get(THREAD).respond(404, json={"reason": "thread_not_found"})

    assert executor().fleet([watched()]) == {}
    assert "x-t3-orchestration-protocol" not in reads.calls.last.request.headers


def test_protocol_2_is_spoken_with_its_header(server):
    server.get(DESCRIPTOR).respond(json=DESCRIBED_V2)
    reads = server.get(SHELL).mock(shell_v2(row_v2("run-1", "running")))

    assert executor().fleet([watched()])["t-1"].turn == "run-1"
    assert reads.calls.last.request.headers["x-t3-orchestration-protocol"] == "2"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        pytest.param(
            httpx.Response(200, json={**DESCRIBED, "orchestrationProtocolVersion": 3}),
            "speaks protocol 3",
            id="a-later-protocol",
        ),
        pytest.param(
            httpx.Response(200, json={**DESCRIBED, "orchestrationProtocolVersion": "2"}),
            "speaks protocol 2",
            id="no-number",
        ),
        pytest.param(
            httpx.Response(200, json={**DESCRIBED, "orchestrationProtocolVersion": True}),
            "speaks protocol True",
            id="a-boolean",
        ),
        pytest.param(
            httpx.Response(200, json={**DESCRIBED, "orchestrationProtocolVersion": None}),
            "speaks protocol None",
            id="null",
        ),
        pytest.param(httpx.Response(200, json={**WITHOUT, "serverVersion": "0.0.24"}), "0.0.24", id="too-old"),
        pytest.param(
            httpx.Response(200, json={**DESCRIBED, "serverVersion": "0.0.24"}), "0.0.24", id="too-old-whatever-it-says"
        ),
        pytest.param(httpx.Response(200, json={"environmentId": "e"}), "unknown", id="neither-version-nor-protocol"),
        pytest.param(httpx.Response(200, json={"serverVersion": "0.0.45"}), "no T3 environment", id="no-environment"),
        pytest.param(httpx.Response(200, json=[]), "no T3 environment", id="a-list"),
        pytest.param(
            httpx.Response(200, text="{", headers={"content-type": "application/json"}),
            "no T3 environment",
            id="half-a-document",
        ),
        pytest.param(PAGE, "no T3 environment", id="a-web-page"),
        pytest.param(httpx.Response(404), "no T3 environment", id="not-found"),
    ],
)
def test_anything_else_fails_closed_and_says_what_was_seen(server, answer, told):
    server.get(DESCRIPTOR).mock(answer)

    with pytest.raises(Refused, match=told):
        executor().open(ORDER)
    assert [call.request.url.path for call in server.calls] == [DESCRIPTOR]


@pytest.mark.parametrize("trouble", [httpx.Response(502), httpx.ConnectError("no"), httpx.ReadTimeout("slow")])
def test_a_server_that_is_not_up_is_unreachable(server, trouble):
    server.get(DESCRIPTOR).mock(side_effect=[trouble])

    with pytest.raises(Unreachable):
        executor().fleet([watched()])


def test_the_descriptor_is_asked_once(v1):
    v1.get(SHELL).mock(shell(row()))
    cockpit = executor()
    for _ in range(3):
        cockpit.fleet([watched()])

    assert [call.request.url.path for call in v1.calls] == [DESCRIPTOR, SHELL, SHELL, SHELL]


def test_no_threads_ask_nothing(server):
    assert executor().fleet([]) == {}
    assert not server.calls


@pytest.mark.parametrize(
    "gone",
    [
        httpx.Response(404),
        httpx.Response(405),
        httpx.Response(426, json={"code": "orchestration_protocol_incompatible"}),
    ],
)
def test_an_upgrade_in_mid_life_is_noticed_by_the_removed_route(server, gone):
    server.get(DESCRIPTOR).mock(
        side_effect=[httpx.Response(200, json=DESCRIBED), httpx.Response(200, json=DESCRIBED_V2)]
    )
    server.post(DISPATCH).mock(gone)
    heard = httpx.Response(
        200,
        json={
            "snapshotSequence": 7,
            "projection": {"thread": row_v2(), "runs": [run("r", "running", "m-2")], "messages": []},
        },
    )
    server.get(THREAD).mock(side_effect=[thread(said("m-1")), heard])

    assert executor().send(FOLLOW_UP) == "7"


def test_reads_that_want_an_upgrade_are_repeated_in_the_new_protocol(server):
    server.get(DESCRIPTOR).mock(
        side_effect=[httpx.Response(200, json=DESCRIBED), httpx.Response(200, json=DESCRIBED_V2)]
    )
    server.get(SHELL).mock(side_effect=[httpx.Response(426, json={}), shell_v2(row_v2("run-1", "running"))])

    assert executor().fleet([watched()])["t-1"].status == "running"


def test_a_missing_dispatch_route_of_an_unchanged_server_is_not_understood(v1):
    v1.post(DISPATCH).respond(404)
    v1.get(THREAD).mock(thread(said("m-1")))

    with pytest.raises(Unexpected, match="no such route"):
        executor().send(FOLLOW_UP)


def test_an_upgrade_to_something_unknown_fails_closed(server):
    later = {**DESCRIBED, "orchestrationProtocolVersion": 3}
    server.get(DESCRIPTOR).mock(side_effect=[httpx.Response(200, json=DESCRIBED), httpx.Response(200, json=later)])
    server.get(SHELL).respond(426, json={})

    with pytest.raises(Refused, match="speaks protocol 3"):
        executor().fleet([watched()])
    assert SNAPSHOT not in [call.request.url.path for call in server.calls]


def test_the_link_names_environment_and_thread_percent_encoded(server):
    server.get(DESCRIPTOR).respond(json={**DESCRIBED, "environmentId": "env/1"})
    cockpit = executor()

    assert cockpit.link("t 1/ä") == "https://t3.example.org/env%2F1/t%201%2F%C3%A4"
    assert cockpit.link("t-2") == "https://t3.example.org/env%2F1/t-2"
    assert len(server.calls) == 1
