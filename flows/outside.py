"""Open the outside for one flow run: as the environment says, or as a test has arranged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
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


Opening = Callable[[str], AbstractContextManager[Outside]]


@contextmanager
def from_environment(tick: str) -> Iterator[Outside]:
    """As it is set now: each run reads the settings afresh. Raises ConfigError where a tick needs what is missing."""
    clock = wiring.clock()
    loaded = settings.read()
    with wiring.ledger(loaded.database_url) as ledger:
        if not _asks_nobody(tick, ledger, loaded.config):
            loaded = settings.load()
        with wiring.ports(loaded, ledger, clock) as ports:
            yield Outside(ports, loaded.config)


def _asks_nobody(tick: str, ledger: Ledger, config: Config) -> bool:
    """A tick that is off, or has nothing to do, needs no tokens."""
    match tick:
        case "poll":
            return bool(held_by(config, ledger.switches()))
        case "watch":
            return not ledger.live()
        case _:
            return True


# A context variable, since Prefect would try to store whatever is passed to a flow or a task as an argument.
OPENING: ContextVar[Opening] = ContextVar("opening", default=from_environment)
