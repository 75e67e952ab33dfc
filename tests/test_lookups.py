"""What people may look up: why, status, history, and who took a doorbell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from afk.core.dispatch_policy import Code
from afk.core.model import IssueRef, Labels
from afk.core.records import Verdicted
from afk.core.run import Reason
from afk.operations import report_unreadable
from tests.asking import BOB, frozen, refused
from tests.house import ADA, INFRA_42, House, a_repo

if TYPE_CHECKING:
    from collections.abc import Callable


LABELS = Labels()


def test_first_acknowledgement_stands(house: House) -> None:
    key = f"{house.run(frozen(house)).id}:frozen"

    first = house.operations.acknowledge(key, BOB, house.world.now())
    second = house.operations.acknowledge(key, ADA, house.world.now() + timedelta(minutes=1))

    assert (first.acknowledged_by, second.acknowledged_by) == ("bob", "bob")
    assert house.operations.acknowledge("no-such-bell", ADA, house.world.now()) is None
    assert [entry.actor for entry in house.ledger.audited(50) if entry.verb == "acknowledge"] == ["bob"]


def waits_for_its_blocker(house: House) -> None:
    house.world.open_issue(IssueRef("infra", 7))
    house.an_issue(body="Blocked by #7")
    house.poll()


def stopped(house: House) -> None:
    house.a_run()
    house.operations.stop(INFRA_42, ADA, house.world.now(), "k")
    house.watch()


def asked_again(house: House) -> None:
    frozen(house)
    house.poll()
    house.world.passes(minutes=1)
    house.operations.redispatch(INFRA_42, ADA, house.world.now())


WHYS: list[tuple[str, Callable[[House], object], Code, str]] = [
    ("running", House.a_run, Code.BUSY, "infra#42"),
    ("killed", lambda house: house.operations.kill(ADA, house.world.now(), "k"), Code.KILL_SWITCH, "killed by ada"),
    ("deployment off", lambda house: house.deployment_switch(on=True), Code.KILL_SWITCH, "AFK_KILL_SWITCH is on"),
    ("not armed", lambda house: house.operations.disarm("infra", ADA, house.world.now()), Code.NOT_ARMED, "infra"),
    ("blocked, as the last tick found", waits_for_its_blocker, Code.BLOCKED, "acme/infra#7"),
    ("stopped since the tick in which it started", stopped, Code.ENDED_BEFORE, "stopped"),
    ("asked to run again since the tick", asked_again, Code.RERUN_ASKED, "ada"),
    ("switched off after the tick: what decides now", lambda house: (waits_for_its_blocker(house), house.operations.kill(ADA, house.world.now(), "k")), Code.KILL_SWITCH, "killed by ada"),
]  # fmt: skip


@pytest.mark.parametrize(("prepare", "code", "detail"), [row[1:] for row in WHYS], ids=[row[0] for row in WHYS])
def test_why(house: House, prepare: Callable[[House], object], code: Code, detail: str) -> None:
    prepare(house)

    assert house.operations.why(INFRA_42, house.world.now()) == Verdicted(
        INFRA_42, code.value, detail, house.world.now()
    )


def test_why_of_what_no_tick_has_seen(house: House) -> None:
    assert refused(lambda: house.operations.why(INFRA_42, house.world.now())) == (
        "infra#42 has not been considered yet. Hint: is the ready label on it, and is infra armed? afk status"
    )


def test_why_of_a_repository_that_is_not_enrolled(house: House) -> None:
    """Whatever else holds: no switch that is thrown would let it start."""
    house.deployment_switch(on=True)
    house.config = replace(house.config, repos={})

    assert refused(lambda: house.operations.why(INFRA_42, house.world.now())).startswith(
        "'infra' is not enrolled (enrolled: none)."
    )


def test_status_shows_what_is_armed_running_and_waiting() -> None:
    house = House.ready(a_repo("infra"), a_repo("web"))
    house.operations.disarm("web", ADA, house.world.now())
    house.a_run()
    house.an_issue(IssueRef("infra", 43))
    house.poll()

    status = house.operations.status(house.world.now())

    assert (status.off, status.enrolled) == ("", ("infra", "web"))
    assert [each.repo for each in status.armed] == ["infra"]
    assert [run.ref for run in status.live] == [INFRA_42]
    assert {str(each.ref): each.code for each in status.decisions} == {"infra#43": "repository-busy"}


def test_status_does_not_say_that_what_ended_starts(house: House) -> None:
    stopped(house)

    assert house.operations.status(house.world.now()).decisions == ()


def test_status_shows_a_re_run_that_was_asked_for(house: House) -> None:
    asked_again(house)

    (waiting,) = house.operations.status(house.world.now()).decisions
    assert (waiting.ref, waiting.code, waiting.detail) == (INFRA_42, Code.RERUN_ASKED, "ada")


def test_history_is_newest_first_and_limited(house: House) -> None:
    frozen(house)
    house.operations.redispatch(INFRA_42, ADA, house.world.now())
    house.poll()

    assert [run.attempt for run in house.operations.runs(INFRA_42, 10)] == [2, 1]
    assert [run.attempt for run in house.operations.runs(None, 1)] == [2]
    assert house.operations.runs(IssueRef("infra", 43), 10) == ()


def test_defect_36_unreadable_settings_ring_once_for_each_fault(house: House) -> None:
    texts = [
        report_unreadable(house.ledger, error, house.world.now()) for error in ("A is 'x'.", "A is 'x'.", "B is 'y'.")
    ]
    house.deliver()

    assert texts[0] == "AFK counts as switched off, since its settings cannot be read. A is 'x'."
    assert sorted(each.card.why for each in house.world.rings) == [texts[0], texts[2]]


def test_defect_10_reason_of_the_end_survives_for_who_asks_later(house: House) -> None:
    house.run(frozen(house))
    house.poll()

    assert house.run().reason is Reason.ATTEMPTS_SPENT
    assert house.operations.why(INFRA_42, house.world.now()).code == Code.HUMAN_LABEL
    assert LABELS.human in house.labels()
