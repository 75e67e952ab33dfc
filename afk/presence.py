"""Claim the repository of each run in flight, keep the claim alive, and release it at the end."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

from afk import settings, wiring
from afk.core.presence import TTL_SECONDS, claim_of
from afk.ports import PortError
from afk.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from afk.core.presence import Claim
    from afk.core.run import Run
    from afk.ports import Presence

NAME = "presence claims"
PAUSE = 10.0  # seconds between two looks at the ledger: a new run is claimed that soon
HEARTBEAT = timedelta(seconds=30)
TTL = timedelta(seconds=TTL_SECONDS)


def rounds() -> Rounds:
    """Of their own thread, so that a service that hangs holds up no doorbell and no tick."""
    claims = Claims()

    def work(now: datetime) -> Iterable[str]:
        loaded = settings.read()
        if loaded.presence is None:
            return ()
        with wiring.ledger(loaded.database_url) as ledger:
            live = ledger.live()
        with closing(wiring.presence(loaded.presence)) as service:
            return tuple(claims.keep(live, service, now))

    return Rounds(NAME, work, wiring.clock(), pause=PAUSE)


class Claims:
    """What this process has claimed, and when it last said so. Who forgets it lets it end by its TTL."""

    def __init__(self) -> None:
        self._held: dict[Claim, datetime] = {}

    def keep(self, live: Iterable[Run], service: Presence, now: datetime) -> Iterator[str]:
        """What went wrong, at most one line: the rest waits for the next pass."""
        wanted = {claim_of(run) for run in live if run.outcome is None}
        try:
            for claim in sorted(wanted, key=lambda claim: claim.id):
                if claim not in self._held or now - self._held[claim] >= HEARTBEAT:
                    service.claim(claim)
                    self._held[claim] = now
            for claim in [claim for claim in self._held if claim not in wanted]:
                if now - self._held[claim] < TTL:
                    service.release(claim)
                del self._held[claim]
        except PortError as error:
            yield str(error)
