"""Say when each flow runs, and that it never runs twice at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.schedules import Cron, Interval
from prefect.types.entrypoint import EntrypointType

from flows.housekeeping import housekeeping
from flows.poll import poll
from flows.redispatch import redispatch
from flows.watch import watch

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

    from afk.settings import Rhythm

# A tick that finds its predecessor still at work is cancelled: waiting ones would pile up and start out of order.
ONE_AT_A_TIME = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
SLUG = "tick"  # never change: Prefect adds a schedule with another slug and keeps the old one
ANCHOR = datetime(2026, 1, 1, tzinfo=UTC)
NIGHTLY = "17 3 * * *"


async def deployments(rhythm: Rhythm) -> list[RunnerDeployment]:
    """By module, not by file: Prefect would load a file twice, and put its folder first on the path."""
    every = timedelta(seconds=rhythm.tick_seconds)
    by_module = EntrypointType.MODULE_PATH
    # Half an interval apart: SQLite refuses a run that begins while the events of another are written.
    poll_when = Interval(every, anchor_date=ANCHOR, timezone="UTC", slug=SLUG)
    watch_when = Interval(every, anchor_date=ANCHOR + every / 2, timezone="UTC", slug=SLUG)
    return [
        await poll.ato_deployment(
            "poll", schedules=[poll_when], concurrency_limit=ONE_AT_A_TIME, entrypoint_type=by_module
        ),
        await watch.ato_deployment(
            "watch", schedules=[watch_when], concurrency_limit=ONE_AT_A_TIME, entrypoint_type=by_module
        ),
        await housekeeping.ato_deployment(
            "housekeeping",
            schedules=[Cron(NIGHTLY, timezone="UTC", slug=SLUG)],
            concurrency_limit=ONE_AT_A_TIME,
            entrypoint_type=by_module,
        ),
        await redispatch.ato_deployment("redispatch", entrypoint_type=by_module),
    ]
