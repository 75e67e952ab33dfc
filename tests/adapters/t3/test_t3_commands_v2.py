from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from afk.adapters.t3.names import command_id
from afk.core.model import Slug
from afk.ports import Refused
from tests.adapters.t3.replies import (
    FOLLOW_UP,
    MODEL,
    NO_THREAD,
    ORDER,
    ROOT,
    THREAD,
    bodies,
    project,
    projection,
    question,
    run,
    said,
)
from tests.adapters.t3.sockets import OK, fail

AUTHOR = {"createdBy": "user", "creationSource": "server"}


def test_project_thread_and_message_are_ordered_as_the_reference_says(socket, projects, cockpit):
    assert cockpit.open(ORDER) == "20"
    (created,) = bodies(projects)
    assert created == {
        "type": "project.create",
        "commandId": command_id(created["projectId"], "project.create"),
        "projectId": created["projectId"],
        "title": str(Slug("acme", "infra")),
        "workspaceRoot": ROOT,
        "createWorkspaceRootIfMissing": True,
        "defaultModelSelection": MODEL,
    }
    assert socket.commands == [
        {
            "type": "thread.create",
            "commandId": command_id("t-1", "thread.create"),
            **AUTHOR,
            "threadId": "t-1",
            "projectId": created["projectId"],
            "title": "infra#42 Fix flaky test",
            "modelSelection": MODEL,
            "runtimeMode": "full-access",
            "interactionMode": "default",
            "branch": None,
            "worktreePath": None,
        },
        {
            "type": "message.dispatch",
            "commandId": command_id("m-1", "message.dispatch"),
            **AUTHOR,
            "threadId": "t-1",
            "messageId": "m-1",
            "text": "Implement issue 42",
            "attachments": [],
            "deliveryIntent": "auto",
            "dispatchMode": {"type": "start_immediately"},
        },
    ]
    assert {frame["tag"] for frame in socket.frames} == {"orchestration.dispatchCommand"}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(httpx.Response(400, json={"code": "invalid_request", "reason": "invalid_command"}), id="refused"),
        pytest.param(httpx.Response(200, json=project()), id="an-old-receipt"),
    ],
)
def test_a_deleted_project_keeps_its_id_so_the_next_one_is_made(socket, projects, cockpit, answer):
    projects.taken = [answer]
    cockpit.open(ORDER)

    first, second = (body["projectId"] for body in bodies(projects))
    assert socket.commands[0]["projectId"] == second != first


def test_a_thread_that_is_refused_but_there_is_gone_on_with(socket, http, projects, cockpit):
    http.get(THREAD).mock(projection(messages=[said("m-1")], sequence=33))
    socket.scripts = [[fail("Thread 't-1' already exists and cannot be created twice.")]]

    assert cockpit.open(ORDER) == "33"


def test_a_refused_thread_is_a_refusal_in_t3s_own_words(socket, http, projects, cockpit):
    http.get(THREAD).mock(NO_THREAD)
    socket.scripts = [[fail("Thread 't-1' already exists and cannot be created twice.")]]

    with pytest.raises(Refused, match="cannot be created twice"):
        cockpit.open(ORDER)
    assert len(socket.commands) == 1  # a typed refusal is not repeated


def test_a_message_that_opened_a_run_is_not_sent_again(socket, http, cockpit):
    http.get(THREAD).mock(projection(run("run-2", "running", "m-2"), sequence=40))

    assert cockpit.send(replace(FOLLOW_UP, tries=2)) == "40"
    assert socket.commands == []


def test_an_archived_thread_comes_back_before_it_is_spoken_to(socket, http, cockpit):
    http.get(THREAD).mock(projection(about={"archivedAt": "2026-06-15T10:00:00.000Z"}))
    cockpit.send(FOLLOW_UP)

    assert [command["type"] for command in socket.commands] == ["thread.unarchive", "message.dispatch"]


@pytest.mark.parametrize("text", ["/compact", " /compact\n"])
def test_a_text_that_would_be_taken_for_a_command_is_refused(socket, heard, cockpit, text):
    with pytest.raises(Refused, match="/compact"):
        cockpit.send(replace(FOLLOW_UP, text=text))
    assert socket.commands == []


