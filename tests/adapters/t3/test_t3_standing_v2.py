from __future__ import annotations

from datetime import UTC, datetime

import pytest

from afk.core.model import ThreadStatus
from tests.adapters.t3.replies import (
    DESCRIPTOR,
    NO_THREAD,
    SENT,
    SHELL,
    THREAD,
    executor,
    projection,
    row_v2,
    run,
    said,
    shell_v2,
    watched,
)

FOLLOW_UP = {"before": "run-1", "message_id": "m-2"}
PENDING = {"id": "req-1", "kind": "user_input", "createdAt": "2026-06-15T10:00:05.000Z"}


@pytest.fixture
def stands(v2):
    """How a follow-up stands by its row, with the number of reads it took."""

    def serve(row, *, of=None, sequence=10, **changes):
        v2.get(SHELL).mock(shell_v2(row, sequence=sequence))
        if of is not None:
            v2.get(THREAD).mock(of)
        fleet = executor().fleet([watched(**{**FOLLOW_UP, **changes})])
        reads = [call.request.url.path for call in v2.calls if call.request.url.path != DESCRIPTOR]
        return fleet["t-1"], len(reads)

    return serve


WORDS = {
    "preparing": "starting",
    "queued": "starting",
    "starting": "starting",
    "running": "running",
    "waiting": "running",
    "completed": "ended",
    "interrupted": "interrupted",
    "failed": "failed",
    "cancelled": "interrupted",
    "rolled_back": "interrupted",
    "errored": "unknown",
    None: "unknown",
}


@pytest.mark.parametrize(("word", "status"), WORDS.items())
def test_a_newer_run_stands_as_the_shell_says(stands, word, status):
    thread, reads = stands(row_v2("run-2", word))

    assert (thread.status.value, thread.turn, reads) == (status, "run-2", 1)


@pytest.mark.parametrize(
    "kind", ["user_input", "command", "file-read", "file-change", "dynamic_tool_call", "auth_refresh", "new_kind"]
)
def test_a_pending_request_of_any_kind_waits_for_a_person(stands, kind):
    thread, _ = stands(row_v2("run-2", "running", pendingRuntimeRequest={**PENDING, "kind": kind}))

    assert thread.status is ThreadStatus.ASKING


def test_a_request_of_a_run_that_is_over_waits_for_nobody(stands):
    assert stands(row_v2("run-2", "completed", pendingRuntimeRequest=PENDING))[0].status is ThreadStatus.ENDED


def test_a_run_that_is_over_while_another_is_active_leaves_the_thread_at_work(stands):
    assert stands(row_v2("run-2", "completed", activeRunId="run-3"))[0].status is ThreadStatus.RUNNING


def test_a_failure_says_why(stands):
    assert stands(row_v2("run-2", "failed", lastError="boom"))[0].error == "boom"


def test_a_failure_without_a_reason_says_that(stands):
    assert stands(row_v2("run-2", "failed"))[0].error == "T3 gave no reason"


def test_an_unknown_word_is_repeated(stands):
    assert "errored" in stands(row_v2("run-2", "errored"))[0].error


def test_the_run_before_is_looked_through_once_for_our_message(stands):
    thread, reads = stands(row_v2("run-1", "completed"), of=projection(run("run-1", "completed", "m-1")))

    assert (thread.status, thread.turn, reads) == (ThreadStatus.STARTING, "run-1", 2)
    assert thread.active_at == SENT


def test_a_run_that_the_row_did_not_show_yet_is_found_by_our_message(stands):
    runs = (run("run-2", "running", "m-2", 2), run("run-1", "completed", "m-1", 1))
    thread, _ = stands(row_v2("run-1", "completed"), of=projection(*runs))

    assert (thread.status, thread.turn) == (ThreadStatus.RUNNING, "run-2")


def test_a_message_that_steered_is_judged_by_the_run_it_steered(stands):
    shown = projection(run("run-1", "completed", "m-1"), messages=[said("m-2", runId="run-1")])
    thread, _ = stands(row_v2("run-1", "completed"), of=shown)

    assert (thread.status, thread.turn) == (ThreadStatus.ENDED, "run-1")


