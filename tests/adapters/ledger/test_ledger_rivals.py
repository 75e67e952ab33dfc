"""Many at once: threads that press one button, and processes that claim one repository."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from afk.adapters.ledger import open_ledger
from afk.core.model import IssueRef
from tests.contract.ledger_samples import a_command, a_run, a_turn, an_entry
from tests.postgres import SHARED

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.synchronize import Barrier

    from afk.ports import Ledger

ROUNDS = 50
SPAWN = multiprocessing.get_context("spawn")


def test_thirty_presses_at_once_are_one_wish_and_all_hear_who_won(ledger: Ledger) -> None:
    together = threading.Barrier(30)

    def press(number: int) -> str:
        together.wait()
        return ledger.command(a_command(actor=f"person {number}"), an_entry("stop", actor=f"person {number}")).actor

    with ThreadPoolExecutor(30) as presses:
        winners = set(presses.map(press, range(30)))

    assert len(winners) == 1
    assert [entry.actor for entry in ledger.audited(100)] == list(winners)


def claim_in_step(url: str, name: str, together: Barrier) -> None:
    """One claim in each of the repositories, at the same moment as the rival's."""
    with open_ledger(url) as ledger:
        for number in range(ROUNDS):
            run = a_run(IssueRef(f"repo-{number}", 1), id=f"{name}-{number}", turns=(a_turn(text=name),))
            together.wait(timeout=30)
            ledger.claim(run, an_entry(actor=name, target=run.id), {})


@pytest.mark.parametrize("kind", SHARED)
def test_of_two_processes_that_claim_a_repository_one_gets_it(kind: str, new_database: Callable[[str], str]) -> None:
    url, together = new_database(kind), SPAWN.Barrier(2)
    rivals = [SPAWN.Process(target=claim_in_step, args=(url, name, together)) for name in ("ada", "bob")]
    for rival in rivals:
        rival.start()
    for rival in rivals:
        rival.join(timeout=60)

    assert [rival.exitcode for rival in rivals] == [0, 0]
    with open_ledger(url) as ledger:
        runs = ledger.live()
        assert sorted(run.ref.repo for run in runs) == sorted(f"repo-{number}" for number in range(ROUNDS))
        assert {entry.target for entry in ledger.audited(200)} == {run.id for run in runs}
        assert all(run.turns == (a_turn(text=run.id.partition("-")[0]),) for run in runs)
