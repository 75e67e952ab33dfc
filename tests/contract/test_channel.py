"""What every channel promises, whoever it is.

`AFK_LIVE_SLACK_TOKEN` with `AFK_LIVE_SLACK_CHANNEL`, and `AFK_LIVE_NTFY_URL` (`AFK_LIVE_NTFY_TOKEN`), add real ones:
they are read, and written to only with `AFK_LIVE_WRITES=1`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from afk import ring
from afk.core.doorbell import Card
from afk.core.records import Doorbell, DoorbellKind
from afk.ports import Gone, Refused, Uncertain, Unreachable
from tests.contract.channels import DRIVEN, READABLE, WRITABLE, bench
from tests.house import House

CARD = Card(
    "bell", DoorbellKind.ALARM, "🚨", "Alarm", "infra#42", "Rotate <!here> the logs", "No tick for 10 min.", "attempt 1",
    thread_url="https://t3.example.org/t", acknowledge=True,
)  # fmt: skip


@pytest.fixture
def on(request):
    with bench(request.param) as one:
        one.before = one.now()
        yield one


driven = pytest.mark.parametrize("on", DRIVEN, indirect=True)
readable = pytest.mark.parametrize("on", READABLE, indirect=True)
writable = pytest.mark.parametrize("on", WRITABLE, indirect=True)
changeable = pytest.mark.parametrize("on", [name for name in DRIVEN if name != "ntfy"], indirect=True)


def words(on) -> list[str]:
    """The last word of each message's reason, which tells them apart."""
    return [next(word for word in ("first", "second", "third") if word in text) for text in on.arrived()]


def say(word: str) -> Card:
    return replace(CARD, why=f"This is the {word}.")


@readable
def test_a_key_that_never_rang_is_not_found(on):
    assert on.channel.find(f"never-{uuid4()}", on.before) is None


@writable
def test_a_message_is_found_again_by_its_key(on):
    key, other = f"bell-{uuid4()}", f"bell-{uuid4()}"
    references = {each: on.channel.ring(each, CARD) for each in (key, other)}

    assert len({*references.values()}) == 2
    assert all(references.values())
    assert {each: on.channel.find(each, on.before) for each in references} == references


@writable
def test_a_channel_that_updates_takes_the_new_card_and_keeps_the_message(on):
    key = f"bell-{uuid4()}"
    reference = on.channel.ring(key, CARD)
    if not on.channel.updates:
        with pytest.raises(Refused):
            on.channel.update(key, reference, CARD)
        return
    on.channel.update(key, reference, replace(CARD, why="Mended.", acknowledge=False))

    assert on.channel.find(key, on.before) == reference


@driven
def test_messages_arrive_in_order(on):
    for word in ("first", "second", "third"):
        on.channel.ring(word, say(word))

    assert words(on) == ["first", "second", "third"]


@driven
@pytest.mark.parametrize("accident", ["loses_the_reply", "breaks_after_the_effect"])
def test_a_reply_that_is_lost_leaves_doubt_and_the_search_ends_it(on, accident):
    getattr(on, accident)()
    with pytest.raises(Uncertain):
        on.channel.ring("bell", say("first"))

    assert on.channel.find("bell", on.before) is not None
    assert words(on) == ["first"]


@driven
def test_a_request_that_is_lost_leaves_doubt_and_the_search_ends_it(on):
    on.loses_the_request()
    with pytest.raises(Uncertain):
        on.channel.ring("bell", say("first"))

    assert on.channel.find("bell", on.before) is None
    assert on.channel.ring("bell", say("first")) == on.channel.find("bell", on.before)
    assert words(on) == ["first"]


@driven
def test_a_channel_that_is_down_was_not_reached(on):
    on.goes_down()
    with pytest.raises(Unreachable):
        on.channel.ring("bell", say("first"))
    with pytest.raises(Unreachable):
        on.channel.find("bell", on.before)
    on.comes_back()

    assert on.arrived() == []
    on.channel.ring("bell", say("first"))
    assert words(on) == ["first"]


@driven
def test_a_refusal_sends_nothing_and_ends_when_somebody_mends_it(on):
    on.forbids()
    with pytest.raises(Refused):
        on.channel.ring("bell", say("first"))

    assert on.arrived() == []
    on.allows_again()
    on.channel.ring("bell", say("first"))
    assert words(on) == ["first"]


@driven
def test_a_channel_that_is_too_busy_takes_it_later(on):
    on.is_too_busy_for_one()
    with pytest.raises(Unreachable):
        on.channel.ring("bell", say("first"))

    assert on.arrived() == []
    on.channel.ring("bell", say("first"))
    assert words(on) == ["first"]


@changeable
def test_an_update_shows_the_new_words_in_the_same_place(on):
    first, _ = (on.channel.ring(word, say(word)) for word in ("first", "second"))
    on.channel.update("first", first, say("third"))

    assert words(on) == ["third", "second"]


@changeable
def test_the_same_update_twice_is_one(on):
    reference = on.channel.ring("bell", say("first"))
    for _ in range(2):
        on.channel.update("bell", reference, say("second"))

    assert words(on) == ["second"]
    assert on.channel.find("bell", on.before) == reference


@changeable
def test_a_message_that_is_gone_cannot_be_changed(on):
    reference = on.channel.ring("bell", CARD)
    on.forgets(reference)
    with pytest.raises(Gone):
        on.channel.update("bell", reference, CARD)

    assert on.arrived() == []


class Delivery:
    """The delivery pass, with this channel alone."""

    def __init__(self, on) -> None:
        self.house = House.ready()
        self.ports = replace(self.house.ports, channels=(on.channel,))
        self.at = on.now()

    def bell(self, key: str, word: str) -> None:
        self.at += timedelta(milliseconds=1)
        self.house.ledger.ring(Doorbell(key, DoorbellKind.ALARM, self.at, text=f"This is the {word}."))

    def passes(self, seconds: float = 0.0) -> None:
        self.at += timedelta(seconds=seconds)
        ring.deliver(self.ports, self.at)


@driven
@pytest.mark.parametrize("accident", ["loses_the_reply", "loses_the_request", "breaks_after_the_effect"])
def test_the_delivery_pass_rings_once_and_in_order_whatever_is_lost(on, accident):
    delivery = Delivery(on)
    for word in ("first", "second"):
        delivery.bell(word, word)
    getattr(on, accident)()
    delivery.passes()
    for _ in range(4):
        delivery.passes(seconds=11)

    assert words(on) == ["first", "second"]
