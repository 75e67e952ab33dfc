"""What the read models of protocol 1 hold, and what they leave out (3.1 to 3.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.t3 import Quirks
from tests.sandbox.t3.client import PROJECT, THREAD, TURN, Client

if TYPE_CHECKING:
    from collections.abc import Callable

PROJECT_KEYS = {
    "id",
    "title",
    "workspaceRoot",
    "repositoryIdentity",
    "defaultModelSelection",
    "defaultThreadEnvMode",
    "faviconPath",
    "scripts",
    "createdAt",
    "updatedAt",
}
THREAD_KEYS = {
    "id",
    "projectId",
    "title",
    "modelSelection",
    "runtimeMode",
    "interactionMode",
    "branch",
    "worktreePath",
    "latestTurn",
    "createdAt",
    "updatedAt",
    "archivedAt",
    "settledOverride",
    "settledAt",
    "session",
}
SHELL_ONLY = {"latestUserMessageAt", "hasPendingApprovals", "hasPendingUserInput", "hasActionableProposedPlan"}
BODIES = {"messages", "proposedPlans", "activities", "checkpoints"}
TURN_KEYS = {"turnId", "state", "requestedAt", "startedAt", "completedAt", "assistantMessageId"}
SESSION_KEYS = {
    "threadId",
    "status",
    "providerName",
    "providerInstanceId",
    "runtimeMode",
    "activeTurnId",
    "lastError",
    "updatedAt",
}


@pytest.fixture
def lived(t3: Client) -> Client:
    """Two turns with all that comes with them; one thread archived and one deleted besides."""
    for name in ("archived", "deleted"):
        t3.did(THREAD, commandId=f"c-{name}", threadId=name)
    t3.server.person_archives("archived")
    t3.server.thread_vanishes("deleted")
    for number in (1, 2):
        t3.follow_up(number)
        t3.server.agent_starts("t-1")
        t3.server.agent_uses_tokens("t-1", 35_000, inputTokens=34_000)
        t3.server.agent_finishes("t-1", f"Done with {number}.")
    return t3


def test_shell_has_exactly_its_keys(lived: Client) -> None:
    shell = lived.shell()
    thread = shell["threads"][0]

    assert set(shell) == {"snapshotSequence", "projects", "threads", "updatedAt"}
    assert set(shell["projects"][0]) == PROJECT_KEYS
    assert set(thread) == THREAD_KEYS | SHELL_ONLY
    assert (set(thread["latestTurn"]), set(thread["session"])) == (TURN_KEYS, SESSION_KEYS)


def test_thread_has_bodies_and_none_of_the_shells_flags(lived: Client) -> None:
    thread = lived.thread()

    assert set(thread) == THREAD_KEYS | BODIES | {"deletedAt"}
    assert [message["text"] for message in thread["messages"]] == ["Turn 1", "Done with 1.", "Turn 2", "Done with 2."]
    assert set(thread["messages"][0]) == {
        "id",
        "role",
        "text",
        "attachments",
        "turnId",
        "streaming",
        "createdAt",
        "updatedAt",
    }
    assert set(thread["activities"][0]) == {
        "id",
        "tone",
        "kind",
        "summary",
        "payload",
        "turnId",
        "sequence",
        "createdAt",
    }


def test_token_usage_is_an_activity_without_a_price(lived: Client) -> None:
    usage = [it["payload"] for it in lived.thread()["activities"] if it["kind"] == "context-window.updated"]

    assert usage == [{"usedTokens": 35_000, "maxTokens": 200_000, "inputTokens": 34_000}] * 2


def test_shell_leaves_out_deleted_and_archived_threads(lived: Client) -> None:
    assert [thread["id"] for thread in lived.shell()["threads"]] == ["t-1"]


def test_shell_may_list_archived_threads(lived: Client) -> None:
    lived.server.quirks.shell_lists_archived = True

    assert [thread["id"] for thread in lived.shell()["threads"]] == ["t-1", "archived"]
    assert lived.glance("archived")["archivedAt"] is not None


def test_snapshot_has_deleted_rows_and_empty_bodies(lived: Client) -> None:
    lived.did({"type": "project.delete", "commandId": "c-2", "projectId": "p-1", "force": True})

    snapshot = lived.get("/api/orchestration/snapshot").json()
    threads = {thread["id"]: thread for thread in snapshot["threads"]}

    assert set(snapshot["projects"][0]) == PROJECT_KEYS | {"deletedAt"}
    assert snapshot["projects"][0]["deletedAt"] is not None
    assert set(threads) == {"t-1", "archived", "deleted"}
    assert set(threads["t-1"]) == THREAD_KEYS | BODIES | {"deletedAt"}
    assert all(thread["deletedAt"] is not None for thread in threads.values())
    assert all(thread[body] == [] for thread in threads.values() for body in BODIES)
    assert lived.shell()["projects"] == []


def test_oldest_snapshot_carries_the_bodies(lived: Client) -> None:
    lived.server.quirks.full_snapshot = True

    thread = lived.get("/api/orchestration/snapshot").json()["threads"][0]

    assert len(thread["messages"]) == 4


def test_unknown_thread_is_404(t3: Client) -> None:
    answer = t3.get("/api/orchestration/threads/t-9")

    assert (answer.status_code, answer.json()) == (
        404,
        {
            "_tag": "EnvironmentResourceNotFoundError",
            "code": "not_found",
            "reason": "thread_not_found",
            "traceId": "unavailable",
        },
    )


def test_percent_encoded_thread_id_is_decoded(t3: Client) -> None:
    t3.did(THREAD, commandId="c-2", threadId="a b#c")

    assert t3.thread("a%20b%23c")["id"] == "a b#c"


def texts(read: Any) -> list[str]:
    return [message["text"] for message in read["thread"]["messages"]]


def test_turn_limit_shows_the_last_turns_and_a_cursor_to_the_rest(lived: Client) -> None:
    path = "/api/orchestration/threads/t-1"
    last = lived.get(f"{path}?turnLimit=1").json()
    page = last["page"]
    first = lived.get(f"{path}?turnLimit=1&beforeCursor={page['beforeCursor']}").json()

    assert (texts(last), texts(first)) == (["Turn 2", "Done with 2."], ["Turn 1", "Done with 1."])
    assert (page["hasMore"], page["snapshotSequence"]) == (True, last["snapshotSequence"])
    assert (first["page"]["hasMore"], first["page"]["beforeCursor"]) == (False, None)
    assert {it["turnId"] for it in last["thread"]["activities"]} == {last["thread"]["latestTurn"]["turnId"]}
    assert len(last["thread"]["checkpoints"]) == 1


def test_read_without_a_window_has_no_page(lived: Client) -> None:
    assert set(lived.get("/api/orchestration/threads/t-1").json()) == {"snapshotSequence", "thread"}


@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "all", ""])
def test_turn_limit_is_a_whole_number_from_one(lived: Client, limit: str) -> None:
    answer = lived.get(f"/api/orchestration/threads/t-1?turnLimit={limit}")

    assert (answer.status_code, answer.content) == (400, b"")


def test_bodies_are_capped_to_the_latest(serve: Callable[..., Client]) -> None:
    client = serve(quirks=Quirks())
    client.did(PROJECT)
    client.did(THREAD)
    client.did(TURN)
    client.server.agent_starts("t-1")
    for number in range(2001):
        client.server.agent_says("t-1", f"Line {number}")
    for number in range(501):
        client.server.agent_uses_tokens("t-1", number)
        client.server.checkpoint_arrives("t-1")

    thread = client.thread()

    assert [len(thread[body]) for body in ("messages", "activities", "checkpoints")] == [2000, 500, 500]
    assert (thread["messages"][0]["text"], thread["messages"][-1]["text"]) == ("Line 1", "Line 2000")
    assert thread["activities"][0]["payload"]["usedTokens"] == 1
    assert thread["checkpoints"][0]["checkpointTurnCount"] == 2


def test_proposed_plan_shows_on_the_shell_and_in_the_thread(t3: Client) -> None:
    t3.did(TURN)
    t3.server.agent_starts("t-1")
    t3.server.agent_proposes_plan("t-1", "1. Write a test")
    t3.server.agent_finishes("t-1")

    assert t3.glance()["hasActionableProposedPlan"] is True
    assert t3.thread()["proposedPlans"][0]["planMarkdown"] == "1. Write a test"


def test_project_is_updated_by_its_command(t3: Client) -> None:
    t3.did({"type": "project.meta.update", "commandId": "c-2", "projectId": "p-1", "title": "New", "scripts": [1]})

    project = t3.shell()["projects"][0]
    assert (project["title"], project["scripts"], project["workspaceRoot"]) == ("New", [1], PROJECT["workspaceRoot"])


def test_sequence_never_goes_back_over_a_restart(lived: Client) -> None:
    before = lived.shell()["snapshotSequence"]
    lived.server.restart()
    lived.server.stop()
    lived.server.start()

    assert lived.shell()["snapshotSequence"] >= before
