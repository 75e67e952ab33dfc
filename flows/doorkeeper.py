"""Ring and watch over the ticks from outside the flows, in a thread of the serving process."""

from __future__ import annotations

import asyncio
import sys
from threading import Event
from typing import TYPE_CHECKING

from afk import housekeeping, ring
from afk.core.config import ConfigError
from afk.core.text import plain
from afk.ports import PortError
from flows.outside import OPENING

if TYPE_CHECKING:
    from datetime import datetime

    from afk.ports import Ports

PAUSE = 2.0  # seconds between two deliveries: a doorbell rings that soon
PASSES = 30  # then everything is opened anew, as it is set by then


async def keep(tick_seconds: int, *, delivers: bool) -> None:
    """For ever. Where Slack is configured, its bot delivers, and this only watches over the ticks."""
    closing = Event()
    began: datetime | None = None
    try:
        while True:
            try:
                began = await asyncio.to_thread(watch_over, closing, tick_seconds, began, delivers=delivers)
            except (ConfigError, PortError) as error:  # whatever is wrong may be mended by the next time
                sys.stderr.write(f"afk: doorbells wait: {plain(str(error), 500)}\n")
                await asyncio.sleep(PAUSE * PASSES)
    finally:
        closing.set()


def watch_over(
    closing: Event,
    tick_seconds: int,
    began: datetime | None,
    *,
    delivers: bool,
    passes: int = PASSES,
    pause: float = PAUSE,
) -> datetime:
    """About a minute of it. Returns when the watch began: what happened before is not held against the ticks."""
    with OPENING.get()("ring") as outside:
        ports = outside.ports
        began = began or ports.clock.now()
        for _ in range(passes):
            if delivers:
                _deliver(ports)
            if closing.wait(pause):
                return began
        now = ports.clock.now()
        housekeeping.remind(ports, now)
        housekeeping.alert(ports.ledger, outside.config, now, tick_seconds, began)
        return began


def _deliver(ports: Ports) -> None:
    report = ring.deliver(ports, ports.clock.now())
    for line in report.troubles:
        sys.stderr.write(f"afk: {line.what}: {plain(line.why, 300)}\n")
