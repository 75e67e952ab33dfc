"""The ledger stays small, and what nobody took up rings again."""

from __future__ import annotations

from afk.core.records import Entry, Via
from afk.housekeeping import alert, remind, tidy
from afk.ports import Refused
from tests.house import ADA, House


def needs_a_person(house: House) -> str:
    """A run that ended with nothing pushed, and rang."""
    house.limit(nudges_max=0)
    run = house.a_run()
    house.world.agent_ends(run.ref)
    house.watch()
    house.deliver()
    assert house.rings() == ["needs-human"]
    return f"{run.id}:needs-human"


def day(house: House) -> tuple[str, ...]:
    """A day passes; what rings again."""
    house.world.passes(days=1)
    keys = remind(house.ports, house.world.now())
    house.deliver()
    return keys


def test_bell_that_nobody_took_up_rings_again_once_a_day_later(house: House) -> None:
    key = needs_a_person(house)

    assert [day(house) for _ in range(5)] == [(f"{key}:again-1",), (), (), (), ()]
    assert house.rings() == ["needs-human"] * 2


def test_two_reminders_at_once_ring_once(house: House) -> None:
    key = needs_a_person(house)
    house.world.passes(days=1)

    assert remind(house.ports, house.world.now()) == (f"{key}:again-1",)
    assert remind(house.ports, house.world.now()) == ()


def test_acknowledged_bell_does_not_ring_again(house: House) -> None:
    house.operations.acknowledge(needs_a_person(house), ADA, house.world.now())

    assert day(house) == ()


def test_bell_that_has_not_reached_anybody_is_not_rung_again(house: House) -> None:
    """It still waits in the outbox."""
    house.world.channel_is_down()
    house.limit(nudges_max=0)
    house.world.agent_ends(house.a_run().ref)
    house.watch()
    house.deliver()

    assert day(house) == ()


def test_start_that_cannot_succeed_raises_an_alarm_once(house: House) -> None:
    house.an_issue()
    house.world.troubles.refuse("tracker.brief", Refused("tracker: 403"), times=40)
    for _ in range(40):
        house.world.passes(minutes=1)
        house.ledger.ticked(house.poll().record())
        house.ledger.ticked(house.watch().record())

    rung = [alert(house.ledger, house.config, house.world.now(), 60) for _ in range(2)]

    assert [len(keys) for keys in rung] == [1, 0]
    house.deliver()
    assert "infra#42 could start, but nothing has started for 39 min" in house.world.rings[0].card.why


def test_switched_off_only_the_ticks_are_missed(house: House) -> None:
    house.an_issue()
    house.world.troubles.refuse("tracker.brief", Refused("tracker: 403"))
    house.ledger.ticked(house.poll().record())
    house.ledger.ticked(house.watch().record())
    house.deployment_switch(on=True)
    house.world.passes(hours=1)

    keys = alert(house.ledger, house.config, house.world.now(), 60)

    assert [key.split("-2026")[0] for key in keys] == ["afk:alarm:no-poll", "afk:alarm:no-watch"]


def test_repository_that_left_the_enrolment_raises_nothing(house: House) -> None:
    house.an_issue()
    house.world.troubles.refuse("tracker.brief", Refused("tracker: 403"))
    house.poll()
    house.config = type(house.config)(kill_switch=False)
    house.world.passes(hours=1)

    assert alert(house.ledger, house.config, house.world.now(), 60) == ()


def test_old_words_are_forgotten_and_counted(house: House) -> None:
    old = house.world.now()
    house.ledger.audit(Entry(old, "ada", Via.CLI, "look"))
    house.world.passes(days=31)
    house.ledger.audit(Entry(house.world.now(), "ada", Via.CLI, "look"))

    report = tidy(house.ledger, house.world.now(), keep_days=30)

    assert [line.subject for line in report.done] == ["audit"]
    assert [entry.at for entry in house.ledger.audited(10)] == [house.world.now()]
    assert tidy(house.ledger, house.world.now(), keep_days=30).done == []
