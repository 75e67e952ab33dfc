"""Record a person's wish for a new attempt at an issue, and let the next poll come at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from prefect import flow
from prefect.deployments import arun_deployment
from prefect.exceptions import ObjectNotFound
from prefect.logging import get_run_logger

from afk.core import wording
from afk.core.config import ConfigError
from afk.core.identifiers import redispatch_key, redispatched_attempt
from afk.core.model import IssueRef
from afk.core.records import Via
from afk.core.text import plain
from afk.operations import Operations, Person, RefusedRequest
from flows.history import describe, tags_of
from flows.outside import OPENING
from flows.states import Name, completed, failed

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from afk.core.records import Command
    from afk.ports import Ledger

POLL = "poll/poll"


@flow(name="redispatch", flow_run_name="redispatch {repo}#{issue}", persist_result=False)
async def redispatch(repo: str, issue: int, requested_by: str, after_attempt: int | None = None) -> State[Any]:
    """Once per attempt that ended, however often it is asked for. `after_attempt` ties the wish to one of them."""
    try:
        ref = IssueRef.parse(f"{repo}#{issue}")
    except ValueError as error:
        return completed(Name.REFUSED, str(error))
    name = plain(requested_by, 80).strip()
    if not name:
        return completed(Name.REFUSED, "Nobody asks. Hint: say who you are in requested_by")
    await describe(f"redispatch {ref}", [*tags_of(ref), f"requested-by:{name}"])
    try:
        text, waits_after = await asyncio.to_thread(_record, ref, name, after_attempt)
    except RefusedRequest as refusal:
        return completed(Name.REFUSED, str(refusal))
    except ConfigError as error:
        return failed(Name.UNREADABLE, str(error))
    if waits_after is not None:
        await _poll_now(ref, name, waits_after)
    return completed(Name.RECORDED, text)


def _record(ref: IssueRef, name: str, after_attempt: int | None) -> tuple[str, int | None]:
    """What became of the wish, and after which attempt it waits, if it still does."""
    with OPENING.get()("redispatch") as outside:
        ledger, now = outside.ports.ledger, outside.ports.clock.now()
        wish = _recorded(ledger, ref, name, after_attempt)
        if wish is None:
            operations = Operations(ledger, outside.config)
            text = operations.redispatch(ref, Person(name, Via.PREFECT), now, after_attempt)
            return text, ledger.latest([ref])[ref].attempt
        if wish.settled_at is not None:
            return wording.rerun_came(ref, wish.result), None
        attempt = redispatched_attempt(wish.key)
        return wording.rerun_waits(ref, attempt + 1, wish.actor, wish.via.value), attempt


def _recorded(ledger: Ledger, ref: IssueRef, name: str, after_attempt: int | None) -> Command | None:
    """The same person's wish: one that came through another door, or by an earlier run of this flow that was killed."""
    latest = ledger.latest([ref]).get(ref)
    if latest is None:
        return None
    wish = ledger.wish(redispatch_key(ref, latest.attempt if after_attempt is None else after_attempt))
    return wish if wish is not None and plain(wish.actor, 80).strip() == name else None


async def _poll_now(ref: IssueRef, name: str, attempt: int) -> None:
    """A child of this run, so that Prefect shows what the wish caused. Without it the next scheduled poll does it."""
    tags = [*tags_of(ref), f"requested-by:{name}"]
    try:
        await arun_deployment(POLL, timeout=0, tags=tags, idempotency_key=redispatch_key(ref, attempt))
    except ObjectNotFound:
        get_run_logger().info("There is no deployment %s: the next poll starts the run", POLL)
