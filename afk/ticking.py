"""Run one tick as the settings are now, and keep its report. Settings that cannot be read count as off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk import poll, settings, watch, wiring
from afk.core.config import ConfigError
from afk.core.gates import held_by
from afk.operations import report_unreadable
from afk.report import Report

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.core.config import Config
    from afk.ports import Ledger

TICKS = {"poll": poll.tick, "watch": watch.tick}


def run(tick: str) -> Report:
    """One tick without Prefect. Raises ConfigError after the fault was recorded and a person rung."""
    clock = wiring.clock()
    try:
        loaded = settings.read()
        with wiring.ledger(loaded.database_url) as ledger:
            if not _asks_nobody(tick, ledger, loaded.config):
                loaded = settings.load()
            with wiring.ports(loaded, ledger, clock) as ports:
                report = TICKS[tick](ports, loaded.config, clock.now())
            ledger.ticked(report.record())
            return report
    except ConfigError as error:
        unreadable(tick, str(error))
        raise


def unreadable(tick: str, error: str) -> Report:
    """The tick counts as off, says so in the history, and rings once for each different fault."""
    now = wiring.clock().now()
    with wiring.ledger(settings.ledger_url()) as ledger:
        report = Report(tick, now, off=report_unreadable(ledger, error, now))
        ledger.ticked(report.record())
    return report


def _asks_nobody(tick: str, ledger: Ledger, config: Config) -> bool:
    """A tick that is off, or has nothing to do, needs no tokens either."""
    idle: dict[str, Callable[[], bool]] = {
        "poll": lambda: bool(held_by(config, ledger.switches())),
        "watch": lambda: not ledger.live(),
    }
    return idle[tick]()
