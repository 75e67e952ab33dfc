"""Every wait of a run has an exit, at its limit and not before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afk.core.model import StageState, ThreadStatus
from afk.core.run import Outcome, Reason
from afk.ports import Refused, Unreachable
from tests.house import ADA, INFRA_42, House
from tests.otherwise import executor_does, tracker_does

if TYPE_CHECKING:
    from collections.abc import Callable


DOWN = Unreachable("tracker: nobody answers")


def t3_is_down(house: House) -> None:
    house.world.t3_is_down()


def tracker_is_down(house: House) -> None:
    tracker_does(house, track=lambda asks: {ask.ref: DOWN for ask in asks})


def unknown_word(house: House) -> None:
    house.world.thread_of(INFRA_42).status = ThreadStatus.UNKNOWN


def ci_says(state: StageState) -> Callable[[House], None]:
    def say(house: House) -> None:
        house.world.ci("infra", house.pushed_and_ended(), state)

    return say


def ci_is_down(house: House) -> None:
    house.pushed_and_ended()
    house.world.ci_is_down()


def red_and_killed(house: House) -> None:
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.operations.kill(ADA, house.world.now(), "k")


def green_under_a_turn_that_never_ends(house: House) -> None:
    house.world.ci_goes_green("infra", house.push())


def red_under_a_turn_that_never_ends(house: House) -> None:
    house.world.ci_goes_red("infra", house.push())


def left_the_enrolment(house: House) -> None:
    house.config = replace(house.config, repos={})


WAITS: list[tuple[str, Callable[[House], object], int, Outcome, Reason]] = [
    ("silent", lambda _: None, 1_800, Outcome.NEEDS_HUMAN, Reason.STALLED),
    ("executor down", t3_is_down, 86_400, Outcome.NEEDS_HUMAN, Reason.TIME_SPENT),
    ("tracker down", tracker_is_down, 86_400, Outcome.NEEDS_HUMAN, Reason.TIME_SPENT),
    ("unknown word", unknown_word, 1_800, Outcome.NEEDS_HUMAN, Reason.STALLED),
    ("asking", lambda house: house.world.agent_asks(INFRA_42, "Which?"), 14_400, Outcome.NEEDS_HUMAN, Reason.NO_ANSWER),
    *((f"CI {state}", ci_says(state), 3_600, Outcome.FROZEN, Reason.NO_VERDICT)
      for state in (StageState.PENDING, StageState.ABSENT, StageState.SUPERSEDED, StageState.BLOCKED, StageState.UNKNOWN)),
    ("CI down", ci_is_down, 3_600, Outcome.FROZEN, Reason.NO_VERDICT),
    ("red and killed", red_and_killed, 3_600, Outcome.FROZEN, Reason.CORRECTION_TIME_SPENT),
    ("green under a turn", green_under_a_turn_that_never_ends, 1_800, Outcome.DONE, Reason.GREEN),
    ("red under a turn", red_under_a_turn_that_never_ends, 1_800, Outcome.FROZEN, Reason.STILL_RUNNING),
    ("not enrolled any more", left_the_enrolment, 86_400, Outcome.NEEDS_HUMAN, Reason.TIME_SPENT),
]  # fmt: skip


@pytest.mark.parametrize(
    ("wait", "seconds", "outcome", "reason"), [row[1:] for row in WAITS], ids=[row[0] for row in WAITS]
)
def test_defect_19_every_wait_has_an_exit(
    house: House, wait: Callable[[House], object], seconds: int, outcome: Outcome, reason: Reason
) -> None:
    """Not before its limit, at its limit, with the state's name."""
    house.a_run()
    wait(house)
    house.watch()
    house.world.passes(seconds=seconds - 1)
    house.watch()
    assert house.run().outcome is None

    house.world.passes(seconds=1)
    house.watch()
    assert (house.run().outcome, house.run().reason) == (outcome, reason)


@pytest.mark.parametrize("wait", [row[1] for row in WAITS], ids=[row[0] for row in WAITS])
def test_defect_19_every_wait_frees_the_repository_in_the_end(house: House, wait: Callable[[House], object]) -> None:
    house.a_run()
    wait(house)

    for _ in range(4):
        house.world.passes(hours=12)
        house.watch()

    assert house.ledger.live() == ()
    at_work = house.world.thread_of(INFRA_42).status in {ThreadStatus.RUNNING, ThreadStatus.ASKING}
    assert at_work == (wait is t3_is_down)  # whom nobody can reach, nobody can interrupt


def test_agent_that_outlives_its_end_holds_the_repository_no_longer_than_the_deferral(house: House) -> None:
    """The executor takes the interruption and the agent works on: nobody else starts on its tree before."""
    house.a_run()
    executor_does(house, interrupt=lambda *_: None)
    house.operations.stop(INFRA_42, ADA, house.world.now(), "k")
    house.watch()
    house.world.passes(seconds=1_799)
    house.watch()
    assert house.run().finished_at is None

    house.world.passes(seconds=1)
    house.watch()
    assert house.run().finished_at is not None


def test_refused_effect_holds_the_end_a_while_and_not_for_ever(house: House) -> None:
    house.a_run()
    house.world.troubles.refuse("tracker.remove_label", Refused("tracker: 403"), times=99)
    house.operations.stop(INFRA_42, ADA, house.world.now(), "k")
    house.watch(2)
    assert (house.run().outcome, house.run().finished_at) == (Outcome.STOPPED, None)

    house.world.passes(seconds=900)
    house.watch()
    assert house.run().finished_at is not None
