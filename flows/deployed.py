"""Find what is deployed of ours on a Prefect server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prefect.client.schemas.filters import DeploymentFilter, FlowFilter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from prefect.client.orchestration import PrefectClient

NAMES = ("poll", "watch", "redispatch", "housekeeping")


async def deployed(client: PrefectClient, names: Iterable[str] = NAMES) -> list[UUID]:
    """Their flows and deployments share names; the server may hold other people's, too."""
    wanted = {"any_": sorted(names)}
    found = await client.read_deployments(
        flow_filter=FlowFilter.model_validate({"name": wanted}),
        deployment_filter=DeploymentFilter.model_validate({"name": wanted}),
    )
    return [deployment.id for deployment in found]
