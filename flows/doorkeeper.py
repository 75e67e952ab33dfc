"""Ring, take up wishes and watch over the ticks from outside the flows, beside the runner of the serving process."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event
from typing import TYPE_CHECKING, ClassVar

import httpx
from prefect import get_client
from prefect.exceptions import PrefectException

from afk import housekeeping, log, presence, ring, settings, wiring
from afk.core.config import ConfigError
from afk.core.text import plain
from afk.ports import PortError
from flows.outside import OPENING
from flows.recovery import free_stuck
from flows.wishes import take_up

if TYPE_CHECKING:
    from datetime import datetime

    from afk.ports import Ports

PAUSE = 2.0  # seconds between two looks: a doorbell rings that soon
PASSES = 30  # then everything is opened anew, as it is set by then
PATIENCE = 60.0  # seconds for what is asked of Prefect at a time: its client would try for minutes
NO_ANSWER = (httpx.HTTPError, PrefectException, RuntimeError, TimeoutError)


async def keep(keeper: Doorkeeper) -> None:
    """For ever. Where Slack is configured, its bot delivers, and this does the rest."""
    claims = presence.rounds()
    claims.start()
    try:
        while True:
            try:
                await asyncio.to_thread(keeper.watch_over)
                keeper.passed()
            except Exception as error:  # noqa: BLE001 - else no doorbell would ring any more, and nobody would notice
                why = str(error) if isinstance(error, (ConfigError, PortError)) else f"{type(error).__name__}: {error}"
                keeper.passed(why)  # whatever is wrong may be mended by the next time
                log.warn("doorbells-wait", f"doorbells wait: {plain(why, 400)}")
                await asyncio.sleep(PAUSE * PASSES)
            await _free(keeper.tick_seconds)
    finally:
        keeper.closing.set()
        claims.stop(patience=0.5)


async def _free(tick_seconds: int) -> None:
    """A server that was killed forgets who held which slot, and would cancel every later tick for ever."""
    try:
        async with asyncio.timeout(PATIENCE), get_client() as client:
            freed = await free_stuck(client, timedelta(seconds=tick_seconds))
    except NO_ANSWER as error:
        log.warn("prefect-silent", f"Prefect does not answer: {_said(error)}")
    except Exception as error:  # noqa: BLE001 - as above
        log.warn("runs-stuck", f"stuck runs are not freed: {type(error).__name__}: {_said(error)}")
    else:
        if freed:
            log.info("runs-freed", f"freed {freed} runs that nobody works on any more", count=freed)


def _said(error: BaseException) -> str:
    """A timeout says nothing."""
    return plain(str(error) or type(error).__name__, 400)


def ended(task: asyncio.Future[None]) -> str:
    """What to say of a task that was to go on for ever."""
    error = None if task.cancelled() else task.exception()
    why = f" ({type(error).__name__}: {_said(error)})" if error else ""
    return f"a part of this process ended unexpectedly{why}; whoever runs it starts it again"


@dataclass(slots=True)
class Doorkeeper:
    """`began` is when it first looked: what happened before is not held against the ticks."""

    name: ClassVar[str] = "errands"

    tick_seconds: int
    delivers: bool
    closing: Event = field(default_factory=Event)
    began: datetime | None = None
    taken_up: set[str] = field(default_factory=set)
    done_at: datetime | None = None
    troubles: tuple[str, ...] = ()

    @property
    def is_alive(self) -> bool:
        return not self.closing.is_set()

    def passed(self, *troubles: str) -> None:
        """For whoever asks whether it stands still: waiting for somebody is no standing still."""
        self.done_at, self.troubles = wiring.clock().now(), tuple(plain(each, 400) for each in troubles)

    def watch_over(self, passes: int = PASSES, pause: float = PAUSE) -> None:
        """About a minute of it."""
        with OPENING.get()("ring") as outside:
            ports = outside.ports
            self.began = self.began or ports.clock.now()
            answers = True
            for _ in range(passes):
                if self.delivers:
                    _deliver(ports)
                answers = answers and self._take_up(ports)
                self.done_at = ports.clock.now()  # a channel that answers slowly is no standing still
                if self.closing.wait(pause):
                    return
            now = ports.clock.now()
            housekeeping.remind(ports, now)
            housekeeping.alert(ports.ledger, outside.config, now, self.tick_seconds, self.began)

    def _take_up(self, ports: Ports) -> bool:
        """Whether Prefect answered. A wish needs no Prefect: the next poll starts its run in any case."""
        try:
            take_up(ports.ledger, self.taken_up)
        except NO_ANSWER as error:
            log.warn("prefect-silent", f"Prefect does not answer: {_said(error)}")
            return False
        return True


def _deliver(ports: Ports) -> None:
    report = ring.deliver(ports, ports.clock.now())
    ring.log_deliveries(report)
    for line in report.troubles:
        log.warn("delivery-failed", f"{line.what}: {plain(line.why, 400)}", doorbell=line.subject, channel=line.what)


def delivers() -> bool:
    """Where Slack is configured, the bot's process delivers. Settings that cannot be read keep no bell from ringing."""
    try:
        return settings.read().slack is None
    except ConfigError:
        return True
