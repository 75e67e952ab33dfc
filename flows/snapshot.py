"""Compare what the ledger holds before and after a tick: what is told is what changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afk.core.run import Run, TurnKind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afk.core.records import Verdicted
    from afk.ports import Ledger


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Runs in flight, those that a comparison needs beside them, and the latest decisions."""

    runs: Mapping[str, Run]
    decisions: tuple[Verdicted, ...]

    @property
    def fleet(self) -> tuple[Run, ...]:
        return tuple(run for run in self.runs.values() if run.finished_at is None)


def snapshot(ledger: Ledger, before: Snapshot | None = None) -> Snapshot:
    runs = {run.id: run for run in ledger.live()}
    if before is not None:
        runs |= ledger.runs(sorted(before.runs.keys() - runs.keys()))
    return Snapshot(runs, ledger.decisions())


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that operators may hang an automation on."""

    what: str
    run: Run


def happened(before: Snapshot, after: Snapshot) -> Iterator[Happening]:
    for run in after.runs.values():
        for what in _steps(before.runs.get(run.id), run):
            yield Happening(what, run)


def _steps(before: Run | None, run: Run) -> Iterator[str]:
    """The order is that of a run's life, since one tick may see several."""
    if run.started_at is not None and (before is None or before.started_at is None):
        yield "started"
    if run.commit and (before is None or before.commit != run.commit):
        yield "pushed"
    if run.verdict is Verdict.RED and (
        before is None or before.verdict is not Verdict.RED or before.commit != run.commit
    ):
        yield "red"
    if _corrections(run) > (_corrections(before) if before is not None else 0):
        yield "corrected"
    if run.outcome is not None and (before is None or before.outcome is None):
        yield run.outcome.value


def _corrections(run: Run) -> int:
    return sum(turn.sent_at is not None for turn in run.turns_of(TurnKind.FIX_FORWARD))
