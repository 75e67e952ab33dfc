"""Doorbells on their way to people: in order, once, and true from then on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from afk import ring
from afk.adapters.memory import World
from afk.adapters.memory.channel import MemoryChannel
from afk.core.records import Delivery, DeliveryState, Doorbell, DoorbellKind
from afk.ports import Gone, PortError, Refused, Uncertain, Unexpected, Unreachable
from afk.report import Line

if TYPE_CHECKING:
    from afk.core.doorbell import Card
    from tests.house import House


def bells(house: House, *keys: str) -> None:
    """Alarms, a second apart."""
    for key in keys:
        house.world.passes(seconds=1)
        house.ledger.ring(Doorbell(key, DoorbellKind.ALARM, house.world.now(), text=f"text of {key}"))


def rung(house: House) -> list[str]:
    return [each.key for each in house.world.rings]


def delivery(house: House, key: str, channel: str = "memory") -> Delivery | None:
    everything = [*house.ledger.outbox(channel), *house.ledger.rung(channel, house.world.now() - timedelta(days=365))]
    return next((sent for bell, sent in everything if bell.key == key), None)


def later(house: House, **time: float) -> None:
    house.world.passes(**time)
    house.deliver()


def calls(house: House, operation: str) -> int:
    return house.world.troubles.calls.count(f"channel.{operation}")


def test_bells_ring_oldest_first_and_once(house: House) -> None:
    bells(house, "b", "a", "c")

    report = house.deliver()
    later(house, minutes=5)

    assert rung(house) == ["b", "a", "c"]
    assert report.done == [Line(key, "rang", "memory") for key in ("b", "a", "c")]
    assert delivery(house, "a").state is DeliveryState.SENT
    assert delivery(house, "a").reference == "m2"


def test_nothing_to_ring_asks_nobody(house: House) -> None:
    assert house.deliver().summary == "nothing to do"
    assert house.world.troubles.calls == []


def test_channel_that_is_down_keeps_the_order(house: House) -> None:
    bells(house, "a", "b")
    house.world.channel_is_down()
    report = house.deliver()
    assert report.troubles == [Line("a", "memory", "channel.ring: nobody answers")]
    assert calls(house, "ring") == 1

    bells(house, "c")
    house.world.channel_is_down(down=False)
    later(house, minutes=1)

    assert rung(house) == ["a", "b", "c"]


def test_pause_after_nobody_answered_grows_up_to_ten_minutes(house: House) -> None:
    bells(house, "a")
    house.world.channel_is_down()
    pauses = []
    for _ in range(10):
        house.deliver()
        waiting = delivery(house, "a")
        pauses.append((waiting.not_before - house.world.now()).total_seconds())
        house.world.passes(seconds=pauses[-1] - 1)
        house.deliver()
        house.world.passes(seconds=1)

    assert pauses == [10, 20, 40, 80, 160, 320, 600, 600, 600, 600]
    assert calls(house, "ring") == 10


def test_defect_35_rate_limit_is_kept_to_the_second(house: House) -> None:
    bells(house, "a", "b")
    house.world.troubles.refuse(
        "channel.ring", Unreachable("channel: slow down", house.world.now() + timedelta(seconds=30))
    )
    house.deliver()

    later(house, seconds=29)
    assert (rung(house), calls(house, "ring")) == ([], 1)

    later(house, seconds=1)
    assert rung(house) == ["a", "b"]


@pytest.mark.parametrize("no", [Refused("channel: 403"), Gone("channel: no such channel")], ids=["refused", "gone"])
def test_refused_bell_stays_shows_and_is_tried_again_while_others_ring(house: House, no: PortError) -> None:
    """The successor's defect 4: a doorbell that was refused told nobody."""
    bells(house, "a", "b")
    house.world.troubles.refuse("channel.ring", no)

    report = house.deliver()

    assert rung(house) == ["b"]
    assert report.troubles == [Line("a", "memory", str(no))]
    assert (delivery(house, "a").state, delivery(house, "a").error) == (DeliveryState.FAILED, str(no))
    later(house, seconds=9)
    assert rung(house) == ["b"]
    later(house, seconds=1)
    assert rung(house) == ["b", "a"]
    assert delivery(house, "a").error == ""


def test_bell_whose_reply_was_lost_is_found_and_not_sent_again(house: House) -> None:
    bells(house, "a", "b")
    house.world.reply_is_lost("channel.ring")
    house.deliver()
    assert (rung(house), delivery(house, "a").state) == (["a"], DeliveryState.SENDING)

    report = house.deliver()

    assert rung(house) == ["a", "b"]
    assert delivery(house, "a").reference == "m1"
    assert Line("a", "rang", "memory") in report.done


@pytest.mark.parametrize(
    "error", [Uncertain("channel: timed out"), Unexpected("channel: 502")], ids=["uncertain", "unexpected"]
)
def test_bell_that_was_lost_on_the_way_is_sent_again_once_the_history_cannot_hide_it(
    house: House, error: PortError
) -> None:
    bells(house, "a", "b")
    house.world.troubles.refuse("channel.ring", error)
    house.deliver()
    later(house, seconds=9)
    assert (rung(house), calls(house, "ring"), calls(house, "find")) == ([], 1, 1)

    later(house, seconds=1)
    later(house, minutes=1)

    assert rung(house) == ["a", "b"]
    assert calls(house, "ring") == 3
    assert delivery(house, "a").tries == 2


