"""Give a wish that people recorded in Slack or on the command line a flow run of its own.

So Prefect's history leads from the click to the run that it caused, and the poll that starts it comes at once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prefect import get_client
from prefect.exceptions import ObjectNotFound

from afk.core.identifiers import redispatched_attempt
from afk.core.records import Verb, Via
from afk.core.text import plain
from flows.history import tags_of, whose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prefect.client.orchestration import PrefectClient

    from afk.core.records import Command
    from afk.ports import Ledger

PATIENCE = 60.0  # seconds: the client would try for minutes, and doorbells wait meanwhile
REDISPATCH = "redispatch/redispatch"


def take_up(ledger: Ledger, known: set[str]) -> None:
    """Those of Prefect's own pages are flow runs already. `known` is what this process has seen to."""
    waiting = [wish for wish in ledger.pending(Verb.REDISPATCH) if wish.via is not Via.PREFECT]
    new = [wish for wish in waiting if wish.key not in known]
    if not new:
        return
    asyncio.run(asyncio.wait_for(_take_up_each(new, known), PATIENCE))


async def _take_up_each(wishes: Iterable[Command], known: set[str]) -> None:
    async with get_client() as client:
        for wish in wishes:
            await _take_up(client, wish)
            known.add(wish.key)


async def _take_up(client: PrefectClient, wish: Command) -> None:
    """The key makes it one flow run, however many processes see the wish, and however often they start."""
    name = plain(wish.actor, 80).strip()
    try:
        deployment = await client.read_deployment_by_name(REDISPATCH)
    except ObjectNotFound:
        return  # the next poll starts the run all the same
    await client.create_flow_run_from_deployment(
        deployment.id,
        parameters={
            "repo": wish.ref.repo,
            "issue": wish.ref.number,
            "requested_by": name,
            "after_attempt": redispatched_attempt(wish.key),
        },
        name=f"redispatch {wish.ref}",
        tags=[*tags_of(wish.ref), *whose(wish)],
        idempotency_key=wish.key,
    )