def test_a_run_of_somebody_else_after_ours_is_the_one_that_counts(stands):
    runs = (run("run-2", "completed", "m-2", 2), run("run-3", "running", "m-theirs", 3))
    thread, _ = stands(row_v2("run-3", "running"), of=projection(*runs), sequence=4)

    assert (thread.status, thread.turn) == (ThreadStatus.RUNNING, "run-3")


def test_a_projection_shows_who_asks(stands):
    shown = projection(run("run-1", "running", "m-2"), runtimeRequests=[{**PENDING, "status": "pending"}])

    assert stands(row_v2(), of=shown, before=None)[0].status is ThreadStatus.ASKING


def test_a_request_that_was_settled_does_not_ask(stands):
    shown = projection(run("run-1", "running", "m-2"), runtimeRequests=[{**PENDING, "status": "resolved"}])

    assert stands(row_v2(), of=shown, before=None)[0].status is ThreadStatus.RUNNING


def test_a_failure_that_the_row_did_not_show_yet_takes_its_reason_from_the_session(stands):
    shown = projection(run("run-2", "failed", "m-2"), providerSessions=[{"lastError": "boom"}])

    assert stands(row_v2("run-1", "completed", lastError="an old one"), of=shown)[0].error == "boom"


@pytest.mark.parametrize(
    ("row", "changes"),
    [
        pytest.param(row_v2("run-2", "completed"), {"sequence": 4}, id="older-than-the-receipt"),
        pytest.param(row_v2("run-2", "idle"), {}, id="idle-with-a-run"),
        pytest.param(row_v2(None, "idle"), {"before": None}, id="no-run-at-all"),
    ],
)
def test_a_row_that_says_too_little_is_not_believed(stands, row, changes):
    thread, reads = stands(row, of=projection(), **changes)

    assert (thread.status, reads) == (ThreadStatus.STARTING, 2)


def test_a_receipt_of_the_protocol_before_an_upgrade_hides_nothing_for_ever(stands):
    thread, _ = stands(row_v2("run-2", "completed"), of=projection(run("run-2", "completed", "m-2")), receipt="90000")

    assert thread.status is ThreadStatus.ENDED


def test_an_archived_thread_stands_as_it_does_elsewhere(v2):
    v2.get(SHELL).mock(shell_v2(archived=(row_v2("run-2", "completed", archivedAt="2026-06-15T11:00:00.000Z"),)))

    assert executor().fleet([watched(**FOLLOW_UP)])["t-1"].status is ThreadStatus.ENDED


def test_a_thread_that_nobody_lists_is_gone_if_its_own_read_says_so(v2):
    v2.get(SHELL).mock(shell_v2())
    v2.get(THREAD).mock(NO_THREAD)

    assert executor().fleet([watched()]) == {}


def test_a_thread_that_is_listed_as_deleted_is_gone(v2):
    v2.get(SHELL).mock(shell_v2(row_v2("run-1", "running", deletedAt="2026-06-15T11:00:00.000Z")))

    assert executor().fleet([watched()]) == {}


def test_a_shell_from_before_the_thread_does_not_make_it_gone(v2):
    v2.get(SHELL).mock(shell_v2(sequence=4))

    assert executor().fleet([watched()])["t-1"].status is ThreadStatus.STARTING


@pytest.mark.parametrize(
    "key", ["updatedAt", "latestUserMessageAt", "latestRunRequestedAt", "latestRunStartedAt", "latestRunCompletedAt"]
)
def test_activity_is_the_newest_time_that_is_shown(stands, key):
    thread, _ = stands(row_v2("run-2", "running", **{key: "2026-06-15T10:30:00.000Z"}))

    assert thread.active_at == datetime(2026, 6, 15, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"updatedAt": "2026-06-15T10:30:00.000Z"},
        {"itemCount": 2},
        {"latestRunId": "run-3"},
        {"status": "completed"},
        {"pendingRuntimeRequest": PENDING},
        {"latestVisibleMessage": {"id": "a-1", "role": "assistant", "text": "x", "updatedAt": "y"}},
    ],
    ids=str,
)
def test_the_revision_changes_with_the_content(stands, change):
    before = row_v2("run-2", "running")

    assert stands(before)[0].revision != stands({**before, **change})[0].revision


def test_the_revision_stays_while_nothing_changes(stands):
    before = row_v2("run-2", "running")

    assert stands(before)[0].revision == stands(before, sequence=99)[0].revision
