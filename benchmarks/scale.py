"""Run minutely ticks over a thousand repositories, each tick a process of its own, and count what GitHub would charge.

The simulated GitHub runs in this process and shares the machine with the tick, so wall times are upper bounds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from afk import wiring
from afk.core.model import Board
from afk.operations import Operations
from benchmarks.figure import Figure
from benchmarks.town import ADA, Town, put_in_flight

if TYPE_CHECKING:
    from afk.sandbox.github import GithubServer

REPOS, EACH, RUNS = 1_000, 10, 200
COLD, MINUTES = 8, 4  # ticks before the steady state, and in it
SECONDS_AT_MOST, MEBIBYTES_AT_MOST = 10, 300
QUARTER = 5_000 / 4  # of what GitHub gives a token in an hour, in points and in requests

# What a tick's process says of itself on its way out.
TICK = """
import json, resource, sys
from afk import ticking
report = ticking.run(sys.argv[1])
usage = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"mib": usage.ru_maxrss / 1024, "cpu": usage.ru_utime + usage.ru_stime, "summary": report.summary}))
"""


@dataclass(frozen=True, slots=True)
class Minute:
    """One tick: what it took, and what it cost."""

    seconds: float
    cpu: float
    mib: float
    points: int
    rest: int
    requests: int
    summary: str


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as home:
        town = Town.of(REPOS, EACH, by="mallory", busy=RUNS)
        try:
            return _figures(town, _environment(town, Path(home)))
        finally:
            town.close()


def _figures(town: Town, environment: dict[str, str]) -> list[Figure]:
    town.catches_up()
    _prepare(town, environment["AFK_DATABASE_URL"])
    first = [_minute(town, "poll", environment) for _ in range(COLD)]  # until every candidate was looked at
    told = [_minute(town, "watch", environment) for _ in range(COLD)]  # reads the bodies that changed, a few per tick
    polls = [_minute(town, "poll", environment) for _ in range(MINUTES)]
    watches = [_minute(town, "watch", environment) for _ in range(MINUTES)]
    points = 60 * sum(each.points for each in (*polls, *watches)) / MINUTES
    rest = 60 * sum(each.rest for each in (*polls, *watches)) / MINUTES
    requests = max(each.requests for each in polls)
    return [
        _slowest("polls of 1,000 repositories that know nothing of 10,000 ready issues", first),
        _slowest("polls that remember them", polls),
        _slowest("watches of 200 runs in flight", [*told, *watches]),
        _largest("memory of these ticks", [*first, *told, *polls, *watches]),
        Figure("requests of a poll that remembers", f"{requests}", f"≤ {REPOS // 20}", requests <= REPOS / 20),
        Figure("GraphQL points in an hour of both ticks", f"{points:.0f}", f"≤ {QUARTER:.0f}", points <= QUARTER),
        Figure("REST requests in that hour", f"{rest:.0f}", f"≤ {QUARTER:.0f}", rest <= QUARTER),
    ]


def _prepare(town: Town, database_url: str) -> None:
    """Everything is armed, and the first repositories have a run in flight."""
    clock = wiring.clock()
    with wiring.ledger(database_url) as ledger, wiring.ports(town.settings, ledger, clock) as ports:
        for name in town.repos:
            Operations(ledger, town.settings.config).arm(name, ADA, clock.now())
        for name, board in ports.tracker.boards(list(town.repos.values())[:RUNS]).items():
            assert isinstance(board, Board)
            put_in_flight(town, ports, name, board.ready[0])


def _minute(town: Town, tick: str, environment: dict[str, str]) -> Minute:
    github: GithubServer = town.github
    points, rest, requests, begin = github.points_spent, github.rest_requests, town.requests(), time.perf_counter()
    done = subprocess.run(  # noqa: S603 - our own interpreter and words
        [sys.executable, "-c", TICK, tick], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    said = json.loads(done.stdout)
    return Minute(
        time.perf_counter() - begin,
        said["cpu"],
        said["mib"],
        github.points_spent - points,
        github.rest_requests - rest,
        town.requests() - requests,
        said["summary"],
    )


def _environment(town: Town, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AFK_", "SLACK_"))}
    return kept | town.environment(home)


def _slowest(what: str, minutes: list[Minute]) -> Figure:
    seconds, cpu = max(each.seconds for each in minutes), max(each.cpu for each in minutes)
    return Figure(
        what, f"{seconds:.1f} s, {cpu:.1f} s of them ours", f"≤ {SECONDS_AT_MOST} s", seconds <= SECONDS_AT_MOST
    )


def _largest(what: str, minutes: list[Minute]) -> Figure:
    mib = max(each.mib for each in minutes)
    return Figure(what, f"{mib:.0f} MiB", f"≤ {MEBIBYTES_AT_MOST} MiB", mib <= MEBIBYTES_AT_MOST)
