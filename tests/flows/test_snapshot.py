"""What is told of a tick, found by comparing the ledger before and after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from afk.core.run import Outcome, Run, TurnKind, Verdict
from flows.snapshot import Snapshot, happened, snapshot
from tests.runs import LATER_SHA, NOON, SHA, a_run, a_turn

if TYPE_CHECKING:
    from tests.house import House

STARTED = a_run()
PUSHED = a_run(commit=SHA)
RED = a_run(commit=SHA, verdict=Verdict.RED)
ORDERED = a_run(a_turn(), a_turn(2, TurnKind.FIX_FORWARD, sent_at=None), commit=SHA, verdict=Verdict.RED)
CORRECTED = a_run(a_turn(), a_turn(2, TurnKind.FIX_FORWARD), commit=SHA, verdict=Verdict.RED)
NUDGED = a_run(a_turn(), a_turn(2, TurnKind.NUDGE))
RED_AGAIN = a_run(a_turn(), a_turn(2, TurnKind.FIX_FORWARD), commit=LATER_SHA, verdict=Verdict.RED)

STEPS: list[tuple[str, Run | None, Run, list[str]]] = [
    ("claimed", None, a_run(started_at=None), []),
    ("started", a_run(started_at=None), STARTED, ["started"]),
    ("started at once", None, STARTED, ["started"]),
    ("nothing", STARTED, STARTED, []),
    ("reminded", STARTED, NUDGED, []),
    ("pushed", STARTED, PUSHED, ["pushed"]),
    ("pushed and red", STARTED, RED, ["pushed", "red"]),
    ("green", PUSHED, a_run(commit=SHA, verdict=Verdict.GREEN), []),
    ("correction ordered", RED, ORDERED, []),
    ("correction sent", ORDERED, CORRECTED, ["corrected"]),
    ("red again", CORRECTED, RED_AGAIN, ["pushed", "red"]),
    ("same red", CORRECTED, CORRECTED, []),
    *(
        (each.value, STARTED, a_run(outcome=each, outcome_at=NOON, finished_at=NOON), [each.value])
        for each in Outcome
    ),
    ("ended before", a_run(outcome=Outcome.DONE), a_run(outcome=Outcome.DONE, finished_at=NOON), []),
]  # fmt: skip


def holding(*runs: Run | None) -> Snapshot:
    return Snapshot({run.id: run for run in runs if run is not None}, ())


@pytest.mark.parametrize(("before", "after", "told"), [row[1:] for row in STEPS], ids=[row[0] for row in STEPS])
def test_each_step_is_told_once_by_the_tick_that_took_it(before: Run | None, after: Run, told: list[str]) -> None:
    assert [each.what for each in happened(holding(before), holding(after))] == told


def test_run_that_ended_in_the_tick_is_compared_though_it_is_not_in_flight_any_more(house: House) -> None:
    run = house.a_run()
    before = snapshot(house.ledger)
    house.world.person_closes(run.ref)
    house.watch(2)

    after: Any = snapshot(house.ledger, before)

    assert after.fleet == ()
    assert [each.what for each in happened(before, after)] == ["stopped"]
