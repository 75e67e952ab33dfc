"""A drive tick in trouble: whose it stays, and that nobody is escalated for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afk.core.model import IssueRef, StageKind, Thread, ThreadStatus
from afk.core.run import Outcome, Reason
from afk.ports import Gone, Refused, Unexpected, Unreachable
from afk.report import Line
from tests.house import INFRA_42, House
from tests.otherwise import executor_does, stages_read, tracker_does
from tests.runs import running

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.ports import PortError, Watched

WEB_7 = IssueRef("web", 7)
DOWN = Unreachable("tracker: nobody answers")


def test_defect_31_one_runs_bug_is_its_own() -> None:
    house = running("infra", "web")
    executor = house.ports.executor

    def fleet(watched: Sequence[Watched]) -> Mapping[str, Thread]:
        found = dict(executor.fleet(watched))
        broken = house.run(IssueRef("infra", 7)).thread_id
        found[broken] = replace(found[broken], active_at=None)
        return found

    executor_does(house, fleet=fleet)
    house.world.ci_goes_green("web", house.pushed_and_ended(WEB_7))
    report = house.watch()

    assert [(line.subject, line.what) for line in report.troubles] == [("infra#7", "bug")]
    assert house.run(WEB_7).outcome is Outcome.DONE


def test_defect_31_one_repositorys_tracker_error_is_its_own() -> None:
    house = running("infra", "web")
    tracker = house.ports.tracker
    tracker_does(house, track=lambda asks: {**tracker.track(asks), IssueRef("infra", 7): DOWN})
    for name in ("infra", "web"):
        house.world.ci_goes_green(name, house.pushed_and_ended(IssueRef(name, 7)))
    report = house.watch()

    assert report.troubles == [Line("infra#7", "unreachable", "tracker: nobody answers")]
    assert [house.run(IssueRef(name, 7)).outcome for name in ("infra", "web")] == [None, Outcome.DONE]
    assert house.run(IssueRef("infra", 7)).reason is Reason.UNREACHABLE


def test_one_repositorys_ci_error_is_its_own() -> None:
    house = running("infra", "web")
    stage = house.ports.stages[StageKind.CHECKS]
    stages_read(house, lambda asks: {**stage.read(asks), "infra": Unexpected("checks: 500")})
    for name in ("infra", "web"):
        house.world.ci_goes_green(name, house.pushed_and_ended(IssueRef(name, 7)))
    report = house.watch()

    assert report.troubles == [Line("infra", "unreachable", "checks: 500")]
    assert [house.run(IssueRef(name, 7)).outcome for name in ("infra", "web")] == [None, Outcome.DONE]


@pytest.mark.parametrize("system", ["tracker", "executor", "stage"])
def test_system_that_is_down_is_one_line_and_nobody_is_escalated(system: str) -> None:
    """The successor's defect 8: a failed read was taken for a dead job."""
    house = running("infra", "web")
    for name in ("infra", "web"):
        house.pushed_and_ended(IssueRef(name, 7))
    house.watch()
    house.world.troubles.down.add(system)

    report = house.watch(3)

    assert [line.what for line in report.troubles] == ["unreachable"]
    assert [run.outcome for run in house.ledger.live()] == [None, None]


def test_thread_body_that_cannot_be_read_costs_nothing_but_that(house: House) -> None:
    house.a_run()
    house.world.troubles.refuse("executor.transcript", Unexpected("t3: 500"))

    report = house.watch()
    assert report.troubles == [Line(house.run().thread_id, "unreadable", "t3: 500")]

    house.world.agent_says(INFRA_42, "AFK-Phase: worktree ../wt")
    house.watch()
    assert [each.phase for each in house.run().evidence] == ["worktree"]


def test_run_that_another_tick_holds_is_left_to_it(house: House) -> None:
    run = house.a_run()
    house.push()

    with house.ledger.hold(f"run:{run.id}"):
        report = house.watch()

    assert report.waiting == [Line("infra#42", "held", "another tick has it")]
    assert house.run().commit == ""


def test_issue_that_is_gone_stops_the_run_and_frees_the_repository(house: House) -> None:
    house.a_run()
    house.world.issue_vanishes(INFRA_42)

    report = house.watch(2)

    assert report.troubles == []
    run = house.run()
    assert (run.outcome, run.reason) == (Outcome.STOPPED, Reason.ISSUE_GONE)
    assert run.finished_at is not None
    assert house.world.thread_of(INFRA_42).status is ThreadStatus.INTERRUPTED


@pytest.mark.parametrize("error", [Gone("tracker: comment is gone"), Refused("tracker: 403"), DOWN], ids=["gone", "refused", "unreachable"])  # fmt: skip
def test_checklist_that_cannot_be_written_is_written_later(house: House, error: PortError) -> None:
    house.a_run()
    house.push()
    house.world.troubles.refuse("tracker.put_comment", error)

    report = house.watch()
    assert report.troubles == [Line("infra#42", "trouble", str(error))]

    house.watch()
    assert "- [x] Pushed" in house.world.ticket(INFRA_42).remarks[0].body
