"""Describe one measured figure and the promise it is held against."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Figure:
    what: str
    shown: str
    promise: str
    holds: bool


def seconds(work: Callable[[], object], rounds: int = 7) -> float:
    """The median: these machines are noisy."""
    work()
    taken = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


def at_most(what: str, measured: float, limit: float, unit: str = "ms") -> Figure:
    scale = {"ms": 1_000, "s": 1}[unit]
    return Figure(what, f"{measured * scale:.1f} {unit}", f"≤ {limit * scale:.0f} {unit}", measured <= limit)
