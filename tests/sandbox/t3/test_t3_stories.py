"""The same verbs tell the same story on either protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.t3 import Impossible
from tests.sandbox.t3.client import MESSAGE_V2, TURN, V2, Client

if TYPE_CHECKING:
    from collections.abc import Callable

QUESTION = {"Which database?": ["Postgres", "SQLite"]}


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def t3(request: pytest.FixtureRequest, serve: Callable[..., Client]) -> Client:
    client = serve(protocol=request.param)
    client.set_up() if request.param == 1 else client.set_up_v2()
    return client


def start(t3: Client, number: int = 1) -> None:
    if t3.server.protocol == 1:
        t3.follow_up(number)
    else:
        t3.did_v2(MESSAGE_V2, commandId=f"c-turn-{number}", messageId=f"m-{number}", text=f"Turn {number}")


def seen(t3: Client) -> tuple[Any, bool]:
    """The state of the latest turn in protocol 2's words, and whether a question waits."""
    thread = t3.glance()
    if t3.server.protocol == 2:
        return thread["status"], thread["pendingRuntimeRequest"] is not None
    state = (thread["latestTurn"] or {"state": "idle"})["state"]
    return {"error": "failed"}.get(state, state), thread["hasPendingUserInput"]


def texts(t3: Client) -> list[str]:
    messages = t3.thread()["messages"] if t3.server.protocol == 1 else t3.projection()["messages"]
    return [message["text"] for message in messages]


def test_question_answered_by_a_person_and_a_second_turn(t3: Client) -> None:
    start(t3)
    t3.server.agent_starts("t-1")
    t3.server.agent_says("t-1", "Looking.")
    request = t3.server.agent_asks("t-1", QUESTION)
    assert seen(t3) == ("running", True)
    t3.server.person_answers("t-1", request, {"Which database?": "Postgres"})
    assert seen(t3) == ("running", False)
    t3.server.agent_finishes("t-1", "Done.")
    assert seen(t3) == ("completed", False)
    start(t3, 2)
    t3.server.agent_starts("t-1")
    t3.server.agent_fails("t-1", "overloaded")

    assert seen(t3) == ("failed", False)
    assert texts(t3) == ["Turn 1", "Looking.", "Done.", "Turn 2"]
    assert [turn.status for turn in t3.server.turns("t-1")] == ["completed", "failed"]


def test_person_steers_and_then_interrupts(t3: Client) -> None:
    start(t3)
    t3.server.agent_starts("t-1")
    t3.server.person_says("t-1", "Use Postgres.")
    t3.server.person_interrupts("t-1")

    assert seen(t3) == ("interrupted", False)
    assert len(t3.server.turns("t-1")) == 1
    assert texts(t3) == ["Turn 1", "Use Postgres."]


def test_person_begins_a_turn_in_an_idle_thread(t3: Client) -> None:
    t3.server.person_says("t-1", "Carry on.")
    t3.server.agent_starts("t-1")

    assert seen(t3) == ("running", False)
    assert not any(command.type.endswith(("start", "dispatch")) for command in t3.server.commands)


def test_archived_thread_leaves_the_shell_and_can_be_read(t3: Client) -> None:
    t3.server.person_archives("t-1")

    assert t3.glance() is None
    assert t3.get("/api/orchestration/threads/t-1", **V2).status_code == 200


def test_vanished_thread_is_nowhere(t3: Client) -> None:
    start(t3)
    t3.server.agent_starts("t-1")
    t3.server.thread_vanishes("t-1")

    assert t3.glance() is None
    assert t3.get("/api/orchestration/threads/t-1", **V2).status_code == 404
    assert t3.server.threads["t-1"].deleted_at is not None
    with pytest.raises(Impossible, match="no thread t-1"):
        t3.server.agent_says("t-1", "Hello?")


def test_restart_fails_what_ran(t3: Client) -> None:
    start(t3)
    t3.server.agent_starts("t-1")
    t3.server.restart()

    assert seen(t3) == ("failed", False)


def test_reaped_session_is_no_failure(t3: Client) -> None:
    start(t3)
    t3.server.agent_starts("t-1")
    t3.server.agent_finishes("t-1")
    t3.server.session_reaped("t-1")

    assert seen(t3) == ("completed", False)
    start(t3, 2)
    t3.server.agent_starts("t-1")
    assert seen(t3) == ("running", False)


def test_reads_may_lag(t3: Client) -> None:
    t3.server.next_reads_lag(1)
    start(t3)

    lagging = len(texts(t3))

    assert (lagging, len(texts(t3))) == (0, 1)


@pytest.mark.parametrize("protocol", [1, 2])
def test_provider_that_starts_by_itself(serve: Callable[..., Client], protocol: int) -> None:
    client = serve(protocol=protocol, auto_start=True)
    client.set_up() if protocol == 1 else client.set_up_v2()
    start(client)

    assert seen(client) == ("running", False)


@pytest.mark.parametrize(
    "verb",
    ["agent_says", "agent_fails", "agent_stops", "agent_finishes", "agent_proposes_plan", "agent_asks"],
)
def test_agent_cannot_act_before_it_has_started(t3: Client, verb: str) -> None:
    start(t3)
    more: dict[str, list[Any]] = {"agent_says": ["Hi"], "agent_proposes_plan": ["1."], "agent_asks": [QUESTION]}

    with pytest.raises(Impossible, match="no agent is at work"):
        getattr(t3.server, verb)("t-1", *more.get(verb, []))


def test_nobody_answers_what_was_not_asked(t3: Client) -> None:
    start(t3)
    t3.server.agent_starts("t-1")
    request = t3.server.agent_asks("t-1", QUESTION)

    for name, answers in ((request, {"Which colour?": "Red"}), ("req-gone", {"Which database?": "Postgres"})):
        with pytest.raises(Impossible, match="nobody asks"):
            t3.server.person_answers("t-1", name, answers)


def test_checkpoint_needs_a_turn(t3: Client) -> None:
    with pytest.raises(Impossible, match="never started"):
        t3.server.checkpoint_arrives("t-1")


def test_commands_are_listed_in_order_once(t3: Client) -> None:
    start(t3)
    start(t3)

    listed = [(command.type, command.command_id) for command in t3.server.commands]

    last = TURN["type"] if t3.server.protocol == 1 else "message.dispatch"
    assert listed == [("project.create", "c-project"), ("thread.create", "c-thread"), (last, "c-turn-1")]
