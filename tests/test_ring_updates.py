"""What a channel shows stays true: a message is changed when the ledger says something new, and only then."""

from __future__ import annotations

from datetime import timedelta

import pytest

from afk.core.records import Doorbell, DoorbellKind
from afk.ports import Gone, PortError, Refused, Unreachable
from afk.report import Line
from tests.house import ADA, House


def bells(house: House, *keys: str) -> None:
    """Alarms, a second apart."""
    for key in keys:
        house.world.passes(seconds=1)
        house.ledger.ring(Doorbell(key, DoorbellKind.ALARM, house.world.now(), text=f"text of {key}"))


def later(house: House, **time: float) -> None:
    house.world.passes(**time)
    house.deliver()


def calls(house: House, operation: str) -> int:
    return house.world.troubles.calls.count(f"channel.{operation}")


def frozen(house: House) -> str:
    """A run that froze, and rang."""
    house.limit(fix_forward_max_attempts=0)
    run = house.a_run()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.watch()
    house.deliver()
    assert house.rings() == ["frozen"]
    return f"{run.id}:frozen"


def test_message_that_is_true_is_left_alone(house: House) -> None:
    frozen(house)

    for _ in range(3):
        later(house, minutes=1)

    assert calls(house, "update") == 0


def test_acknowledged_message_shows_who_did_it(house: House) -> None:
    key = frozen(house)
    house.operations.acknowledge(key, ADA, house.world.now())

    report = house.deliver()
    later(house, minutes=1)

    (message,) = house.world.rings
    assert [(stamp.what, stamp.by) for stamp in message.card.stamps] == [("Got it", "ada")]
    assert message.updates == 1
    assert report.done == [Line(key, "updated", "memory")]


def test_re_run_takes_the_button_off_the_message(house: House) -> None:
    frozen(house)
    house.operations.redispatch(house.run().ref, ADA, house.world.now())

    house.deliver()

    (message,) = house.world.rings
    assert message.card.rerun == ""
    assert [(stamp.what, stamp.by) for stamp in message.card.stamps] == [("Re-run", "ada")]


def test_message_follows_the_re_run_to_its_end(house: House) -> None:
    frozen(house)
    house.operations.redispatch(house.run().ref, ADA, house.world.now())
    house.world.person_closes(house.run().ref)
    said = []

    def looks() -> None:
        later(house, minutes=1)
        said.append(house.world.rings[0].card.sequel)

    house.poll()
    looks()
    house.ports.tracker.reopen(house.run().ref)
    house.poll()
    looks()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.watch()
    looks()

    assert said == [
        "Attempt 2 has not started yet: It is closed. Hint: open it again",
        "Attempt 2 is running.",
        "Attempt 2 froze after 1 min.",
    ]
    assert [(each.card.rerun, each.updates) for each in house.world.rings] == [("", 3), ("infra#42/2", 0)]


def test_withdrawn_re_run_leaves_the_message_as_it_was(house: House) -> None:
    frozen(house)
    before = house.world.rings[0].card
    house.operations.redispatch(house.run().ref, ADA, house.world.now())
    house.deliver()
    house.operations.stop(house.run().ref, ADA, house.world.now(), "k")
    house.deliver()

    assert house.world.rings[0].card == before


def test_bell_found_after_a_lost_reply_is_made_true(house: House) -> None:
    """Nobody knows what the message shows."""
    bells(house, "a")
    house.world.reply_is_lost("channel.ring")
    house.deliver()

    house.deliver()
    later(house, minutes=1)

    assert house.world.rings[0].updates == 1


UPDATE_TROUBLES: list[tuple[str, PortError, float]] = [
    ("nobody answers", Unreachable("channel.update: nobody answers"), 5),
    ("refused", Refused("channel.update: 403"), 600),
    ("message deleted", Gone("channel.update: message is gone"), 600),
]


@pytest.mark.parametrize(
    ("error", "pause"), [row[1:] for row in UPDATE_TROUBLES], ids=[row[0] for row in UPDATE_TROUBLES]
)
def test_update_that_fails_is_tried_again_after_a_pause(house: House, error: PortError, pause: float) -> None:
    key = frozen(house)
    house.operations.acknowledge(key, ADA, house.world.now())
    house.world.troubles.refuse("channel.update", error)

    assert house.deliver().troubles == [Line(key, "memory", str(error))]
    later(house, seconds=pause - 1)
    assert calls(house, "update") == 1
    later(house, seconds=1)
    assert house.world.rings[0].updates == 1


def test_rate_limit_of_updates_is_kept(house: House) -> None:
    key = frozen(house)
    house.operations.acknowledge(key, ADA, house.world.now())
    house.world.troubles.refuse("channel.update", Unreachable("slow down", house.world.now() + timedelta(seconds=90)))

    house.deliver()
    later(house, seconds=89)
    assert calls(house, "update") == 1
    later(house, seconds=1)
    assert house.world.rings[0].updates == 1


def test_channel_that_cannot_change_messages_is_not_asked_to(house: House) -> None:
    house.world.channel.updates = False
    key = frozen(house)
    house.operations.acknowledge(key, ADA, house.world.now())

    house.deliver()

    assert calls(house, "update") == 0


def test_old_messages_are_left_as_they_are(house: House) -> None:
    key = frozen(house)
    house.world.passes(days=15)
    house.operations.acknowledge(key, ADA, house.world.now())

    house.deliver()

    assert calls(house, "update") == 0
