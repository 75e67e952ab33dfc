"""Follow each run in flight and take its next step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.driving import deadline, drive

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


@flow(name="watch", flow_run_name="watch", persist_result=False)
async def watch() -> State[Any]:
    """One drive tick. Any number of runs in flight is one flow run."""
    return await drive("watch", deadline())
