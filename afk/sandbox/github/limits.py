"""Count what each client spends and refuse it when its hour or its minute is used up."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from afk.sandbox.github.access import DOCS, Refusal, TokenKind
from afk.sandbox.github.world import covers

if TYPE_CHECKING:
    from afk.sandbox.github.access import Token
    from afk.sandbox.github.world import World

LONG_AGO = datetime.min.replace(tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
PER_HOUR, PER_REPOSITORY, FREE_REPOSITORIES, CAP = 5000, 50, 20, 12500
REST_PER_MINUTE, GRAPHQL_PER_MINUTE = 900, 2000
WRITES_PER_MINUTE, WRITES_PER_HOUR = 80, 500
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@dataclass(slots=True)
class Budget:
    """One primary limit of one client; its hour begins with the first request in it."""

    resource: str
    limit: int
    used: int = 0
    resets_at: datetime = LONG_AGO

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used)

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset": str(int(self.resets_at.timestamp())),
            "X-RateLimit-Used": str(self.used),
            "X-RateLimit-Resource": self.resource,
        }


@dataclass(slots=True)
class Trip:
    """One scripted refusal by a secondary limit. GraphQL may answer it with 200, too."""

    status: int
    retry_after: int | None
    surface: str  # rest, graphql or both


@dataclass(slots=True)
class Pace:
    """What one client did lately, as (when, points)."""

    rest: deque[tuple[datetime, int]] = field(default_factory=deque)
    graphql: deque[tuple[datetime, int]] = field(default_factory=deque)
    content: deque[tuple[datetime, int]] = field(default_factory=deque)


class Limits:
    def __init__(self, world: World) -> None:
        self._world = world
        self._budgets: dict[tuple[int, str], Budget] = {}
        self._paces: dict[int, Pace] = {}
        self._trips: list[Trip] = []
        self.rest_requests = 0
        self.points_spent = 0

    def budget(self, token: Token, resource: str) -> Budget:
        """All tokens of one person share a budget; each installation has its own."""
        key = (token.installation.id if token.installation else token.actor.id, resource)
        kept = self._budgets.setdefault(key, Budget(resource, self._allowance(token)))
        now = self._world.now()
        if now >= kept.resets_at:
            kept.used, kept.resets_at = 0, now + HOUR
        return kept

    def _allowance(self, token: Token) -> int:
        if token.installation is None:
            return PER_HOUR
        count = sum(covers(token.installation, repo) for repo in self._world.repositories.values())
        return min(CAP, PER_HOUR + PER_REPOSITORY * max(0, count - FREE_REPOSITORIES))

    def spend_rest(self, token: Token) -> Budget:
        budget = self.budget(token, "core")
        if budget.remaining == 0:
            raise Refusal(403, f"{_exceeded(token)} {DOCS}", headers=budget.headers)
        budget.used += 1
        self.rest_requests += 1
        return budget

    def give_back(self, budget: Budget) -> None:
        """A 304 costs nothing."""
        budget.used -= 1
        self.rest_requests -= 1

    def spend_graphql(self, token: Token, points: int) -> bool:
        """False if the hour is used up: GraphQL says that with 200."""
        budget = self.budget(token, "graphql")
        if budget.remaining == 0:
            return False
        budget.used = min(budget.limit, budget.used + points)
        self.points_spent += points
        return True

    def trip(self, trip: Trip, times: int) -> None:
        self._trips += [trip] * times

    def check_pace(self, token: Token, surface: str, *, write: bool, content: bool) -> None:
        for trip in self._trips:
            if trip.surface in {surface, "both"}:
                self._trips.remove(trip)
                raise _too_fast(trip.status, trip.retry_after)
        key = token.installation.id if token.installation else token.actor.id
        pace = self._paces.setdefault(key, Pace())
        if surface == "rest":
            self._step(pace.rest, 5 if write else 1, MINUTE, REST_PER_MINUTE)
        else:
            self._step(pace.graphql, 5 if write else 1, MINUTE, GRAPHQL_PER_MINUTE)
        if content:
            recent = sum(when > self._world.now() - MINUTE for when, _ in pace.content)
            if recent >= WRITES_PER_MINUTE:
                raise _too_fast(403, 60)
            self._step(pace.content, 1, HOUR, WRITES_PER_HOUR)

    def _step(self, done: deque[tuple[datetime, int]], points: int, window: timedelta, most: int) -> None:
        now = self._world.now()
        while done and done[0][0] <= now - window:
            done.popleft()
        if sum(spent for _, spent in done) + points > most:
            raise _too_fast(403, 60)
        done.append((now, points))


def _too_fast(status: int, retry_after: int | None) -> Refusal:
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Refusal(status, SECONDARY, headers=headers)


def _exceeded(token: Token) -> str:
    if token.kind is TokenKind.INSTALLATION and token.installation:
        return f"API rate limit exceeded for installation ID {token.installation.id}."
    return f"API rate limit exceeded for user ID {token.actor.id}."
