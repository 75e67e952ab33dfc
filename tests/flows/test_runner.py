"""The runner of `afk serve`: what it takes, what it skips, and how it ends what it started."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from prefect import get_client
from prefect.states import Cancelling, Scheduled
from prefect.types.entrypoint import EntrypointType

from flows.recovery import WISHES
from flows.runner import AT_ONCE, Runner
from flows.schedules import ONE_AT_A_TIME
from flows.tick_process import CONTEXT, FLOWS, says_more
from tests.flows.conftest import ROOT, clean_environment

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.context import ForkServerProcess
    from pathlib import Path
    from uuid import UUID

    from prefect.client.orchestration import PrefectClient

    from tests.flows.conftest import History

NOW = datetime.now(UTC)  # noqa: TID251 - the server's rows carry the real time


@dataclass
class Stable:
    """Starts real processes that do what the test says instead of a tick."""

    target: Callable[..., Any] = time.sleep
    args: tuple[Any, ...] = (60,)
    begun: list[str] = field(default_factory=list)

    def begin(self, name: str, _flow_run_id: UUID) -> ForkServerProcess:
        process = CONTEXT.Process(target=self.target, args=self.args, daemon=True)
        process.start()
        self.begun.append(name)
        return process


@pytest.fixture
def names(server: str, request: pytest.FixtureRequest) -> dict[UUID, str]:
    """Deployments of this test alone: others leave runs that are due."""

    async def applied() -> dict[UUID, str]:
        made = {}
        for name, flow in FLOWS.items():
            deployment = await flow.ato_deployment(
                request.node.name,
                concurrency_limit=None if name in WISHES else ONE_AT_A_TIME,
                entrypoint_type=EntrypointType.MODULE_PATH,
            )
            made[await deployment.aapply()] = name
        return made

    return asyncio.run(applied())


def a_story(names: dict[UUID, str], tell: Callable[[PrefectClient, Runner], Awaitable[Any]], stable: Stable) -> Any:
    """In one loop; whatever it leaves is ended."""

    async def story() -> Any:
        runner = Runner(names, stable.begin)
        async with get_client() as client:
            try:
                return await asyncio.wait_for(tell(client, runner), 180)
            finally:
                await runner.close(0.0)

    return asyncio.run(story())


async def due(client: PrefectClient, names: dict[UUID, str], name: str, minutes: float = 0) -> UUID:
    """A run that should have begun so long ago."""
    deployment = next(each for each, flow in names.items() if flow == name)
    wish = {"repo": "infra", "issue": 42, "requested_by": "ada"} if name == "redispatch" else {}
    planned: Any = Scheduled(scheduled_time=NOW - timedelta(minutes=minutes))
    return (await client.create_flow_run_from_deployment(deployment, state=planned, parameters=wish)).id


async def until(found: Callable[[], bool]) -> None:
    while not found():  # noqa: ASYNC110 - processes and the server change what is looked at
        await asyncio.sleep(0.05)


def state(history: History, run: UUID) -> tuple[str, str]:
    found = history.get(f"flow_runs/{run}")
    return found["state_name"], found["state"]["message"] or ""


def test_of_a_tick_that_was_missed_only_the_newest_runs_and_of_wishes_every_one(
    names: dict[UUID, str], history: History
) -> None:
    stable = Stable()

    async def tell(client: PrefectClient, runner: Runner) -> list[UUID]:
        polls = [await due(client, names, "poll", minutes) for minutes in (3, 1, 2)]
        wishes = [await due(client, names, "redispatch", minutes) for minutes in (2, 1)]
        for _ in range(2):
            await runner.look()
        await until(lambda: len(stable.begun) == 3)
        assert set(runner.processes) == {polls[1], *wishes}
        return polls

    oldest, newest, between = a_story(names, tell, stable)

    assert sorted(stable.begun) == ["poll", "redispatch", "redispatch"]
    missed = ("Skipped", "Missed; a later tick does its work")
    assert [state(history, each) for each in (oldest, between)] == [missed] * 2
    assert state(history, newest)[0] == "Crashed"


def test_two_runners_start_a_tick_once(names: dict[UUID, str]) -> None:
    """In a rolling update both live for a while."""
    first, second = Stable(), Stable()

    async def tell(client: PrefectClient, runner: Runner) -> None:
        other = Runner(names, second.begin)
        await due(client, names, "watch")
        await asyncio.gather(runner.look(), other.look())
        await until(lambda: bool(first.begun or second.begun))
        await other.close(0.0)

    a_story(names, tell, first)

    assert first.begun + second.begun == ["watch"]


def test_process_that_dies_is_told_as_a_crash(names: dict[UUID, str], history: History) -> None:
    async def tell(client: PrefectClient, runner: Runner) -> UUID:
        run = await due(client, names, "watch")
        await runner.look()
        await until(lambda: bool(runner.processes))
        await until(lambda: not runner.processes)
        return run

    run = a_story(names, tell, Stable(sys.exit, (7,)))

    assert state(history, run) == ("Crashed", "Its process ended with 7")


def test_process_that_cannot_be_started_is_told_as_a_crash(
    names: dict[UUID, str], history: History, capsys: pytest.CaptureFixture[str]
) -> None:
    class Full(Stable):
        def begin(self, _name: str, _flow_run_id: UUID) -> ForkServerProcess:
            raise OSError(11, "Resource temporarily unavailable")

    async def tell(client: PrefectClient, runner: Runner) -> UUID:
        run = await due(client, names, "watch")
        await runner.look()
        await runner.close(30.0)
        return run

    run = a_story(names, tell, Full())

    why = "Its process could not be started: [Errno 11] Resource temporarily unavailable"
    assert state(history, run) == ("Crashed", why)
    assert capsys.readouterr().err == f"afk: flow run {run}: {why}\n"


@pytest.mark.parametrize(
    ("module", "level", "kept"),
    [("flow_engine", logging.INFO, False), ("flow_engine", logging.WARNING, True), ("driving", logging.INFO, True)],
    ids=["begins and ends", "trouble", "what the tick says"],
)
def test_line_that_the_states_tell_already_is_left_out(module: str, level: int, kept: bool) -> None:
    assert says_more(logging.LogRecord("prefect.flow_runs", level, f"/{module}.py", 1, "", (), None)) is kept


def test_folder_with_a_long_name_has_room_for_the_sockets_that_start_a_tick(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 25)
    folder.mkdir()
    words = (
        "from uuid import uuid4; from flows.tick_process import begin; "
        "process = begin('watch', uuid4()); process.kill(); process.join(); print(process.exitcode)"
    )

    done = subprocess.run(
        [sys.executable, "-c", words], env=clean_environment(tmp_path, TMPDIR=str(folder)), cwd=ROOT,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert done.stdout == "-9\n", done.stderr


def test_run_that_a_person_cancels_is_killed(names: dict[UUID, str], history: History) -> None:
    async def tell(client: PrefectClient, runner: Runner) -> UUID:
        run = await due(client, names, "watch")
        await runner.look()
        await until(lambda: bool(runner.processes))
        await client.set_flow_run_state(run, Cancelling(), force=True)
        await runner.look()
        await until(lambda: not runner.processes)
        return run

    run = a_story(names, tell, Stable())

    assert state(history, run) == ("Cancelled", "Cancelled by a person; its process was killed")


def test_no_more_than_a_few_run_at_once(names: dict[UUID, str]) -> None:
    stable = Stable()

    async def tell(client: PrefectClient, runner: Runner) -> None:
        for minutes in range(AT_ONCE + 1):
            await due(client, names, "redispatch", minutes)
        for _ in range(2):
            await runner.look()
        await until(lambda: len(runner.processes) == AT_ONCE)

    a_story(names, tell, stable)

    assert len(stable.begun) == AT_ONCE


def test_what_is_under_way_may_end_before_the_runner_does(names: dict[UUID, str], history: History) -> None:
    async def tell(client: PrefectClient, runner: Runner) -> str:
        run = await due(client, names, "watch")
        await runner.look()
        await until(lambda: bool(runner.processes))
        await runner.close(30.0)
        assert not runner.processes
        return state(history, run)[0]

    assert a_story(names, tell, Stable(time.sleep, (1.0,))) == "Pending"  # it would have told its end itself
