"""Every refusal has its exact line and an entry in the audit log, and changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.core.model import IssueRef
from afk.core.records import Entry, Verb, Via
from afk.ports import Unreachable
from tests.asking import BOB, frozen, last_entry, refused
from tests.house import ADA, INFRA_42, House

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from afk import operations


def busy(house: House) -> None:
    frozen(house)
    house.an_issue(IssueRef("infra", 43))
    house.poll()


def ending(house: House) -> None:
    """Its outcome is recorded; the tracker does not answer."""
    house.a_run()
    house.world.agent_fails(INFRA_42)
    house.world.troubles.refuse("tracker.add_label", Unreachable("tracker: nobody answers"))
    house.watch()


def no_longer_armed(house: House) -> None:
    frozen(house)
    house.operations.disarm("infra", ADA, house.world.now())


def killed(house: House) -> None:
    frozen(house)
    house.operations.kill(ADA, house.world.now(), "k")


def deployment_off(house: House) -> None:
    frozen(house)
    house.deployment_switch(on=True)


REFUSALS: list[tuple[str, Callable[[House], object], Callable[[operations.Operations, datetime], object], str, str, str]] = [
    ("arm a stranger", lambda _: None, lambda do, now: do.arm("web", BOB, now), "arm", "web", "'web' is not enrolled (enrolled: infra). Hint: the operator adds it to the rules file or AFK_ALLOWLIST"),
    ("arm until now", lambda _: None, lambda do, now: do.arm("infra", BOB, now, now), "arm", "infra", "2026-11-01 08:00 UTC is not in the future. Hint: afk arm infra --for 8h"),
    ("disarm a stranger", lambda _: None, lambda do, now: do.disarm("web", BOB, now), "disarm", "web", "'web' is not enrolled (enrolled: infra). Hint: the operator adds it to the rules file or AFK_ALLOWLIST"),
    ("stop what does not run", lambda _: None, lambda do, now: do.stop(INFRA_42, BOB, now, "k"), "stop", "infra#42", "infra#42 has no run in flight. Hint: afk runs"),
    ("stop what has ended", frozen, lambda do, now: do.stop(INFRA_42, BOB, now, "k"), "stop", "infra#42", "infra#42 has no run in flight. Hint: afk runs"),
    ("stop what is ending", ending, lambda do, now: do.stop(INFRA_42, BOB, now, "k"), "stop", "infra#42", "infra#42 has no run in flight. Hint: afk runs"),
    ("say nothing", frozen, lambda do, now: do.say(INFRA_42, " \n", BOB, now, "k"), "say", "infra#42", 'There is nothing to say. Hint: afk say infra#42 "use the other table"'),
    ("say to what never ran", lambda _: None, lambda do, now: do.say(INFRA_42, "hi", BOB, now, "k"), "say", "infra#42", "infra#42 has no run in flight. Hint: afk runs"),
    ("re-run a stranger", lambda _: None, lambda do, now: do.redispatch(IssueRef("web", 1), BOB, now), "redispatch", "web", "'web' is not enrolled (enrolled: infra). Hint: the operator adds it to the rules file or AFK_ALLOWLIST"),
    ("re-run what never ran", lambda _: None, lambda do, now: do.redispatch(INFRA_42, BOB, now), "redispatch", "infra#42", "infra#42 has never run, so there is nothing to run again. Hint: afk why infra#42"),
    ("re-run in a busy repository", busy, lambda do, now: do.redispatch(INFRA_42, BOB, now), "redispatch", "infra#42", "infra is busy with infra#43. Hint: afk stop infra#43, or wait for its end"),
    ("re-run while it runs", House.a_run, lambda do, now: do.redispatch(INFRA_42, BOB, now), "redispatch", "infra#42", "infra is busy with infra#42. Hint: afk stop infra#42, or wait for its end"),
    ("re-run unarmed", no_longer_armed, lambda do, now: do.redispatch(INFRA_42, BOB, now), "redispatch", "infra#42", "infra is not armed. Hint: afk arm infra"),
    ("re-run while killed", killed, lambda do, now: do.redispatch(INFRA_42, BOB, now), "redispatch", "infra#42", "The kill switch is on (killed by ada). Hint: afk resume"),
    ("defect 16: re-run while the deployment is off", deployment_off, lambda do, now: do.redispatch(INFRA_42, BOB, now), "redispatch", "infra#42", "The kill switch is on (AFK_KILL_SWITCH is on). Hint: the operator sets AFK_KILL_SWITCH to off"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("prepare", "ask", "verb", "target", "line"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_refusal_has_its_line_and_an_entry_and_changes_nothing(
    house: House,
    prepare: Callable[[House], object],
    ask: Callable[[operations.Operations, datetime], object],
    verb: str,
    target: str,
    line: str,
) -> None:
    prepare(house)
    before = (house.ledger.switches(), house.ledger.pending(*Verb), house.ledger.live())
    now = house.world.now()

    assert refused(lambda: ask(house.operations, now)) == line
    assert last_entry(house) == Entry(now, "bob", Via.SLACK, verb, target, line, refused=True)
    assert (house.ledger.switches(), house.ledger.pending(*Verb), house.ledger.live()) == before
