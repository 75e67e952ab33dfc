"""Scheduled ticks over the wire, run by `afk serve` and by a process worker, read back as Prefect's pages show them."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from afk.sandbox.faults import Fault, Trouble
from tests.flows.conftest import until
from tests.flows.installation import TICK, Flows, deploy
from tests.street import Street

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flows.conftest import History


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    street = Street.at(tmp_path, "github", 1)
    street.afk("arm", "infra")
    yield street
    street.close()


@pytest.mark.parametrize("kind", ["serve", "worker"])
def test_scheduled_ticks_start_an_agent_and_tell_it(
    server: str, history: History, prefect_home: Path, street: Street, tmp_path: Path, kind: str
) -> None:
    """The first requests of the poll meet a 502, and its task tries again."""
    forget_what_others_planned(history)
    if kind == "worker":
        deploy(prefect_home, server)
    number = street.issue("Rotate the logs")
    street.forge.server.faults.add(Fault(Trouble.STATUS, match="/graphql", status=502, times=2))
    environment = {
        **street.environment,
        "PREFECT_API_URL": server,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "AFK_TICK_SECONDS": TICK,
    }
    flows = Flows(kind, prefect_home, environment, log=tmp_path / "flows.log")
    began = datetime.now(UTC)  # noqa: TID251 - the server's rows carry the real time
    flows.start()
    try:
        poll = until(lambda: scheduled(history, "poll · 1 started", began), "a scheduled poll", 120)
    finally:
        status = flows.stop(signal.SIGTERM)

    assert (poll["state_name"], poll["state_type"]) == ("Moved", "COMPLETED")
    assert {"repo:infra", f"issue:infra#{number}"} <= set(poll["tags"])
    tasks = {task["name"]: task for task in history.tasks(poll, 6)}
    assert {"trust and blockers", f"start infra#{number}", f"comment infra#{number}"} <= set(tasks)
    assert (tasks["ready issues"]["run_count"], tasks["ready issues"]["state_name"]) == (3, "Completed")
    assert set(history.artifacts(poll)) == {"fleet", "why-not", f"issue-infra-{number}"}
    assert status == 0, flows.said
    if kind == "worker":
        assert poll["work_pool_name"] == "afk"
    if kind == "serve":
        ready = f"afk: ready: a tick every {TICK} s, its history at {server.removesuffix('/api')}\n"
        assert ready in (tmp_path / "flows.log").read_text()
        its_successor_finds_the_schedules(history)


def forget_what_others_planned(history: History) -> None:
    """Tests on this server leave runs that nobody has scheduled: one of them would start the agent first."""
    unfinished = {"state": {"type": {"any_": ["SCHEDULED", "PENDING", "RUNNING"]}}}
    while runs := history.post("flow_runs/filter", flow_runs=unfinished):
        for run in runs:
            httpx.delete(f"{history.url}/flow_runs/{run['id']}", timeout=10)


def scheduled(history: History, name: str, began: datetime) -> dict[str, Any] | None:
    """The schedule made it, and not for another test on the same server."""
    found = history.post(
        "flow_runs/filter",
        flow_runs={
            "name": {"any_": [name]},
            "tags": {"all_": ["auto-scheduled"]},
            "state": {"type": {"any_": ["COMPLETED", "FAILED"]}},
            "start_time": {"after_": began.isoformat()},
        },
    )
    return found[0] if found else None


def its_successor_finds_the_schedules(history: History) -> None:
    """In a rolling update it has started already."""
    ours = [history.deployment(name) for name in ("poll", "watch", "housekeeping")]
    assert not any(each["paused"] for each in ours)
    assert [each["schedules"][0]["active"] for each in ours] == [True] * 3
    assert [each["schedules"][0]["schedule"].get("interval") for each in ours] == [int(TICK), int(TICK), None]
