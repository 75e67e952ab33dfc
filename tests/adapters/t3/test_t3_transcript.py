from __future__ import annotations

import pytest

from afk.core.model import Question
from afk.ports import Gone, Unexpected, Unreachable
from tests.adapters.t3.replies import (
    MODEL,
    NO_THREAD,
    THREAD,
    asked,
    executor,
    projection,
    question,
    resolved,
    run,
    said,
    session,
    thread,
    turn,
    wants_leave,
)

RUNNING = {"latestTurn": turn(), "session": session("running", "turn-1")}
DATABASE = Question("req-1", "Which database?", ("Postgres", "SQLite"))


def usage(input_=34_000, cached=30_000, output=1_000, **more):
    payload = {"usedTokens": 35_000, "maxTokens": 200_000, "inputTokens": input_, "cachedInputTokens": cached}
    return {
        "kind": "context-window.updated",
        "payload": {**payload, "outputTokens": output, **more},
        "turnId": "turn-1",
    }


@pytest.fixture
def shows(v1):
    def serve(*messages, **about):
        v1.get(THREAD).mock(thread(*messages, **about))
        return executor().transcript("t-1")

    return serve


# protocol 1


def test_the_agents_finished_messages_are_read_oldest_first(shows):
    seen = shows(
        said("m-1", "the task"),
        said("a-1", "AFK-Phase: worktree", "assistant"),
        said("s-1", "a note", "system"),
        said("a-2", "", "assistant"),
        said("a-3", "half a sen", "assistant", streaming=True),
        said("a-4", "Done.", "assistant"),
    )

    assert seen.messages == ("AFK-Phase: worktree", "Done.")


ACTIVITIES = {
    "nothing": ([], None),
    "asked": ([asked()], DATABASE),
    "answered": ([asked(), resolved()], None),
    "answered-and-asked-again": (
        [asked(), resolved(), asked("req-2")],
        Question("req-2", "Which database?", ("Postgres", "SQLite")),
    ),
    "two-wait": ([asked(), asked("req-2")], Question("req-2", "Which database?", ("Postgres", "SQLite"))),
    "another-was-answered": ([asked(), resolved("req-0")], DATABASE),
    "of-an-earlier-turn": ([asked("req-1", "turn-0")], None),
    "of-no-turn": ([asked("req-1", None)], DATABASE),
    "several-questions": (
        [asked("req-1", "turn-1", question(), question("q2", "Which port?", "80", "443"))],
        Question("req-1", "Which database? (Postgres / SQLite)\nWhich port? (80 / 443)"),
    ),
    "leave": (
        [wants_leave()],
        Question("req-1", "Command approval requested: rm -rf build", ("yes", "no"), is_approval=True),
    ),
    "leave-was-given": ([wants_leave(), resolved("req-1", "approval.resolved")], None),
    "no-request-id": ([{"kind": "user-input.requested", "payload": {}}], None),
    "other-kinds": ([{"kind": "tool.started", "payload": {"requestId": "req-1"}}], None),
}


@pytest.mark.parametrize(("activities", "expected"), ACTIVITIES.values(), ids=ACTIVITIES)
def test_the_question_is_the_newest_request_that_waits(shows, activities, expected):
    assert shows(activities=activities, **RUNNING).question == expected


def test_a_question_of_a_turn_that_is_over_waits_for_nobody(shows):
    assert shows(activities=[asked()], latestTurn=turn(state="error"), session=session("error")).question is None


COSTS = {
    "nothing-reported": ([], None),
    "one-call": ([usage()], 0.036),
    "two-calls": ([usage(), usage(output=2_000)], 0.036 + 0.051),
    "the-same-report-twice": ([usage(), usage()], 0.036),
    "more-was-processed-than-is-shown": ([usage(totalProcessedTokens=70_000)], 0.072),
    "less-was-processed-than-is-shown": ([usage(totalProcessedTokens=1_000)], 0.036),
    "the-total-began-anew": (
        [usage(totalProcessedTokens=70_000), usage(output=2_000, totalProcessedTokens=36_000)],
        (0.036 + 0.051) * 106 / 71,
    ),
    "only-a-total": (
        [{"kind": "context-window.updated", "payload": {"usedTokens": 1, "totalProcessedTokens": 1_000_000}}],
        3.0,
    ),
    "only-a-fill-level": ([{"kind": "context-window.updated", "payload": {"usedTokens": 1}}], None),
}


@pytest.mark.parametrize(("activities", "usd"), COSTS.values(), ids=COSTS)
def test_the_cost_is_estimated_from_the_reported_tokens(shows, activities, usd):
    cost = shows(activities=activities, **RUNNING).cost_usd

    assert cost == (None if usd is None else pytest.approx(usd))


