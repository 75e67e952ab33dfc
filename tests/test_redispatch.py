"""A new attempt, once per attempt that ended, however often and by however many it is asked for."""

from __future__ import annotations

from dataclasses import replace

from afk.core.records import Command, Entry, Verb, Via
from afk.core.run import Outcome
from afk.operations import Person, RefusedRequest
from tests.asking import BOB, frozen, refused
from tests.house import ADA, INFRA_42, House
from tests.otherwise import Otherwise

CLEO = Person("cleo", Via.SLACK)


def test_thirty_presses_by_three_people_start_one_run(house: House) -> None:
    frozen(house)
    people = [ADA, BOB, CLEO]

    answers = []
    for press in range(30):
        try:
            answers.append(house.operations.redispatch(INFRA_42, people[press % 3], house.world.now(), after_attempt=1))
        except RefusedRequest as no:
            answers.append(str(no))
        if press == 17:
            house.minute()
        house.world.passes(seconds=1)
    for _ in range(3):
        house.minute()

    assert (
        answers
        == ["infra#42 runs again as attempt 2 with the next tick."]
        + ["ada asked for a new attempt at infra#42 already."] * 29
    )
    assert [run.attempt for run in house.ledger.history(INFRA_42, 10)] == [2, 1]
    assert len(house.world.threads) == 2
    assert sum(entry.verb == "redispatch" and entry.refused for entry in house.ledger.audited(100)) == 29


def test_who_loses_the_race_is_told_who_won(house: House) -> None:
    """Both looked before either had asked: the ledger decides."""
    frozen(house)
    now = house.world.now()
    rival = Command("redispatch:infra:42:1", Verb.REDISPATCH, INFRA_42, "bob", Via.SLACK, now)
    ledger = house.ledger

    def overtaken(command: Command, entry: Entry) -> Command:
        ledger.command(rival, Entry(now, "bob", Via.SLACK, "redispatch", "infra#42"))
        return ledger.command(command, entry)

    verbs = replace(house.operations, ledger=Otherwise(ledger, {"command": overtaken}))

    assert refused(lambda: verbs.redispatch(INFRA_42, ADA, now)) == "bob asked for a new attempt at infra#42 already."
    assert [wish.actor for wish in ledger.pending(Verb.REDISPATCH)] == ["bob"]


def test_button_of_an_earlier_attempt_is_refused(house: House) -> None:
    frozen(house)
    house.operations.redispatch(INFRA_42, ADA, house.world.now())
    house.poll()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.watch()
    assert (house.run().attempt, house.run().outcome) == (2, Outcome.FROZEN)

    old = refused(lambda: house.operations.redispatch(INFRA_42, BOB, house.world.now(), after_attempt=1))
    never = refused(lambda: house.operations.redispatch(INFRA_42, BOB, house.world.now(), after_attempt=9))

    assert old == "ada asked for a new attempt at infra#42 already."
    assert never.startswith("infra#42 has moved on to attempt 2: this button belongs to an earlier one.")
    assert house.ledger.pending(Verb.REDISPATCH) == ()
