"""Tell the truth about the serving process on a port of its own: each page opens the ledger as it is set by then."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from afk import settings, wiring
from afk.core.config import ConfigError
from afk.health import Health, troubled
from afk.metrics import Metrics
from afk.pages import EVERYWHERE, PageServer
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from afk.health import Facts, Round
    from afk.ports import Clock, Ledger
    from afk.settings import Settings
    from flows.doorkeeper import Doorkeeper


@contextmanager
def shown(port: int | None, keeper: Doorkeeper, *others: Round) -> Iterator[PageServer | None]:
    """Raises ConfigError where the port cannot be had."""
    if port is None:
        yield None
        return
    clock = wiring.clock()
    pages = Pages(keeper, clock, clock.now(), others)
    served = {"/health": pages.health, "/alive": pages.alive, "/metrics": pages.metrics}
    try:
        server = PageServer((EVERYWHERE, port), served)
    except OSError as error:
        raise ConfigError(f"--health {port} cannot be opened ({error.strerror}): choose a free port.") from error
    server.start()
    try:
        yield server
    finally:
        server.drain()


class Pages:
    def __init__(self, keeper: Doorkeeper, clock: Clock, began: datetime, others: tuple[Round, ...] = ()) -> None:
        self._keeper, self._clock, self._began, self._rounds = keeper, clock, began, (keeper, *others)

    def alive(self) -> tuple[int, Facts]:
        """For whoever restarts the process: nothing here depends on anybody else."""
        return self._of(None, ()).alive()

    def health(self) -> tuple[int, Facts]:
        try:
            with self._opened() as (loaded, ledger):
                return self._of(ledger, self._channels(loaded)).report()
        except (ConfigError, PortError) as error:
            return troubled(str(error))

    def metrics(self) -> tuple[int, Facts | str]:
        try:
            with self._opened() as (loaded, ledger):
                return Metrics(ledger, loaded.config, self._channels(loaded), self._clock.now()).page()
        except (ConfigError, PortError) as error:
            return troubled(str(error))

    @contextmanager
    def _opened(self) -> Iterator[tuple[Settings, Ledger]]:
        loaded = settings.read()
        with wiring.ledger(loaded.database_url) as ledger:
            yield loaded, ledger

    def _of(self, ledger: Ledger | None, channels: tuple[str, ...]) -> Health:
        return Health(ledger, self._clock, channels, self._rounds, None, self._began, self._keeper.tick_seconds)

    def _channels(self, loaded: Settings) -> tuple[str, ...]:
        """Those that this process delivers to."""
        return wiring.channel_names(loaded) if self._keeper.delivers else ()
