from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from afk.adapters.t3.names import command_id, project_id
from afk.core.model import Slug
from afk.ports import Gone, Refused, Uncertain, Unexpected, Unreachable
from tests.adapters.t3.replies import (
    DISPATCH,
    MODEL,
    NO_THREAD,
    ORDER,
    REFUSED,
    ROOT,
    SHELL,
    THREAD,
    bodies,
    executor,
    project,
    row,
    said,
    shell,
    thread,
)

OURS = [project_id(Slug("acme", "infra"), ROOT, number) for number in range(3)]
AT = "2026-06-15T10:00:01.234Z"


def accepted(number):
    """After what the shell, at 10, shows already."""
    return httpx.Response(200, json={"sequence": 10 + number})


def kinds(route):
    return [body["type"] for body in bodies(route)]


def test_project_thread_and_turn_are_ordered_as_the_reference_says(v1):
    v1.get(SHELL).mock(shell())
    sent = v1.post(DISPATCH).mock(side_effect=[accepted(1), accepted(2), accepted(4)])

    assert executor().open(ORDER) == "14"
    assert bodies(sent) == [
        {
            "type": "project.create",
            "commandId": command_id(OURS[0], "project.create"),
            "projectId": OURS[0],
            "title": "acme/infra",
            "workspaceRoot": ROOT,
            "createWorkspaceRootIfMissing": True,
            "defaultModelSelection": MODEL,
            "createdAt": AT,
        },
        {
            "type": "thread.create",
            "commandId": command_id("t-1", "thread.create"),
            "threadId": "t-1",
            "projectId": OURS[0],
            "title": "infra#42 Fix flaky test",
            "modelSelection": MODEL,
            "runtimeMode": "full-access",
            "interactionMode": "default",
            "branch": None,
            "worktreePath": None,
            "createdAt": AT,
        },
        {
            "type": "thread.turn.start",
            "commandId": command_id("m-1", "thread.turn.start"),
            "threadId": "t-1",
            "message": {"messageId": "m-1", "role": "user", "text": "Implement issue 42", "attachments": []},
            "runtimeMode": "full-access",
            "interactionMode": "default",
            "createdAt": AT,
        },
    ]
    assert sent.calls.last.request.headers["authorization"] == "Bearer secret"
    assert sent.calls.last.request.headers["content-type"] == "application/json"