def waiting(kind="user_input", status="pending"):
    asked = {"id": "req-1", "kind": kind, "status": status, "createdAt": "2026-06-15T10:00:05.000Z"}
    items = [{"type": "user_input_request", "requestId": "req-1", "questions": [question()]}]
    return projection(run("run-1", "running", "m-1"), runtimeRequests=[asked], turnItems=items, sequence=41)


WORDS = replace(FOLLOW_UP, text="sqlite")


def test_an_answer_is_keyed_by_the_questions_id(socket, http, cockpit):
    http.get(THREAD).mock(waiting())

    assert cockpit.answer(WORDS, "req-1") == "20"
    assert socket.commands == [
        {
            "type": "runtime-request.respond",
            "commandId": command_id("m-2", "runtime-request.respond"),
            "threadId": "t-1",
            "requestId": "req-1",
            "answers": {"q1": "SQLite"},
        }
    ]


def test_a_build_that_wants_the_questions_text_gets_it(socket, http, cockpit):
    http.get(THREAD).mock(waiting())
    socket.scripts = [[fail("No answer to: Which database?")], [OK]]

    assert cockpit.answer(WORDS, "req-1") == "20"
    assert [command["answers"] for command in socket.commands] == [{"q1": "SQLite"}, {"Which database?": "SQLite"}]
    assert len({command["commandId"] for command in socket.commands}) == 2


@pytest.mark.parametrize(("words", "decision"), [("yes", "accept"), ("sqlite", "decline")])
def test_leave_is_given_only_by_a_plain_yes(socket, http, cockpit, words, decision):
    http.get(THREAD).mock(waiting("command"))
    cockpit.answer(replace(WORDS, text=words), "req-1")

    assert socket.commands[0]["decision"] == decision
    assert "answers" not in socket.commands[0]


def test_a_question_that_somebody_answered_first_needs_nothing(socket, http, cockpit):
    http.get(THREAD).mock(waiting(status="resolved"))

    assert cockpit.answer(WORDS, "req-1") == "41"
    assert socket.commands == []


def test_a_question_that_somebody_answers_meanwhile_needs_nothing_more(socket, http, cockpit):
    http.get(THREAD).mock(side_effect=[waiting(), waiting(status="resolved"), waiting(status="resolved")])
    socket.scripts = [[fail("Runtime request 'req-1' is not pending")]]

    assert cockpit.answer(WORDS, "req-1") == "41"
    assert len(socket.commands) == 1


def test_words_for_an_expired_question_are_said_instead(socket, http, cockpit):
    http.get(THREAD).mock(waiting(status="expired"))
    cockpit.answer(WORDS, "req-1")

    assert [(command["type"], command["text"]) for command in socket.commands] == [("message.dispatch", "sqlite")]


@pytest.mark.parametrize("named", ["run-2", None])
def test_a_live_run_is_interrupted_by_its_name(socket, http, cockpit, named):
    http.get(THREAD).mock(projection(run("run-1", "completed", "m-1", 1), run("run-2", "running", "m-2", 2)))
    cockpit.interrupt("t-1", named, "key")

    assert socket.commands == [
        {
            "type": "run.interrupt",
            "commandId": command_id("key", "interrupt run-2"),
            "threadId": "t-1",
            "runId": "run-2",
            "reason": "AFK ends this run",
        }
    ]


@pytest.mark.parametrize("named", ["run-1", None])
def test_where_nothing_runs_nothing_is_interrupted(socket, heard, cockpit, named):
    cockpit.interrupt("t-1", named, "key")

    assert socket.commands == []


def test_a_run_that_ended_meanwhile_is_no_trouble(socket, http, cockpit):
    http.get(THREAD).mock(
        side_effect=[projection(run("run-1", "running", "m-1")), projection(run("run-1", "completed", "m-1"))]
    )
    socket.scripts = [[fail("Run 'run-1' is completed and cannot be interrupted.")]]

    cockpit.interrupt("t-1", "run-1", "key")


def test_a_run_that_cannot_be_interrupted_is_a_refusal(socket, http, cockpit):
    http.get(THREAD).mock(projection(run("run-1", "running", "m-1")))
    socket.scripts = [[fail("not now")]]

    with pytest.raises(Refused, match="not now"):
        cockpit.interrupt("t-1", "run-1", "key")
