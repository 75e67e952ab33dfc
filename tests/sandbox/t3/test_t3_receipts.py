"""One command id has one effect (section 7), and what the decider refuses stays refused (2.10)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.t3 import Quirks
from tests.sandbox.t3.client import AT, PROJECT, ROOT, THREAD, TURN, Client, without

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

REJECTED = {"_tag": "EnvironmentInternalError", "code": "internal_error", "reason": "orchestration_dispatch_failed"}
INVALID = {"_tag": "EnvironmentRequestInvalidError", "code": "invalid_request", "reason": "invalid_command"}
TO_THREAD = {"commandId": "c-x", "threadId": "t-1"}


def body_of(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    assert "message" not in body
    assert body.pop("traceId")
    return body


def test_second_start_with_the_same_command_id_changes_nothing(t3: Client) -> None:
    first = t3.did(TURN)
    t3.follow_up(2)

    again = t3.did(TURN, message={**TURN["message"], "text": "Something else"})  # type: ignore[dict-item]

    assert again == first
    assert [message.text for message in t3.server.messages("t-1")] == ["Implement issue 42", "Turn 2"]
    assert [command.command_id for command in t3.server.commands] == ["c-project", "c-thread", "c-turn", "c-turn-2"]


def test_concurrent_repeats_start_one_turn(t3: Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        sequences = set(pool.map(lambda _: t3.did(TURN), range(16)))

    assert len(sequences) == 1
    assert len(t3.server.turns("t-1")) == 1


@pytest.mark.parametrize(
    ("trouble", "effects_before_retry"),
    [
        pytest.param(Trouble.DROP_BEFORE, 0, id="lost-request"),
        pytest.param(Trouble.DROP_AFTER, 1, id="lost-answer"),
        pytest.param(Trouble.STATUS, 0, id="sql-failure"),
        pytest.param(Trouble.STATUS_AFTER, 1, id="gateway-failure"),
    ],
)
def test_retry_after_trouble_on_the_way_has_one_effect(t3: Client, trouble: Trouble, effects_before_retry: int) -> None:
    t3.server.faults.add(Fault(trouble, match="dispatch"))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(t3.dispatch, TURN)
        assert first.exception() is not None or first.result().status_code == 500
    assert len(t3.server.turns("t-1")) == effects_before_retry

    t3.did(TURN)

    assert len(t3.server.turns("t-1")) == 1


def test_rejected_command_stays_rejected_after_its_cause_is_gone(t3: Client) -> None:
    start = {**TURN, "threadId": "t-2"}
    assert body_of(t3.dispatch(start)) == REJECTED
    t3.did(THREAD, commandId="c-2", threadId="t-2")

    assert t3.dispatch(start).status_code == 500
    assert t3.dispatch(start, commandId="c-3").status_code == 200


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({**TURN, "commandId": "c-thread"}, id="other-type"),
        pytest.param({**THREAD, "threadId": "t-2"}, id="other-thread"),
    ],
)
def test_command_id_of_another_command_is_a_conflict(t3: Client, other: dict[str, Any]) -> None:
    answer = t3.dispatch(other)

    assert (answer.status_code, body_of(answer)) == (500, REJECTED)
    assert (list(t3.server.threads), t3.server.turns("t-1")) == (["t-1"], [])


def test_older_builds_answer_a_conflict_with_the_older_sequence(serve: Callable[..., Client]) -> None:
    client = serve(quirks=Quirks(detects_conflicts=False))
    client.did(PROJECT)
    created = client.did(THREAD)

    assert client.did(TURN, commandId="c-thread") == created
    assert client.server.turns("t-1") == []


def test_reused_message_id_merges_into_the_older_message(t3: Client) -> None:
    t3.did(TURN)
    t3.did(TURN, commandId="c-2", message={**TURN["message"], "text": "Later"})  # type: ignore[dict-item]

    assert [(message.id, message.text) for message in t3.server.messages("t-1")] == [("m-1", "Later")]


DETAILS = {
    "project-twice": (
        {**PROJECT, "commandId": "c-x"},
        "(project.create): Project 'p-1' already exists and cannot be created twice.",
    ),
    "root-twice": (
        {**PROJECT, "commandId": "c-x", "projectId": "p-2"},
        f"(project.create): Active project 'p-1' already exists for workspace root '{ROOT}'.",
    ),
    "project-not-empty": (
        {"type": "project.delete", "commandId": "c-x", "projectId": "p-1"},
        "(project.delete): Project 'p-1' is not empty and cannot be deleted without force=true.",
    ),
    "thread-twice": (
        {**THREAD, "commandId": "c-x"},
        "(thread.create): Thread 't-1' already exists and cannot be created twice.",
    ),
    "thread-in-no-project": (
        {**THREAD, "commandId": "c-x", "threadId": "t-2", "projectId": "p-9"},
        "(thread.create): Project 'p-9' does not exist for command 'thread.create'.",
    ),
    "turn-in-no-thread": (
        {**TURN, "threadId": "t-9"},
        "(thread.turn.start): Thread 't-9' does not exist for command 'thread.turn.start'.",
    ),
    "interrupt-in-no-thread": (
        {"type": "thread.turn.interrupt", "commandId": "c-x", "threadId": "t-9", "createdAt": AT},
        "(thread.turn.interrupt): Thread 't-9' does not exist for command 'thread.turn.interrupt'.",
    ),
    "unarchive-unarchived": (
        {"type": "thread.unarchive", **TO_THREAD},
        "(thread.unarchive): Thread 't-1' is not archived for command 'thread.unarchive'.",
    ),
    "branch-moved": (
        {"type": "thread.meta.update", **TO_THREAD, "expectedBranch": "main", "branch": "afk/42"},
        "(thread.meta.update): Thread 't-1' is on another branch.",
    ),
}


@pytest.mark.parametrize(("command", "detail"), DETAILS.values(), ids=DETAILS)
def test_refusal_is_bare_over_http_and_speaks_over_the_socket(t3: Client, command: dict[str, Any], detail: str) -> None:
    before = t3.shell()["snapshotSequence"]

    assert body_of(t3.dispatch(command)) == REJECTED
    message = t3.refused(command, commandId="c-again")

    assert message == f"Orchestration command invariant failed {detail}"
    assert t3.shell()["snapshotSequence"] == before


def test_archiving_twice_is_refused(t3: Client) -> None:
    t3.did({"type": "thread.archive", **TO_THREAD})

    assert t3.dispatch({"type": "thread.archive", **TO_THREAD}, commandId="c-y").status_code == 500


def test_deleted_thread_keeps_its_id_and_takes_no_command(t3: Client) -> None:
    t3.did({"type": "thread.delete", **TO_THREAD})

    assert t3.dispatch(THREAD, commandId="c-2").status_code == 500
    assert t3.dispatch(TURN).status_code == 500
    answer = t3.get("/api/orchestration/threads/t-1")
    assert (answer.status_code, answer.json()["reason"]) == (404, "thread_not_found")


def test_deleted_project_keeps_its_id_and_frees_its_root(t3: Client) -> None:
    t3.did({"type": "project.delete", "commandId": "c-2", "projectId": "p-1", "force": True})

    assert t3.dispatch(PROJECT, commandId="c-3").status_code == 500
    assert t3.dispatch(PROJECT, commandId="c-4", projectId="p-2").status_code == 200
    assert t3.shell()["threads"] == []


@pytest.mark.parametrize(
    ("given", "root"),
    [
        pytest.param("/data/here", "/data/here", id="plain"),
        pytest.param(" /data/here/ ", "/data/here", id="trailing-slash"),
        pytest.param("/data/x/../here", "/data/here", id="dots"),
        pytest.param("~/work", "/home/t3/work", id="home"),
    ],
)
def test_workspace_root_is_normalised_on_the_servers_disk(serve: Callable[..., Client], given: str, root: str) -> None:
    client = serve()
    client.server.make_directory(root)

    client.did(without(PROJECT, "createWorkspaceRootIfMissing"), workspaceRoot=given)

    assert client.shell()["projects"][0]["workspaceRoot"] == root


def test_missing_workspace_root_is_an_invalid_command_without_a_receipt(serve: Callable[..., Client]) -> None:
    client = serve()
    command = without(PROJECT, "createWorkspaceRootIfMissing")

    answer = client.dispatch(command)
    assert (answer.status_code, body_of(answer)) == (400, INVALID)

    client.server.make_directory(ROOT)
    assert client.dispatch(command).status_code == 200


@pytest.mark.parametrize("url", ["data:text/plain;base64,AAAA", "data:image/png;base64,%%", "nothing"])
def test_unreadable_attachment_is_an_invalid_command(t3: Client, url: str) -> None:
    image = {"type": "image", "name": "a.png", "mimeType": "image/png", "sizeBytes": 3, "dataUrl": url}

    answer = t3.dispatch(TURN, message={**TURN["message"], "attachments": [image]})  # type: ignore[dict-item]

    assert (answer.status_code, body_of(answer)) == (400, INVALID)


def test_client_times_are_replaced_unless_the_build_keeps_them(serve: Callable[..., Client]) -> None:
    replacing, keeping = serve(), serve(quirks=Quirks(overwrites_created_at=False))
    for client in (replacing, keeping):
        client.did(PROJECT, createdAt="long ago")

    assert replacing.shell()["projects"][0]["createdAt"].startswith("2026-06-15T10:00")
    assert keeping.shell()["projects"][0]["createdAt"] == "long ago"
