from __future__ import annotations

import httpx
import pytest

from afk.core.model import ThreadStatus
from afk.ports import PortError, Unexpected, Unreachable
from tests.adapters.t3.replies import (
    DESCRIBED,
    DESCRIBED_V2,
    DESCRIPTOR,
    NO_THREAD,
    PAGE,
    SHELL,
    SNAPSHOT,
    THREAD,
    asked,
    detail,
    executor,
    row,
    row_v2,
    said,
    session,
    shell,
    shell_v2,
    thread,
    turn,
    watched,
)

OVER = {"latestTurn": turn(state="completed"), "session": session("ready")}


def paths(router):
    return [call.request.url.path for call in router.calls if call.request.url.path != DESCRIPTOR]


def statuses(fleet):
    return {name: thread.status.value for name, thread in fleet.items()}


def snapshot(*threads):
    told = {"snapshotSequence": 10, "projects": [{"id": "p", "workspaceRoot": "/x", "deletedAt": None}]}
    return httpx.Response(200, json={**told, "threads": list(threads), "updatedAt": "x"})


def test_a_hundred_threads_are_one_read(v1):
    names = [f"t-{number}" for number in range(100)]
    v1.get(SHELL).mock(shell(*(row(id=name, **OVER) for name in names)))
    fleet = executor().fleet([watched(thread_id=name) for name in names])

    assert set(statuses(fleet).values()) == {"ended"}
    assert paths(v1) == [SHELL]


def test_a_thread_is_gone_only_if_its_own_read_says_so(v1):
    v1.get(SHELL).mock(shell())
    v1.get(THREAD).mock(NO_THREAD)

    assert executor().fleet([watched()]) == {}
    assert paths(v1) == [SHELL, THREAD]


def test_a_deleted_thread_that_is_still_shown_is_gone(v1):
    v1.get(SHELL).mock(shell())
    v1.get(THREAD).mock(thread(deletedAt="2026-06-15T10:00:00.000Z"))

    assert executor().fleet([watched()]) == {}


def test_an_archived_thread_stands_as_it_does_elsewhere(v1):
    v1.get(SHELL).mock(shell())
    v1.get(THREAD).mock(thread(archivedAt="2026-06-15T10:00:00.000Z", **OVER))

    assert statuses(executor().fleet([watched()])) == {"t-1": "ended"}


def test_an_archived_thread_that_a_build_still_lists_needs_no_other_read(v1):
    v1.get(SHELL).mock(shell(row(archivedAt="2026-06-15T10:00:00.000Z", **OVER)))

    assert statuses(executor().fleet([watched()])) == {"t-1": "ended"}
    assert paths(v1) == [SHELL]


def test_a_shell_from_before_the_thread_was_opened_does_not_make_it_gone(v1):
    v1.get(SHELL).mock(shell(sequence=4))

    assert statuses(executor().fleet([watched(receipt="5")])) == {"t-1": "starting"}
    assert paths(v1) == [SHELL]


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500, json={}),
        httpx.ReadTimeout("slow"),
        httpx.Response(200, json={"thread": []}),
        httpx.Response(404),
    ],
    ids=["500", "slow", "malformed", "another-404"],
)
def test_a_thread_that_cannot_be_asked_is_unknown_and_spoils_no_other(v1, trouble):
    v1.get(SHELL).mock(shell(row(id="t-2", **OVER)))
    v1.get(THREAD).mock(side_effect=[trouble])
    v1.get(SNAPSHOT).respond(500, json={})
    fleet = executor().fleet([watched(before="turn-0"), watched(thread_id="t-2")])

    assert statuses(fleet) == {"t-1": "unknown", "t-2": "ended"}
    assert fleet["t-1"].turn == "turn-0"
    assert fleet["t-1"].error


