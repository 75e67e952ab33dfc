"""Housekeeping: what Prefect and the ledger forget, and what they keep."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.states import Cancelled, Completed, Failed, Running, Scheduled

from afk.core.records import Doorbell, DoorbellKind, Entry, Via
from afk.settings import Rhythm
from flows.forgetting import forget
from flows.housekeeping import housekeeping
from flows.schedules import deployments

if TYPE_CHECKING:
    from prefect.client.schemas.objects import State

    from tests.flows.conftest import History
    from tests.house import House

NOW = datetime.now(UTC)  # noqa: TID251 - the server's rows carry the real time

ROWS: list[tuple[str, State[Any], float, bool]] = [
    ("quiet, today", Completed(name="Quiet"), 0.5, True),
    ("quiet, yesterday", Completed(name="Quiet"), 1.5, False),
    ("off, yesterday", Completed(name="Off"), 1.5, False),
    ("waiting, yesterday", Completed(name="Waiting"), 1.5, False),
    ("cancelled, yesterday", Cancelled(), 1.5, False),
    ("skipped, yesterday", Cancelled(name="Skipped"), 1.5, False),
    ("moved, yesterday", Completed(name="Moved"), 1.5, True),
    ("moved, last month", Completed(name="Moved"), 31, False),
    ("failed, last week", Failed(name="Partly failed"), 7, True),
    ("failed, last month", Failed(name="Partly failed"), 31, False),
    ("running, last month", Running(), 31, True),
]


def test_housekeeping_forgets_what_is_old_here_and_there(at_home: House, history: History) -> None:
    """Runs on Prefect's side; on ours the audit log, and a doorbell that nobody took up rings again."""
    asyncio.run(_make(ROWS))
    at_home.ledger.audit(Entry(at_home.world.now() - timedelta(days=31), "ada", Via.CLI, "look"))
    run = at_home.a_run()
    at_home.ledger.ring(Doorbell(f"{run.id}:frozen", DoorbellKind.FROZEN, at_home.world.now(), run.ref, run.id))
    at_home.deliver()
    at_home.world.passes(days=1)

    tidied = history.run(asyncio.run(housekeeping(return_state=True)))

    left = {each["name"] for each in history.runs_of(history.deployment("poll"))}
    assert left & {row[0] for row in ROWS} == {name for name, _, _, stays in ROWS if stays}
    assert (tidied["state_name"], tidied["state_type"]) == ("Tidied", "COMPLETED")
    deleted = sum(not row[3] for row in ROWS)
    assert tidied["state"]["message"] == f"{deleted} flow runs deleted; ledger: 1 audit; 1 doorbells rung again"
    assert [task["name"] for task in history.tasks(tidied, 1)] == ["delete old flow runs"]
    assert at_home.ledger.last_ticks()["housekeeping"].summary == "1 done"
    at_home.deliver()
    assert at_home.rings() == ["frozen", "frozen"]


def test_more_than_one_request_deletes_is_deleted_in_several(history: History) -> None:
    async def forgotten() -> list[int]:
        async with get_client() as client:
            return [await forget(client, 1, 30, at_once=2) for _ in range(2)]

    asyncio.run(_make([("one more", Completed(name="Quiet"), 2.0, False)] * 5))

    assert asyncio.run(forgotten()) == [5, 0]


async def _make(rows: list[tuple[str, State[Any], float, bool]]) -> None:
    """The runs as the server would have them."""
    async with get_client() as client:
        poll = next(each for each in await deployments(Rhythm()) if each.name == "poll")
        deployment = await poll.aapply()
        for name, state, days, _ in rows:
            planned: State[Any] = Scheduled(scheduled_time=NOW - timedelta(days=days))
            run = await client.create_flow_run_from_deployment(deployment, name=name, state=planned)
            await client.set_flow_run_state(run.id, state, force=True)
