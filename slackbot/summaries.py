"""Sum up for people: the day, once in the channel, and each run that is over, in its doorbell's thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from afk.core import digest, slack_digest
from afk.core.records import DoorbellKind, Notice, Place
from slackbot.notices import NAME

if TYPE_CHECKING:
    from datetime import datetime, time

    from afk.ports import Ledger

ENDS = frozenset({DoorbellKind.DONE, DoorbellKind.NEEDS_HUMAN, DoorbellKind.FROZEN})
NEWS = timedelta(days=1)  # what rang before gets no receipt any more


@dataclass(slots=True)
class Summaries:
    """The keys make each one single, whoever else sums up. What was told is remembered, so that a quiet second is."""

    digest_at: time | None = None
    _told_until: datetime | None = None
    _receipts: set[str] = field(default_factory=set)

    def post(self, ledger: Ledger, now: datetime) -> None:
        self._day(ledger, now)
        self._runs(ledger, now)

    def _day(self, ledger: Ledger, now: datetime) -> None:
        until = digest.due(self.digest_at, now) if self.digest_at is not None else None
        if until is None or until == self._told_until:
            return
        runs = ledger.ended(until - digest.PERIOD, until)
        text = slack_digest.day(digest.digest(runs, until))
        ledger.notify(Notice(f"digest:{until:%Y-%m-%d}", now, Place.CHANNEL, "", text))
        self._told_until = until

    def _runs(self, ledger: Ledger, now: datetime) -> None:
        rung = [
            (bell.run_id, sent.reference)
            for bell, sent in ledger.rung(NAME, now - NEWS)
            if bell.kind in ENDS and bell.run_id
        ]
        new = [(run_id, thread) for run_id, thread in rung if run_id not in self._receipts]
        runs = ledger.runs(sorted({run_id for run_id, _ in new})) if new else {}
        for run_id, thread in new:
            run = runs.get(run_id)
            if run is not None and run.finished_at is not None:
                ledger.notify(Notice(f"receipt:{run_id}", now, Place.THREAD, thread, slack_digest.receipt(run)))
                self._receipts.add(run_id)
        self._receipts &= {run_id for run_id, _ in rung}
