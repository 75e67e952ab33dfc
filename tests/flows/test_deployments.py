"""What is deployed, that it never overlaps, and that what a dead process left does not keep it out."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from prefect import get_client
from prefect.states import Pending, Running, Scheduled

from afk.core.model import IssueRef
from afk.core.records import Via
from afk.operations import Person
from afk.settings import Rhythm
from flows.deployed import NAMES
from flows.recovery import free_stuck, recover
from flows.redispatch import redispatch
from flows.schedules import SLUG, deployments
from flows.wishes import take_up
from tests.flows.conftest import ROOT, clean_environment
from tests.house import INFRA_42

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas.objects import State

    from tests.flows.conftest import History
    from tests.house import House

TICKS = ("poll", "watch", "housekeeping")


def asking(ask: Callable[[PrefectClient], Awaitable[Any]]) -> Any:
    async def asked() -> Any:
        async with get_client() as client:
            return await ask(client)

    return asyncio.run(asked())


@pytest.fixture(scope="module")
def deployed(server: str, prefect_home: Path) -> None:
    said(server, prefect_home, "work-pool", "create", "afk", "--type", "process", "--overwrite")
    said(server, prefect_home, "--no-prompt", "deploy", "--all")


def said(server: str, home: Path, *words: str, **environment: str) -> str:
    """What the `prefect` command prints to somebody who cannot be asked anything."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", *words], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        env=clean_environment(home, PREFECT_API_URL=server, **environment), stderr=subprocess.STDOUT, timeout=120,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2_000:]
    return done.stdout


def frozen(house: House, ref: IssueRef = INFRA_42) -> None:
    """Each test has an issue of its own: a wish with the same key is the same flow run."""
    house.limit(fix_forward_max_attempts=0)
    house.a_run(ref)
    house.world.ci_goes_red("infra", house.pushed_and_ended(ref))
    house.watch()


WISH = {"repo": "infra", "issue": 42, "requested_by": "ada"}


def new_run(history: History, name: str, state: State[Any]) -> str:
    """A run of a deployment, put into this state whatever the server thinks of it."""

    async def made(client: PrefectClient) -> str:
        run = await client.create_flow_run_from_deployment(
            history.deployment(name)["id"], state=Scheduled(), parameters=WISH if name == "redispatch" else {}
        )
        await client.set_flow_run_state(run.id, state, force=True)
        return str(run.id)

    found: str = asking(made)
    return found


def begin(history: History, name: str) -> tuple[str, str]:
    """What a worker does first: it proposes Pending, and the server says what comes of it."""

    async def proposed(client: PrefectClient) -> tuple[str, str]:
        run = await client.create_flow_run_from_deployment(history.deployment(name)["id"], state=Scheduled())
        await client.set_flow_run_state(run.id, Pending())
        return str(run.id), (await client.read_flow_run(run.id)).state_type.value

    found: tuple[str, str] = asking(proposed)
    return found


def state_of(history: History, run_id: str) -> tuple[str, str]:
    run = history.get(f"flow_runs/{run_id}")
    return run["state_type"], run["state_name"]


def freed() -> int:
    """How many: at least those of the test, and scheduled ticks that nobody has run."""
    count: int = asking(recover)
    return count


def test_prefect_yaml_deploys_every_flow_by_module_with_active_schedules(deployed: None, history: History) -> None:
    found = {name: history.deployment(name) for name in NAMES}

    assert {name: each["entrypoint"] for name, each in found.items()} == {
        name: f"flows.{name}.{name}" for name in NAMES
    }
    assert not any(each["paused"] for each in found.values())
    schedules = {name: each["schedules"] for name, each in found.items()}
    assert all(each[0]["active"] and each[0]["slug"] == SLUG for name, each in schedules.items() if name in TICKS)
    assert [schedules[name][0]["schedule"]["interval"] for name in ("poll", "watch")] == [60, 60]
    assert schedules["redispatch"] == []
    assert {name: _limit(each) for name, each in found.items()} == {
        **dict.fromkeys(TICKS, (1, "CANCEL_NEW")),
        "redispatch": (None, None),
    }


