"""What every ledger forgets when it is trimmed, and what it never forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.adapters.ledger.doorbells import SETTLED
from afk.core.records import Change, DeliveryState, Notice, Place
from tests.contract.ledger_samples import (
    NOON,
    a_command,
    a_delivery,
    a_doorbell,
    a_note,
    a_run,
    an_entry,
    finished,
    minutes,
)

if TYPE_CHECKING:
    from afk.core.records import Doorbell
    from afk.ports import Ledger

OLD = minutes(60)


def waiting(ledger: Ledger, channel: str = "slack") -> list[str]:
    return [doorbell.key for doorbell, _ in ledger.outbox(channel)]


def test_trimming_forgets_old_words_and_counts_them(ledger: Ledger) -> None:
    ledger.audit(an_entry("old"))
    ledger.audit(an_entry("new", OLD))
    ledger.command(a_command(text="words"), an_entry("new", OLD))
    ledger.settle("k", minutes(1), "passed on")
    ledger.ring(a_doorbell(text="words"))
    ledger.deliver(a_delivery())
    ledger.notify(Notice("old", NOON, Place.ANSWER, "", "words"))
    ledger.notify(Notice("new", OLD, Place.ANSWER, "", "words"))
    ledger.remember("github.cases", {"old": "1"}, NOON)
    ledger.remember("github.cases", {"new": "2"}, OLD)

    assert ledger.trim(OLD) == {"audit": 1, "commands": 1, "recollections": 1, "notices": 1, "doorbells": 1}
    assert [entry.verb for entry in ledger.audited(10)] == ["new", "new"]
    assert ledger.wish("k") == a_command(settled_at=minutes(1), result="passed on")
    assert ledger.rung("slack", NOON) == ()
    assert ledger.recall("github.cases") == {"new": "2"}
    assert set(ledger.trim(OLD).values()) == {0}


def test_what_happened_once_does_not_happen_again_after_trimming(ledger: Ledger) -> None:
    ledger.command(a_command(text="words"), an_entry())
    ledger.settle("k", minutes(1), "passed on")
    ledger.ring(a_doorbell())
    ledger.deliver(a_delivery())
    ledger.note(a_note(), an_entry())
    ledger.trim(OLD)

    assert ledger.command(a_command(actor="bob"), an_entry()).actor == "ada"
    assert not ledger.ring(a_doorbell())
    assert not ledger.note(a_note(), an_entry())
    assert ledger.pending("stop") == ()
    assert waiting(ledger) == waiting(ledger, "a channel that was added later") == []


@pytest.mark.parametrize(
    "state", [pytest.param(state, id=state) for state in DeliveryState if state.value not in SETTLED]
)
def test_doorbell_that_did_not_arrive_outlives_trimming(ledger: Ledger, state: DeliveryState) -> None:
    ledger.ring(a_doorbell(text="words"))
    ledger.deliver(a_delivery(state=state))

    assert ledger.trim(OLD)["doorbells"] == 0
    assert ledger.outbox("slack") == ((a_doorbell(text="words"), a_delivery(state=state)),)


def test_doorbell_that_one_of_two_channels_misses_outlives_trimming(ledger: Ledger) -> None:
    """A channel that is down stops at its first doorbell: of those behind it, it has no record."""
    for key in ("first", "second"):
        ledger.ring(a_doorbell(key))
        ledger.deliver(a_delivery(key))
    ledger.deliver(a_delivery("first", DeliveryState.PENDING, "ntfy"))

    assert ledger.trim(OLD)["doorbells"] == 0
    assert waiting(ledger, "ntfy") == ["first", "second"]


@pytest.mark.parametrize(
    "bell",
    [
        pytest.param(a_doorbell(), id="nobody served it yet"),
        pytest.param(a_doorbell(held=True), id="held"),
    ],
)
def test_doorbell_without_a_delivery_outlives_trimming(ledger: Ledger, bell: Doorbell) -> None:
    ledger.ring(bell)

    assert ledger.trim(OLD)["doorbells"] == 0
    assert ledger.doorbell("d") == bell


def test_doorbell_of_a_run_in_flight_stays_true_until_the_run_is_finished(ledger: Ledger) -> None:
    run = a_run()
    ledger.claim(run, an_entry(), {})
    ledger.ring(a_doorbell(run_id=run.id))
    ledger.deliver(a_delivery())
    assert ledger.trim(OLD)["doorbells"] == 0

    ledger.apply(Change(run, {"finished_at": minutes(5)}))

    assert ledger.trim(OLD)["doorbells"] == 1


def test_trimming_touches_neither_what_is_young_nor_what_waits_nor_runs(ledger: Ledger) -> None:
    run = finished(a_run())
    ledger.claim(run, an_entry("start", OLD), {})
    ledger.command(a_command(text="unsettled"), an_entry("say", OLD))
    ledger.ring(a_doorbell(at=OLD, text="young"))
    ledger.deliver(a_delivery())

    assert set(ledger.trim(OLD).values()) == {0}
    assert ledger.history(None, 9) == (run,)
    assert ledger.pending("stop") == (a_command(text="unsettled"),)
    assert ledger.doorbell("d") == a_doorbell(at=OLD, text="young")


def test_vacuum_loses_nothing(ledger: Ledger) -> None:
    ledger.claim(a_run(), an_entry(), {})
    ledger.ring(a_doorbell())

    ledger.vacuum()

    assert (ledger.live(), ledger.outbox("slack")) == ((a_run(),), ((a_doorbell(), None),))
