"""In-progress labels without a run: released, handed to a person, said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.core.model import Labels, ThreadStatus
from afk.core.run import Outcome
from afk.ports import Unreachable
from afk.report import Line
from tests.house import INFRA_42, House
from tests.otherwise import tracker_does

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.core.model import Board, Repo
    from afk.ports import PortError

LABELS = Labels()
DOWN = Unreachable("tracker: nobody answers")


def calls(house: House) -> list[str]:
    return house.world.troubles.calls


def orphan(house: House) -> None:
    house.world.open_issue(INFRA_42)
    house.world.set_label(house.world.ticket(INFRA_42), LABELS.in_progress, actor="bob", added=True)


def test_orphan_is_handed_to_a_person_with_words_and_an_entry(house: House) -> None:
    orphan(house)

    report = house.poll()

    assert house.labels() == {LABELS.human}
    assert [line.what for line in report.done] == ["released"]
    (remark,) = house.world.ticket(INFRA_42).remarks
    assert remark.body.startswith(
        "<!-- afk:orphan:orphan-infra-42 -->\nThis issue carried the label `agent-in-progress`"
    )
    assert house.ledger.audited(1)[0].verb == "release"
    assert calls(house) == ["tracker.boards", "tracker.add_label", "tracker.put_comment", "tracker.remove_label"]
    house.deliver()
    (ring,) = house.world.rings
    assert ring.card.why.startswith("infra#42 carried the in-progress label, but no run stands behind it")


@pytest.mark.parametrize("call", ["tracker.add_label", "tracker.put_comment", "tracker.remove_label"])
def test_orphan_whose_release_fails_is_released_by_the_next_tick(house: House, call: str) -> None:
    orphan(house)
    house.world.troubles.refuse(call, DOWN)

    assert house.poll().troubles == [Line("infra#42", "could-not-ask", "tracker: nobody answers")]
    assert LABELS.in_progress in house.labels()
    house.poll()

    assert house.labels() == {LABELS.human}
    assert len(house.world.ticket(INFRA_42).remarks) == 1
    house.deliver()
    assert len(house.world.rings) == 1


def test_issue_with_a_run_is_no_orphan(house: House) -> None:
    house.a_run()

    house.poll()

    assert house.labels() == {LABELS.ready, LABELS.in_progress}
    assert house.world.thread_of(INFRA_42).status is ThreadStatus.RUNNING


def test_label_that_came_back_after_the_end_of_a_run_is_an_orphan(house: House) -> None:
    house.a_run()
    house.world.person_closes(INFRA_42)
    house.watch(2)
    house.world.passes(minutes=1)
    house.world.tracker.reopen(INFRA_42)
    house.world.set_label(house.world.ticket(INFRA_42), LABELS.in_progress, actor="bob", added=True)

    house.poll()

    assert LABELS.in_progress not in house.labels()


def test_run_that_ended_while_the_board_was_read_leaves_no_orphan(house: House) -> None:
    """The board still shows its label; the ledger does not know it as live any more."""
    house.a_run()
    house.world.ci_goes_green("infra", house.pushed_and_ended())
    tracker = house.ports.tracker

    def boards(repos: Sequence[Repo]) -> Mapping[str, Board | PortError]:
        shown = tracker.boards(repos)
        house.watch()
        return shown

    tracker_does(house, boards=boards)
    report = house.poll()

    assert house.run().outcome is Outcome.DONE
    assert report.done == []
    assert house.labels() == {LABELS.ready}
