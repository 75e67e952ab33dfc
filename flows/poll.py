"""Start an agent for each ready issue that passes every gate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prefect import flow

from flows.driving import deadline, drive

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State


@flow(name="poll", flow_run_name="poll", persist_result=False)
async def poll() -> State[Any]:
    """One dispatch tick. It takes no parameters: they would be fixed when the run is scheduled, far ahead."""
    return await drive("poll", deadline())