def test_the_same_order_twice_is_the_same_commands(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    sent = v1.post(DISPATCH).mock(accepted(3))
    cockpit = executor()
    cockpit.open(ORDER)
    cockpit.open(ORDER)

    assert bodies(sent)[:2] == bodies(sent)[2:]


def test_another_try_carries_other_command_ids_for_the_same_thread_and_message(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    sent = v1.post(DISPATCH).mock(accepted(3))
    cockpit = executor()
    cockpit.open(ORDER)
    cockpit.open(replace(ORDER, tries=1))

    assert len({body["commandId"] for body in bodies(sent)}) == 4
    assert {body["threadId"] for body in bodies(sent)} == {"t-1"}


@pytest.mark.parametrize(
    ("there", "used"),
    [
        pytest.param([project("p-hand", ROOT)], "p-hand", id="somebody-made-it"),
        pytest.param([project("p-hand", ROOT + "/")], "p-hand", id="with-a-slash"),
        pytest.param([project(OURS[0], "/moved")], OURS[0], id="ours-moved"),
        pytest.param([project("p-hand", ROOT), project(OURS[1], ROOT)], OURS[1], id="ours-before-another"),
    ],
)
def test_a_project_of_the_folder_is_used_again(v1, there, used):
    v1.get(SHELL).mock(shell(projects=tuple(there)))
    sent = v1.post(DISPATCH).mock(accepted(3))
    executor().open(ORDER)

    assert kinds(sent) == ["thread.create", "thread.turn.start"]
    assert bodies(sent)[0]["projectId"] == used


def test_a_base_in_the_home_folder_is_recognised_as_the_server_spells_it(v1):
    v1.get(SHELL).mock(shell(projects=(project("p-home", "/home/t3/agents/acme__infra"),)))
    sent = v1.post(DISPATCH).mock(accepted(3))
    executor(workspace_base="~/agents").open(ORDER)

    assert bodies(sent)[0]["projectId"] == "p-home"


def test_a_deleted_project_keeps_its_id_so_the_next_one_is_made(v1):
    v1.get(SHELL).mock(shell())
    sent = v1.post(DISPATCH).mock(side_effect=[REFUSED, accepted(1), accepted(2), accepted(4)])

    assert executor().open(ORDER) == "14"
    assert [body["projectId"] for body in bodies(sent)[:2]] == OURS[:2]
    assert bodies(sent)[2]["projectId"] == OURS[1]


def test_a_project_that_somebody_makes_at_the_same_time_is_used(v1):
    v1.get(SHELL).mock(side_effect=[shell(), shell(projects=(project("p-other"),))])
    sent = v1.post(DISPATCH).mock(side_effect=[REFUSED, accepted(2), accepted(4)])
    executor().open(ORDER)

    assert bodies(sent)[1]["projectId"] == "p-other"


def test_a_folder_that_t3_will_not_have_is_a_refusal_after_a_few_tries(v1):
    v1.get(SHELL).mock(shell())
    invalid = {"_tag": "EnvironmentRequestInvalidError", "code": "invalid_request", "reason": "invalid_command"}
    sent = v1.post(DISPATCH).respond(400, json=invalid)

    with pytest.raises(Refused, match="invalid_command"):
        executor().open(ORDER)
    assert kinds(sent) == ["project.create"] * 3


def test_an_old_receipt_for_a_deleted_project_is_no_project(v1):
    v1.get(SHELL).mock(shell())
    sent = v1.post(DISPATCH).mock(side_effect=[accepted(-3), accepted(1), accepted(2), accepted(4)])
    executor().open(ORDER)

    assert [body["projectId"] for body in bodies(sent)[:3]] == [OURS[0], OURS[1], OURS[1]]


def test_a_repository_whose_projects_were_all_deleted_says_so(v1):
    v1.get(SHELL).mock(shell())
    v1.post(DISPATCH).mock(accepted(-3))

    with pytest.raises(Refused, match="acme/infra: each of its projects was deleted"):
        executor().open(ORDER)


def test_an_old_receipt_for_a_deleted_thread_is_no_thread(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    v1.get(THREAD).mock(NO_THREAD)
    sent = v1.post(DISPATCH).mock(accepted(-2))

    with pytest.raises(Gone):
        executor().open(ORDER)
    assert kinds(sent) == ["thread.create"]


def test_an_old_receipt_for_an_archived_thread_goes_on_with_it(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    v1.get(THREAD).mock(thread(said("m-1"), sequence=30, archivedAt="2026-06-15T11:00:00.000Z"))
    v1.post(DISPATCH).mock(accepted(-2))

    assert executor().open(ORDER) == "30"


def test_a_thread_that_is_there_with_its_message_is_left_alone(v1):
    v1.get(SHELL).mock(shell(row()))
    v1.get(THREAD).mock(thread(said("m-1"), sequence=77))
    sent = v1.post(DISPATCH).mock(accepted(9))

    assert executor().open(ORDER) == "77"
    assert not sent.called


def test_a_thread_that_was_left_without_its_message_gets_it(v1):
    v1.get(SHELL).mock(shell(row()))
    v1.get(THREAD).mock(thread())
    sent = v1.post(DISPATCH).mock(accepted(9))

    assert executor().open(ORDER) == "19"
    assert kinds(sent) == ["thread.turn.start"]


def test_a_refused_creation_of_a_thread_that_exists_goes_on_with_it(v1):
    """An archived thread is not on the shell."""
    v1.get(SHELL).mock(shell(projects=(project(),)))
    v1.get(THREAD).mock(thread(said("m-1"), sequence=30, archivedAt="2026-06-15T11:00:00.000Z"))
    sent = v1.post(DISPATCH).mock(REFUSED)

    assert executor().open(ORDER) == "30"
    assert kinds(sent) == ["thread.create"]


def test_a_refused_creation_without_effect_is_tried_once_more_under_the_same_id(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    v1.get(THREAD).mock(NO_THREAD)
    sent = v1.post(DISPATCH).mock(side_effect=[REFUSED, accepted(2), accepted(4)])

    assert executor().open(ORDER) == "14"
    assert bodies(sent)[0] == bodies(sent)[1]


def test_a_creation_that_stays_refused_starts_no_turn(v1):
    """A deleted thread keeps its id for ever."""
    v1.get(SHELL).mock(shell(projects=(project(),)))
    v1.get(THREAD).mock(NO_THREAD)
    sent = v1.post(DISPATCH).mock(REFUSED)

    with pytest.raises(Refused, match="orchestration_dispatch_failed"):
        executor().open(ORDER)
    assert kinds(sent) == ["thread.create"] * 2


def test_a_refused_turn_whose_message_arrived_has_started(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    v1.get(THREAD).mock(thread(said("m-1"), sequence=31))
    v1.post(DISPATCH).mock(side_effect=[accepted(2), REFUSED])

    assert executor().open(ORDER) == "31"


def test_a_lost_answer_repeats_the_same_command_once(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    sent = v1.post(DISPATCH).mock(side_effect=[accepted(2), httpx.ReadTimeout("lost"), accepted(4)])

    assert executor().open(ORDER) == "14"
    assert bodies(sent)[1] == bodies(sent)[2]


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(httpx.ReadError("cut"), id="cut"),
        pytest.param(httpx.Response(502), id="a-proxy-says-502"),
        pytest.param(httpx.Response(500, text="oops"), id="no-word-of-t3"),
    ],
)
def test_an_answer_that_stays_lost_is_uncertain(v1, lost):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    sent = v1.post(DISPATCH).mock(side_effect=[accepted(2), lost, lost])

    with pytest.raises(Uncertain):
        executor().open(ORDER)
    assert sent.call_count == 3


def test_a_server_that_cannot_be_reached_is_unreachable(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    v1.post(DISPATCH).mock(side_effect=httpx.ConnectError("no"))

    with pytest.raises(Unreachable):
        executor().open(ORDER)


def test_an_empty_400_is_our_own_mistake_and_is_not_repeated(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    v1.get(THREAD).mock(NO_THREAD)
    sent = v1.post(DISPATCH).respond(400)

    with pytest.raises(Refused, match="form"):
        executor().open(ORDER)
    assert sent.call_count == 1


def test_an_acceptance_without_a_receipt_is_not_understood(v1):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    v1.post(DISPATCH).respond(json={"ok": True})

    with pytest.raises(Unexpected, match="sequence"):
        executor().open(ORDER)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("x" * 120_001, "120001", id="letters"),
        pytest.param("😀" * 60_001, "120002", id="as-javascript-counts"),
    ],
)
def test_a_prompt_that_is_too_long_is_refused_before_anything_is_sent(v1, text, told):
    with pytest.raises(Refused, match=f"{told} characters, T3 takes 120000"):
        executor().open(replace(ORDER, text=text))
    assert len(v1.calls) == 1  # the descriptor


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        pytest.param("infra#1 " + "long " * 100, 200, id="cut"),
        pytest.param("two\nlines\u202e", 9, id="plain"),
        pytest.param("\u200b", 3, id="nothing-visible-takes-the-id"),
    ],
)
def test_titles_are_one_plain_line(v1, title, shown):
    v1.get(SHELL).mock(shell(projects=(project(),)))
    sent = v1.post(DISPATCH).mock(accepted(3))
    executor().open(replace(ORDER, title=title))

    assert len(bodies(sent)[0]["title"]) == shown
    assert "\n" not in bodies(sent)[0]["title"]
