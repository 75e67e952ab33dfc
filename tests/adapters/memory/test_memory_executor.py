"""The executor, the CI and the channel of the world in memory, and what can go wrong on the way to them."""

from __future__ import annotations

import pytest

from afk.adapters.memory import World
from afk.core.doorbell import Card
from afk.core.model import CommitAsk, IssueRef, StageKind, StageState, Thread, ThreadStatus
from afk.core.records import DoorbellKind
from afk.ports import Gone, Refused, ThreadOrder, TurnOrder, Uncertain, Unreachable, Watched
from tests.house import a_repo

REF = IssueRef("infra", 42)
ORDER = ThreadOrder("t", a_repo(), "infra#42 Rotate", "m1", "Do it.")


@pytest.fixture
def world() -> World:
    world = World()
    world.enrol(a_repo(), "ada")
    world.open_issue(REF)
    return world


def seen(world: World, message: str = "m1") -> Thread | None:
    return world.executor.fleet([Watched("t", message, None, "", world.now())]).get("t")


def status(world: World, message: str = "m1") -> ThreadStatus:
    thread = seen(world, message)
    assert thread is not None
    return thread.status


def test_same_order_twice_opens_one_thread_with_one_message(world: World) -> None:
    assert world.executor.open(ORDER) == world.executor.open(ORDER)

    (thread,) = world.threads.values()
    assert [message.text for message in thread.messages] == ["Do it."]
    assert status(world) is ThreadStatus.RUNNING


def test_agent_that_has_not_begun_is_starting(world: World) -> None:
    world.agents_start_at_once = False
    world.executor.open(ORDER)
    assert (status(world), seen(world).turn) == (ThreadStatus.STARTING, None)

    world.agent_starts(world.threads["t"])
    assert (status(world), seen(world).turn) == (ThreadStatus.RUNNING, "t/t1")


def test_message_into_a_running_turn_opens_none(world: World) -> None:
    world.executor.open(ORDER)
    world.executor.send(TurnOrder("t", "m2", "Also this."))

    assert (world.threads["t"].turns, status(world, "m1")) == (1, ThreadStatus.RUNNING)


def test_message_after_the_end_opens_a_turn_and_the_old_end_is_not_its_end(world: World) -> None:
    """Between the order and the agent's start the executor still shows the turn before."""
    world.executor.open(ORDER)
    world.agent_ends(REF)
    assert status(world) is ThreadStatus.ENDED
    world.agents_start_at_once = False
    world.executor.send(TurnOrder("t", "m2", "Correct it."))
    world.threads["t"].status = ThreadStatus.ENDED

    assert (status(world, "m1"), status(world, "m2")) == (ThreadStatus.ENDED, ThreadStatus.STARTING)


def test_thread_that_is_gone_is_missing_from_the_fleet_and_takes_nothing(world: World) -> None:
    world.executor.open(ORDER)
    world.thread_vanishes(REF)

    assert seen(world) is None
    with pytest.raises(Gone, match="thread t is gone"):
        world.executor.send(TurnOrder("t", "m2", "Hello?"))
    with pytest.raises(Gone, match="thread t is gone"):
        world.executor.transcript("t")


def test_revision_changes_with_the_content_and_only_then(world: World) -> None:
    world.executor.open(ORDER)
    before = seen(world).revision
    assert seen(world).revision == before

    world.passes(seconds=5)
    world.agent_says(REF, "Hello.")
    assert (seen(world).revision != before, seen(world).active_at) == (True, world.now())
    assert world.executor.transcript("t").messages == ("Hello.",)


