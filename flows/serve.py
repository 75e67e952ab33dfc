"""Run the flows on their schedule in one process: what `afk serve` starts."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_UI_URL

from afk import log, settings
from afk.core.config import ConfigError
from flows.doorkeeper import NO_ANSWER, Doorkeeper, delivers, ended, keep
from flows.health import shown
from flows.recovery import recover
from flows.runner import Runner
from flows.schedules import deployments

if TYPE_CHECKING:
    from uuid import UUID

    from afk.settings import Rhythm

PAUSE = 2.0  # seconds at most between two looks at what is due
RETRY = 1.0  # seconds between two looks for a server that does not answer
STARTS = 15.0  # seconds that one may take which is started together with this process
LONGEST = 120.0  # seconds that a server may take for what is prepared; then it is asked again
PATIENCE = 20.0  # seconds that a tick under way has left when the process is told to stop


def main(health: int | None = None) -> int:
    """The exit code. One line on standard error says what is wrong and what to do."""
    try:
        rhythm = settings.rhythm()
    except ConfigError as error:
        return _fail(str(error))
    if not PREFECT_API_URL.value():
        return _fail("PREFECT_API_URL is not set. Hint: afk up starts a Prefect server, too")
    keeper = Doorkeeper(rhythm.tick_seconds, delivers())
    try:
        with shown(health, keeper), suppress(KeyboardInterrupt, asyncio.CancelledError):
            return asyncio.run(serve(rhythm, keeper))
    except ConfigError as error:
        return _fail(str(error))
    return 0


def _fail(text: str) -> int:
    log.error("cannot-serve", text)
    return 1


async def serve(rhythm: Rhythm, keeper: Doorkeeper) -> int:
    """Until the process is told to stop; if it ends by itself, the exit code.

    The schedules stay active then. In a rolling update the old process stops after the new one has started, and would
    pause what the new one serves; what becomes late in between is skipped at the next start.
    """
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, _current().cancel)
    tasks = [asyncio.create_task(each) for each in (keep(keeper), _tick(rhythm))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return _fail(ended(done.pop()))
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tick(rhythm: Rhythm) -> None:
    """For ever."""
    runner = Runner(await _prepared(rhythm))
    try:
        await _run(runner, min(PAUSE, rhythm.tick_seconds / 10))
    finally:
        await runner.close(PATIENCE)


def _current() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # this runs in one
    return task


async def _run(runner: Runner, pause: float) -> None:
    silent = False
    while True:
        try:
            await runner.look()
        except NO_ANSWER as error:
            if not silent:
                log.warn("prefect-silent", f"Prefect does not answer ({error}); ticks wait for it", why=str(error))
            silent = True
        else:
            silent = False
        await asyncio.sleep(pause)


async def _prepared(rhythm: Rhythm) -> dict[UUID, str]:
    """Wait for the server as long as it takes: who starts both together need not order them."""
    said, began = "", time.monotonic()
    while True:
        try:
            async with asyncio.timeout(LONGEST), get_client() as client:
                freed = await recover(client)
                names = {await each.aapply(): each.name for each in await deployments(rhythm)}
        except NO_ANSWER as error:
            if (why := str(error) or type(error).__name__) != said and time.monotonic() - began >= STARTS:
                said = why
                says = f"Prefect at {PREFECT_API_URL.value()} does not answer ({said}); trying again"
                log.warn("prefect-silent", says, why=said)
            await asyncio.sleep(RETRY)
        else:
            if freed:
                log.info("runs-freed", f"freed {freed} runs that an earlier process left", count=freed)
            log.info("ready", f"ready: a tick every {rhythm.tick_seconds} s, its history at {PREFECT_UI_URL.value()}")
            return names


if __name__ == "__main__":
    sys.exit(main())
