from __future__ import annotations

from datetime import UTC, datetime

import pytest

from afk.adapters.t3.standing_v1 import standing
from afk.core.model import ThreadStatus
from afk.ports import Unexpected
from tests.adapters.t3.replies import SENT, asked, detail, resolved, row, said, session, turn, watched

STARTING, RUNNING, ASKING = ThreadStatus.STARTING, ThreadStatus.RUNNING, ThreadStatus.ASKING
ENDED, FAILED = ThreadStatus.ENDED, ThreadStatus.FAILED
INTERRUPTED, UNKNOWN = ThreadStatus.INTERRUPTED, ThreadStatus.UNKNOWN

EARLIER, LATER = "2026-06-15T09:00:00.000Z", "2026-06-15T10:30:00.000Z"
OURS = {"latestTurn": turn("turn-2"), "session": session("running", "turn-2")}
BROKEN = session("error", lastError="claude exited with code 1", updatedAt=LATER)
STALE = turn("turn-1", "completed")


def follow_up(**changes):
    return watched(before="turn-1", message_id="m-2", **changes)


def ended(state, **about):
    return row(latestTurn=turn("turn-2", state), session=session(**about))


FIRST_TURN = {
    "accepted": (row(), STARTING),
    "session-comes-up": (row(session=session("starting")), STARTING),
    "session-is-ready": (row(session=session("ready")), STARTING),
    "running": (row(latestTurn=turn(), session=session("running", "turn-1")), RUNNING),
    "asks": (row(latestTurn=turn(), session=session("running", "turn-1"), hasPendingUserInput=True), ASKING),
    "wants-leave": (row(latestTurn=turn(), session=session("running", "turn-1"), hasPendingApprovals=True), ASKING),
    "asks-before-any-turn": (row(hasPendingApprovals=True), ASKING),
    "completed": (row(latestTurn=STALE, session=session("ready")), ENDED),
    "completed-and-reaped": (row(latestTurn=STALE, session=session("stopped")), ENDED),
    "failed": (row(latestTurn=turn(state="error"), session=BROKEN), FAILED),
    "interrupted": (row(latestTurn=turn(state="interrupted"), session=session("ready")), INTERRUPTED),
    "fails-to-start": (row(session=BROKEN), FAILED),
    "fails-to-start-by-a-server-with-a-late-clock": (row(session=session("error", updatedAt=EARLIER)), FAILED),
    "reaped-before-it-began": (row(session=session("stopped")), STARTING),
}


@pytest.mark.parametrize(("shown", "status"), FIRST_TURN.values(), ids=FIRST_TURN)
def test_the_first_turn_stands_as_its_row_says(shown, status):
    assert standing(shown, 10, watched()).status is status


FOLLOW_UPS = {
    "still-the-turn-before": (row(latestTurn=STALE, session=session("ready", updatedAt=EARLIER)), STARTING),
    "still-a-failed-turn-before": (
        row(latestTurn=turn("turn-1", "error"), session=session("error", updatedAt=EARLIER)),
        STARTING,
    ),
    "still-an-interrupted-turn-before": (
        row(latestTurn=turn("turn-1", "interrupted"), session=session("ready")),
        STARTING,
    ),
    "the-turn-before-with-a-dead-question": (row(latestTurn=STALE, hasPendingUserInput=True), STARTING),
    "the-turn-before-runs-on": (row(latestTurn=turn("turn-1"), session=session("running", "turn-1")), RUNNING),
    "the-turn-before-runs-on-and-asks": (row(latestTurn=turn("turn-1"), hasPendingUserInput=True), ASKING),
    "fails-to-start": (row(latestTurn=STALE, session=BROKEN), FAILED),
    "the-server-restarts-meanwhile": (
        row(latestTurn=turn("turn-1", "completed"), session=session("error", updatedAt=LATER)),
        FAILED,
    ),
    "no-turn-at-all": (row(session=session("error", updatedAt=EARLIER)), STARTING),
    "running": (row(**OURS), RUNNING),
    "running-while-the-session-is-stopped": (row(latestTurn=turn("turn-2"), session=session("stopped")), RUNNING),
    "running-while-the-session-failed": (row(latestTurn=turn("turn-2"), session=BROKEN), FAILED),
    "asks": (row(**OURS, hasPendingUserInput=True), ASKING),
    "completed": (ended("completed", status="ready"), ENDED),
    "completed-with-a-dead-question": (row(latestTurn=turn("turn-2", "completed"), hasPendingUserInput=True), ENDED),
    "completed-without-a-session": (row(latestTurn=turn("turn-2", "completed")), ENDED),
    "completed-while-the-session-is-an-unknown-word": (ended("completed", status="napping"), ENDED),
    "failed": (ended("error", status="error"), FAILED),
    "failed-after-which-the-session-is-ready": (ended("error", status="ready"), FAILED),
    "interrupted": (ended("interrupted", status="ready"), INTERRUPTED),
    "interrupted-while-the-agent-goes-on": (ended("interrupted", status="running", active="turn-2"), RUNNING),
    "interrupted-and-idle": (ended("interrupted", status="running", active=None), INTERRUPTED),
    "an-unknown-state": (ended("errored", status="ready"), UNKNOWN),
    "no-state": (row(latestTurn=turn("turn-2", None), session=session("ready")), UNKNOWN),
    "an-unknown-session": (row(latestTurn=turn("turn-2"), session=session("napping")), UNKNOWN),
    "an-unknown-session-before-the-start": (row(latestTurn=STALE, session=session("napping")), UNKNOWN),
    "an-unknown-state-of-the-turn-before": (row(latestTurn=turn("turn-1", "pending")), UNKNOWN),
}


