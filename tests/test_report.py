"""What a tick says about itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.records import TickRecord
from afk.report import Line, Report
from tests.runs import NOON, after

if TYPE_CHECKING:
    from tests.house import House

LINE = Line("infra#42", "started", "r1")


def report(**about: Any) -> Report:
    return Report("poll", NOON, **about)


SUMMARIES = [
    (report(), "nothing to do"),
    (report(off="AFK_KILL_SWITCH is on"), "off: AFK_KILL_SWITCH is on"),
    (report(quiet="no run in flight"), "quiet: no run in flight"),
    (report(done=[LINE], waiting=[LINE, LINE]), "1 done, 2 waiting"),
    (report(troubles=[LINE]), "1 in trouble"),
    (report(done=[LINE], waiting=[LINE], troubles=[LINE, LINE]), "1 done, 1 waiting, 2 in trouble"),
]


@pytest.mark.parametrize(("said", "summary"), SUMMARIES, ids=[row[1] for row in SUMMARIES])
def test_summary(said: Report, summary: str) -> None:
    assert said.summary == summary


def test_report_as_json() -> None:
    facts = report(done=[LINE], held_until=after(minutes=5)).as_json()

    assert json.loads(json.dumps(facts)) == {
        "tick": "poll",
        "at": "2026-11-01T12:00:00+00:00",
        "summary": "1 done, held: rate limit until 12:05 UTC",
        "off": "",
        "quiet": "",
        "held_until": "2026-11-01T12:05:00+00:00",
        "done": [{"subject": "infra#42", "what": "started", "why": "r1"}],
        "waiting": [],
        "troubles": [],
    }


def test_record_is_what_the_ledger_keeps_of_a_tick(house: House) -> None:
    said = report(quiet="no run in flight")

    house.ledger.ticked(said.record())

    assert house.ledger.last_ticks() == {"poll": TickRecord("poll", NOON, "quiet: no run in flight", said.as_json())}
