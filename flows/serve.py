"""Run the flows on their schedule in one process: what `afk serve` starts."""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import httpx
from prefect import get_client
from prefect.runner import Runner
from prefect.settings import PREFECT_API_URL, PREFECT_RUNNER_POLL_FREQUENCY

from afk import log, settings
from afk.core.config import ConfigError
from flows.doorkeeper import Doorkeeper, keep
from flows.health import shown
from flows.recovery import recover
from flows.schedules import deployments

if TYPE_CHECKING:
    from afk.settings import Rhythm

AT_ONCE = 4  # Prefect's default is no limit: after an outage everything that is late would start together
PAUSE = 1.0  # seconds between two looks for a server that does not answer


def main(health: int | None = None) -> int:
    """The exit code. One line on standard error says what is wrong and what to do."""
    try:
        rhythm = settings.rhythm()
    except ConfigError as error:
        return _fail(str(error))
    if not PREFECT_API_URL.value():
        return _fail("PREFECT_API_URL is not set. Hint: afk up starts a Prefect server, too")
    keeper = Doorkeeper(rhythm.tick_seconds, _delivers())
    try:
        with shown(health, keeper), suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(serve(rhythm, keeper))
    except ConfigError as error:
        return _fail(str(error))
    return 0


def _fail(text: str) -> int:
    log.error("cannot-serve", text)
    return 1


class Server(Runner):
    """Prefect's runner, which stops when it is told to: its own handler leaves in the middle of the loop."""

    task: asyncio.Task[Any] | None = None

    def handle_sigterm(self, *_: Any, **__: Any) -> None:
        if self.task is not None:
            self.task.get_loop().call_soon_threadsafe(self.task.cancel)


async def serve(rhythm: Rhythm, keeper: Doorkeeper) -> None:
    """Until the process is told to stop.

    The schedules stay active then. In a rolling update the old process stops after the new one has started, and would
    pause what the new one serves; what becomes late in between is skipped at the next start.
    """
    await _recovered(keeper)
    prefetch = rhythm.prefetch_seconds
    looks = min(PREFECT_RUNNER_POLL_FREQUENCY.value(), prefetch)
    server = Server(limit=AT_ONCE, pause_on_shutdown=False, prefetch_seconds=prefetch, query_seconds=looks)
    server.task = asyncio.current_task()
    for deployment in await deployments(rhythm):
        await server.aadd_deployment(deployment)
    keeping = asyncio.create_task(keep(keeper))
    try:
        await server.start()
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping


async def _recovered(keeper: Doorkeeper) -> None:
    """Wait for the server as long as it takes: who starts both together need not order them."""
    said = ""
    while True:
        try:
            async with get_client() as client:
                ended = await recover(client)
        except (httpx.HTTPError, RuntimeError) as error:
            if str(error) != said:
                said = str(error)
                says = f"Prefect at {PREFECT_API_URL.value()} does not answer ({said}); trying again"
                log.warn("prefect-silent", says, why=said)
            keeper.passed(said)
            await asyncio.sleep(PAUSE)
        else:
            if ended:
                log.info("runs-freed", f"freed {ended} runs that an earlier process left", count=ended)
            return


def _delivers() -> bool:
    """Where Slack is configured, the bot's process delivers. Settings that cannot be read keep no bell from ringing."""
    try:
        return settings.read().slack is None
    except ConfigError:
        return True


if __name__ == "__main__":
    sys.exit(main())
