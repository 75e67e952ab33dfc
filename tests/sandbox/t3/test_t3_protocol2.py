"""Commands and read models of protocol 2 (section 10)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import ConnectionClosed

from afk.sandbox.t3 import AnswerKey, Impossible, Quirks
from tests.sandbox.t3.client import (
    MESSAGE_V2,
    MODEL,
    PROJECT_V2,
    ROOT,
    THREAD_V2,
    V2,
    Client,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TO_THREAD = {"threadId": "t-1"}
QUESTION = {"Which database?": ["Postgres", "SQLite"]}
LAUNCH = {
    "commandId": "c-launch",
    "threadId": "t-1",
    "projectId": "p-1",
    "title": "T",
    "modelSelection": MODEL,
    "runtimeMode": "full-access",
    "interactionMode": "default",
    "workspaceStrategy": {"type": "worktree", "baseRef": "master", "branch": "afk/42", "startFromOrigin": True},
    "initialMessage": {"messageId": "m-1", "text": "Go", "attachments": []},
}


@pytest.fixture
def working(t3_v2: Client) -> Client:
    """An agent is at work in the thread."""
    t3_v2.did_v2(MESSAGE_V2)
    t3_v2.server.agent_starts("t-1")
    return t3_v2


def say(client: Client, number: int, **changes: Any) -> int:
    return client.did_v2(MESSAGE_V2, **{"commandId": f"c-{number}", "messageId": f"m-{number}", **changes})


def statuses(client: Client) -> list[str]:
    return [run["status"] for run in client.projection()["runs"]]


def active(client: Client) -> str:
    return str(client.glance()["activeRunId"])


# Projects


def test_project_is_created_once_and_returned_whole(serve: Callable[..., Client]) -> None:
    client = serve(protocol=2)

    first, again = (client.post("/api/projects/mutate", PROJECT_V2) for _ in range(2))

    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert (first.json()["id"], first.json()["workspaceRoot"], first.json()["deletedAt"]) == ("p-1", ROOT, None)
    assert [project["id"] for project in client.get("/api/projects").json()["projects"]] == ["p-1"]


@pytest.mark.parametrize(
    "mutation",
    [
        pytest.param({**PROJECT_V2, "commandId": "c-2"}, id="conflict"),
        pytest.param({"type": "project.update", "commandId": "c-2", "projectId": "p-9"}, id="not-found"),
        pytest.param({"type": "project.delete", "commandId": "c-2", "projectId": "p-1"}, id="not-empty"),
        pytest.param(
            {**without(PROJECT_V2, "createWorkspaceRootIfMissing"), "projectId": "p-2", "workspaceRoot": "/nowhere"},
            id="no-directory",
        ),
    ],
)
def test_refused_mutation_is_an_invalid_command(t3_v2: Client, mutation: dict[str, Any]) -> None:
    answer = t3_v2.post("/api/projects/mutate", mutation)

    assert (answer.status_code, answer.json()["reason"]) == (400, "invalid_command")
    assert list(t3_v2.server.projects) == ["p-1"]


def test_projects_are_mutated_over_the_socket_too(t3_v2: Client) -> None:
    update = {"type": "project.update", "commandId": "c-2", "projectId": "p-1", "title": "New"}
    assert t3_v2.rpc("projects.mutate", update)["value"]["title"] == "New"

    exit_ = t3_v2.rpc("projects.mutate", {**update, "commandId": "c-3", "projectId": "p-9"})

    assert "does not exist" in exit_["cause"][0]["error"]["message"]


def test_deleted_project_is_gone_with_its_threads(t3_v2: Client) -> None:
    force = {"type": "project.delete", "commandId": "c-2", "projectId": "p-1", "force": True}

    assert t3_v2.post("/api/projects/mutate", force).json()["deletedAt"] is not None
    assert t3_v2.get("/api/projects").json()["projects"] == []
    assert t3_v2.glance() is None


# Runs


def test_message_has_its_run_at_once(t3_v2: Client) -> None:
    t3_v2.did_v2(MESSAGE_V2)

    thread, projection = t3_v2.glance(), t3_v2.projection()
    run, message = projection["runs"][0], projection["messages"][0]
    assert (thread["status"], thread["latestRunId"], thread["activeRunId"]) == ("preparing", run["id"], run["id"])
    assert (run["userMessageId"], run["startedAt"], message["runId"]) == ("m-1", None, run["id"])
    assert projection["providerTurns"] == []


def test_second_start_with_the_same_command_id_changes_nothing(t3_v2: Client) -> None:
    first = t3_v2.did_v2(MESSAGE_V2)
    say(t3_v2, 2, dispatchMode={"type": "queue_after_active"})

    assert t3_v2.did_v2(MESSAGE_V2) == first
    assert len(t3_v2.server.turns("t-1")) == 2


def test_run_goes_from_preparing_to_completed(working: Client) -> None:
    assert (working.glance()["status"], statuses(working)) == ("running", ["running"])
    working.server.agent_finishes("t-1", "Done.")

    thread, run = working.glance(), working.projection()["runs"][0]
    assert (thread["status"], thread["activeRunId"], thread["latestRunId"]) == ("completed", None, run["id"])
    assert thread["latestRunCompletedAt"] == run["completedAt"]
    assert (thread["latestVisibleMessage"]["role"], thread["latestVisibleMessage"]["text"]) == ("assistant", "Done.")


def test_idle_thread_has_no_run(t3_v2: Client) -> None:
    thread = t3_v2.glance()

    assert (thread["status"], thread["latestRunId"], thread["activeRunId"]) == ("idle", None, None)
    assert thread["pendingRuntimeRequest"] is None


@pytest.mark.parametrize("starts", [True, False], ids=["while-running", "at-start"])
def test_failed_run_shows_its_error(t3_v2: Client, starts: bool) -> None:
    t3_v2.did_v2(MESSAGE_V2)
    if starts:
        t3_v2.server.agent_starts("t-1")
        t3_v2.server.agent_fails("t-1", "overloaded")
    else:
        t3_v2.server.provider_fails_to_start("t-1", "overloaded")

    thread = t3_v2.glance()
    assert (thread["status"], thread["lastError"], thread["lastErrorClass"]) == (
        "failed",
        "overloaded",
        "provider_error",
    )
    item = t3_v2.projection()["turnItems"][-1]
    assert (item["type"], item["failure"]["message"]) == ("error", "overloaded")


@pytest.mark.parametrize(
    ("changes", "runs", "intents"),
    [
        pytest.param({}, ["running"], ["turn_start", "steer"], id="auto-steers"),
        pytest.param({"deliveryIntent": None}, ["running"], ["turn_start", "steer"], id="no-intent-steers"),
        pytest.param({"deliveryIntent": "steer"}, ["running"], ["turn_start", "steer"], id="steer"),
        pytest.param(
            {"deliveryIntent": "restart"},
            ["interrupted", "preparing"],
            ["turn_start", "turn_start"],
            id="restart",
        ),
        pytest.param(
            {"dispatchMode": {"type": "queue_after_active"}},
            ["running", "queued"],
            ["turn_start", "queued_turn"],
            id="queue",
        ),
    ],
)
def test_message_to_a_busy_thread_is_delivered_as_it_says(
    working: Client, changes: dict[str, Any], runs: list[str], intents: list[str]
) -> None:
    say(working, 2, **changes)

    assert statuses(working) == runs
    said = [item for item in working.projection()["turnItems"] if item["type"] == "user_message"]
    assert [item["inputIntent"] for item in said] == intents


def test_steered_message_names_the_run_it_went_into(working: Client) -> None:
    run = active(working)
    say(working, 2, dispatchMode={"type": "steer_active", "targetRunId": run})

    assert [message["runId"] for message in working.projection()["messages"]] == [run, run]


@pytest.mark.parametrize("mode", ["steer_active", "restart_active"])
def test_target_that_is_not_active_is_refused(working: Client, mode: str) -> None:
    message = working.refused(
        MESSAGE_V2, commandId="c-2", messageId="m-2", dispatchMode={"type": mode, "targetRunId": "run-gone"}
    )

    assert "Run 'run-gone' is not active" in message
    assert [said.id for said in working.server.messages("t-1")] == ["m-1"]


def test_restart_ends_the_named_run_and_begins_another(working: Client) -> None:
    say(working, 2, dispatchMode={"type": "restart_active", "targetRunId": active(working)})

    assert statuses(working) == ["interrupted", "preparing"]


def test_queued_run_takes_its_turn_when_the_one_before_it_ends(serve: Callable[..., Client]) -> None:
    client = serve(protocol=2, auto_start=True)
    client.set_up_v2()
    say(client, 1)
    say(client, 2, dispatchMode={"type": "queue_after_active"})
    assert statuses(client) == ["running", "queued"]

    client.server.agent_finishes("t-1")

    assert statuses(client) == ["completed", "running"]


def test_deferred_start_waits(serve: Callable[..., Client]) -> None:
    client = serve(protocol=2, auto_start=True)
    client.set_up_v2()
    say(client, 1, dispatchMode={"type": "defer_start"})

    assert statuses(client) == ["preparing"]


def test_usage_stands_on_the_provider_turn(working: Client) -> None:
    working.server.agent_uses_tokens("t-1", 35_000, inputTokens=34_000, outputTokens=1_000)

    projection = working.projection()
    usage = projection["providerTurns"][0]["tokenUsage"]
    assert without(usage, "updatedAt") == {
        "usedTokens": 35_000,
        "maxTokens": 200_000,
        "inputTokens": 34_000,
        "outputTokens": 1_000,
    }
    assert projection["attempts"][0]["providerTurnId"] == projection["providerTurns"][0]["id"]
    assert projection["attempts"][0]["runId"] == projection["runs"][0]["id"]


# Interrupts


def interrupt(client: Client, run: str, name: str = "c-stop") -> dict[str, Any]:
    return {"type": "run.interrupt", "commandId": name, **TO_THREAD, "runId": run, "reason": "budget"}


def test_interrupted_run_ends_interrupted(working: Client) -> None:
    working.did_v2(interrupt(working, active(working)))

    assert (statuses(working), working.glance()["status"]) == (["interrupted"], "interrupted")


def test_run_goes_on_until_the_agent_obeys(serve: Callable[..., Client]) -> None:
    client = serve(protocol=2, quirks=Quirks(obeys_interrupts=False))
    client.set_up_v2()
    say(client, 1)
    client.server.agent_starts("t-1")
    client.did_v2(interrupt(client, active(client)))
    assert statuses(client) == ["running"]

    client.server.agent_stops("t-1")

    assert statuses(client) == ["interrupted"]


@pytest.mark.parametrize("mode", ["start_immediately", "queue_after_active"])
def test_run_that_never_started_is_cancelled(t3_v2: Client, mode: str) -> None:
    if mode == "queue_after_active":
        say(t3_v2, 1)
        t3_v2.server.agent_starts("t-1")
    say(t3_v2, 2, dispatchMode={"type": mode})

    t3_v2.did_v2(interrupt(t3_v2, t3_v2.projection()["runs"][-1]["id"]))

    assert statuses(t3_v2)[-1] == "cancelled"


def test_ended_or_unknown_run_cannot_be_interrupted(working: Client) -> None:
    run = active(working)
    working.server.agent_finishes("t-1")

    assert f"Run '{run}' is completed" in working.refused(interrupt(working, run))
    assert "does not exist" in working.refused(interrupt(working, "run-gone", "c-2"))


def test_detached_session_interrupts_its_run(working: Client) -> None:
    session = working.projection()["providerSessions"][0]["id"]
    detach = {"type": "provider-session.detach", "commandId": "c-2", **TO_THREAD, "providerSessionId": session}
    assert "does not exist" in working.refused(detach, commandId="c-3", providerSessionId="gone")
    working.did_v2(detach)

    assert statuses(working) == ["interrupted"]
    assert working.projection()["providerSessions"][0]["status"] == "stopped"


# Requests

RESPOND = {"type": "runtime-request.respond", "commandId": "c-answer", **TO_THREAD}


def test_question_is_answered_by_its_id(working: Client) -> None:
    request = working.server.agent_asks("t-1", QUESTION)

    thread = working.glance()
    assert (thread["status"], thread["pendingRuntimeRequest"]["id"]) == ("running", request)
    assert thread["pendingRuntimeRequest"]["kind"] == "user_input"
    asked = next(item for item in working.projection()["turnItems"] if item["type"] == "user_input_request")
    assert (asked["requestId"], asked["questions"][0]["id"]) == (request, "q1")
    working.did_v2(RESPOND, requestId=request, answers={"q1": "Postgres"})

    assert working.glance()["pendingRuntimeRequest"] is None
    shown = working.projection()["runtimeRequests"][0]
    assert (shown["status"], shown["answers"]) == ("resolved", {"q1": "Postgres"})


def test_answer_by_text_is_refused_unless_the_build_wants_it(working: Client) -> None:
    request = working.server.agent_asks("t-1", QUESTION)
    answers = {"Which database?": "Postgres"}
    assert working.refused(RESPOND, requestId=request, answers=answers).endswith("No answer to: q1")
    assert working.glance()["pendingRuntimeRequest"]["id"] == request

    working.server.quirks.answer_key_v2 = AnswerKey.QUESTION
    working.did_v2(RESPOND, commandId="c-2", requestId=request, answers=answers)

    assert working.glance()["pendingRuntimeRequest"] is None


@pytest.mark.parametrize(
    ("response", "message"),
    [
        pytest.param({"requestId": "req-gone", "answers": {}}, "is not pending", id="unknown"),
        pytest.param({"decision": "accept"}, "needs answers", id="decision-for-a-question"),
    ],
)
def test_response_that_does_not_fit_is_refused(working: Client, response: dict[str, Any], message: str) -> None:
    request = working.server.agent_asks("t-1", QUESTION)

    assert message in working.refused(RESPOND, **{"requestId": request, **response})


def test_approval_has_its_kind_and_takes_a_decision(serve: Callable[..., Client]) -> None:
    client = serve(protocol=2)
    client.post("/api/projects/mutate", PROJECT_V2)
    client.did_v2(THREAD_V2, runtimeMode="approval-required")
    say(client, 1)
    client.server.agent_starts("t-1")
    request = client.server.agent_wants_approval("t-1", "file-change")
    assert client.glance()["pendingRuntimeRequest"]["kind"] == "file-change"

    client.did_v2(RESPOND, requestId=request, decision="decline")

    assert client.projection()["runtimeRequests"][0]["decision"] == "decline"
    assert "is not pending" in client.refused(RESPOND, commandId="c-2", requestId=request, decision="accept")


def test_requests_of_lost_sessions_expire_and_of_ended_runs_are_cancelled(working: Client) -> None:
    working.server.agent_asks("t-1", QUESTION)
    working.server.restart()
    say(working, 2)
    working.server.agent_starts("t-1")
    working.server.agent_asks("t-1", QUESTION)
    working.did_v2(interrupt(working, active(working)))

    assert [request["status"] for request in working.projection()["runtimeRequests"]] == ["expired", "cancelled"]
    assert statuses(working) == ["failed", "interrupted"]


# Threads


def test_archived_threads_are_listed_apart_and_still_run_messages(t3_v2: Client) -> None:
    t3_v2.did_v2({"type": "thread.archive", "commandId": "c-2", **TO_THREAD})
    shell = t3_v2.get("/api/orchestration/shell", **V2).json()
    assert (shell["threads"], [thread["id"] for thread in shell["archivedThreads"]]) == ([], ["t-1"])

    say(t3_v2, 3)
    t3_v2.server.agent_starts("t-1")

    shell = t3_v2.get("/api/orchestration/shell", **V2).json()
    assert [thread["status"] for thread in shell["archivedThreads"]] == ["running"]
    t3_v2.did_v2({"type": "thread.unarchive", "commandId": "c-4", **TO_THREAD})
    assert t3_v2.glance()["status"] == "running"


@pytest.mark.parametrize(
    ("command", "field", "value"),
    [
        ({"type": "thread.metadata.update", "title": "New"}, "title", "New"),
        ({"type": "thread.metadata.update", "branch": "afk/42"}, "branch", "afk/42"),
        ({"type": "thread.runtime-mode.set", "runtimeMode": "auto"}, "runtimeMode", "auto"),
        ({"type": "thread.interaction-mode.set", "interactionMode": "plan"}, "interactionMode", "plan"),
        (
            {"type": "thread.model-selection.set", "modelSelection": {**MODEL, "model": "claude-opus-4-8"}},
            "modelSelection",
            {**MODEL, "model": "claude-opus-4-8"},
        ),
    ],
    ids=["title", "branch", "runtime-mode", "interaction-mode", "model"],
)
def test_thread_is_changed_by_its_commands(t3_v2: Client, command: dict[str, Any], field: str, value: Any) -> None:
    t3_v2.did_v2(command, commandId="c-2", **TO_THREAD)

    assert t3_v2.glance()[field] == value


def test_unknown_thread_is_not_found_on_either_way(t3_v2: Client) -> None:
    answer = t3_v2.get("/api/orchestration/threads/t-9", **V2)
    exit_ = t3_v2.rpc("orchestration.getThreadProjection", {"threadId": "t-9"})

    assert (answer.status_code, answer.json()["reason"]) == (404, "thread_not_found")
    assert exit_["cause"][0]["error"]["_tag"] == "OrchestrationV2ThreadNotFoundError"


def test_projection_is_the_same_over_http_and_the_socket(working: Client) -> None:
    exit_ = working.rpc("orchestration.getThreadProjection", TO_THREAD)

    assert exit_["value"] == working.projection()


def test_bounded_read_has_no_older_history(working: Client) -> None:
    bounded = working.get("/api/orchestration/threads/t-1/bounded", **V2).json()
    history = working.get("/api/orchestration/threads/t-1/history?cursor=x", **V2).json()

    assert (bounded["hasMoreHistory"], bounded["historyCursor"]) == (False, None)
    assert bounded["projection"]["messages"][0]["id"] == "m-1"
    assert bounded["latestLocalTurnOrdinal"] == 0
    assert (history["items"], history["hasMoreHistory"]) == ([], False)


def test_plan_and_checkpoint_stand_in_the_projection(working: Client) -> None:
    working.server.agent_proposes_plan("t-1", "1. Write a test")
    working.server.agent_finishes("t-1")

    projection = working.projection()
    assert [(plan["kind"], plan["markdown"]) for plan in projection["plans"]] == [("proposed_plan", "1. Write a test")]
    assert [(it["status"], it["runId"]) for it in projection["checkpoints"]] == [("ready", projection["runs"][0]["id"])]
    assert working.glance()["hasActionableProposedPlan"] is True


# Launches


@pytest.fixture
def bare(serve: Callable[..., Client]) -> Client:
    client = serve(protocol=2, auto_start=True)
    client.post("/api/projects/mutate", PROJECT_V2)
    return client


def launch(client: Client, **changes: Any) -> Any:
    return client.rpc("orchestration.launchThread", {**LAUNCH, **changes})


def test_launch_makes_thread_worktree_and_run_once(bare: Client) -> None:
    first, again = launch(bare)["value"], launch(bare)["value"]

    assert (first["threadId"], first["resumed"], again["resumed"]) == ("t-1", False, True)
    thread = first["projection"]["thread"]
    assert thread["branch"] == "afk/42"
    assert thread["worktreePath"].startswith(ROOT)
    assert [run["status"] for run in again["projection"]["runs"]] == ["running"]
    assert again["projection"]["runs"][0]["userMessageId"] == "m-1"


@pytest.mark.parametrize(
    ("strategy", "path", "status"),
    [
        pytest.param({"type": "root"}, None, "running", id="root"),
        pytest.param({"type": "existing_worktree", "worktreePath": ROOT}, ROOT, "running", id="existing"),
        pytest.param({"type": "existing_worktree", "worktreePath": "/gone"}, "/gone", "failed", id="missing"),
    ],
)
def test_launch_uses_the_workspace_it_is_given(
    bare: Client, strategy: dict[str, str], path: str | None, status: str
) -> None:
    projection = launch(bare, workspaceStrategy=strategy)["value"]["projection"]

    assert projection["thread"]["worktreePath"] == path
    assert [run["status"] for run in projection["runs"]] == [status]


def test_launch_without_a_message_starts_nothing(bare: Client) -> None:
    assert launch(bare, initialMessage=None)["value"]["projection"]["runs"] == []


def test_launch_of_an_existing_thread_or_in_no_project_is_refused(bare: Client) -> None:
    launch(bare)

    for number, changes in enumerate(({"threadId": "t-1"}, {"threadId": "t-2", "projectId": "p-9"})):
        error = launch(bare, commandId=f"c-{number}", **changes)["cause"][0]["error"]
        assert (error["_tag"], error["commandId"]) == ("OrchestrationV2ThreadLaunchError", f"c-{number}")
    assert list(bare.server.threads) == ["t-1"]


# Upgrades


def test_upgrade_keeps_threads_and_loses_sessions_and_receipts(t3: Client) -> None:
    t3.did({**MESSAGE_V1, "commandId": "c-turn"})
    t3.server.agent_starts("t-1")
    before = t3.shell()["snapshotSequence"]
    t3.server.upgrade_to(2)

    told = t3.http.get("/.well-known/t3/environment").json()
    assert (told["serverVersion"], told["orchestrationProtocolVersion"]) == ("0.1.10", 2)
    assert t3.get("/api/orchestration/shell").status_code == 426
    assert t3.dispatch(MESSAGE_V1).status_code == 404
    shell = t3.get("/api/orchestration/shell", **V2).json()
    assert shell["snapshotSequence"] >= before
    assert [(thread["id"], thread["status"]) for thread in shell["threads"]] == [("t-1", "failed")]
    say(t3, 2, commandId="c-turn")
    t3.server.agent_starts("t-1")
    assert statuses(t3) == ["failed", "running"]


MESSAGE_V1 = {
    "type": "thread.turn.start",
    "commandId": "c-v1",
    "threadId": "t-1",
    "message": {"messageId": "m-1", "role": "user", "text": "Go", "attachments": []},
    "runtimeMode": "full-access",
    "interactionMode": "default",
    "createdAt": "2026-06-15T10:00:00.000Z",
}


def test_open_sockets_do_not_outlive_an_upgrade(t3: Client) -> None:
    with t3.socket() as socket:
        t3.server.upgrade_to(2)
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=5)


def test_story_cannot_start_a_run_that_nobody_asked_for(t3_v2: Client) -> None:
    with pytest.raises(Impossible, match="no turn that waits"):
        t3_v2.server.agent_starts("t-1")