@pytest.mark.parametrize(("shown", "status"), FOLLOW_UPS.values(), ids=FOLLOW_UPS)
def test_a_follow_up_is_judged_by_its_own_turn(shown, status):
    assert standing(shown, 10, follow_up()).status is status


@pytest.mark.parametrize(
    ("sequence", "receipt", "status"),
    [
        pytest.param(9, "10", STARTING, id="older-than-the-receipt"),
        pytest.param(10, "10", ENDED, id="as-old-as-the-receipt"),
        pytest.param(11, "10", ENDED, id="newer"),
        pytest.param(1, "", ENDED, id="no-receipt"),
        pytest.param(1, "abc", ENDED, id="a-receipt-that-is-no-number"),
    ],
)
def test_a_read_that_is_older_than_the_receipt_shows_nothing_of_ours(sequence, receipt, status):
    shown = row(latestTurn=turn("turn-2", "completed"), session=session("ready"))

    assert standing(shown, sequence, follow_up(receipt=receipt)).status is status


@pytest.mark.parametrize(
    ("failed_at", "status"),
    [
        pytest.param("2026-06-15T10:00:00.999Z", STARTING, id="before-the-server-heard-us"),
        pytest.param("2026-06-15T10:00:01.000Z", FAILED, id="at-once"),
        pytest.param("not a time", STARTING, id="at-no-time"),
    ],
)
def test_a_failure_counts_if_it_is_newer_than_our_message_by_the_servers_own_clock(failed_at, status):
    """Our own clock, which says when the answer came back, is not asked."""
    shown = row(latestTurn=STALE, session=session("error", updatedAt=failed_at))

    assert standing(shown, 10, follow_up(sent_at=datetime(2026, 6, 15, 12, tzinfo=UTC))).status is status


def test_a_build_that_does_not_tell_when_it_heard_us_is_asked_by_the_message():
    shown = detail(said("m-2", createdAt="2026-06-15T10:20:00.000Z"), latestTurn=STALE)

    assert standing({**shown, "session": session("error", updatedAt=EARLIER)}, 10, follow_up()).status is STARTING
    assert standing({**shown, "session": BROKEN}, 10, follow_up()).status is FAILED


def test_where_nothing_tells_when_it_heard_us_our_clock_is_asked_with_some_slack():
    def shown(at):
        return detail(latestTurn=STALE, session=session("error", updatedAt=at))

    assert standing(shown("2026-06-15T09:58:59.000Z"), 10, follow_up()).status is STARTING
    assert standing(shown("2026-06-15T09:59:30.000Z"), 10, follow_up()).status is FAILED


@pytest.mark.parametrize(
    ("activities", "status"),
    [([], RUNNING), ([asked()], ASKING), ([asked(), resolved()], RUNNING), ([asked("req-1", "turn-0")], RUNNING)],
    ids=["nothing", "asked", "answered", "of-another-turn"],
)
def test_without_the_shells_flags_the_activities_say_whether_it_asks(activities, status):
    shown = detail(activities=activities, latestTurn=turn("turn-1"), session=session("running", "turn-1"))

    assert standing(shown, 10, watched()).status is status


def test_a_failure_says_why():
    assert standing(row(session=BROKEN), 10, watched()).error == "claude exited with code 1"
    assert standing(row(session=session("error", updatedAt=LATER)), 10, watched()).error == "T3 gave no reason"


def test_an_unknown_word_is_repeated():
    assert "napping" in standing(row(session=session("napping")), 10, watched()).error


def test_what_stands_well_has_no_error():
    shown = row(latestTurn=turn("turn-2", "completed"), session=session("stopped", lastError="an old one"))

    assert standing(shown, 10, follow_up()).error == ""


@pytest.mark.parametrize(
    "newest",
    [
        {"updatedAt": LATER},
        {"latestUserMessageAt": LATER},
        {"session": session(updatedAt=LATER)},
        {"latestTurn": turn(requestedAt=LATER)},
        {"latestTurn": turn(startedAt=LATER)},
        {"latestTurn": turn(completedAt=LATER)},
    ],
    ids=str,
)
def test_activity_is_the_newest_time_that_is_shown(newest):
    assert standing(row(**newest), 10, watched()).active_at == datetime(2026, 6, 15, 10, 30, tzinfo=UTC)


def test_without_a_readable_time_the_thread_was_active_when_we_spoke():
    silent = row(updatedAt="soon", latestUserMessageAt=None)

    assert standing(silent, 10, watched()).active_at == SENT


@pytest.mark.parametrize(
    "change",
    [
        {"updatedAt": LATER},
        {"latestTurn": turn("turn-2")},
        {"latestTurn": turn(state="completed")},
        {"session": session("ready", updatedAt=EARLIER)},
        {"hasPendingUserInput": True},
        {"hasPendingApprovals": True},
    ],
    ids=str,
)
def test_the_revision_changes_with_the_content(change):
    before = row(latestTurn=turn(), session=session(updatedAt=EARLIER))

    assert standing(before, 10, watched()).revision != standing({**before, **change}, 10, watched()).revision


def test_the_revision_stays_while_nothing_changes():
    assert standing(row(), 10, watched()).revision == standing(row(), 99, watched()).revision


def test_a_turn_that_is_no_object_is_not_understood():
    with pytest.raises(Unexpected, match="latestTurn"):
        standing(row(latestTurn="turn-1"), 10, watched())
