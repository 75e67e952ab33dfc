"""Count and time the requests of a tick over the wire, beside the shape that the prototype had, in one run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from afk import poll, watch, wiring
from afk.core.config import Config
from afk.core.model import Board
from afk.operations import Operations
from benchmarks.figure import Figure
from benchmarks.town import ADA, READY, Town, put_in_flight

if TYPE_CHECKING:
    from collections.abc import Callable

REPOS, EACH = 100, 3
LATENCY = 0.08
AT_MOST = 12
TIMES = 30


@dataclass(frozen=True, slots=True)
class Cost:
    requests: int
    seconds: float


def cost(town: Town, work: Callable[[], object]) -> Cost:
    before, begin = town.requests(), time.perf_counter()
    work()
    return Cost(town.requests() - before, time.perf_counter() - begin)


def measure() -> list[Figure]:
    return [*_polls(), *_watches()]


def _polls() -> list[Figure]:
    """Nobody trusted released the issues, so every one is vetted and none starts."""
    town = Town.of(REPOS, EACH, by="mallory")
    clock = wiring.clock()
    with wiring.ledger("sqlite://") as ledger, wiring.ports(town.settings, ledger, clock) as ports:
        config = town.settings.config
        off = cost(town, lambda: poll.tick(ports, Config(repos=config.repos), clock.now()))
        for name in config.repos:
            Operations(ledger, config).arm(name, ADA, clock.now())
        town.slow(LATENCY)
        first = cost(town, lambda: poll.tick(ports, config, clock.now()))
        shape = cost(town, lambda: _prototype_poll(town))
    town.close()
    return [
        Figure("requests of a tick that is off", f"{off.requests}", "0", off.requests == 0),
        Figure(
            "requests per poll, 100 repositories, 300 ready issues",
            f"{first.requests}",
            "≤ 12",
            first.requests <= AT_MOST,
        ),
        Figure("its wall time with 80 ms per answer", f"{first.seconds:.2f} s", "≤ 1 s", first.seconds <= 1),
        _ratio("the prototype's shape: requests", shape, first),
    ]


def _watches() -> list[Figure]:
    """Every repository has a run in flight, pushed and pending, and everybody has been told so."""
    town = Town.of(REPOS, EACH, by="ada")
    town.catches_up()  # a commit older than its run would not be asked for its CI
    clock = wiring.clock()
    with wiring.ledger("sqlite://") as ledger, wiring.ports(town.settings, ledger, clock) as ports:
        config = town.settings.config
        boards = ports.tracker.boards(list(config.repos.values()))
        for name, board in boards.items():
            assert isinstance(board, Board)
            put_in_flight(town, ports, name, board.ready[0])
        for _ in range(6):
            watch.tick(ports, config, clock.now())  # reads the bodies that changed, a few per tick
        town.slow(LATENCY)
        steady = cost(town, lambda: watch.tick(ports, config, clock.now()))
        assert len(ledger.live()) == REPOS
        shape = cost(town, lambda: _prototype_watch(town))
    town.close()
    return [
        Figure("requests per watch, 100 runs in flight", f"{steady.requests}", "≤ 12", steady.requests <= AT_MOST),
        Figure("its wall time with 80 ms per answer", f"{steady.seconds:.2f} s", "≤ 1 s", steady.seconds <= 1),
        _ratio("the prototype's shape: requests", shape, steady),
    ]


def _ratio(what: str, shape: Cost, ours: Cost) -> Figure:
    times = shape.requests / ours.requests
    shown = f"{shape.requests} in {shape.seconds:.0f} s, {times:.0f} times ours"
    return Figure(
        what, shown, "≥ 30 times" if shape.requests > 2 * REPOS else "", shape.requests <= 2 * REPOS or times >= TIMES
    )


def _prototype_poll(town: Town) -> None:
    """One list per repository, one timeline per ready issue, one after another."""
    with _client(town) as client:
        for slug in (repo.slug for repo in town.settings.config.repos.values()):
            issues = client.get(f"/repos/{slug}/issues", params={"labels": READY, "state": "open"}).json()
            for issue in issues:
                client.get(f"/repos/{slug}/issues/{issue['number']}/timeline")


def _prototype_watch(town: Town) -> None:
    """One snapshot and one CI query per run, one after another."""
    bearer = {"Authorization": f"Bearer {town.settings.t3.token.get_secret_value()}"}  # type: ignore[union-attr]
    with _client(town) as client, httpx.Client(base_url=town.t3.url, headers=bearer) as t3:
        for slug in (repo.slug for repo in town.settings.config.repos.values()):
            t3.get("/api/orchestration/snapshot")
            client.get(f"/repos/{slug}/commits/main/check-runs")


def _client(town: Town) -> httpx.Client:
    token = town.settings.github.token.get_secret_value()  # type: ignore[union-attr]
    return httpx.Client(base_url=town.github.url, headers={"Authorization": f"Bearer {token}", "User-Agent": "shape"})
