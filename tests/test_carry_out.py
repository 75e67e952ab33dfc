"""The effects of one run, one by one: what is recorded when, and what each kind of trouble leaves behind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afk.carry_out import Progress, carry_out
from afk.core.model import Labels, ThreadStatus
from afk.core.records import Change
from afk.core.run import Outcome, Reason
from afk.core.run_state_machine import TurnState
from afk.ports import Gone, PortError, Refused, Unexpected, Unreachable
from tests.house import ADA, INFRA_42, House

if TYPE_CHECKING:
    from afk.core.run import Run

LABELS = Labels()
DOWN = Unreachable("t3: nobody answers")
REFUSALS = [Refused("t3: no"), Unexpected("t3: what?")]


def carried(house: House, run: Run | None = None, turn: TurnState = TurnState.RUNNING, *, may: bool = True) -> Progress:
    """One pass over what is due, as a tick does it."""
    is_open = house.world.ticket(INFRA_42).is_open
    now = house.world.now()
    return carry_out(house.ports, house.config, run or house.run(), turn, is_open=is_open, may_start_turns=may, now=now)


def claimed(house: House) -> Run:
    """A run whose start has not begun: the executor was down."""
    house.world.t3_is_down()
    run = house.a_run()
    house.world.t3_is_down(down=False)
    return run


def ended(house: House, outcome: Outcome) -> Run:
    """The outcome is recorded; none of its effects has taken place."""
    run = house.a_run()
    over = {"outcome": outcome, "outcome_at": house.world.now(), "detail": "Why.", "reason": Reason.STALLED}
    changed = house.ledger.apply(Change(run, over))
    assert changed is not None
    return changed


def test_start_records_each_step_as_it_happens(house: House) -> None:
    progress = carried(house, claimed(house))

    assert progress.done == ["OpenThread", "AddLabel", "RemoveLabel", "MarkLabelled", "PutChecklist", "MarkStarted"]
    run = house.run()
    assert (run, run.turns[0].receipt, run.turns[0].sent_at) == (progress.run, "0", house.world.now())
    assert run.thread_url == f"https://t3.example/env/{run.thread_id}"
    assert run.comment_id == house.world.ticket(INFRA_42).remarks[0].id


@pytest.mark.parametrize("error", REFUSALS, ids=["refused", "unexpected"])
def test_refused_thread_is_tried_with_another_command_and_leaves_no_label(house: House, error: PortError) -> None:
    """A command id that the executor refused stays refused for ever."""
    run = claimed(house)
    house.world.troubles.refuse("executor.open", error)

    progress = carried(house, run)

    assert (progress.done, progress.troubles) == ([], [str(error)])
    assert (house.run().turns[0].tries, house.run().detail) == (1, str(error))
    assert house.labels() == {LABELS.ready}
    assert carried(house).run.started_at is not None


def test_thread_that_nobody_answered_about_is_asked_for_with_the_same_command(house: House) -> None:
    run = claimed(house)
    house.world.troubles.refuse("executor.open", DOWN)

    carried(house, run)

    assert (house.run().turns[0].tries, house.run().detail) == (0, "t3: nobody answers")


def test_same_reason_is_recorded_once(house: House) -> None:
    claimed(house)
    house.world.t3_is_down()
    first = carried(house).run.version

    assert carried(house).run.version == carried(house).run.version == first


@pytest.mark.parametrize("error", [*REFUSALS, DOWN, Gone("tracker: gone")], ids=["refused", "unexpected", "unreachable", "gone"])  # fmt: skip
def test_start_stops_at_the_first_step_that_fails(house: House, error: PortError) -> None:
    run = claimed(house)
    house.world.troubles.refuse("tracker.add_label", error)

    progress = carried(house, run)

    assert (progress.done, progress.troubles) == (["OpenThread"], [str(error)])
    assert house.world.ticket(INFRA_42).remarks == []


def test_run_of_a_repository_that_left_the_enrolment_opens_no_thread(house: House) -> None:
    run = claimed(house)
    house.config = replace(house.config, repos={})

    assert carried(house, run).troubles == ["infra#42: the repository is not enrolled any more"]
    assert house.world.threads == {}


def test_run_that_changed_since_it_was_read_is_left_alone(house: House) -> None:
    run = claimed(house)
    house.ledger.apply(Change(run, {"detail": "somebody else was here"}))

    progress = carried(house, run)

    assert progress.troubles == ["changed by another tick"]
    assert house.run().detail == "somebody else was here"


@pytest.mark.parametrize("error", [*REFUSALS, Gone("tracker: gone")], ids=["refused", "unexpected", "gone"])
def test_refused_effect_of_an_end_keeps_no_other_effect(house: House, error: PortError) -> None:
    run = ended(house, Outcome.FROZEN)
    house.world.troubles.refuse("tracker.put_comment", error)

    progress = carried(house, run, TurnState.ENDED)

    assert progress.troubles == [str(error)]
    assert house.labels() == {LABELS.ready, LABELS.human}


def test_end_waits_for_the_tracker_to_answer(house: House) -> None:
    run = ended(house, Outcome.FROZEN)
    house.world.troubles.refuse("tracker.add_label", DOWN)

    progress = carried(house, run, TurnState.ENDED)

    assert (progress.done, house.run().finished_at) == ([], None)
    assert LABELS.in_progress in house.labels()


def test_hand_over_to_people_does_not_wait_for_the_executor(house: House) -> None:
    run = ended(house, Outcome.NEEDS_HUMAN)
    house.world.t3_is_down()

    progress = carried(house, run)

    assert progress.troubles == ["executor.interrupt: nobody answers"]
    assert house.labels() == {LABELS.ready, LABELS.human}
    assert house.run().finished_at is None  # the agent may still push


def test_interruption_is_asked_for_once_per_turn(house: House) -> None:
    run = ended(house, Outcome.NEEDS_HUMAN)

    carried(house, run)
    carried(house)

    thread = house.world.thread_of(INFRA_42)
    assert thread.status is ThreadStatus.INTERRUPTED
    assert thread.interrupts == {f"{run.id}/interrupt/1"}


def test_end_is_marked_last(house: House) -> None:
    run = ended(house, Outcome.STOPPED)

    progress = carried(house, run, TurnState.INTERRUPTED)

    assert progress.done == ["AddLabel", "PutEnding", "RemoveLabel", "PutChecklist", "Finish"]
    assert progress.run.finished_at == house.world.now()


def test_ending_carries_its_marker_and_is_written_once(house: House) -> None:
    run = ended(house, Outcome.FROZEN)

    carried(house, run, TurnState.ENDED)
    carried(house, None, TurnState.ENDED)

    checklist, ending = house.world.ticket(INFRA_42).remarks
    assert ending.body.startswith(f"<!-- afk:ending:{run.id} -->\nAFK froze this run.")
    assert "AFK froze this run" in checklist.body
    assert ending.writes == 1


@pytest.mark.parametrize("error", REFUSALS, ids=["refused", "unexpected"])
def test_issue_that_cannot_be_closed_rings_for_a_person_after_a_while(house: House, error: PortError) -> None:
    house.a_run()
    house.world.ci_goes_green("infra", house.pushed_and_ended())
    house.world.troubles.refuse("tracker.close", error, times=9)
    house.watch()
    house.world.passes(seconds=899)
    assert carried(house, None, TurnState.ENDED).run.finished_at is None

    house.world.passes(seconds=1)
    run = carried(house, None, TurnState.ENDED).run
    house.deliver()

    assert run.finished_at is not None
    assert (run.reason, run.detail) == (
        Reason.NOT_CLOSED,
        f"CI is green, but the issue could not be closed: {error}. Please close it.",
    )
    assert [ring.card.why for ring in house.world.rings] == [run.detail]


def test_nothing_is_sent_while_turns_may_not_start(house: House) -> None:
    run = house.a_run()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.world.troubles.refuse("executor.send", DOWN)
    house.watch()
    assert house.run().unsent_turn is not None

    assert "SendTurn" not in carried(house, None, TurnState.ENDED, may=False).done
    assert "SendTurn" in carried(house, None, TurnState.ENDED).done
    assert house.run().last_turn.sent_at == house.world.now()
    assert run.thread_id == house.run().thread_id


def test_answer_goes_to_the_question_it_answers(house: House) -> None:
    house.a_run()
    house.world.agent_asks(INFRA_42, "Which region?", "eu", "us")
    house.watch()
    house.operations.say(INFRA_42, "eu", ADA, house.world.now(), "w1")

    house.watch()

    thread = house.world.thread_of(INFRA_42)
    assert ([text for _, text in thread.answers], thread.question) == (["eu"], None)
    assert len(thread.messages) == 1
