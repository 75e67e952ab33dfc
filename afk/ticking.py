"""Run one tick as the settings are now, and keep its report. Settings that cannot be read count as off."""

from __future__ import annotations

from afk import poll, settings, watch, wiring
from afk.core.config import ConfigError
from afk.opening import opened
from afk.operations import report_unreadable
from afk.report import Report

TICKS = {"poll": poll.tick, "watch": watch.tick}


def run(tick: str) -> Report:
    """One tick without Prefect. Raises ConfigError after the fault was recorded and a person rung."""
    try:
        with opened(tick) as outside:
            ports = outside.ports
            report = TICKS[tick](ports, outside.config, ports.clock.now())
            ports.ledger.ticked(report.record())
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
