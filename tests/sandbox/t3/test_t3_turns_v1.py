"""The life of a turn as a poller of protocol 1 sees it (2.7 to 2.9, 3.4 to 3.6)."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.t3 import Impossible, Quirks
from tests.sandbox.t3.client import AT, PROJECT, ROOT, THREAD, TURN, Client

if TYPE_CHECKING:
    from collections.abc import Callable

TO_THREAD = {"threadId": "t-1", "createdAt": AT}
INTERRUPT = {"type": "thread.turn.interrupt", "commandId": "c-stop", **TO_THREAD}
ANSWER = {"type": "thread.user-input.respond", "commandId": "c-answer", **TO_THREAD}
APPROVE = {"type": "thread.approval.respond", "commandId": "c-approve", **TO_THREAD, "decision": "accept"}
QUESTION = {"Which database?": ["Postgres", "SQLite"]}


@pytest.fixture
def working(t3: Client) -> Client:
    """An agent is at work in the thread."""
    t3.did(TURN)
    t3.server.agent_starts("t-1")
    return t3


def switched(serve: Callable[..., Client], **quirks: Any) -> Client:
    client = serve(quirks=Quirks(**quirks))
    client.set_up()
    client.did(TURN)
    client.server.agent_starts("t-1")
    return client


def test_new_thread_has_neither_turn_nor_session(t3: Client) -> None:
    assert t3.latest() == (None, None)
    assert (t3.glance()["latestTurn"], t3.glance()["session"]) == (None, None)


def test_accepted_start_shows_only_its_message_until_the_provider_starts(t3: Client) -> None:
    sequence = t3.did(TURN)

    assert t3.latest() == (None, None)
    assert t3.shell()["snapshotSequence"] >= sequence
    assert [(m["id"], m["turnId"]) for m in t3.thread()["messages"]] == [("m-1", None)]
    assert t3.glance()["latestUserMessageAt"] is not None
    t3.server.provider_prepares("t-1")
    assert t3.latest() == (None, "starting")
    assert t3.glance()["session"]["activeTurnId"] is None
    turn_id = t3.server.agent_starts("t-1")
    assert t3.latest() == ("running", "running")
    assert t3.glance()["latestTurn"]["turnId"] == t3.glance()["session"]["activeTurnId"] == turn_id
    assert t3.glance()["latestTurn"]["completedAt"] is None


def test_turn_start_returns_the_sequence_of_its_second_event(t3: Client) -> None:
    before = t3.shell()["snapshotSequence"]

    assert t3.did(TURN) == before + 2


def test_second_turn_shows_the_first_as_completed_until_it_starts(working: Client) -> None:
    first = working.glance()["latestTurn"]["turnId"]
    working.server.agent_finishes("t-1", "Done.")
    working.follow_up(2)

    assert (working.glance()["latestTurn"]["turnId"], working.latest()) == (first, ("completed", "ready"))
    second = working.server.agent_starts("t-1")

    assert second != first
    assert (working.glance()["latestTurn"]["turnId"], working.latest()) == (second, ("running", "running"))


def test_reads_may_lag_behind_a_command(working: Client) -> None:
    working.server.next_reads_lag(2)
    before = working.shell()["snapshotSequence"]
    sequence = working.did({"type": "thread.meta.update", "commandId": "c-2", "threadId": "t-1", "title": "New"})

    reads = [working.shell() for _ in range(3)]

    assert [read["snapshotSequence"] for read in reads] == [before, before, sequence]
    assert [read["threads"][0]["title"] for read in reads] == ["#42 Fix flaky test", "#42 Fix flaky test", "New"]


def test_steer_brings_no_new_turn(working: Client) -> None:
    turn_id = working.glance()["latestTurn"]["turnId"]
    working.follow_up(2)

    assert working.glance()["latestTurn"]["turnId"] == turn_id
    assert len(working.server.turns("t-1")) == 1
    with pytest.raises(Impossible, match="no turn that waits"):
        working.server.agent_starts("t-1")
    working.server.agent_finishes("t-1")
    assert working.latest() == ("completed", "ready")


def test_finished_turn_has_its_message_checkpoint_and_times(working: Client) -> None:
    working.server.agent_finishes("t-1", "Done.")

    thread = working.thread()
    turn, said, checkpoint = thread["latestTurn"], thread["messages"][-1], thread["checkpoints"][0]
    assert (said["role"], said["text"], said["turnId"]) == ("assistant", "Done.", turn["turnId"])
    assert turn["assistantMessageId"] == said["id"]
    assert turn["requestedAt"] < turn["startedAt"] < turn["completedAt"]
    ref = base64.urlsafe_b64encode(b"t-1").decode().rstrip("=")
    assert checkpoint["checkpointRef"] == f"refs/t3/checkpoints/{ref}/turn/1"
    assert (checkpoint["status"], checkpoint["turnId"]) == ("ready", turn["turnId"])
    assert thread["session"]["activeTurnId"] is None


def test_failed_turn_leaves_its_error_on_the_session(working: Client) -> None:
    working.server.agent_fails("t-1", "usage limit reached")

    assert working.latest() == ("error", "error")
    assert working.glance()["session"]["lastError"] == "usage limit reached"
    assert working.kinds() == ["runtime.error"]


def test_next_turn_clears_the_error(working: Client) -> None:
    working.server.agent_fails("t-1", "overloaded")
    working.follow_up(2)
    assert working.latest() == ("error", "error")
    working.server.agent_starts("t-1")

    assert (working.latest(), working.glance()["session"]["lastError"]) == (("running", "running"), None)


@pytest.mark.parametrize("had_a_turn", [False, True])
def test_start_failure_leaves_the_turn_before_it_on_show(t3: Client, had_a_turn: bool) -> None:
    if had_a_turn:
        t3.follow_up(0)
        t3.server.agent_starts("t-1")
        t3.server.agent_finishes("t-1")
    t3.did(TURN)
    t3.server.provider_fails_to_start("t-1", "e" * 300)

    assert t3.latest() == ("completed" if had_a_turn else None, "error")
    failure = t3.thread()["activities"][-1]
    assert (failure["kind"], failure["tone"]) == ("provider.turn.start.failed", "error")
    assert failure["payload"] == {"messageId": "m-1", "detail": "e" * 180}
    assert t3.glance()["session"]["lastError"] == "e" * 300


IMAGE = {
    "type": "image",
    "name": "a.png",
    "mimeType": "image/png",
    "sizeBytes": 3,
    "dataUrl": "data:image/png;base64,AAAA",
}
UNSTARTABLE = {
    "text-too-long": ({"text": "x" * 120_001}, {}, {}, "Input exceeds 120000 characters"),
    "astral-text-too-long": ({"text": "\N{ROCKET}" * 60_001}, {}, {}, "Input exceeds 120000 characters"),
    "nine-attachments": ({"attachments": [IMAGE] * 9}, {}, {}, "More than 8 attachments"),
    "unknown-model": (
        {},
        {"modelSelection": {"instanceId": "claudeAgent", "model": "gpt"}},
        {},
        "Unknown model 'gpt' for provider instance 'claudeAgent'",
    ),
    "unknown-instance": (
        {},
        {"modelSelection": {"instanceId": "hal", "model": "9000"}},
        {},
        "Unknown provider instance 'hal'",
    ),
    "no-directory": ({}, {}, {"worktreePath": "/data/wt/42"}, "Working directory does not exist: /data/wt/42"),
}


@pytest.mark.parametrize(("message", "turn", "thread", "error"), UNSTARTABLE.values(), ids=UNSTARTABLE)
def test_what_dispatch_does_not_check_fails_in_the_provider(
    serve: Callable[..., Client], message: dict[str, Any], turn: dict[str, Any], thread: dict[str, Any], error: str
) -> None:
    client = serve()
    client.did(PROJECT)
    client.did(THREAD, **thread)
    client.did(TURN, message={**TURN["message"], **message}, **turn)  # type: ignore[dict-item]

    with pytest.raises(Impossible, match="use provider_reacts"):
        client.server.agent_starts("t-1")
    client.server.provider_reacts("t-1")

    assert client.glance()["session"]["lastError"] == error
    assert client.kinds() == ["provider.turn.start.failed"]


@pytest.mark.parametrize(
    ("message", "thread"),
    [
        pytest.param({"text": "x" * 120_000}, {}, id="longest-text"),
        pytest.param({"attachments": [IMAGE] * 8}, {}, id="eight-attachments"),
        pytest.param({}, {"worktreePath": f"{ROOT}/wt"}, id="worktree"),
    ],
)
def test_turn_at_the_limits_starts(
    serve: Callable[..., Client], message: dict[str, Any], thread: dict[str, Any]
) -> None:
    client = serve(auto_start=True)
    client.server.make_directory(f"{ROOT}/wt")
    client.did(PROJECT)
    client.did(THREAD, **thread)
    client.did(TURN, message={**TURN["message"], **message})  # type: ignore[dict-item]

    assert client.latest() == ("running", "running")


def test_provider_may_see_the_real_disk(serve: Callable[..., Client], tmp_path: Any) -> None:
    client = serve(auto_start=True, sees_disk=True)
    client.did(PROJECT, workspaceRoot=str(tmp_path), createWorkspaceRootIfMissing=False)
    client.did(THREAD)
    client.did(TURN)

    assert client.latest() == ("running", "running")


def test_provider_starts_by_itself_after_so_many_reads(serve: Callable[..., Client]) -> None:
    client = serve(auto_start=True, start_after_reads=3)
    client.set_up()
    client.did(TURN)

    assert [client.latest()[0] for _ in range(4)] == [None, None, None, "running"]


def test_modes_of_a_turn_are_ignored_and_its_model_is_kept(t3: Client) -> None:
    model = {"instanceId": "claudeAgent", "model": "claude-opus-4-8"}
    t3.did(TURN, runtimeMode="approval-required", interactionMode="plan", modelSelection=model)

    thread = t3.glance()
    assert (thread["runtimeMode"], thread["interactionMode"]) == ("full-access", "default")
    assert thread["modelSelection"] == model


def test_modes_of_a_thread_are_set_by_their_own_commands(t3: Client) -> None:
    t3.did({"type": "thread.runtime-mode.set", "commandId": "c-2", **TO_THREAD, "runtimeMode": "approval-required"})
    t3.did({"type": "thread.interaction-mode.set", "commandId": "c-3", **TO_THREAD, "interactionMode": "plan"})

    assert (t3.glance()["runtimeMode"], t3.glance()["interactionMode"]) == ("approval-required", "plan")


# Interrupts


def test_interrupt_with_its_turn_id_ends_interrupted(working: Client) -> None:
    working.did(INTERRUPT, turnId=working.glance()["latestTurn"]["turnId"])

    assert working.latest() == ("interrupted", "ready")


def test_interrupt_without_a_turn_id_surfaces_as_completed(working: Client) -> None:
    working.did(INTERRUPT)

    assert working.latest() == ("completed", "ready")


@pytest.mark.parametrize(
    ("with_turn", "at_once", "seen"),
    [
        pytest.param(True, True, ["interrupted", "interrupted"], id="shown-at-once"),
        pytest.param(True, False, ["running", "completed"], id="waits-for-the-provider"),
        pytest.param(False, True, ["running", "completed"], id="unnamed"),
    ],
)
def test_agent_that_does_not_obey_goes_on_until_it_stops(
    serve: Callable[..., Client], with_turn: bool, at_once: bool, seen: list[str]
) -> None:
    client = switched(serve, obeys_interrupts=False, interrupt_shows_at_once=at_once)
    named = {"turnId": client.glance()["latestTurn"]["turnId"]} if with_turn else {}
    client.did(INTERRUPT, **named)

    assert client.latest() == (seen[0], "running")
    client.server.agent_says("t-1", "Still here.")
    client.server.agent_stops("t-1")
    assert client.latest() == (seen[1], "ready")


def test_interrupted_agent_that_finishes_all_the_same_turns_completed(serve: Callable[..., Client]) -> None:
    """A checkpoint of a turn that no longer runs sets its state."""
    client = switched(serve, obeys_interrupts=False)
    client.did(INTERRUPT, turnId=client.glance()["latestTurn"]["turnId"])

    client.server.agent_finishes("t-1")

    assert client.latest() == ("completed", "ready")


@pytest.mark.parametrize(("status", "state"), [("ready", "completed"), ("missing", "interrupted"), ("error", "error")])
def test_late_checkpoint_decides_the_state_of_an_ended_turn(working: Client, status: str, state: str) -> None:
    working.server.agent_finishes("t-1", checkpoint=None)
    working.server.checkpoint_arrives("t-1", status)

    assert working.latest() == (state, "ready")


def test_interrupting_an_idle_thread_is_accepted_and_changes_nothing(t3: Client) -> None:
    t3.did(INTERRUPT, turnId="turn-gone")

    assert t3.latest() == (None, None)


def test_interrupt_of_an_older_turn_leaves_the_running_one(working: Client) -> None:
    working.did(INTERRUPT, turnId="turn-gone")

    assert working.latest() == ("running", "running")


def test_stopped_session_interrupts_its_turn(working: Client) -> None:
    working.did({"type": "thread.session.stop", "commandId": "c-2", **TO_THREAD})

    assert working.latest() == ("interrupted", "stopped")


def test_stop_only_if_settled_spares_a_running_turn(working: Client) -> None:
    working.did({"type": "thread.session.stop", "commandId": "c-2", **TO_THREAD, "onlyIfSettled": True})

    assert working.latest() == ("running", "running")


def test_archive_over_http_leaves_the_agent_at_work_and_over_the_socket_stops_it(t3: Client) -> None:
    t3.server.make_directory(ROOT)
    t3.did(THREAD, commandId="c-2", threadId="t-2")
    for name in ("t-1", "t-2"):
        t3.did(TURN, commandId=f"c-{name}", threadId=name)
        t3.server.agent_starts(name)

    t3.did({"type": "thread.archive", "commandId": "c-3", "threadId": "t-1"})
    assert t3.over_socket({"type": "thread.archive", "commandId": "c-4", "threadId": "t-2"})["_tag"] == "Success"

    states = {name: t3.thread(name)["session"]["status"] for name in ("t-1", "t-2")}
    assert states == {"t-1": "running", "t-2": "stopped"}


# Questions and approvals


def test_question_blocks_a_full_access_turn_until_its_text_is_answered(working: Client) -> None:
    request = working.server.agent_asks("t-1", QUESTION)

    assert (working.glance()["hasPendingUserInput"], working.glance()["hasPendingApprovals"]) == (True, False)
    assert working.latest() == ("running", "running")
    asked = working.thread()["activities"][-1]
    assert (asked["kind"], asked["tone"], asked["payload"]["requestId"]) == ("user-input.requested", "info", request)
    assert set(asked["payload"]["questions"][0]) == {"id", "header", "question", "options", "multiSelect"}
    with pytest.raises(Impossible, match="waits for an answer"):
        working.server.agent_finishes("t-1")

    working.did(ANSWER, requestId=request, answers={"Which database?": "Postgres"})

    assert working.glance()["hasPendingUserInput"] is False
    assert working.server.requests("t-1")[0].answers == {"Which database?": "Postgres"}
    assert working.thread()["activities"][-1]["kind"] == "user-input.resolved"
    working.server.agent_finishes("t-1")


@pytest.mark.parametrize("answers", [{"q1": "Postgres"}, {}, {"Which database?": ""}], ids=["by-id", "none", "empty"])
def test_answer_under_the_wrong_key_is_accepted_and_leaves_the_question(
    working: Client, answers: dict[str, str]
) -> None:
    request = working.server.agent_asks("t-1", QUESTION)

    working.did(ANSWER, requestId=request, answers=answers)

    assert working.glance()["hasPendingUserInput"] is True
    failure = working.thread()["activities"][-1]
    assert failure["kind"] == "provider.user-input.respond.failed"
    assert failure["payload"] == {"requestId": request, "detail": "No answer to: Which database?"}


def test_other_providers_want_the_questions_id(t3: Client) -> None:
    t3.did(TURN, modelSelection={"instanceId": "codex", "model": "gpt-5.5-codex"})
    t3.server.agent_starts("t-1")
    request = t3.server.agent_asks("t-1", QUESTION)

    t3.did(ANSWER, requestId=request, answers={"q1": "Postgres"})

    assert t3.glance()["hasPendingUserInput"] is False


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        pytest.param({**ANSWER, "answers": {}}, "provider.user-input.respond.failed", id="answer"),
        pytest.param(APPROVE, "provider.approval.respond.failed", id="approval"),
    ],
)
def test_unknown_request_is_accepted_and_fails_later(working: Client, command: dict[str, Any], kind: str) -> None:
    working.did(command, requestId="req-unknown")

    failure = working.thread()["activities"][-1]
    assert (failure["kind"], failure["tone"]) == (kind, "error")
    assert "req-unknown" in failure["payload"]["detail"]


def test_approval_blocks_where_access_is_not_full(serve: Callable[..., Client]) -> None:
    client = serve()
    client.did(PROJECT)
    client.did(THREAD, runtimeMode="approval-required")
    client.did(TURN)
    client.server.agent_starts("t-1")
    request = client.server.agent_wants_approval("t-1", detail="x" * 300)

    assert (client.glance()["hasPendingUserInput"], client.glance()["hasPendingApprovals"]) == (False, True)
    assert client.thread()["activities"][-1]["payload"] == {
        "requestId": request,
        "requestKind": "command",
        "requestType": "command_execution_approval",
        "detail": "x" * 180,
    }
    client.did(APPROVE, requestId=request)
    assert client.glance()["hasPendingApprovals"] is False
    assert client.thread()["activities"][-1]["payload"]["decision"] == "accept"


def test_full_access_needs_no_approval(working: Client) -> None:
    with pytest.raises(Impossible, match="full access"):
        working.server.agent_wants_approval("t-1")


def test_question_of_a_lost_session_stays_pending_until_an_answer_fails(working: Client) -> None:
    request = working.server.agent_asks("t-1", QUESTION)
    working.server.restart()
    assert working.glance()["hasPendingUserInput"] is True

    working.did(ANSWER, requestId=request, answers={"Which database?": "Postgres"})

    assert working.glance()["hasPendingUserInput"] is False
    assert "Stale" in working.thread()["activities"][-1]["payload"]["detail"]


# Sessions


def test_restart_marks_sessions_that_did_not_survive(working: Client) -> None:
    working.did(THREAD, commandId="c-2", threadId="t-2")
    working.did(TURN, commandId="c-3", threadId="t-2")
    working.server.agent_starts("t-2")
    working.server.restart(survivors=["t-2"])

    assert working.latest() == ("error", "error")
    assert working.glance()["session"]["lastError"] == "The server was restarted"
    assert working.glance("t-2")["session"]["status"] == "running"


def test_reaped_session_is_stopped_and_its_turn_stays_completed(working: Client) -> None:
    with pytest.raises(Impossible, match="no idle session"):
        working.server.session_reaped("t-1")
    working.server.agent_finishes("t-1")
    working.server.session_reaped("t-1")

    assert working.latest() == ("completed", "stopped")
    assert working.glance()["session"]["lastError"] is None


# Bootstrap

WORKTREE = {"projectCwd": ROOT, "baseBranch": "master", "branch": "afk/42"}
CREATE = {name: value for name, value in THREAD.items() if name not in ("type", "commandId", "threadId")}
BOOTSTRAP = {"createThread": CREATE, "prepareWorktree": WORKTREE}


def test_bootstrap_over_http_is_dropped_for_a_known_thread(t3: Client) -> None:
    t3.did(TURN, bootstrap={"prepareWorktree": WORKTREE})

    assert (t3.glance()["branch"], t3.glance()["worktreePath"]) == (None, None)


def test_bootstrap_over_http_is_refused_for_an_unknown_thread(t3: Client) -> None:
    assert t3.dispatch(TURN, threadId="t-2", bootstrap=BOOTSTRAP).status_code == 500
    assert list(t3.server.threads) == ["t-1"]


@pytest.mark.parametrize("over_socket", [True, False], ids=["socket", "late-http"])
def test_bootstrap_makes_thread_and_worktree_where_it_runs(serve: Callable[..., Client], over_socket: bool) -> None:
    client = serve(auto_start=True, quirks=Quirks(http_bootstrap=not over_socket))
    client.did(PROJECT)
    if over_socket:
        assert client.over_socket(TURN, bootstrap=BOOTSTRAP)["_tag"] == "Success"
    else:
        client.did(TURN, bootstrap=BOOTSTRAP)

    assert client.glance()["branch"] == "afk/42"
    assert client.glance()["worktreePath"].startswith(ROOT)
    assert client.latest() == ("running", "running")