def test_answer_ends_the_question_it_is_for_and_counts_once(world: World) -> None:
    world.executor.open(ORDER)
    world.agent_asks(REF, "Which region?", "eu", "us")
    question = world.executor.transcript("t").question
    assert (question.text, question.options, status(world)) == ("Which region?", ("eu", "us"), ThreadStatus.ASKING)

    world.executor.answer(TurnOrder("t", "m2", "eu"), "another question")
    assert status(world) is ThreadStatus.ASKING
    for _ in range(2):
        world.executor.answer(TurnOrder("t", "m3", "eu"), question.id)

    assert status(world) is ThreadStatus.RUNNING
    assert [text for _, text in world.threads["t"].answers] == ["eu", "eu"]


@pytest.mark.parametrize(
    ("turn", "after"),
    [("t/t1", ThreadStatus.INTERRUPTED), (None, ThreadStatus.INTERRUPTED), ("t/t9", ThreadStatus.RUNNING)],
    ids=["the running turn", "whichever runs", "another turn"],
)
def test_interruption_is_of_a_turn(world: World, turn: str | None, after: ThreadStatus) -> None:
    world.executor.open(ORDER)

    world.executor.interrupt("t", turn, "k")

    assert status(world) is after


def test_interruption_asked_for_twice_hits_one_turn(world: World) -> None:
    world.executor.open(ORDER)
    world.executor.interrupt("t", None, "k")
    world.executor.send(TurnOrder("t", "m2", "Go on."))

    world.executor.interrupt("t", None, "k")

    assert status(world, "m2") is ThreadStatus.RUNNING


def test_failure_carries_its_error_until_the_next_turn(world: World) -> None:
    world.executor.open(ORDER)
    world.agent_fails(REF, "out of memory")
    assert (status(world), seen(world).error) == (ThreadStatus.FAILED, "out of memory")

    world.executor.send(TurnOrder("t", "m2", "Again."))
    assert seen(world, "m2").error == ""


def test_stage_answers_about_the_commits_it_knows(world: World) -> None:
    sha, other = world.somebody_pushes("infra"), world.somebody_pushes("infra")
    world.ci_goes_red("infra", sha, "boom")

    answer = world.stages[StageKind.CHECKS].read([CommitAsk(a_repo(), (sha, other))])

    (reading,) = answer["infra"].values()
    assert (reading.state, reading.job, reading.errors) == (StageState.FAILURE, "test", ("boom",))
    assert world.stages[StageKind.WOODPECKER].read([CommitAsk(a_repo(), (sha,))]) == {"infra": {}}


def a_card(why: str) -> Card:
    return Card("k", DoorbellKind.ALARM, "", "Alarm", "", "", why, "")


def test_channel_finds_and_changes_what_it_sent(world: World) -> None:
    assert world.channel.find("k", world.now()) is None
    reference = world.channel.ring("k", a_card("one"))

    world.channel.update("k", reference, a_card("two"))

    assert world.channel.find("k", world.now()) == reference
    assert [(ring.card.why, ring.updates) for ring in world.rings] == [("two", 1)]
    with pytest.raises(Gone, match="m9 is gone"):
        world.channel.update("k", "m9", a_card("three"))


def test_system_that_is_down_does_nothing(world: World) -> None:
    world.t3_is_down()
    with pytest.raises(Unreachable, match=r"executor\.open: nobody answers"):
        world.executor.open(ORDER)

    world.t3_is_down(down=False)
    assert world.threads == {}
    assert world.troubles.calls == ["executor.open"]


def test_refused_call_does_nothing_as_often_as_it_was_said(world: World) -> None:
    world.troubles.refuse("executor.open", Refused("t3: no"), times=2)

    for _ in range(2):
        with pytest.raises(Refused):
            world.executor.open(ORDER)
    assert world.threads == {}
    world.executor.open(ORDER)
    assert len(world.threads) == 1


def test_lost_reply_comes_after_the_effect(world: World) -> None:
    world.reply_is_lost("executor.open")
    with pytest.raises(Unreachable):
        world.executor.open(ORDER)
    assert len(world.threads) == 1

    world.reply_is_lost("channel.ring")
    with pytest.raises(Uncertain):
        world.channel.ring("k", a_card("one"))
    assert len(world.rings) == 1
