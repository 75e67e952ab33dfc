"""Keep Prefect's history and the ledger small, and ring again for what nobody took up."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from prefect import flow, get_client, task
from prefect.cache_policies import NO_CACHE

from afk import housekeeping as keeping
from afk import settings
from afk.core.config import ConfigError
from afk.ports import PortError
from flows.forgetting import forget
from flows.outside import OPENING
from flows.states import Name, completed, failed

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


@dataclass(frozen=True, slots=True)
class Tidied:
    """What one round came to."""

    ledger: str
    bells: tuple[str, ...]


@flow(name="housekeeping", flow_run_name="housekeeping", persist_result=False)
async def housekeeping() -> State[Any]:
    """Once a day. The two halves do not wait for each other: one that fails leaves the other done."""
    try:
        rhythm = settings.rhythm()
    except ConfigError as error:
        return failed(Name.UNREADABLE, str(error))
    deleted = await forget_runs(rhythm.keep_quiet_days, rhythm.keep_days)
    try:
        tidied = await asyncio.to_thread(_tidy, rhythm)
    except (ConfigError, PortError) as error:
        return failed(Name.PARTLY_FAILED, f"{deleted} flow runs deleted; {error}")
    return completed(
        Name.TIDIED, f"{deleted} flow runs deleted; ledger: {tidied.ledger}; {len(tidied.bells)} doorbells rung again"
    )


@task(
    name="delete old flow runs",
    task_run_name="delete old flow runs",
    retries=2,
    retry_delay_seconds=[1, 5],
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def forget_runs(keep_quiet_days: int, keep_days: int) -> int:
    async with get_client() as client:
        return await forget(client, keep_quiet_days, keep_days)


def _tidy(rhythm: settings.Rhythm) -> Tidied:
    with OPENING.get()("housekeeping") as outside:
        ports = outside.ports
        now = ports.clock.now()
        bells = keeping.remind(ports, now)
        bells += keeping.alert(ports.ledger, outside.config, now, rhythm.tick_seconds)
        report = keeping.tidy(ports.ledger, now, rhythm.keep_days)
        ports.ledger.ticked(report.record())
        return Tidied(", ".join(f"{line.why} {line.subject}" for line in report.done) or "nothing to forget", bells)
