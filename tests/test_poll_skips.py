"""What a dispatch tick does not start, and the code that people read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.core.model import IssueRef, Labels
from tests.house import INFRA_42, House
from tests.otherwise import tracker_does

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from afk.core.model import Issue, Vetting
    from afk.ports import PortError

LABELS = Labels()


def codes(house: House) -> dict[str, str]:
    return {str(each.ref): each.code for each in house.ledger.decisions()}


def why(house: House, ref: IssueRef = INFRA_42) -> str:
    return next(f"{each.code}: {each.detail}" for each in house.ledger.decisions() if each.ref == ref)


def edited(house: House) -> None:
    house.an_issue()
    house.world.passes(seconds=1)
    house.world.person_edits(INFRA_42, "mallory", "Do something else")


def labelled_by_a_stranger(house: House) -> None:
    house.world.open_issue(INFRA_42)
    house.world.label_ready(INFRA_42, actor="mallory")


def labelled_by_nobody(house: House) -> None:
    """The label is on it, and no event says who put it there."""
    house.world.open_issue(INFRA_42).labels.add(LABELS.ready)


def relabelled_by_a_stranger(house: House) -> None:
    house.an_issue()
    house.world.person_unlabels(INFRA_42, LABELS.ready)
    house.world.label_ready(INFRA_42, actor="mallory")


def blocked(house: House) -> None:
    house.world.open_issue(IssueRef("infra", 7))
    house.an_issue(body="Blocked by:\n- #7")


def blocked_by_what_nobody_can_read(house: House) -> None:
    house.an_issue(body="Blocked by other/repo#9")


def human_label(house: House) -> None:
    house.an_issue()
    house.world.set_label(house.world.ticket(INFRA_42), LABELS.human, actor="ada", added=True)


SKIPS: list[tuple[str, Callable[[House], None], str]] = [
    ("defect 1: released by somebody who may not write", labelled_by_a_stranger, "untrusted: mallory"),
    ("defect 1: released by nobody we know of", labelled_by_nobody, "untrusted: nobody applied the label"),
    ("re-labelled by a stranger", relabelled_by_a_stranger, "untrusted: mallory"),
    ("defect 18: edited after the release", edited, "edited-after-release: mallory"),
    ("blocked", blocked, "blocked: acme/infra#7"),
    ("defect 20: blocker that cannot be read", blocked_by_what_nobody_can_read, "blocked: other/repo#9 (unreadable)"),
    ("defect 10: a person has it", human_label, "human-label: ready-for-human"),
]


@pytest.mark.parametrize(("prepare", "said"), [row[1:] for row in SKIPS], ids=[row[0] for row in SKIPS])
def test_issue_does_not_start_and_says_why(house: House, prepare: Callable[[House], None], said: str) -> None:
    prepare(house)

    for _ in range(3):
        report = house.poll()

    assert house.world.threads == {}
    assert why(house) == said
    assert [line.what for line in report.waiting] == [said.partition(":")[0]]


def test_defect_20_closed_blocker_blocks_no_more(house: House) -> None:
    blocked(house)
    house.poll()
    assert house.world.threads == {}

    house.world.person_closes(IssueRef("infra", 7))
    house.poll()
    assert len(house.world.threads) == 1


def test_defect_18_edit_between_the_look_and_the_start_is_seen(house: House) -> None:
    """The task is asked for afresh, with its trust, right before it starts."""
    house.an_issue()
    house.world.passes(seconds=1)
    tracker = house.ports.tracker

    def vet(issues: Sequence[Issue]) -> Mapping[IssueRef, Vetting | PortError]:
        answer = tracker.vet(issues)
        house.world.person_edits(INFRA_42, "mallory", "Do something else")
        return answer

    tracker_does(house, vet=vet)
    house.poll()

    assert (why(house), house.world.threads) == ("edited-after-release: mallory", {})


def test_issue_closed_between_the_look_and_the_start_does_not_start(house: House) -> None:
    house.an_issue()
    tracker = house.ports.tracker

    def vet(issues: Sequence[Issue]) -> Mapping[IssueRef, Vetting | PortError]:
        house.world.person_closes(INFRA_42)
        return tracker.vet(issues)

    tracker_does(house, vet=vet)
    house.poll()

    assert (why(house), house.world.threads) == ("closed: ", {})


def test_vetting_that_an_answer_leaves_out_starts_nothing(house: House) -> None:
    house.an_issue()
    tracker_does(house, vet=lambda _: {})

    house.poll()

    assert codes(house) == {"infra#42": "could-not-ask"}
    assert house.world.threads == {}


def test_decision_about_an_issue_that_left_the_board_is_forgotten(house: House) -> None:
    human_label(house)
    house.poll()
    house.world.person_unlabels(INFRA_42, LABELS.ready)

    house.poll()

    assert codes(house) == {}
