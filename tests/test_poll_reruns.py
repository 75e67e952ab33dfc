"""What starts again after its end, and what does not."""

from __future__ import annotations

from afk.core.model import IssueRef, Labels
from afk.core.records import Verb
from afk.core.run import Outcome
from afk.report import Line
from tests.house import ADA, INFRA_42, House

LABELS = Labels()


def why(house: House, ref: IssueRef = INFRA_42) -> str:
    return next(f"{each.code}: {each.detail}" for each in house.ledger.decisions() if each.ref == ref)


def ended(house: House) -> None:
    house.limit(fix_forward_max_attempts=0)
    house.a_run()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.watch()
    house.world.passes(minutes=1)


def test_defect_10_ended_issue_waits_for_a_person_even_without_the_human_label(house: House) -> None:
    ended(house)
    house.world.person_unlabels(INFRA_42, LABELS.human)

    house.poll()

    assert why(house) == "ended-before: frozen"
    assert len(house.world.threads) == 1


def test_issue_that_is_released_anew_starts_again(house: House) -> None:
    ended(house)
    for label in (LABELS.human, LABELS.ready):
        house.world.person_unlabels(INFRA_42, label)
    house.world.label_ready(INFRA_42)

    house.poll()

    assert (house.run().attempt, house.run().requested_by) == (2, "")


def test_re_run_starts_an_issue_that_left_the_board_and_is_settled(house: House) -> None:
    ended(house)
    house.world.person_unlabels(INFRA_42, LABELS.ready)
    house.operations.redispatch(INFRA_42, ADA, house.world.now())

    house.poll()

    run = house.run()
    assert (run.attempt, run.requested_by) == (2, "ada")
    assert house.ledger.wish("redispatch:infra:42:1").result == f"started as {run.id}"
    assert house.ledger.audited(1)[0].actor == "ada"
    assert LABELS.human not in house.labels()


def test_re_run_that_cannot_start_yet_keeps_its_place(house: House) -> None:
    ended(house)
    house.operations.redispatch(INFRA_42, ADA, house.world.now())
    house.world.person_closes(INFRA_42)
    house.poll()
    assert [wish.ref for wish in house.ledger.pending(Verb.REDISPATCH)] == [INFRA_42]
    assert why(house) == "closed: "


def test_re_run_of_an_issue_that_is_gone_is_a_trouble_of_its_own(house: House) -> None:
    ended(house)
    house.operations.redispatch(INFRA_42, ADA, house.world.now())
    house.world.issue_vanishes(INFRA_42)
    house.an_issue(IssueRef("infra", 43))

    report = house.poll()

    assert report.troubles == [Line("infra#42", "could-not-ask", "tracker: infra#42 is gone")]
    assert [str(run.ref) for run in house.ledger.live()] == ["infra#43"]


def test_money_spent_over_all_attempts_keeps_the_next_from_starting(house: House) -> None:
    """Defect 17."""
    house.limit(budget_usd=10)
    house.a_run()
    house.world.agent_spends(INFRA_42, 10.0)
    house.watch(2)
    assert house.run().outcome is Outcome.NEEDS_HUMAN
    house.operations.redispatch(INFRA_42, ADA, house.world.now())

    house.poll()

    assert why(house) == "budget-spent: 10.00 of 10 USD"


def test_attempts_before_are_told_in_their_order(house: House) -> None:
    ended(house)
    for _ in range(2):
        house.operations.redispatch(INFRA_42, ADA, house.world.now())
        house.poll()
        if house.run().attempt == 2:
            house.world.agent_fails(INFRA_42)
            house.watch()
            house.world.passes(minutes=1)

    prompt = house.world.thread_of(INFRA_42).messages[0].text
    assert house.run().attempt == 3
    assert prompt.index("Attempt 1 ended as frozen") < prompt.index("Attempt 2 ended as needs-human")
