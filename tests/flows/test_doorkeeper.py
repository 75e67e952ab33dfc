"""What the serving process does beside the flows."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from afk import settings, wiring
from afk.adapters.memory.channel import MemoryChannel
from afk.health import STUCK
from afk.opening import Outside
from afk.ports import PortError, Uncertain, Unreachable
from afk.sandbox.presence import PresenceServer
from flows import doorkeeper
from flows.doorkeeper import Doorkeeper, keep
from flows.outside import OPENING
from tests.contract.ledgers import a_run, an_entry
from tests.flows.conftest import free_port, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from afk.core.doorbell import Card
    from tests.house import House


@pytest.fixture
def watched(house: House) -> Iterator[House]:
    """No server: this works while Prefect is down."""

    @contextmanager
    def opening(_tick: str) -> Iterator[Outside]:
        yield Outside(house.ports, house.config)

    token = OPENING.set(opening)
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        yield house
    OPENING.reset(token)


def over(keeper: Doorkeeper) -> None:
    """One pass, at once."""
    keeper.watch_over(passes=1, pause=0.0)


def needs_a_person(house: House) -> None:
    house.limit(nudges_max=0)
    house.world.agent_ends(house.a_run().ref)
    house.watch()


def test_bells_ring_where_no_bot_does_it(watched: House) -> None:
    needs_a_person(watched)

    over(Doorkeeper(60, delivers=False))
    assert watched.rings() == []

    over(Doorkeeper(60, delivers=True))
    assert watched.rings() == ["needs-human"]


def test_reminders_and_alarms_are_raised_from_outside_the_flows(watched: House) -> None:
    needs_a_person(watched)
    keeper = Doorkeeper(60, delivers=True)
    over(keeper)
    watched.world.passes(days=1)
    over(keeper)
    over(keeper)

    assert sorted(watched.rings()) == ["alarm", "alarm", "needs-human", "needs-human"]


def test_start_of_the_house_gives_the_ticks_their_time(watched: House) -> None:
    watched.ledger.ticked(watched.poll().record())
    watched.world.passes(days=3)
    over(Doorkeeper(60, delivers=True))
    over(Doorkeeper(60, delivers=True))

    assert watched.rings() == []


def test_it_rings_at_once_and_stops_at_once(watched: House) -> None:
    needs_a_person(watched)

    async def story() -> None:
        keeper = asyncio.create_task(keep(Doorkeeper(60, delivers=True)))
        await asyncio.to_thread(until, watched.rings, "the bell", 10)
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(keeper, 5)

    asyncio.run(asyncio.wait_for(story(), 20))

    assert watched.rings() == ["needs-human"]


class Late(MemoryChannel):
    """Accepts, and answers nothing for two minutes, whatever it is asked. It looks how far the keeper is by then."""

    def __init__(self, house: House, keeper: Doorkeeper) -> None:
        super().__init__(house.world)
        self.house, self.keeper = house, keeper
        self.ages: list[timedelta] = []

    def ring(self, key: str, card: Card) -> str:
        self._wait()
        raise Uncertain(f"late: {key} {card.kind}: the answer was lost")

    def find(self, key: str, since: datetime) -> str | None:
        self._wait()
        raise Unreachable(f"late: {key} {since}: nobody answers")

    def _wait(self) -> None:
        self.house.world.passes(minutes=2)
        self.ages.append(self.house.world.now() - (self.keeper.done_at or self.house.world.now()))


def test_channel_that_answers_late_does_not_make_the_process_stand_still(watched: House) -> None:
    """A probe that asks meanwhile has no reason to have it killed."""
    needs_a_person(watched)
    keeper = Doorkeeper(60, delivers=True)
    keeper.done_at = watched.world.now()
    late = Late(watched, keeper)
    watched.ports = replace(watched.ports, channels=(late,))

    keeper.watch_over(passes=4, pause=0.0)

    assert late.ages == [timedelta(minutes=2)] * 2
    assert max(late.ages) < STUCK


def test_whatever_a_pass_raises_bells_ring_again_later(
    watched: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    needs_a_person(watched)
    monkeypatch.setattr(doorkeeper, "PAUSE", 0.01)
    troubles: list[Exception] = [KeyError("of nobody"), PortError("ledger: it is away")]

    @contextmanager
    def opening(_tick: str) -> Iterator[Outside]:
        if troubles:
            raise troubles.pop(0)
        yield Outside(watched.ports, watched.config)

    OPENING.set(opening)

    async def story() -> None:
        keeping = asyncio.create_task(keep(Doorkeeper(60, delivers=True)))
        await asyncio.to_thread(until, watched.rings, "the bell", 20)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(keeping, 10)

    asyncio.run(asyncio.wait_for(story(), 40))

    said = capsys.readouterr().err.splitlines()
    waits = [line for line in said if line.startswith("afk: doorbells wait: ")]
    assert waits == ["afk: doorbells wait: KeyError: 'of nobody'", "afk: doorbells wait: ledger: it is away"]


@pytest.mark.parametrize("delivers", [True, False], ids=["it delivers", "the bot does"])
def test_repositories_of_runs_are_claimed_whoever_delivers(
    delivers: bool, watched: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AFK_DATABASE_URL", f"sqlite:///{tmp_path}/ledger.db")
    with wiring.ledger(settings.ledger_url()) as ledger:
        ledger.claim(a_run(), an_entry(), {})

    async def story() -> None:
        keeping = asyncio.create_task(keep(Doorkeeper(60, delivers=delivers)))
        await asyncio.to_thread(until, server.held, "the claim", 20)
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(keeping, 10)

    with PresenceServer() as server:
        monkeypatch.setenv("AFK_PRESENCE_URL", f"{server.url}/claims")
        asyncio.run(asyncio.wait_for(story(), 40))

    assert server.held() == {"repo:infra": "AFK #42"}
