"""The health page tells the truth, and says what is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from afk.adapters.ledger import open_ledger
from afk.core.records import Delivery, DeliveryState, Doorbell, DoorbellKind, TickRecord
from afk.health import Health
from afk.ports import Unreachable
from tests.slackbot.conftest import Wobbly

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    def __init__(self, now: datetime = NOON) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time

    def new_id(self) -> str:
        return "1"


class Round:
    """As Rounds show themselves."""

    def __init__(self, name: str = "doorbells", *, alive: bool = True, done: datetime | None = NOON) -> None:
        self.name, self.is_alive, self.done_at, self.troubles = name, alive, done, ("slack: slow",)


@pytest.fixture
def health() -> Health:
    ledger: Any = Wobbly(open_ledger("sqlite://"))
    rounds: Any = (Round(), Round("notices"))
    return Health(ledger, Clock(), ("slack",), rounds, lambda: True, NOON - timedelta(hours=1), 60)


def tick(health: Health, name: str, ago: timedelta) -> None:
    health.ledger.ticked(TickRecord(name, NOON - ago, "done"))


def ticking(health: Health) -> None:
    for name in ("poll", "watch"):
        tick(health, name, timedelta(minutes=1))


def waits(health: Health, ago: timedelta) -> None:
    health.ledger.ring(Doorbell("bell", DoorbellKind.ALARM, NOON - ago, text="x"))


def is_deaf(health: Health) -> Health:
    return replace(health, hears=lambda: False)


def has_a_dead_thread(health: Health) -> Health:
    return replace(health, rounds=(Round(alive=False),))  # type: ignore[arg-type]


def has_a_stuck_thread(health: Health) -> Health:
    return replace(health, rounds=(Round(done=NOON - timedelta(minutes=4)),))  # type: ignore[arg-type]


def never_finished_a_pass(health: Health) -> Health:
    return replace(health, rounds=(Round(done=None),))  # type: ignore[arg-type]


def keeps_a_doorbell(health: Health) -> Health:
    waits(health, timedelta(minutes=6))
    return health


def has_no_ticks(health: Health) -> Health:
    tick(health, "poll", timedelta(minutes=45))
    return health


def lost_its_ledger(health: Health) -> Health:
    health.ledger.fails["outbox"] = 1  # type: ignore[attr-defined]
    return health


def test_all_is_well(health: Health) -> None:
    ticking(health)
    waits(health, timedelta(seconds=30))

    assert health.report() == (
        200,
        {
            "ok": True,
            "problems": [],
            "hears_slack": True,
            "rounds": {name: {"done_at": NOON.isoformat(), "troubles": ["slack: slow"]} for name in ("doorbells", "notices")},
            "oldest_waiting_seconds": {"slack": 30},
            "last_ticks": dict.fromkeys(("poll", "watch"), "2026-11-20T11:59:00+00:00"),
        },
    )  # fmt: skip


@pytest.mark.parametrize(
    ("what", "problem", "alive"),
    [
        pytest.param(is_deaf, "Slack does not reach the bot", True, id="deaf"),
        pytest.param(has_a_dead_thread, "doorbells stand still", False, id="dead-thread"),
        pytest.param(has_a_stuck_thread, "doorbells stand still", False, id="stuck-thread"),
        pytest.param(never_finished_a_pass, "doorbells stand still", False, id="no-pass-yet"),
        pytest.param(keeps_a_doorbell, "a doorbell has waited for slack for 360 s", True, id="old-doorbell"),
        pytest.param(has_no_ticks, "no poll tick has completed lately", True, id="no-ticks"),
        pytest.param(lost_its_ledger, "ledger: it cannot be reached", True, id="no-ledger"),
    ],
)
def test_what_is_wrong_is_said(health: Health, what: Callable[[Health], Health], problem: str, *, alive: bool) -> None:
    """Only what a restart may mend makes the process count as dead."""
    ticking(health)
    health = what(health)

    status, facts = health.report()
    assert (status, facts["ok"], facts["problems"]) == (503, False, [problem])
    assert (health.alive()[0] == 200) is alive


def test_doorbell_that_arrived_does_not_wait(health: Health) -> None:
    ticking(health)
    waits(health, timedelta(hours=1))
    health.ledger.deliver(Delivery("bell", "slack", DeliveryState.SENT, NOON))

    assert health.report()[0] == 200


def test_young_bot_gives_the_ticks_time(health: Health) -> None:
    assert replace(health, began=NOON - timedelta(minutes=1)).report()[0] == 200
    assert health.report()[1]["problems"] == [f"no {name} tick has completed lately" for name in ("poll", "watch")]


def test_wobbly_ledger_is_one_that_fails() -> None:
    ledger = Wobbly(open_ledger("sqlite://"))
    ledger.fails["switches"] = 1
    with pytest.raises(Unreachable):
        ledger.switches()

    assert ledger.switches().killed is None
