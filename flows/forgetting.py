"""Delete flow runs that nobody will read any more: Prefect itself keeps them for ever."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flows.deployed import deployed
from flows.states import UNEVENTFUL

if TYPE_CHECKING:
    from uuid import UUID

    from prefect.client.orchestration import PrefectClient

AT_ONCE = 50  # the most that the server deletes in one request
CANCELLED = {"type": {"any_": ["CANCELLED"]}}
ENDED = {"type": {"any_": ["COMPLETED", "FAILED", "CRASHED", "CANCELLED"]}}


async def forget(client: PrefectClient, keep_quiet_days: int, keep_days: int, at_once: int = AT_ONCE) -> int:
    """How many."""
    now = datetime.now(UTC)  # noqa: TID251 - it is the server's rows that age, not the ledger's
    deployments = await deployed(client)
    if not deployments:
        return 0
    old, older = now - timedelta(days=keep_quiet_days), now - timedelta(days=keep_days)
    quiet = {"name": {"any_": sorted(name.value for name in UNEVENTFUL)}}
    count = 0
    for state, before in ((quiet, old), (CANCELLED, old), (ENDED, older)):
        count += await _delete(client, deployments, state, before, at_once)
    return count


async def _delete(
    client: PrefectClient, deployments: list[UUID], state: dict[str, Any], before: datetime, at_once: int
) -> int:
    count = 0
    while True:
        body = {
            "flow_runs": {
                "deployment_id": {"any_": [str(each) for each in deployments]},
                "state": state,
                "expected_start_time": {"before_": before.isoformat()},
            },
            "limit": at_once,
        }
        response = await client._client.post("/flow_runs/bulk_delete", json=body)  # noqa: SLF001 - has no method yet
        response.raise_for_status()
        deleted = len(response.json()["deleted"])
        count += deleted
        if deleted < at_once:
            return count