def test_the_cost_is_that_of_the_threads_own_model(shows):
    dear = shows(activities=[usage()], modelSelection={"instanceId": "claudeAgent", "model": "claude-opus-4-1"})

    assert dear.cost_usd == pytest.approx(0.18)


@pytest.mark.parametrize(
    ("about", "told"),
    [
        pytest.param({"messages": None}, "messages", id="no-messages"),
        pytest.param({"messages": ["x"]}, "messages", id="messages-of-another-kind"),
        pytest.param({"activities": {}}, "activities", id="activities-of-another-kind"),
    ],
)
def test_a_thread_that_is_not_whole_is_not_read_as_an_empty_one(shows, about, told):
    with pytest.raises(Unexpected, match=told):
        shows(**about)


def test_a_thread_that_does_not_exist_is_gone(v1):
    v1.get(THREAD).mock(NO_THREAD)

    with pytest.raises(Gone, match="t-1"):
        executor().transcript("t-1")


def test_a_read_that_fails_is_unreachable(v1):
    v1.get(THREAD).respond(500, json={"reason": "orchestration_thread_snapshot_failed"})

    with pytest.raises(Unreachable):
        executor().transcript("t-1")


# protocol 2


@pytest.fixture
def projected(v2):
    def serve(**parts):
        v2.get(THREAD).mock(projection(run("run-1", "running", "m-1"), **parts))
        return executor().transcript("t-1")

    return serve


def request_v2(name="req-1", kind="user_input", status="pending", at="2026-06-15T10:00:05.000Z"):
    return {"id": name, "kind": kind, "status": status, "createdAt": at, "resolvedAt": None}


def item(name="req-1", **about):
    return {"type": "user_input_request", "requestId": name, "questions": [question()], **about}


def test_a_projection_shows_the_agents_messages(projected):
    seen = projected(
        messages=[
            said("m-1", "the task"),
            said("a-1", "Done.", "assistant"),
            said("a-2", "ha", "assistant", streaming=True),
        ]
    )

    assert seen.messages == ("Done.",)


REQUESTS = {
    "nothing": ([], [], None),
    "asked": ([request_v2()], [item()], DATABASE),
    "answered": ([request_v2(status="resolved")], [item()], None),
    "expired": ([request_v2(status="expired")], [item()], None),
    "an-unknown-status": ([request_v2(status="snoozed")], [item()], None),
    "the-newest-of-two": (
        [request_v2("req-2", at="2026-06-15T10:00:06.000Z"), request_v2()],
        [item(), item("req-2")],
        Question("req-2", "Which database?", ("Postgres", "SQLite")),
    ),
    "without-its-questions": (
        [request_v2()],
        [],
        Question("req-1", "The agent asks something; its thread shows what."),
    ),
    "leave": (
        [request_v2(kind="command")],
        [{"type": "approval_request", "requestId": "req-1", "prompt": "rm -rf build"}],
        Question("req-1", "Leave for command: rm -rf build", ("yes", "no"), is_approval=True),
    ),
    "a-login": (
        [request_v2(kind="auth_refresh")],
        [],
        Question("req-1", "Leave for auth_refresh", ("yes", "no"), is_approval=True),
    ),
}


@pytest.mark.parametrize(("requests", "items", "expected"), REQUESTS.values(), ids=REQUESTS)
def test_a_projection_shows_the_newest_request_that_waits(projected, requests, items, expected):
    assert projected(runtimeRequests=requests, turnItems=items).question == expected


@pytest.mark.parametrize(
    ("turns", "usd"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param(
            [
                {
                    "tokenUsage": {
                        "usedTokens": 1,
                        "inputTokens": 34_000,
                        "cachedInputTokens": 30_000,
                        "outputTokens": 1_000,
                    }
                }
            ],
            0.036,
            id="the-latest-call",
        ),
        pytest.param(
            [
                {
                    "tokenUsage": {"inputTokens": 1},
                    "turnTokenUsage": {"usageStatus": "complete", "inputTokens": 1_000_000, "outputTokens": 0},
                }
            ],
            3.0,
            id="the-whole-turn-before-its-latest-call",
        ),
        pytest.param(
            [{"tokenUsage": {"inputTokens": 1_000_000}}, {"tokenUsage": {"outputTokens": 1_000_000}}],
            18.0,
            id="two-turns",
        ),
        pytest.param([{"tokenUsage": {"usedTokens": 9}}, {}], None, id="no-counts"),
    ],
)
def test_a_projection_is_priced_turn_by_turn(projected, turns, usd):
    cost = projected(providerTurns=turns, about={"modelSelection": MODEL}).cost_usd

    assert cost == (None if usd is None else pytest.approx(usd))


@pytest.mark.parametrize("part", ["runs", "messages"])
def test_a_projection_that_is_not_whole_is_not_read_as_an_empty_one(projected, part):
    with pytest.raises(Unexpected, match=part):
        projected(**{part: None})
