"""The day's digest and each run's receipt: said once, however many bots there are."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import pytest

from afk.adapters.ledger import open_ledger
from afk.core.records import Change, Delivery, DeliveryState, Doorbell, DoorbellKind, Entry, Notice, Place, Via
from afk.core.run import Outcome
from slackbot.summaries import Summaries
from tests.house import INFRA_42
from tests.runs import a_run

if TYPE_CHECKING:
    from afk.core.run import Run
    from afk.ports import Ledger
    from tests.slackbot.conftest import Town

EIGHT = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
def ledger() -> Ledger:
    return open_ledger("sqlite://")


def has(ledger: Ledger, run: Run) -> None:
    ledger.claim(run, Entry(run.claimed_at, "ada", Via.AFK, "start"), {})


def over(at: datetime, outcome: Outcome = Outcome.DONE, **about: object) -> Run:
    return a_run(claimed_at=at - timedelta(hours=1), outcome=outcome, outcome_at=at, finished_at=at, **about)


def rang(ledger: Ledger, run: Run, at: datetime, key: str = "bell") -> None:
    ledger.ring(Doorbell(key, DoorbellKind.DONE, at, INFRA_42, run.id))
    ledger.deliver(Delivery(key, "slack", DeliveryState.SENT, at, reference="C1:1.1"))


def owed(ledger: Ledger) -> list[Notice]:
    return list(ledger.notices())


def test_digest_is_posted_once_a_day_by_whichever_bot(ledger: Ledger) -> None:
    bots = [Summaries(time(8)), Summaries(time(8))]
    for minutes in (-1, 0, 1, 60, 24 * 60):
        for bot in bots:
            bot.post(ledger, EIGHT + timedelta(minutes=minutes))

    assert [(each.key, each.place) for each in owed(ledger)] == [
        ("digest:2026-11-20", Place.CHANNEL),
        ("digest:2026-11-21", Place.CHANNEL),
    ]


def test_digest_tells_of_the_day_before_and_of_no_other(ledger: Ledger) -> None:
    day = timedelta(days=1)
    for number, at in enumerate(
        (EIGHT - day - timedelta(seconds=1), EIGHT - day, EIGHT - timedelta(seconds=1), EIGHT), 1
    ):
        has(ledger, over(at, id=f"r{number}", attempt=number))
    Summaries(time(8)).post(ledger, EIGHT + timedelta(minutes=5))

    assert ": 2 done ·" in owed(ledger)[0].text


def test_without_a_time_there_is_no_digest(ledger: Ledger) -> None:
    Summaries().post(ledger, EIGHT)

    assert owed(ledger) == []


def test_quiet_second_writes_nothing(ledger: Ledger) -> None:
    run = over(EIGHT)
    has(ledger, run)
    rang(ledger, run, EIGHT)
    bot = Summaries(time(8))
    bot.post(ledger, EIGHT)
    ledger.notify = ledger.ended = ledger.runs = None  # type: ignore[assignment,method-assign]

    bot.post(ledger, EIGHT + timedelta(seconds=1))


def test_receipt_comes_when_the_run_is_over_and_once(ledger: Ledger) -> None:
    """A frozen run rings before the tracker has been told; its reminder gets no second receipt."""
    run = a_run(claimed_at=EIGHT)
    has(ledger, run)
    rang(ledger, run, EIGHT)
    bots = [Summaries(), Summaries()]
    for bot in bots:
        bot.post(ledger, EIGHT)
    assert owed(ledger) == []

    end = {"outcome": Outcome.FROZEN, "outcome_at": EIGHT, "finished_at": EIGHT}
    ledger.apply(Change(run, end))
    rang(ledger, run, EIGHT, "bell:again-1")
    for bot in bots:
        bot.post(ledger, EIGHT + timedelta(seconds=1))
    assert [(each.key, each.place, each.target) for each in owed(ledger)] == [
        (f"receipt:{run.id}", Place.THREAD, "C1:1.1")
    ]


def test_old_bells_get_no_receipt_and_no_alarm_does(ledger: Ledger) -> None:
    old = over(EIGHT)
    has(ledger, old)
    rang(ledger, old, EIGHT)
    ledger.ring(Doorbell("alarm", DoorbellKind.ALARM, EIGHT))
    ledger.deliver(Delivery("alarm", "slack", DeliveryState.SENT, EIGHT + timedelta(days=2), reference="C1:2.1"))
    Summaries().post(ledger, EIGHT + timedelta(days=1, minutes=1))

    assert owed(ledger) == []


def test_receipt_stands_in_the_doorbells_thread(town: Town) -> None:
    town.frozen()
    bell = town.bell()
    texts = town.until(lambda: [each["text"] for each in town.slack.thread(bell["ts"])][1:])
    town.settles()

    assert texts[0].startswith("*Receipt* for infra#42 attempt 1: frozen after ")
    assert len(town.slack.thread(bell["ts"])) == 2