def test_an_upgrade_between_the_reads_is_noticed(server):
    server.get(DESCRIPTOR).mock(
        side_effect=[httpx.Response(200, json=DESCRIBED), httpx.Response(200, json=DESCRIBED_V2)]
    )
    server.get(SHELL).mock(side_effect=[shell(), shell_v2(row_v2("run-1", "running"))])
    server.get(THREAD).respond(426, json={})

    assert statuses(executor().fleet([watched()])) == {"t-1": "running"}


def test_a_malformed_row_is_unknown_and_spoils_no_other(v1):
    v1.get(SHELL).mock(shell(row(session="broken"), row(id="t-2", **OVER)))

    assert statuses(executor().fleet([watched(), watched(thread_id="t-2")])) == {"t-1": "unknown", "t-2": "ended"}


def test_rows_of_strangers_are_not_looked_at(v1):
    v1.get(SHELL).mock(shell(row(id="t-9", session="broken"), {"id": None}, row(**OVER)))

    assert statuses(executor().fleet([watched()])) == {"t-1": "ended"}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(httpx.Response(500, json={"reason": "orchestration_snapshot_failed"}), Unreachable, id="500"),
        pytest.param(httpx.Response(429, headers={"retry-after": "9"}), Unreachable, id="too-many"),
        pytest.param(httpx.Response(200, json=[]), Unexpected, id="a-list"),
        pytest.param(httpx.Response(200, json={"projects": [], "threads": []}), Unexpected, id="no-sequence"),
        pytest.param(httpx.Response(200, json={"snapshotSequence": 1, "projects": []}), Unexpected, id="no-threads"),
        pytest.param(
            httpx.Response(200, json={"snapshotSequence": 1, "projects": [], "threads": [1]}), Unexpected, id="no-rows"
        ),
        pytest.param(
            httpx.Response(200, text="{", headers={"content-type": "application/json"}), Unexpected, id="half"
        ),
    ],
)
def test_a_shell_that_says_nothing_is_an_error_not_an_empty_fleet(v1, answer, error):
    v1.get(SHELL).mock(answer)

    with pytest.raises(error):
        executor().fleet([watched()])


@pytest.mark.parametrize("missing", [PAGE, httpx.Response(404)], ids=["web-page", "404"])
def test_a_build_without_a_shell_is_read_by_its_snapshot(v1, missing):
    v1.get(SHELL).mock(missing)
    v1.get(SNAPSHOT).mock(snapshot(detail(**OVER)))

    assert statuses(executor().fleet([watched()])) == {"t-1": "ended"}


def test_deleted_rows_of_a_snapshot_are_gone_without_another_read(v1):
    v1.get(SHELL).respond(404)
    v1.get(SNAPSHOT).mock(snapshot(detail(deletedAt="2026-06-15T10:00:00.000Z")))

    assert executor().fleet([watched()]) == {}
    assert paths(v1) == [SHELL, SNAPSHOT]


def test_a_full_snapshot_shows_who_asks(v1):
    v1.get(SHELL).respond(404)
    about = {"latestTurn": turn(), "session": session("running", "turn-1")}
    v1.get(SNAPSHOT).mock(snapshot(detail(activities=[asked()], **about)))

    assert statuses(executor().fleet([watched()])) == {"t-1": "asking"}


def test_a_web_page_for_the_snapshot_too_is_not_understood(v1):
    v1.get(SHELL).mock(PAGE)
    v1.get(SNAPSHOT).mock(PAGE)

    with pytest.raises(PortError, match="no such route"):
        executor().fleet([watched()])


def test_the_row_of_a_detail_read_knows_when_it_heard_us(v1):
    v1.get(SHELL).mock(shell())
    failed = session("error", lastError="boom", updatedAt="2026-06-15T10:00:02.000Z")
    v1.get(THREAD).mock(thread(said("m-2"), latestTurn=turn(state="completed"), session=failed))
    fleet = executor().fleet([watched(before="turn-1")])

    assert fleet["t-1"].status is ThreadStatus.FAILED
    assert fleet["t-1"].error == "boom"
