"""Keep every request within GitHub's limits: when a budget is spent, nothing leaves until it is full again."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from afk.ports import Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, MutableMapping

    from afk.ports import Clock

EVERYTHING = "*"  # a secondary limit is about a client, not about one of its budgets
FIRST_PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(hours=1)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BURST = 20  # writes of a minute that need no pace: GitHub takes 80
RESERVE = 0.05  # of a budget, kept from what can wait for the sake of what cannot
FAIR = 0.5  # of a budget for a whole hour ahead: who has spent faster slows down before it is spent


@dataclass(slots=True)
class Budget:
    """What an answer said last about one hourly budget."""

    limit: int
    remaining: int
    resets_at: datetime

    def spread(self, now: datetime) -> datetime:
        """When what can wait may leave: now, unless the rest of the hour has less than half of its share."""
        share = self.remaining / max(1, self.limit)
        if share <= RESERVE:
            return self.resets_at
        return max(now, self.resets_at - HOUR * min(1.0, share / FAIR))


class Governor:
    """One for all threads. A scope is whoever has budgets of its own: a token's owner, or one installation."""

    def __init__(
        self,
        clock: Clock,
        memory: MutableMapping[str, str] | None = None,
        *,
        pace: float = 1.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._clock = clock
        self._memory = {} if memory is None else memory
        self._pace = pace
        self._sleep = sleep
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._budgets: dict[tuple[str, str], Budget] = {}
        self._holds: dict[tuple[str, str], datetime | None] = {}
        self._refusals: dict[str, int] = {}
        self._writes: dict[str, deque[datetime]] = {}

    def admit(self, scope: str, resource: str, operation: str, *, can_wait: bool = False) -> None:
        """Raises if the request must not leave now. What can wait leaves the reserve to what cannot."""
        with self._lock:
            now = self._clock.now()
            until = max((self._hold(scope, each) for each in (EVERYTHING, resource)), default=now)
            budget = self._budget(scope, resource)
            if budget is not None and now < budget.resets_at:
                until = max(
                    until, budget.spread(now) if can_wait else now if budget.remaining > 0 else budget.resets_at
                )
                budget.remaining -= 1
        if until > now:
            raise held(operation, until)

    def learn(self, scope: str, resource: str, headers: Mapping[str, str]) -> None:
        """Note what an answer says about the budget that paid for it."""
        budget = _budget(headers)
        with self._lock:
            if budget is not None:
                resource = headers.get("x-ratelimit-resource", resource)
                self._budgets[scope, resource] = budget
                self._memory[_budget_key(scope, resource)] = (
                    f"{budget.limit} {budget.remaining} {budget.resets_at.isoformat()}"
                )

    def accepted(self, scope: str) -> None:
        with self._lock:
            self._refusals.pop(scope, None)

    def refused(self, scope: str, resource: str, headers: Mapping[str, str]) -> datetime:
        """A limit said no. Returns when to ask again; until then nothing leaves."""
        wait, budget = headers.get("retry-after", ""), _budget(headers)
        with self._lock:
            now = self._clock.now()
            if wait.isdigit():
                until, whom = now + timedelta(seconds=int(wait)), EVERYTHING
            elif budget is not None and budget.remaining == 0:
                until, whom = budget.resets_at, resource
            else:
                times = self._refusals[scope] = self._refusals.get(scope, 0) + 1
                until, whom = now + min(FIRST_PAUSE * 2 ** min(times - 1, 6), LONGEST_PAUSE), EVERYTHING
            until = max(until, now + timedelta(seconds=1))
            self._holds[scope, whom] = until
            self._memory[_key(scope, whom)] = until.isoformat()
        return until

    def pace(self, scope: str) -> None:
        """Let writes through one by one, and slowly once there are many."""
        with self._writing:
            now = self._clock.now()
            recent = self._writes.setdefault(scope, deque())
            while recent and recent[0] <= now - MINUTE:
                recent.popleft()
            if len(recent) >= BURST:
                self._sleep(max(0.0, self._pace - (now - recent[-1]).total_seconds()))
            recent.append(self._clock.now())

    def _budget(self, scope: str, resource: str) -> Budget | None:
        """Also what another process was told."""
        if (scope, resource) not in self._budgets and (kept := self._memory.get(_budget_key(scope, resource))):
            limit, remaining, reset = kept.split(" ")
            self._budgets[scope, resource] = Budget(int(limit), int(remaining), datetime.fromisoformat(reset))
        return self._budgets.get((scope, resource))

    def _hold(self, scope: str, resource: str) -> datetime:
        """Also one that another process ran into."""
        if (scope, resource) not in self._holds:
            kept = self._memory.get(_key(scope, resource))
            self._holds[scope, resource] = datetime.fromisoformat(kept) if kept else None
        return self._holds[scope, resource] or datetime.min.replace(tzinfo=UTC)


def held(operation: str, until: datetime) -> Unreachable:
    return Unreachable(f"GitHub: {operation} held: rate limit until {until.astimezone(UTC):%H:%M} UTC", until)


def _key(scope: str, resource: str) -> str:
    return f"github.held.{scope}.{resource}"


def _budget_key(scope: str, resource: str) -> str:
    return f"github.budgets.{scope}.{resource}"


def _budget(headers: Mapping[str, str]) -> Budget | None:
    limit, remaining, reset = (headers.get(f"x-ratelimit-{name}", "") for name in ("limit", "remaining", "reset"))
    if not (limit.isdigit() and remaining.isdigit() and reset.isdigit()):
        return None
    return Budget(int(limit), int(remaining), datetime.fromtimestamp(int(reset), UTC))
