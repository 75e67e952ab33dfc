"""Refuse what comes faster than Slack lets an app speak."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Pace:
    """So many calls at once, then so many each second."""

    burst: int
    per_second: float


@dataclass(frozen=True, slots=True)
class Pacing:
    """Slack names about one post per second and channel with "short bursts"; how short it does not say."""

    posts: Pace = Pace(burst=5, per_second=1.0)
    updates: Pace = Pace(burst=50, per_second=50 / 60)


class Meter:
    """A bucket of calls for each key, refilled by the workspace's clock."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, datetime]] = {}

    def wait_for(self, key: str, pace: Pace, now: datetime) -> int:
        """Whole seconds until the next call may be made; 0 counts this one as made."""
        left, seen = self._buckets.get(key, (float(pace.burst), now))
        left = min(float(pace.burst), left + max(0.0, (now - seen).total_seconds()) * pace.per_second)
        if left < 1:
            self._buckets[key] = (left, now)
            return max(1, math.ceil((1 - left) / pace.per_second))
        self._buckets[key] = (left - 1, now)
        return 0