def test_kubernetes_file_deploys_the_same_flows_to_a_pod_each(
    deployed: None, server: str, history: History, prefect_home: Path
) -> None:
    """Prefect knows the pool's type by itself; only its worker needs the package prefect-kubernetes."""
    said(server, prefect_home, "work-pool", "create", "afk-kubernetes", "--type", "kubernetes", "--overwrite")
    file = ("--prefect-file", "deploy/prefect.kubernetes.yaml")
    said(server, prefect_home, "--no-prompt", "deploy", "--all", *file, AFK_IMAGE="registry.example/afk:1.0")
    found = {name: history.deployment(name) for name in NAMES}
    said(server, prefect_home, "--no-prompt", "deploy", "--all")  # as the other tests found it

    assert {each["work_pool_name"] for each in found.values()} == {"afk-kubernetes"}
    assert [each["job_variables"] for each in found.values()] == [
        {"image": "registry.example/afk:1.0", "finished_job_ttl": 300}
    ] * len(NAMES)
    assert {name: _limit(each) for name, each in found.items() if name in TICKS} == dict.fromkeys(
        TICKS, (1, "CANCEL_NEW")
    )
    assert all(found[name]["concurrency_options"]["grace_period_seconds"] == 120 for name in TICKS)
    assert not any(each["paused"] for each in found.values())


def _limit(deployment: dict[str, Any]) -> tuple[int | None, str | None]:
    limit, options = deployment["global_concurrency_limit"], deployment["concurrency_options"]
    return (limit["limit"] if limit else None, options["collision_strategy"] if options else None)


def test_serve_and_the_files_deploy_the_same(server: str) -> None:
    served = {each.name: each for each in asyncio.run(deployments(Rhythm()))}
    for file in ("prefect.yaml", "deploy/prefect.kubernetes.yaml"):
        written = {each["name"]: each for each in yaml.safe_load((ROOT / file).read_text())["deployments"]}

        assert written.keys() == served.keys() == set(NAMES)
        for name, each in served.items():
            assert each.entrypoint == written[name]["entrypoint"]
            limit = written[name].get("concurrency_limit", {})
            assert (each.concurrency_limit, getattr(each.concurrency_options, "collision_strategy", None)) == (
                limit.get("limit"),
                limit.get("collision_strategy"),
            )
            assert [_when(schedule) for schedule in each.schedules] == [
                _spelt(schedule) for schedule in written[name].get("schedules", [])
            ]


def _when(created: Any) -> dict[str, Any]:
    schedule = created.schedule
    when: dict[str, Any] = {"slug": created.slug, "timezone": schedule.timezone}
    if hasattr(schedule, "cron"):
        return {**when, "cron": schedule.cron}
    return {**when, "interval": schedule.interval.total_seconds(), "anchor_date": schedule.anchor_date.isoformat()}


def _spelt(written: dict[str, Any]) -> dict[str, Any]:
    return dict(written)


def test_tick_that_finds_its_predecessor_at_work_is_cancelled_not_queued(deployed: None, history: History) -> None:
    first, second, other = begin(history, "poll"), begin(history, "poll"), begin(history, "watch")

    assert (first[1], second[1], other[1]) == ("PENDING", "CANCELLED", "PENDING")
    assert freed() >= 2


@pytest.mark.parametrize("orphan", [Pending(), Running()], ids=["pending", "running"])
def test_slot_that_a_dead_process_holds_is_free_after_recovery(
    deployed: None, history: History, orphan: State[Any]
) -> None:
    """With Prefect alone every later tick is cancelled until its lease runs out, or for ever."""
    held, _ = begin(history, "watch")
    asking(lambda client: client.set_flow_run_state(held, orphan, force=True))
    assert begin(history, "watch")[1] == "CANCELLED"

    assert freed() >= 1

    assert state_of(history, held) == ("CRASHED", "Crashed")
    assert begin(history, "watch")[1] == "PENDING"
    freed()


def test_slot_of_a_run_that_is_older_than_a_tick_can_be_is_freed_while_others_work(
    deployed: None, history: History
) -> None:
    """What a server that was killed leaves, where the process that serves goes on."""
    stuck, _ = begin(history, "poll")
    asking(lambda client: client.set_flow_run_state(stuck, Running(), force=True))
    time.sleep(1.1)
    alive, _ = begin(history, "watch")

    count = asking(lambda client: free_stuck(client, timedelta(seconds=0.5)))

    assert count >= 1
    assert state_of(history, stuck) == ("CRASHED", "Crashed")
    assert state_of(history, alive) == ("PENDING", "Pending")
    assert begin(history, "poll")[1] == "PENDING"
    assert freed() >= 2


