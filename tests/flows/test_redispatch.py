"""A person's wish for a new attempt, as a flow run."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.records import Verb, Via
from flows.poll import poll
from flows.redispatch import redispatch
from tests.house import INFRA_42

if TYPE_CHECKING:
    from tests.flows.conftest import History
    from tests.house import House


def asked(**about: Any) -> Any:
    wish = {"repo": "infra", "issue": 42, "requested_by": "ada", **about}
    return asyncio.run(redispatch(**wish, return_state=True))


def frozen(house: House) -> None:
    house.limit(fix_forward_max_attempts=0)
    house.a_run()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.watch()


def test_wish_is_recorded_once_and_the_next_poll_shows_whose_it_was(at_home: House, history: History) -> None:
    frozen(at_home)

    first, second = history.run(asked()), history.run(asked(requested_by="bob"))
    (wish,) = at_home.ledger.pending(Verb.REDISPATCH)
    started = history.run(asyncio.run(poll(return_state=True)))

    assert (first["name"], first["state_name"]) == ("redispatch infra#42", "Recorded")
    assert first["state"]["message"] == "infra#42 runs again as attempt 2 with the next tick."
    assert set(first["tags"]) == {"repo:infra", "issue:infra#42", "requested-by:ada"}
    assert (second["state_name"], second["state_type"]) == ("Refused", "COMPLETED")
    assert second["state"]["message"] == "ada asked for a new attempt at infra#42 already."
    assert (wish.actor, wish.via) == ("ada", Via.PREFECT)
    assert (started["name"], at_home.run().attempt) == ("poll · 1 started", 2)
    assert {"requested-by:ada", "via:prefect"} <= set(started["tags"])
    assert "| asked for by | ada through prefect" in history.artifacts(started)["issue-infra-42"]["data"]


def test_run_that_was_killed_after_it_recorded_the_wish_says_the_same_again(at_home: House, history: History) -> None:
    frozen(at_home)
    asked()

    again = history.run(asked())
    at_home.poll()
    later = history.run(asked(after_attempt=1))

    assert (again["state_name"], later["state_name"]) == ("Recorded", "Recorded")
    assert again["state"]["message"] == (
        "infra#42 runs again as attempt 2 with the next tick: ada asked for it through prefect."
    )
    assert later["state"]["message"] == f"infra#42: started as {at_home.run().id}."
    assert [entry.refused for entry in at_home.ledger.audited(10) if entry.verb == "redispatch"] == [False]


def test_click_on_an_old_attempt_starts_no_new_one(at_home: House, history: History) -> None:
    frozen(at_home)
    asked()
    at_home.world.passes(minutes=1)
    at_home.poll()
    at_home.world.ci_goes_red("infra", at_home.pushed_and_ended())
    at_home.watch()

    own, stale = history.run(asked(after_attempt=1)), history.run(asked(after_attempt=1, requested_by="bob"))

    assert (own["state_name"], stale["state_name"]) == ("Recorded", "Refused")
    assert at_home.run().attempt == 2
    assert at_home.ledger.pending(Verb.REDISPATCH) == ()


REFUSED = [
    ("unknown repository", {"repo": "nope"}, "'nope' is not enrolled (enrolled: infra)."),
    ("no repository", {"repo": "a b"}, "'a b#42' is not repository#number"),
    ("nobody", {"requested_by": "  "}, "Nobody asks."),
    ("never ran", {}, "infra#42 has never run"),
]


@pytest.mark.parametrize(("about", "why"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_refusal_says_why(at_home: House, history: History, about: dict[str, Any], why: str) -> None:
    run = history.run(asked(**about))

    assert run["state_name"] == "Refused"
    assert run["state"]["message"].startswith(why)
    assert at_home.ledger.wish(f"redispatch:{INFRA_42.repo}:{INFRA_42.number}:0") is None
