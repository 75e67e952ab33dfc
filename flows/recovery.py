"""Free what a dead predecessor left on the Prefect server, so that its runs do not keep ours out.

A run that is Pending or Running holds the only slot of its deployment, and after a power cut nobody ends it: every
later tick would be cancelled for ever. Late ticks would be replayed one after the other, though the next one does all
that they would. Run this before the only worker of a pool starts (`python -m flows.recovery`); `afk serve` does it
by itself, and while it serves it frees what a lost Prefect server has forgotten.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.states import Cancelled, Crashed, Scheduled

from flows.deployed import deployed
from flows.states import Name

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import FlowRun, State

AT_ONCE = 200  # the most that the server returns
HOLDS_THE_SLOT = {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING"]}}
WOULD_REPLAY = {"name": {"any_": ["Late", "AwaitingConcurrencySlot"]}}
DRIVEN = ("poll", "watch")
TIDYING = ("housekeeping",)
TIDYING_MAX = timedelta(hours=1)
WISHES = ("redispatch",)
WISH_MAX = timedelta(minutes=10)
SKIPPED: State[Any] = Cancelled(name=Name.SKIPPED.value, message="Missed; a later tick does its work")


async def recover(client: PrefectClient) -> int:
    """How many runs were moved. Presumes that no other process runs our deployments."""
    ticks, wishes = await deployed(client, (*DRIVEN, *TIDYING)), await deployed(client, WISHES)
    count = await _move(client, ticks, HOLDS_THE_SLOT, Crashed(message="AFK stopped while this run was in flight"))
    count += await _move(client, ticks, WOULD_REPLAY, SKIPPED)
    # A wish that waited is still a wish, and twice the same one is one.
    return count + await _move(client, wishes, HOLDS_THE_SLOT, Scheduled())


async def free_stuck(client: PrefectClient, interval: timedelta) -> int:
    """The same for runs that are older than a living one can be, whoever else is at work."""
    lost: State[Any] = Crashed(message="Nobody works on this run any more")
    count = 0
    for names, patience, end in (
        (DRIVEN, interval * 2, lost),  # a tick ends by its own deadline, which is less than an interval
        (TIDYING, TIDYING_MAX, lost),
        (WISHES, WISH_MAX, Scheduled()),
    ):
        before = datetime.now(UTC) - patience  # noqa: TID251 - it is the server's rows that age, not the ledger's
        count += await _move(client, await deployed(client, names), HOLDS_THE_SLOT, end, before)
    return count


async def _move(
    client: PrefectClient,
    deployments: list[UUID],
    state: dict[str, Any],
    end: State[Any],
    before: datetime | None = None,
) -> int:
    if not deployments:
        return 0
    wanted = FlowRunFilter.model_validate({"deployment_id": {"any_": deployments}, "state": state})
    count = 0
    while found := await client.read_flow_runs(flow_run_filter=wanted, limit=AT_ONCE):
        runs = [run for run in found if before is None or _since(run) < before]
        for run in runs:
            await client.set_flow_run_state(run.id, end, force=True)
        count += len(runs)
        if len(runs) < len(found):
            break
    return count


def _since(run: FlowRun) -> datetime:
    assert run.state is not None  # it was found by its state
    return run.state.timestamp


async def main() -> None:
    async with get_client() as client:
        await recover(client)


if __name__ == "__main__":
    asyncio.run(main())
