"""One dispatch tick: what it asks when, and what starts in which steps."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afk.core.model import IssueRef, Labels
from afk.core.records import Entry, Via
from afk.report import Line
from tests.house import ADA, INFRA_42, House, a_repo
from tests.otherwise import executor_does

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.core.run import Run
    from afk.ports import ThreadOrder


LABELS = Labels()


def codes(house: House) -> dict[str, str]:
    return {str(each.ref): each.code for each in house.ledger.decisions()}


def calls(house: House) -> list[str]:
    return house.world.troubles.calls


def two_repos() -> House:
    house = House.ready(a_repo("infra"), a_repo("web"))
    house.an_issue(INFRA_42)
    house.an_issue(IssueRef("web", 7))
    return house


OFF: list[tuple[str, Callable[[House], object], str]] = [
    ("deployment switch", lambda house: house.deployment_switch(on=True), "off: AFK_KILL_SWITCH is on"),
    ("runtime switch", lambda house: house.operations.kill(ADA, house.world.now(), "k"), "off: killed by ada"),
    ("nothing armed", lambda house: house.operations.disarm("infra", ADA, house.world.now()), "quiet: no enrolled repository is armed"),
    ("nothing enrolled", lambda house: setattr(house, "config", replace(house.config, repos={})), "quiet: no enrolled repository is armed"),
]  # fmt: skip


@pytest.mark.parametrize(("turn_off", "summary"), [row[1:] for row in OFF], ids=[row[0] for row in OFF])
def test_tick_that_is_off_asks_nobody_anything(house: House, turn_off: Callable[[House], object], summary: str) -> None:
    house.an_issue()
    turn_off(house)

    report = house.poll()

    assert report.summary == summary
    assert calls(house) == []
    assert house.ledger.history(None, 10) == ()


def test_quiet_board_is_one_call(house: House) -> None:
    assert house.poll().summary == "nothing to do"
    assert calls(house) == ["tracker.boards"]


def test_defect_15_start_is_claim_then_thread_then_label_then_comment(house: House) -> None:
    house.an_issue()

    report = house.poll()

    assert calls(house) == [
        "tracker.boards", "tracker.vet", "tracker.brief", "executor.open",
        "tracker.add_label", "tracker.remove_label", "tracker.put_comment",
    ]  # fmt: skip
    run = house.run()
    assert report.done == [Line("infra#42", "started", f"{run.id} {run.thread_url}")]
    assert (report.waiting, report.troubles) == ([], [])
    assert run.started_at is not None
    assert house.labels() == {LABELS.ready, LABELS.in_progress}


def test_defect_3_run_is_in_the_ledger_before_its_thread_exists(house: House) -> None:
    house.an_issue()
    seen: list[Run] = []
    executor = house.ports.executor

    def open_thread(order: ThreadOrder) -> str:
        seen.extend(house.ledger.live())
        return executor.open(order)

    executor_does(house, open=open_thread)
    house.poll()

    (claimed, *_) = seen
    assert (claimed.ref, claimed.attempt, claimed.started_at) == (INFRA_42, 1, None)
    assert claimed.thread_id == house.world.thread_of(INFRA_42).id
    assert claimed.turns[0].text == house.world.thread_of(INFRA_42).messages[0].text


def test_start_is_audited_with_who_released_the_issue(house: House) -> None:
    run = house.a_run()

    assert house.ledger.audited(1)[0] == Entry(house.world.now(), "ada", Via.AFK, "start", "infra#42", run.id)


def test_defect_18_prompt_holds_the_task_and_nobody_elses_words(house: House) -> None:
    house.world.open_issue(INFRA_42, title="Rotate", body="The body.")
    house.world.person_comments(INFRA_42, "ada", "A writer's words.")
    house.world.person_comments(INFRA_42, "mallory", "A stranger's words.")
    house.world.label_ready(INFRA_42)
    house.poll()

    prompt = house.world.thread_of(INFRA_42).messages[0].text
    assert all(words in prompt for words in ("Rotate", "The body.", "A writer's words.", house.run().id))
    assert "A stranger's words." not in prompt


def test_one_start_per_repository_and_tick() -> None:
    house = two_repos()
    house.an_issue(IssueRef("infra", 41))
    house.an_issue(IssueRef("web", 9))

    house.poll()
    house.poll()

    assert {str(run.ref) for run in house.ledger.live()} == {"infra#41", "web#7"}
    assert codes(house) == {
        "infra#41": "repository-busy",
        "infra#42": "repository-busy",
        "web#7": "repository-busy",
        "web#9": "repository-busy",
    }


def test_who_waits_for_the_slot_is_told_for_whom(house: House) -> None:
    house.an_issue()
    house.an_issue(IssueRef("infra", 43))

    report = house.poll()

    assert report.waiting == [
        Line("infra#43", "after-a-more-urgent-issue", "infra#42 is more urgent and takes the repository's slot.")
    ]
    assert codes(house) == {"infra#42": "starts", "infra#43": "after-a-more-urgent-issue"}


def test_defect_32_oldest_of_many_starts(house: House) -> None:
    for number in range(300, 0, -1):
        house.an_issue(IssueRef("infra", number))

    house.poll()

    assert [run.ref.number for run in house.ledger.live()] == [1]
    assert len(codes(house)) == 300


def test_defect_34_a_hundred_repositories_cost_no_more_calls_than_one() -> None:
    """Trust and blockers are asked of those that might start, all at once."""
    house = House.ready(*(a_repo(f"repo{number}") for number in range(100)))
    refs = [IssueRef(f"repo{number}", issue) for number in range(100) for issue in (10, 11, 12)]
    for ref in refs:
        house.an_issue(ref)
    house.world.passes(seconds=1)
    for ref in refs:  # nobody starts: only the asking is counted
        house.world.person_edits(ref, "mallory", "x")

    house.poll()

    assert calls(house) == ["tracker.boards", "tracker.vet"]
    assert set(codes(house).values()) == {"edited-after-release"}
