"""What every ledger keeps of the words that the bot owes people."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afk.core.records import DeliveryState, Notice, Place
from tests.contract.ledger_samples import NOON, a_delivery, a_doorbell, minutes
from tests.contract.ledgers import WHOLE_NOTICE, left_at_default

if TYPE_CHECKING:
    from afk.ports import Ledger


def a_notice(key: str = "n", at: int = 0) -> Notice:
    return Notice(key, minutes(at), Place.ANSWER, "https://hooks.example/1", f"words of {key}")


def test_notices_wait_oldest_first(ledger: Ledger) -> None:
    for key, at in (("b", 1), ("c", 2), ("a", 0)):
        assert ledger.notify(a_notice(key, at))

    assert ledger.notices() == (a_notice("a"), a_notice("b", 1), a_notice("c", 2))


def test_second_notice_with_the_same_key_changes_nothing(ledger: Ledger) -> None:
    ledger.notify(a_notice())

    assert not ledger.notify(replace(a_notice(), text="other words"))
    assert ledger.notices() == (a_notice(),)


@pytest.mark.parametrize(
    ("state", "waits"),
    [
        pytest.param(DeliveryState.PENDING, True, id="pending"),
        pytest.param(DeliveryState.SENDING, True, id="on its way"),
        pytest.param(DeliveryState.SENT, False, id="said"),
        pytest.param(DeliveryState.FAILED, False, id="given up"),
    ],
)
def test_notice_waits_until_it_is_said_or_given_up(ledger: Ledger, state: DeliveryState, waits: bool) -> None:
    ledger.notify(a_notice())
    ledger.noticed(replace(a_notice(), state=state))

    assert bool(ledger.notices()) is waits
    assert not ledger.notify(a_notice())


def test_every_field_of_a_notice_comes_back(ledger: Ledger) -> None:
    whole = replace(WHOLE_NOTICE, state=DeliveryState.SENDING)
    ledger.notify(whole)

    assert ledger.notices() == (whole,)
    assert left_at_default(whole) == []


def test_doorbell_is_found_by_where_a_channel_shows_it(ledger: Ledger) -> None:
    ledger.ring(a_doorbell("a"))
    ledger.ring(a_doorbell("b", at=NOON))
    ledger.deliver(a_delivery("a", reference="C1:1.1"))
    ledger.deliver(a_delivery("b", reference="C1:2.2"))
    ledger.deliver(a_delivery("a", channel="ntfy", reference="C1:2.2"))

    assert ledger.doorbell_at("slack", "C1:2.2") == a_doorbell("b")
    assert ledger.doorbell_at("ntfy", "C1:2.2") == a_doorbell("a")
    assert ledger.doorbell_at("slack", "C1:3.3") is None