def test_history_that_cannot_be_read_sends_nothing(house: House) -> None:
    """Nobody knows whether it arrived: sending might ring twice."""
    bells(house, "a")
    house.world.reply_is_lost("channel.ring")
    house.deliver()
    house.world.troubles.refuse("channel.find", Unreachable("channel.find: nobody answers"), times=2)

    later(house, minutes=1)
    later(house, minutes=1)
    assert calls(house, "ring") == 1

    later(house, minutes=1)
    assert rung(house) == ["a"]


def test_two_deliverers_at_once_ring_once(house: House) -> None:
    """The second one comes while the first is in the middle of a ring that takes long."""
    second: list[str] = []

    class Channel(type(house.world.channel)):
        def ring(self, key: str, card: Card) -> str:
            house.world.passes(seconds=30)
            second.append(ring.deliver(house.ports, house.world.now()).summary)
            return super().ring(key, card)

    house.ports = replace(house.ports, channels=(Channel(house.world),))
    bells(house, "a", "b")

    house.deliver()

    assert rung(house) == ["a", "b"]
    assert second == ["nothing to do", "nothing to do"]


def test_channels_trouble_is_its_own(house: House) -> None:
    other = World()
    other.channel.name = "second"
    house.ports = replace(house.ports, channels=(house.world.channel, other.channel))
    house.world.channel_is_down()
    bells(house, "a")

    house.deliver()
    assert (rung(house), [each.key for each in other.rings]) == ([], ["a"])

    house.world.channel_is_down(down=False)
    later(house, minutes=1)
    assert (rung(house), [each.key for each in other.rings]) == (["a"], ["a"])


def added(house: House) -> World:
    """A second channel, from now on."""
    other = World()
    other.channel.name = "second"
    house.ports = replace(house.ports, channels=(house.world.channel, other.channel))
    return other


def test_channel_that_is_added_later_starts_with_what_is_new(house: House) -> None:
    bells(house, "a", "b")
    house.deliver()
    house.world.passes(minutes=61)
    other = added(house)
    bells(house, "c")

    house.deliver()
    later(house, minutes=5)

    assert [each.key for each in other.rings] == ["c"]
    assert rung(house) == ["a", "b", "c"]


def test_bells_of_a_time_without_any_channel_ring_on_all(house: House) -> None:
    """Nobody has heard of them, however old they are."""
    bells(house, "a", "b")
    house.world.passes(days=2)
    other = added(house)

    house.deliver()

    assert [each.key for each in other.rings] == rung(house) == ["a", "b"]


def test_channel_that_was_down_from_the_start_gets_what_it_missed(house: House) -> None:
    other = added(house)
    other.channel_is_down()
    bells(house, "a", "b")
    house.deliver()
    house.world.passes(hours=5)
    other.channel_is_down(down=False)
    house.deliver()

    assert [each.key for each in other.rings] == ["a", "b"]


def test_held_bell_waits_until_the_issue_is_really_closed(house: House) -> None:
    """Defect 29: `done` rings after the close, the other kinds whatever the tracker does."""
    house.a_run()
    house.world.ci_goes_green("infra", house.pushed_and_ended())
    house.world.troubles.refuse("tracker.close", Unreachable("tracker.close: nobody answers"), times=2)
    house.watch(2)
    house.deliver()
    assert (house.rings(), house.world.ticket(house.run().ref).is_open) == ([], True)

    house.watch()
    house.deliver()
    assert (house.rings(), house.world.ticket(house.run().ref).is_open) == (["done"], False)


def test_defect_29_freeze_rings_though_the_tracker_is_down(house: House) -> None:
    house.limit(fix_forward_max_attempts=0)
    house.a_run()
    sha = house.pushed_and_ended()
    house.world.ci_goes_red("infra", sha)
    house.world.troubles.refuse("tracker.add_label", Unreachable("tracker.add_label: nobody answers"), times=9)
    house.watch()
    house.deliver()

    assert house.rings() == ["frozen"]


@pytest.mark.parametrize("text", ["rate", ""])
def test_bell_without_a_run_says_what_it_was_given(house: House, text: str) -> None:
    house.ledger.ring(Doorbell("a", DoorbellKind.ALARM, house.world.now(), text=text))

    house.deliver()

    shown: Any = house.world.rings[0].card
    assert (shown.headline, shown.why, shown.subject) == ("Alarm", text, "")


class Slow(MemoryChannel):
    """Takes a minute for each call, and then nobody has answered."""

    def __init__(self, house: House) -> None:
        super().__init__(house.world)
        self.house = house

    def ring(self, key: str, card: Card) -> str:
        self.house.world.passes(minutes=1)
        raise Unreachable(f"memory: {key} {card.kind}: nobody answers")


def test_pause_begins_when_the_call_has_failed_not_when_the_pass_began(house: House) -> None:
    """Else a channel that takes longer than the pause would be asked again at once, for ever."""
    bells(house, "a")
    house.ports = replace(house.ports, channels=(Slow(house),))
    house.deliver()

    waiting = delivery(house, "a")

    assert (waiting.not_before - house.world.now()).total_seconds() == 10