def test_late_ticks_are_skipped_and_a_late_wish_is_kept(deployed: None, history: History) -> None:
    late = [new_run(history, name, Scheduled(name="Late")) for name in ("poll", "watch", "redispatch")]
    soon = new_run(history, "poll", Scheduled())

    assert freed() >= 2

    assert [state_of(history, run) for run in late] == [
        ("CANCELLED", "Skipped"),
        ("CANCELLED", "Skipped"),
        ("SCHEDULED", "Late"),
    ]
    assert state_of(history, soon) == ("SCHEDULED", "Scheduled")


@pytest.mark.parametrize("orphan", [Pending(), Running()], ids=["pending", "running"])
def test_wish_that_a_dead_process_took_is_taken_up_again(deployed: None, history: History, orphan: State[Any]) -> None:
    wish = new_run(history, "redispatch", orphan)

    assert freed() >= 1
    assert state_of(history, wish) == ("SCHEDULED", "Scheduled")


def test_recovery_leaves_other_peoples_runs_alone(deployed: None, history: History) -> None:
    async def other(client: PrefectClient) -> str:
        flow = await client.create_flow_from_name("poll")
        deployment = await client.create_deployment(flow, "somebody-elses")
        run = await client.create_flow_run_from_deployment(deployment, state=Scheduled())
        await client.set_flow_run_state(run.id, Running(), force=True)
        return str(run.id)

    run = asking(other)

    freed()
    assert state_of(history, run) == ("RUNNING", "Running")


def test_click_in_slack_gets_a_flow_run_that_brings_the_next_poll(
    deployed: None, at_home: House, history: History
) -> None:
    clicked = IssueRef("infra", 43)
    frozen(at_home, clicked)
    at_home.operations.redispatch(clicked, Person("U07ADA", Via.SLACK), at_home.world.now())

    for known in (set[str](), set[str]()):  # two processes
        for _ in range(2):
            take_up(at_home.ledger, known)

    (run,) = history.runs_of(history.deployment("redispatch"), tags={"all_": ["via:slack"]})
    assert run["name"] == "redispatch infra#43"
    assert run["parameters"] == {"repo": "infra", "issue": 43, "requested_by": "U07ADA", "after_attempt": 1}
    assert set(run["tags"]) >= {"repo:infra", "issue:infra#43", "requested-by:U07ADA"}
    done = history.run(asyncio.run(redispatch(**run["parameters"], return_state=True)))
    assert done["state_name"] == "Recorded"
    assert "U07ADA asked for it through slack" in done["state"]["message"]
    (child,) = history.runs_of(history.deployment("poll"), tags={"all_": ["requested-by:U07ADA"]})
    assert child["parent_task_run_id"] is not None


def test_wish_of_prefects_own_pages_is_a_flow_run_already(deployed: None, at_home: House, history: History) -> None:
    frozen(at_home)
    at_home.operations.redispatch(INFRA_42, Person("grace", Via.PREFECT), at_home.world.now())

    take_up(at_home.ledger, set())

    assert history.runs_of(history.deployment("redispatch"), tags={"all_": ["requested-by:grace"]}) == []


def test_wish_brings_the_next_poll_at_once_as_its_child(deployed: None, at_home: House, history: History) -> None:
    frozen(at_home)

    wish = history.run(asyncio.run(redispatch("infra", 42, "ada", return_state=True)))

    deployment = history.deployment("poll")["id"]
    wanted = {"deployment_id": {"any_": [deployment]}, "tags": {"all_": ["requested-by:ada"]}}
    (child,) = history.post("flow_runs/filter", flow_runs=wanted)
    assert (wish["state_name"], set(child["tags"])) == (
        "Recorded",
        {"repo:infra", "issue:infra#42", "requested-by:ada"},
    )
    (parent,) = history.post("task_runs/filter", task_runs={"id": {"any_": [child["parent_task_run_id"]]}})
    assert parent["flow_run_id"] == wish["id"]
