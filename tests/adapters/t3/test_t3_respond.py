from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from afk.adapters.t3.names import command_id
from afk.ports import Refused, Unexpected
from tests.adapters.t3.replies import (
    DISPATCH,
    FOLLOW_UP,
    REFUSED,
    SHELL,
    THREAD,
    asked,
    bodies,
    executor,
    question,
    resolved,
    said,
    session,
    thread,
    turn,
    wants_leave,
)

AT = "2026-06-15T10:00:01.234Z"
RUNNING = {"latestTurn": turn(), "session": session("running", "turn-1")}


@pytest.fixture
def sent(v1):
    return v1.post(DISPATCH).mock(httpx.Response(200, json={"sequence": 20}))


# an answer

WORDS = replace(FOLLOW_UP, text="postgres")


@pytest.mark.parametrize(
    ("provider", "instance", "key"),
    [
        pytest.param("claudeAgent", "work", "Which database?", id="claude-by-text"),
        pytest.param("codex", "claude-in-name-only", "q1", id="others-by-id"),
    ],
)
def test_an_answer_is_keyed_as_the_provider_wants_it(v1, sent, provider, instance, key):
    about = {"latestTurn": turn(), "session": session("running", "turn-1", providerName=provider)}
    v1.get(THREAD).mock(thread(activities=[asked()], modelSelection={"instanceId": instance, "model": "m"}, **about))

    assert executor().answer(WORDS, "req-1") == "20"
    assert bodies(sent) == [
        {
            "type": "thread.user-input.respond",
            "commandId": command_id("m-2", "thread.user-input.respond"),
            "threadId": "t-1",
            "requestId": "req-1",
            "answers": {key: "Postgres"},
            "createdAt": AT,
        }
    ]


@pytest.mark.parametrize(
    ("words", "decision"), [("yes", "accept"), ("no", "decline"), ("do what you think", "decline")]
)
def test_leave_is_given_only_by_a_plain_yes(v1, sent, words, decision):
    v1.get(THREAD).mock(thread(activities=[wants_leave()], **RUNNING))
    executor().answer(replace(WORDS, text=words), "req-1")

    assert bodies(sent) == [
        {
            "type": "thread.approval.respond",
            "commandId": command_id("m-2", "thread.approval.respond"),
            "threadId": "t-1",
            "requestId": "req-1",
            "createdAt": AT,
            "decision": decision,
        }
    ]


def test_a_question_that_somebody_answered_first_needs_nothing(v1, sent):
    v1.get(THREAD).mock(thread(activities=[asked(), resolved()], sequence=60, **RUNNING))

    assert executor().answer(WORDS, "req-1") == "60"
    assert not sent.called


@pytest.mark.parametrize(
    ("activities", "about"),
    [
        pytest.param([], RUNNING, id="never-asked"),
        pytest.param(
            [asked()], {"latestTurn": turn(state="completed"), "session": session("ready")}, id="the-turn-is-over"
        ),
        pytest.param([asked("req-1", "turn-0")], RUNNING, id="an-earlier-turn-asked"),
        pytest.param([asked("req-2")], RUNNING, id="another-question"),
    ],
)
def test_words_that_no_question_waits_for_are_said_instead(v1, sent, activities, about):
    v1.get(THREAD).mock(thread(activities=activities, **about))

    assert executor().answer(WORDS, "req-1") == "20"
    assert [(body["type"], body["message"]["text"]) for body in bodies(sent)] == [("thread.turn.start", "postgres")]


def test_words_that_were_said_instead_are_not_said_twice(v1, sent):
    v1.get(THREAD).mock(thread(said("m-2"), sequence=61, **RUNNING))

    assert executor().answer(WORDS, "req-1") == "61"
    assert not sent.called


def test_an_answer_that_was_refused_but_counts_is_an_answer(v1):
    v1.get(THREAD).mock(
        side_effect=[
            thread(activities=[asked()], **RUNNING),
            thread(activities=[asked(), resolved()], sequence=62, **RUNNING),
        ]
    )
    v1.post(DISPATCH).mock(REFUSED)

    assert executor().answer(WORDS, "req-1") == "62"


