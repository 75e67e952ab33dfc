"""Ask AFK as people do, and keep what they are told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.core.records import Via
from afk.operations import Person, RefusedRequest
from tests.house import INFRA_42

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.core.model import IssueRef
    from afk.core.records import Entry
    from tests.house import House

BOB = Person("bob", Via.SLACK)


def frozen(house: House) -> IssueRef:
    """An issue whose only attempt froze."""
    house.limit(fix_forward_max_attempts=0)
    house.a_run()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.watch()
    assert house.run().finished_at is not None
    house.world.passes(minutes=1)
    return INFRA_42


def refused(ask: Callable[[], object]) -> str:
    with pytest.raises(RefusedRequest) as no:
        ask()
    return str(no.value)


def last_entry(house: House) -> Entry:
    return house.ledger.audited(1)[0]
