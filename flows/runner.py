"""Run what is due of our deployments, each flow run in a process of its own."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.responses import SetStateStatus
from prefect.states import Cancelled, Crashed, Pending

from afk import log
from flows.recovery import SKIPPED, WISHES
from flows.tick_process import begin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from multiprocessing.context import ForkServerProcess
    from uuid import UUID

    from prefect.client.orchestration import PrefectClient
    from prefect.client.schemas import OrchestrationResult
    from prefect.client.schemas.objects import FlowRun, State

AT_ONCE = 4
CANCELLED = frozenset({"CANCELLED", "CANCELLING"})


@dataclass(slots=True)
class Runner:
    """`names` has the flow of each deployment. What is under way is in `processes`."""

    names: Mapping[UUID, str]
    begin: Callable[[str, UUID], ForkServerProcess] = begin
    processes: dict[UUID, ForkServerProcess] = field(default_factory=dict)
    _ends: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)

    async def look(self) -> None:
        """Once. Raises what Prefect's client raises where the server does not answer."""
        async with get_client() as client:
            if self._ends:
                await self._kill_cancelled(client)
            now = datetime.now(UTC)  # noqa: TID251 - it is Prefect's schedule
            due = await client.get_scheduled_flow_runs_for_deployments(list(self.names), scheduled_before=now)
            for run in await self._skip_late(client, due):
                if len(self._ends) < AT_ONCE and run.id not in self._ends:
                    await self._take(client, run)

    async def _skip_late(self, client: PrefectClient, due: Iterable[FlowRun]) -> list[FlowRun]:
        """Of a tick that was missed several times only the newest is worth running. Every wish is."""
        newest: dict[UUID | None, FlowRun] = {}
        wishes = []
        for run in sorted(due, key=_planned):
            if self._name(run) in WISHES:
                wishes.append(run)
                continue
            late = newest.get(run.deployment_id)
            if late is not None:
                await client.set_flow_run_state(late.id, SKIPPED)
            newest[run.deployment_id] = run
        return [*wishes, *newest.values()]

    def _name(self, run: FlowRun) -> str:
        assert run.deployment_id is not None  # it was found by its deployment
        return self.names[run.deployment_id]

    async def _take(self, client: PrefectClient, run: FlowRun) -> None:
        """The server gives the slot to one taker, and cancels a tick that finds its predecessor at work."""
        answer: OrchestrationResult[Any] = await client.set_flow_run_state(run.id, Pending())
        if answer.status is SetStateStatus.ACCEPT and answer.state is not None and answer.state.is_pending():
            self._ends[run.id] = asyncio.create_task(self._work(run.id, self._name(run)))

    async def _work(self, run_id: UUID, name: str) -> None:
        try:
            process = self.processes[run_id] = await asyncio.to_thread(self.begin, name, run_id)
            await _ended(process)
            if process.exitcode:
                await _crashed(run_id, f"Its process ended with {process.exitcode}")
        except OSError as error:  # no process, no memory, no room for a socket
            await _crashed(run_id, f"Its process could not be started: {error}")
        finally:
            self.processes.pop(run_id, None)
            self._ends.pop(run_id, None)

    async def _kill_cancelled(self, client: PrefectClient) -> None:
        wanted = FlowRunFilter.model_validate({"id": {"any_": list(self._ends)}})
        for run in await client.read_flow_runs(flow_run_filter=wanted):
            if run.state_type in CANCELLED and run.id in self.processes:
                stopped: State[Any] = Cancelled(message="Cancelled by a person; its process was killed")
                await client.set_flow_run_state(run.id, stopped, force=True)
                self.processes[run.id].kill()

    async def close(self, patience: float) -> None:
        """Let what is under way end, but not for ever."""
        if self._ends:
            await asyncio.wait(list(self._ends.values()), timeout=patience)
        for process in self.processes.values():
            process.kill()
        if self._ends:
            await asyncio.wait(list(self._ends.values()))


def _planned(run: FlowRun) -> datetime:
    assert run.expected_start_time is not None  # it was found by its time
    return run.expected_start_time


async def _ended(process: ForkServerProcess) -> None:
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(process.sentinel)
    process.join()


async def _crashed(run_id: UUID, why: str) -> None:
    """Where the server cannot be told, the run is found by its age later."""
    log.warn("flow-run-crashed", f"flow run {run_id}: {why}", why=why)
    with suppress(Exception):
        async with get_client() as client:
            run = await client.read_flow_run(run_id)
            if run.state is not None and not run.state.is_final():
                await client.set_flow_run_state(run_id, Crashed(message=why), force=True)