def test_a_question_that_shows_no_text_is_not_answered_at_random(v1, sent):
    empty = asked()
    empty["payload"]["questions"] = []
    v1.get(THREAD).mock(thread(activities=[empty], **RUNNING))

    with pytest.raises(Unexpected, match="no question"):
        executor().answer(WORDS, "req-1")
    assert not sent.called


def test_several_questions_take_a_line_each(v1, sent):
    questions = (question("q1", "Which database?"), question("q2", "Which port?", "80", "443"))
    v1.get(THREAD).mock(thread(activities=[asked("req-1", "turn-1", *questions)], **RUNNING))
    executor().answer(replace(WORDS, text="sqlite\n\n 443 "), "req-1")

    assert bodies(sent)[0]["answers"] == {"Which database?": "SQLite", "Which port?": "443"}


# an interrupt


def interrupts(route):
    return [
        (body["commandId"], body.get("turnId")) for body in bodies(route) if body["type"] == "thread.turn.interrupt"
    ]


@pytest.mark.parametrize("named", ["turn-1", None])
def test_a_running_turn_is_interrupted_by_its_name(v1, sent, named):
    v1.get(THREAD).mock(thread(**RUNNING))
    executor().interrupt("t-1", named, "key")

    assert bodies(sent) == [
        {
            "type": "thread.turn.interrupt",
            "commandId": command_id("key", "interrupt turn-1"),
            "threadId": "t-1",
            "turnId": "turn-1",
            "createdAt": AT,
        }
    ]


def test_a_turn_that_somebody_began_since_is_left_alone(v1, sent):
    v1.get(THREAD).mock(thread(latestTurn=turn("turn-2"), session=session("running", "turn-2")))
    executor().interrupt("t-1", "turn-1", "key")

    assert not sent.called


@pytest.mark.parametrize(
    ("about", "named"),
    [
        pytest.param({"latestTurn": turn(state="completed"), "session": session("ready")}, "turn-1", id="a-follow-up"),
        pytest.param({}, None, id="the-first"),
    ],
)
def test_a_turn_that_is_about_to_start_is_interrupted_without_a_name(v1, sent, about, named):
    v1.get(THREAD).mock(thread(**about))
    executor().interrupt("t-1", named, "key")

    assert interrupts(sent) == [(command_id("key", "interrupt"), None)]


def test_a_turn_that_started_after_such_an_interrupt_gets_one_of_its_own(v1, sent):
    v1.get(THREAD).mock(side_effect=[thread(), thread(**RUNNING)])
    cockpit = executor()
    cockpit.interrupt("t-1", None, "key")
    cockpit.interrupt("t-1", None, "key")

    assert [name for _, name in interrupts(sent)] == [None, "turn-1"]
    assert len({command for command, _ in interrupts(sent)}) == 2


def test_an_interrupt_that_was_refused_because_the_turn_had_ended_is_no_trouble(v1):
    v1.get(THREAD).mock(
        side_effect=[thread(**RUNNING), thread(latestTurn=turn(state="completed"), session=session("ready"))]
    )
    v1.post(DISPATCH).mock(REFUSED)

    executor().interrupt("t-1", "turn-1", "key")


def test_an_interrupt_that_has_no_effect_is_a_refusal(v1):
    v1.get(THREAD).mock(thread(**RUNNING))
    v1.post(DISPATCH).mock(REFUSED)

    with pytest.raises(Refused):
        executor().interrupt("t-1", "turn-1", "key")


def test_nothing_is_read_from_the_shell_for_a_single_thread(v1, sent):
    v1.get(THREAD).mock(thread(**RUNNING))
    executor().interrupt("t-1", "turn-1", "key")

    assert SHELL not in [call.request.url.path for call in v1.calls]
