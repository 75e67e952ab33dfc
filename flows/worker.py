"""Run what a Prefect work pool hands out, beside what rings and watches over the ticks: what `afk worker` starts."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from prefect import get_client
from prefect.settings import PREFECT_API_URL

from afk import log, settings
from afk.core.config import ConfigError
from afk.warden import Warden
from flows.doorkeeper import NO_ANSWER, Doorkeeper, delivers, ended, keep
from flows.handouts import Handouts
from flows.health import shown
from flows.recovery import recover

AT_ONCE = "4"  # Prefect's default is no limit: after an outage everything that is late would start together
PATIENCE = 30.0  # seconds that what is under way has left when the process is told to stop


def main(pool: str, *, only: bool, health: int | None) -> int:
    """The exit code. One line on standard error says what is wrong and what to do."""
    try:
        rhythm = settings.rhythm()
    except ConfigError as error:
        return _fail(str(error))
    if not PREFECT_API_URL.value():
        return _fail("PREFECT_API_URL is not set: set it to the address of the Prefect server, with /api at its end")
    try:
        return asyncio.run(work(pool, rhythm.tick_seconds, only=only, health=health))
    except ConfigError as error:
        return _fail(str(error))
    except NO_ANSWER as error:
        return _fail(f"Prefect at {PREFECT_API_URL.value()} does not answer ({error}). Start it, then start this again")


def _fail(text: str) -> int:
    log.error("cannot-work", text)
    return 1


async def work(pool: str, tick_seconds: int, *, only: bool, health: int | None) -> int:
    """Until the process is told to stop, or its worker ends. The only worker of a pool clears up before it starts."""
    if only:
        async with get_client() as client:
            await recover(client)
    doorkeeper, handouts = Doorkeeper(tick_seconds, delivers()), Handouts()
    with shown(health, doorkeeper, handouts):
        return await _work(pool, doorkeeper, handouts)


async def _work(pool: str, doorkeeper: Doorkeeper, handouts: Handouts) -> int:
    worker = await asyncio.create_subprocess_exec(
        *_command(pool), env={**os.environ, **handouts.environment()}, start_new_session=True
    )
    warden = Warden()
    warden.guard([worker.pid])
    keeper = asyncio.create_task(keep(doorkeeper))
    told = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, told.set)
    asked = asyncio.create_task(told.wait())
    died = asyncio.create_task(worker.wait())
    try:
        await asyncio.wait((asked, died, keeper), return_when=asyncio.FIRST_COMPLETED)
        if keeper.done():
            return _fail(ended(keeper))
        return 0 if told.is_set() else died.result() or 1
    finally:
        keeper.cancel()
        asked.cancel()
        await _stop(worker)
        warden.guard([])
        warden.release()
        await asyncio.gather(keeper, return_exceptions=True)


def _command(pool: str) -> list[str]:
    command = [sys.executable, "-m", "prefect", "--no-prompt", "worker", "start", "--pool", pool, "--type", "process"]
    return [*command, "--limit", AT_ONCE, "--with-healthcheck"]


async def _stop(worker: asyncio.subprocess.Process) -> None:
    if worker.returncode is not None:
        return
    worker.terminate()
    try:
        await asyncio.wait_for(worker.wait(), PATIENCE)
    except TimeoutError:
        os.killpg(worker.pid, signal.SIGKILL)
        await worker.wait()
