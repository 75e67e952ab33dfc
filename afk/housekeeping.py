"""Keep the ledger small, ring again where nobody came, and raise the alarms that nobody else has."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from afk.core import alarms
from afk.core.gates import held_by
from afk.report import Line, Report

if TYPE_CHECKING:
    from datetime import datetime

    from afk.core.config import Config
    from afk.core.records import Doorbell
    from afk.ports import Ledger, Ports

LOOKS_BACK = timedelta(days=14)


def tidy(ledger: Ledger, now: datetime, keep_days: int) -> Report:
    """Forget what is old, and give back its room."""
    report = Report("housekeeping", now)
    forgotten = ledger.trim(now - timedelta(days=keep_days))
    ledger.vacuum()
    report.done += [Line(what, "forgotten", str(count)) for what, count in forgotten.items() if count]
    return report


def remind(ports: Ports, now: datetime) -> tuple[str, ...]:
    """Ring again for what rang on any channel and still waits for a person. The keys that are new."""
    ledger = ports.ledger
    bells = {bell.key: bell for channel in ports.channels for bell, _ in ledger.rung(channel.name, now - LOOKS_BACK)}
    waiting = [bell for bell in bells.values() if bell.kind in alarms.WAITS_FOR_A_PERSON]
    if not waiting:
        return ()
    runs = ledger.runs(sorted({bell.run_id for bell in waiting if bell.run_id}))
    latest = ledger.latest(sorted({run.ref for run in runs.values()}))
    return _rung(ledger, alarms.reminders(waiting, runs, latest, now))


def alert(
    ledger: Ledger, config: Config, now: datetime, tick_seconds: int, since: datetime | None = None
) -> tuple[str, ...]:
    """Raise the alarms. Asked from outside the flows: a tick that does not run cannot say so."""
    return _rung(ledger, due(ledger, config, now, tick_seconds, since))


def due(
    ledger: Ledger, config: Config, now: datetime, tick_seconds: int, since: datetime | None = None
) -> list[Doorbell]:
    """The alarms that there are reasons for, rung or not."""
    patience = alarms.alarm_after(tick_seconds)
    found = list(alarms.overdue_ticks(ledger.last_ticks(), since, patience, now))
    switches = ledger.switches()
    if not held_by(config, switches):
        decisions = [each for each in ledger.decisions() if each.ref.repo in config.repos]
        busy = {run.ref.repo for run in ledger.live()}
        latest = ledger.latest([each.ref for each in decisions])
        found += alarms.unstarted(decisions, switches, busy, latest, patience, now)
    return found


def _rung(ledger: Ledger, bells: tuple[Doorbell, ...] | list[Doorbell]) -> tuple[str, ...]:
    return tuple(bell.key for bell in bells if ledger.ring(bell))
