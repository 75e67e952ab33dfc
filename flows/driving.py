"""Run one tick inside a flow run: in a worker thread, with a deadline, its outcome told to Prefect."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

from prefect.logging import get_run_logger

from afk import log, settings, ticking, traffic
from afk.core.config import ConfigError
from afk.core.identifiers import redispatch_key
from afk.ports import PortError
from flows.history import tell
from flows.outside import OPENING
from flows.retried import retried
from flows.snapshot import snapshot
from flows.states import Name, failed, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prefect.client.schemas.objects import State

    from afk.core.records import Command
    from afk.ports import Ledger
    from afk.report import Report
    from flows.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Told:
    """What a tick reports, and the ledger around it."""

    report: Report
    before: Snapshot
    after: Snapshot
    wishes: Mapping[str, Command]
    hosts: frozenset[str]


def deadline() -> float:
    try:
        return float(settings.rhythm().deadline_seconds)
    except ConfigError:  # the tick itself says what is wrong
        return float(settings.Rhythm().deadline_seconds)


async def drive(tick: str, seconds: float) -> State[Any]:
    abandoned = Event()
    try:
        async with asyncio.timeout(seconds):
            told = await asyncio.to_thread(_in_thread, tick, abandoned)
    except TimeoutError:
        abandoned.set()
        return failed(Name.OUT_OF_TIME, f"not done after {seconds:.0f} s; the next tick goes on from the ledger")
    except asyncio.CancelledError:
        abandoned.set()
        raise
    except ConfigError as error:
        return await asyncio.to_thread(_unreadable, tick, error)
    except PortError as error:  # the ledger's: what other systems refuse is in the report
        return failed(Name.NO_LEDGER, str(error))
    for line in (*told.report.done, *told.report.troubles):
        get_run_logger().info("%s %s %s", line.subject, line.what, line.why)
    await tell(told.report, told.before, told.after, told.wishes, told.hosts)
    return state_of(told.report)


def _in_thread(tick: str, abandoned: Event) -> Told:
    with log.during(tick=tick), traffic.counted() as tally, OPENING.get()(tick) as outside:
        ledger, now = outside.ports.ledger, outside.ports.clock.now()
        before = snapshot(ledger)
        threads = {run.thread_id: run.ref for run in before.fleet if run.thread_id}
        began = ticking.begin()
        report = ticking.TICKS[tick](retried(outside.ports, threads, abandoned), outside.config, now)
        ticking.end(ledger, report, tally, began)
        after = snapshot(ledger, before)
        return Told(report, before, after, _wishes(ledger, before, after), outside.config.hosts)


def _wishes(ledger: Ledger, before: Snapshot, after: Snapshot) -> dict[str, Command]:
    """Who asked for the runs that changed, and through which door."""
    changed = [run for run in after.runs.values() if run != before.runs.get(run.id) and run.requested_by]
    found = {run.id: ledger.wish(redispatch_key(run.ref, run.attempt - 1)) for run in changed}
    return {run_id: wish for run_id, wish in found.items() if wish is not None}


def _unreadable(tick: str, error: ConfigError) -> State[Any]:
    """Counts as off and rings once. Red, since nobody meant it so."""
    text = str(error)
    try:
        report = ticking.unreadable(tick, text)
    except (ConfigError, PortError) as also:
        return failed(Name.UNREADABLE, f"{text} And the ledger cannot say so: {also}")
    return failed(Name.UNREADABLE, report.off)
