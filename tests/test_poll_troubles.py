"""A dispatch tick in trouble: whose it stays, what is left to the next tick, and that nothing happens twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from afk import poll
from afk.core.model import IssueRef, Labels
from afk.ports import PortError, Refused, Unexpected, Unreachable
from afk.report import Line
from tests.house import ADA, INFRA_42, House, a_repo
from tests.otherwise import tracker_does

if TYPE_CHECKING:
    from afk.core.model import Brief, Issue

LABELS = Labels()
DOWN = Unreachable("tracker: nobody answers")


def codes(house: House) -> dict[str, str]:
    return {str(each.ref): each.code for each in house.ledger.decisions()}


def why(house: House, ref: IssueRef = INFRA_42) -> str:
    return next(f"{each.code}: {each.detail}" for each in house.ledger.decisions() if each.ref == ref)


def two_repos() -> House:
    house = House.ready(a_repo("infra"), a_repo("web"))
    house.an_issue(INFRA_42)
    house.an_issue(IssueRef("web", 7))
    return house


ERRORS = [DOWN, Refused("tracker: 403"), Unexpected("tracker: 500")]


@pytest.mark.parametrize("error", ERRORS, ids=["unreachable", "refused", "unexpected"])
def test_defect_31_one_repositorys_trouble_is_its_own(error: PortError) -> None:
    house = two_repos()
    tracker = house.ports.tracker
    tracker_does(house, boards=lambda repos: {**tracker.boards(repos), "infra": error})
    report = house.poll()

    assert [str(run.ref) for run in house.ledger.live()] == ["web#7"]
    assert report.troubles == [Line("infra", "could-not-ask", str(error))]


def test_decisions_of_a_repository_that_could_not_be_asked_stay() -> None:
    house = two_repos()
    house.world.set_label(house.world.ticket(INFRA_42), LABELS.human, actor="ada", added=True)
    house.poll()
    tracker = house.ports.tracker
    tracker_does(house, boards=lambda repos: {**tracker.boards(repos), "infra": DOWN})
    house.poll()

    assert codes(house)["infra#42"] == "human-label"


@pytest.mark.parametrize("call", ["tracker.boards", "tracker.vet", "tracker.brief"])
def test_could_not_ask_skips_this_tick_only(house: House, call: str) -> None:
    house.an_issue()
    house.world.troubles.refuse(call, DOWN)

    first = house.poll()
    assert house.world.threads == {}
    assert "tracker: nobody answers" in str([*first.troubles, *first.waiting])

    house.poll()
    assert len(house.world.threads) == 1


def test_defect_35_report_says_until_when_the_tracker_holds_us_off(house: House) -> None:
    until = house.world.now() + timedelta(minutes=10)
    house.world.troubles.refuse("tracker.boards", Unreachable("tracker: rate limit", until))

    assert house.poll().held_until == until


def test_executor_that_is_down_leaves_the_start_to_a_later_tick(house: House) -> None:
    house.an_issue()
    house.world.t3_is_down()

    report = house.poll()
    assert (why(house), house.labels()) == ("start-failed: infra", {LABELS.ready})
    assert report.troubles == [Line("infra#42", "start-failed", "executor.open: nobody answers")]

    house.world.t3_is_down(down=False)
    report = house.poll()
    assert [line.what for line in report.done] == ["started"]
    assert len(house.ledger.history(INFRA_42, 10)) == len(house.world.threads) == 1


@pytest.mark.parametrize("call", ["tracker.add_label", "tracker.remove_label", "tracker.put_comment"])
@pytest.mark.parametrize("error", ERRORS, ids=["unreachable", "refused", "unexpected"])
def test_defect_15_failed_label_writes_leave_one_thread(house: House, call: str, error: PortError) -> None:
    """Three ticks fail to write; the fourth completes the start with the thread that is there."""
    house.an_issue()
    house.world.troubles.refuse(call, error, times=3)

    for _ in range(3):
        house.poll()
        assert house.run().started_at is None
    house.poll()

    assert house.run().started_at is not None
    assert len(house.world.threads) == 1
    assert len(house.world.thread_of(INFRA_42).messages) == 1
    assert len(house.world.ticket(INFRA_42).remarks) == 1


@pytest.mark.parametrize("call", ["executor.open", "tracker.add_label", "tracker.put_comment"])
def test_defect_15_lost_reply_in_a_start_repeats_nothing(house: House, call: str) -> None:
    house.an_issue()
    house.world.reply_is_lost(call)

    house.poll()
    house.poll()

    assert len(house.world.threads) == len(house.world.ticket(INFRA_42).remarks) == 1
    assert len(house.world.thread_of(INFRA_42).messages) == 1


def test_defect_15_overlapping_ticks_start_one_agent(house: House) -> None:
    """The second tick runs from its beginning to its end inside the first one's look at the task."""
    house.an_issue()
    tracker, overlapped = house.ports.tracker, house.ports

    def brief(issue: Issue) -> Brief:
        poll.tick(overlapped, house.config, house.world.now())
        return tracker.brief(issue)

    tracker_does(house, brief=brief)
    report = house.poll()

    assert len(house.world.threads) == len(house.ledger.history(None, 10)) == 1
    assert [line.what for line in report.waiting] == ["repository-busy"]


def test_killed_between_two_ticks_a_claimed_run_does_not_start(house: House) -> None:
    """Defect 16: the claim is no licence."""
    house.an_issue()
    house.world.t3_is_down()
    house.poll()
    house.world.t3_is_down(down=False)
    house.operations.kill(ADA, house.world.now(), "k")

    house.poll()
    house.watch()

    assert house.world.threads == {}
