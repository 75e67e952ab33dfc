"""Claim the repository of each run in flight, keep the claim alive, and release it at the end."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from afk import settings, wiring
from afk.core.presence import TTL_SECONDS, Claim, claim_of
from afk.ports import PortError, Uncertain, Unreachable
from afk.rounds import Rounds
from afk.traffic import kept

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from afk.core.run import Run
    from afk.ports import Ledger, Presence

NAME = "presence claims"
PAUSE = 10.0  # seconds between two looks at the ledger: a new run is claimed that soon
HEARTBEAT = timedelta(seconds=30)
TTL = timedelta(seconds=TTL_SECONDS)
TOPIC = "presence"  # of what is remembered, and the name that is held: one process at a time does it
RELEASED = ""


def rounds() -> Rounds:
    """Of their own thread, so that a service that hangs holds up no doorbell and no tick."""

    def work(now: datetime) -> Iterable[str]:
        loaded = settings.read()
        if loaded.presence is None:
            return ()
        with wiring.ledger(loaded.database_url) as ledger, kept(ledger), ledger.hold(TOPIC) as is_ours:
            if not is_ours:
                return ()
            with closing(wiring.presence(loaded.presence)) as service:
                return keep(ledger.live(), ledger, service, now)

    return Rounds(NAME, work, wiring.clock(), pause=PAUSE)


def keep(live: Iterable[Run], ledger: Ledger, service: Presence, now: datetime) -> tuple[str, ...]:
    """What went wrong, each line once. One claim that is refused keeps no other waiting; it is tried again.

    What is claimed is remembered in the ledger, so that any process goes on where another stopped. What is forgotten
    ends by its TTL.
    """
    wanted = {run.id: claim_of(run) for run in live if run.outcome is None}
    held = _held(ledger)
    learned: dict[str, str] = {}
    troubles: dict[str, None] = {}
    for key, claim in sorted(wanted.items()):
        if key in held and now - held[key][1] < HEARTBEAT:
            continue
        try:
            service.claim(claim)
            learned[key] = json.dumps({"claim": asdict(claim), "at": now.isoformat()})
        except PortError as error:
            troubles[_line(claim, error)] = None
    for key, (claim, at) in held.items():
        if key in wanted:
            continue
        try:
            if now - at < TTL:
                service.release(claim)
            learned[key] = RELEASED
        except PortError as error:
            troubles[_line(claim, error)] = None
    if learned:
        ledger.remember(TOPIC, learned, now)
    return tuple(troubles)


def _held(ledger: Ledger) -> Mapping[str, tuple[Claim, datetime]]:
    """By any of our processes, and when it last said so."""
    found = {key: json.loads(value) for key, value in ledger.recall(TOPIC).items() if value != RELEASED}
    return {key: (Claim(**each["claim"]), datetime.fromisoformat(each["at"])) for key, each in found.items()}


def _line(claim: Claim, error: PortError) -> str:
    """A service that is away is one trouble, however many claims wait for it."""
    return str(error) if isinstance(error, (Unreachable, Uncertain)) else f"{claim.resource}: {error}"
