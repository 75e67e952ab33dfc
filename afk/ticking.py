"""Run one tick as the settings are now, and keep its report. Settings that cannot be read count as off."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from afk import log, poll, settings, traffic, watch, wiring
from afk.core.config import ConfigError
from afk.core.counts import of_tick
from afk.core.model import IssueRef
from afk.opening import opened
from afk.operations import report_unreadable
from afk.report import Report

if TYPE_CHECKING:
    from afk.ports import Ledger
    from afk.traffic import Tally

TICKS = {"poll": poll.tick, "watch": watch.tick}


def run(tick: str) -> Report:
    """One tick without Prefect. Raises ConfigError after the fault was recorded and a person rung."""
    try:
        with log.during(tick=tick), traffic.counted() as tally, opened(tick) as outside:
            ports = outside.ports
            began = begin()
            report = TICKS[tick](ports, outside.config, ports.clock.now())
            end(ports.ledger, report, tally, began)
            return report
    except ConfigError as error:
        unreadable(tick, str(error))
        raise


def begin() -> float:
    log.detail("tick-began")
    return time.monotonic()


def end(ledger: Ledger, report: Report, tally: Tally, began: float) -> None:
    """Keep what a tick did, and log it."""
    seconds = time.monotonic() - began
    ledger.ticked(report.record(), of_tick(report.tick, report.result, seconds, tally.requests, tally.left))
    if log.wanted():
        _log_lines(ledger, report)
    asked = sum(tally.requests.values())
    log.detail("tick-ended", summary=report.summary, seconds=round(seconds, 3), requests=asked)


def _log_lines(ledger: Ledger, report: Report) -> None:
    subjects = {line.subject for line in (*report.done, *report.troubles)}
    refs = {subject: ref for subject in subjects if (ref := _ref(subject)) is not None}
    runs = ledger.latest(tuple(refs.values()))
    for failed, lines in ((False, report.done), (True, report.troubles)):
        for line in lines:
            ref = refs.get(line.subject)
            run = runs.get(ref) if ref else None
            about = (
                {"repo": ref.repo, "issue": ref.number, "run": run.id if run else ""}
                if ref
                else {"subject": line.subject}
            )
            log.detail(line.what.replace(" ", "-"), failed=failed, **about, why=line.why)


def _ref(subject: str) -> IssueRef | None:
    try:
        return IssueRef.parse(subject)
    except ValueError:
        return None


def unreadable(tick: str, error: str) -> Report:
    """The tick counts as off, says so in the history, and rings once for each different fault."""
    now = wiring.clock().now()
    with wiring.ledger(settings.ledger_url()) as ledger:
        report = Report(tick, now, off=report_unreadable(ledger, error, now))
        ledger.ticked(report.record(), of_tick(tick, report.result, 0, {}, {}))
    return report
