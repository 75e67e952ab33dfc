"""Open the outside for one piece of work, as the settings are at that moment."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afk import settings, wiring
from afk.core.gates import held_by

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.core.config import Config
    from afk.ports import Ledger, Ports


@dataclass(frozen=True, slots=True)
class Outside:
    """What a tick works with."""

    ports: Ports
    config: Config


@contextmanager
def opened(tick: str) -> Iterator[Outside]:
    """Raises ConfigError where a tick needs what is missing."""
    clock = wiring.clock()
    loaded = settings.read()
    with wiring.ledger(loaded.database_url) as ledger:
        if not _asks_nobody(tick, ledger, loaded.config):
            loaded = settings.load()
        with wiring.ports(loaded, ledger, clock) as ports:
            yield Outside(ports, loaded.config)


def _asks_nobody(tick: str, ledger: Ledger, config: Config) -> bool:
    """A tick that is off, or has nothing to do, needs no tokens; nor does what is no tick."""
    match tick:
        case "poll":
            return bool(held_by(config, ledger.switches()))
        case "watch":
            return not ledger.live()
        case _:
            return True
