"""Take Prefect's server away for a while, and let two workers meet a slow tick.

`make soak` runs this. The outage is ten of the shortest ticks, as ten minutes are ten of the usual ones.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.conftest import History, a_prefect_server, free_port, until
from tests.flows.installation import TICK, Flows, deploy, wait_for
from tests.street import Street

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OUTAGE = 10 * int(TICK)
PATIENCE = 240.0
TICKS = ("poll", "watch")


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the server's rows carry the real time


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    street = Street.at(tmp_path, "github", 1)
    street.afk("arm", "infra")
    yield street
    street.close()


def environment(street: Street, url: str) -> dict[str, str]:
    return {
        **street.environment,
        "PREFECT_API_URL": url,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "AFK_TICK_SECONDS": TICK,
    }


def test_server_that_is_killed_and_comes_back_finds_the_schedule_going_on(street: Street, tmp_path: Path) -> None:
    """It dies in the middle of a tick, whose end nobody can tell it: its slot would be held for ever."""
    home, port = tmp_path / "prefect", free_port()
    home.mkdir()
    history = History(f"http://127.0.0.1:{port}/api")
    flows = Flows("serve", home, environment(street, history.url), tmp_path / "flows.log")
    try:
        with a_prefect_server(home, port) as server:
            flows.start()
            until(lambda: ended(history, "COMPLETED"), "a tick", PATIENCE)
            number = street.issue()
            street.forge.server.latency = 1.0
            wait_for(
                lambda: "POST /graphql" in [each.line for each in street.forge.server.exchanges[-3:]], "a poll", 90
            )
            server.kill()
            server.wait()
        left = now()
        time.sleep(OUTAGE)
        street.forge.server.latency = 0.0
        with a_prefect_server(home, port):
            back = now()
            for name in TICKS:
                until(lambda name=name: ended(history, "COMPLETED", name, after=back), f"a {name} tick", PATIENCE)
            until(lambda: not stuck(history, left), "the end of what was in flight", PATIENCE)

            assert flows.process is not None
            assert flows.process.poll() is None, flows.said
            assert len(street.t3.threads) == 1
            until(
                lambda: street.run(number)["state"] == "working", "a start that the next poll completes", 3 * int(TICK)
            )
            assert not overlaps(history)
            ran = [run for run in ended(history, "COMPLETED", after=back) if planned(run) < back]
            assert len(ran) <= len(TICKS) * 2, "what was late was replayed"
    finally:
        flows.stop()


def test_two_workers_never_run_a_tick_twice_at_once(
    server: str, history: History, prefect_home: Path, street: Street, tmp_path: Path
) -> None:
    """The forge takes two seconds for each answer, and everybody asks for a poll all the time."""
    deploy(prefect_home, server)
    street.issue()
    street.forge.server.latency = 2.0
    workers = [
        Flows("worker", prefect_home, environment(street, server), tmp_path / f"{name}.log") for name in ("one", "two")
    ]
    began, deployment = now(), history.deployment("poll")["id"]
    try:
        for worker in workers:
            worker.start()
        for _ in range(4):
            for _ in range(3):
                history.post(f"deployments/{deployment}/create_flow_run", state={"type": "SCHEDULED"})
            time.sleep(8)
        until(lambda: len(ended(history, "COMPLETED", "poll", after=began)) >= 3, "three polls", PATIENCE)
    finally:
        for worker in workers:
            worker.stop()

    assert ended(history, "CANCELLED", "poll", after=began)
    assert not overlaps(history)
    assert len(street.t3.threads) == 1


def ended(history: History, state: str, *names: str, after: datetime | None = None) -> list[dict[str, Any]]:
    found = history.post(
        "flow_runs/filter",
        deployments={"name": {"any_": list(names or TICKS)}},
        flow_runs={
            "state": {"type": {"any_": [state]}},
            **({"end_time": {"after_": after.isoformat()}} if after else {}),
        },
    )
    return list(found)


def stuck(history: History, before: datetime) -> list[dict[str, Any]]:
    return [run for state in ("PENDING", "RUNNING") for run in ended(history, state) if planned(run) < before]


def planned(run: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(run["expected_start_time"])


def overlaps(history: History) -> list[tuple[str, str]]:
    """Ticks of one kind that ran at the same time, by when they said that they ran."""
    found = []
    for name in TICKS:
        runs = [run for state in ("COMPLETED", "FAILED") for run in ended(history, state, name)]
        spans = sorted((run["start_time"], run["end_time"], run["id"]) for run in runs)
        found += [(first[2], second[2]) for first, second in pairwise(spans) if second[0] < first[1]]
    return found
