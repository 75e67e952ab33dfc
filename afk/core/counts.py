"""Say what one tick or one delivery adds to the counts that outlive every process."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BOUNDS = ("0.5", "1.0", "2.5", "5.0", "10.0", "20.0", "50.0", "+Inf")  # seconds, as Prometheus writes them


class Counted(StrEnum):
    TICKS = "ticks"  # by tick and result
    SECONDS = "seconds"  # by tick and bound, and the sum
    REQUESTS = "requests"  # by system and status
    LEFT = "left"  # of a rate limit, by system and resource


@dataclass(frozen=True, slots=True, order=True)
class Count:
    """`adds`: to what is there already; else it takes its place."""

    name: str
    labels: tuple[str, ...]
    value: float
    adds: bool = True


def of_tick(
    tick: str,
    result: str,
    seconds: float,
    requests: Mapping[tuple[str, str], int],
    left: Mapping[tuple[str, str], int],
) -> tuple[Count, ...]:
    """In one order for all, so that two ticks that end together do not wait for each other."""
    found = [
        Count(Counted.TICKS, (tick, result), 1),
        *_durations(tick, seconds),
        *of_requests(requests, left),
    ]
    return tuple(sorted(found))


def of_requests(requests: Mapping[tuple[str, str], int], left: Mapping[tuple[str, str], int]) -> tuple[Count, ...]:
    found = [
        *(Count(Counted.REQUESTS, labels, number) for labels, number in requests.items()),
        *(Count(Counted.LEFT, labels, number, adds=False) for labels, number in left.items()),
    ]
    return tuple(sorted(found))


def _durations(tick: str, seconds: float) -> Iterator[Count]:
    for bound in BOUNDS:
        yield Count(Counted.SECONDS, (tick, bound), float(seconds <= float(bound)))
    yield Count(Counted.SECONDS, (tick, "sum"), seconds)
