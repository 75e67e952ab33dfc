from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from afk.adapters.t3.names import command_id
from afk.ports import Gone, Refused, Unexpected, Unreachable
from tests.adapters.t3.replies import (
    DISPATCH,
    FOLLOW_UP,
    NO_THREAD,
    REFUSED,
    SNAPSHOT,
    THREAD,
    bodies,
    detail,
    executor,
    said,
    session,
    thread,
    turn,
)

AT = "2026-06-15T10:00:01.234Z"
RUNNING = {"latestTurn": turn(), "session": session("running", "turn-1")}


@pytest.fixture
def sent(v1):
    return v1.post(DISPATCH).mock(httpx.Response(200, json={"sequence": 20}))


def test_a_message_is_one_turn_start(v1, sent):
    v1.get(THREAD).mock(thread(said("m-1")))

    assert executor().send(FOLLOW_UP) == "20"
    assert bodies(sent) == [
        {
            "type": "thread.turn.start",
            "commandId": command_id("m-2", "thread.turn.start"),
            "threadId": "t-1",
            "message": {"messageId": "m-2", "role": "user", "text": "CI is red", "attachments": []},
            "runtimeMode": "full-access",
            "interactionMode": "default",
            "createdAt": AT,
        }
    ]


def test_a_message_that_arrived_is_not_sent_again(v1, sent):
    v1.get(THREAD).mock(thread(said("m-1"), said("m-2"), sequence=50))

    assert executor().send(replace(FOLLOW_UP, tries=3)) == "50"
    assert not sent.called


def test_an_agent_that_quotes_our_id_is_not_taken_for_us(v1, sent):
    v1.get(THREAD).mock(thread(said("m-2", role="assistant")))

    assert executor().send(FOLLOW_UP) == "20"


def test_a_thread_that_does_not_exist_is_gone(v1, sent):
    v1.get(THREAD).mock(NO_THREAD)

    with pytest.raises(Gone):
        executor().send(FOLLOW_UP)
    assert not sent.called


def test_a_thread_that_is_shown_as_deleted_is_gone(v1, sent):
    v1.get(THREAD).mock(thread(deletedAt="2026-06-15T10:00:00.000Z"))

    with pytest.raises(Gone):
        executor().send(FOLLOW_UP)


def test_an_archived_thread_comes_back_before_it_is_spoken_to(v1, sent):
    v1.get(THREAD).mock(thread(archivedAt="2026-06-15T10:00:00.000Z"))
    executor().send(FOLLOW_UP)

    unarchive, message = bodies(sent)
    assert unarchive == {
        "type": "thread.unarchive",
        "commandId": command_id("m-2", "thread.unarchive"),
        "threadId": "t-1",
    }
    assert message["type"] == "thread.turn.start"


def test_a_thread_that_somebody_brought_back_first_is_spoken_to_all_the_same(v1):
    v1.get(THREAD).mock(thread(archivedAt="2026-06-15T10:00:00.000Z"))
    v1.post(DISPATCH).mock(side_effect=[REFUSED, httpx.Response(200, json={"sequence": 21})])

    assert executor().send(FOLLOW_UP) == "21"


def test_a_refused_message_is_looked_for_and_then_tried_once_more(v1):
    reads = v1.get(THREAD).mock(thread(said("m-1")))
    sent = v1.post(DISPATCH).mock(REFUSED)

    with pytest.raises(Refused):
        executor().send(FOLLOW_UP)
    assert (reads.call_count, sent.call_count) == (2, 2)
    assert bodies(sent)[0] == bodies(sent)[1]


def test_a_thread_that_cannot_be_read_is_not_spoken_to(v1, sent):
    v1.get(THREAD).respond(500, json={"code": "internal_error", "reason": "orchestration_thread_snapshot_failed"})

    with pytest.raises(Unreachable):
        executor().send(FOLLOW_UP)
    assert not sent.called


def test_an_id_with_a_slash_stays_one_part_of_the_path(v1, sent):
    v1.get(path__regex=r"/threads/").mock(NO_THREAD)

    with pytest.raises(Gone):
        executor().send(replace(FOLLOW_UP, thread_id="a/b?c"))
    assert v1.calls.last.request.url.raw_path == b"/api/orchestration/threads/a%2Fb%3Fc"


def test_a_follow_up_that_is_too_long_is_refused(v1, sent):
    with pytest.raises(Refused, match="120001"):
        executor().send(replace(FOLLOW_UP, text="x" * 120_001))


@pytest.mark.parametrize("missing", [httpx.Response(404), httpx.Response(200, html="<html>")])
def test_a_build_without_a_thread_route_is_read_by_its_snapshot(v1, sent, missing):
    v1.get(THREAD).mock(missing)
    v1.get(SNAPSHOT).respond(json={"snapshotSequence": 40, "projects": [], "threads": [detail(said("m-2"))]})

    assert executor().send(FOLLOW_UP) == "40"
    assert not sent.called


def test_a_snapshot_without_bodies_is_not_taken_for_silence(v1, sent):
    v1.get(THREAD).respond(404)
    v1.get(SNAPSHOT).respond(json={"snapshotSequence": 40, "projects": [], "threads": [detail()]})

    with pytest.raises(Unexpected, match="does not show"):
        executor().send(FOLLOW_UP)
    assert not sent.called
