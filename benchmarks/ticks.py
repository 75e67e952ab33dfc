"""Time a watch tick over five hundred runs in flight, on a ledger and a world in memory."""

from __future__ import annotations

from afk.core.model import IssueRef
from benchmarks.figure import Figure, at_most, seconds
from tests.house import House, a_repo

RUNS = 500


def measure() -> list[Figure]:
    house = House.ready(*(a_repo(f"repo{number}") for number in range(RUNS)))
    for name in house.config.repos:
        house.an_issue(IssueRef(name, 1))
    started = seconds(house.poll, rounds=1)
    assert len(house.ledger.live()) == RUNS

    def a_busy_minute() -> None:
        """Every agent says something, so every thread has changed."""
        house.world.passes(minutes=1)
        for name in house.config.repos:
            house.world.agent_says(IssueRef(name, 1), "AFK-Phase: worktree ../wt")
        house.watch()

    quiet = seconds(house.watch)
    return [
        Figure("poll tick with 500 runs in flight", f"{started:.2f} s", "no promise", holds=True),
        at_most("watch tick, 500 runs, nothing new", quiet, 1.0, "s"),
        at_most("watch tick, 500 runs, all threads changed", seconds(a_busy_minute, rounds=3), 1.0, "s"),
    ]
