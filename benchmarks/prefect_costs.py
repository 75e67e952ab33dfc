"""Count what Prefect costs: CPU and memory by runner, rows by tick. CPU time, since others disturb the clock alone."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect import get_client
from prefect.client.schemas.schedules import IntervalSchedule
from prefect.settings import PREFECT_API_URL, PREFECT_LOGGING_TO_API_ENABLED, temporary_settings

from afk import wiring
from afk.core.model import Board
from afk.opening import Outside
from benchmarks.figure import Figure
from benchmarks.town import Town, put_in_flight
from flows.outside import OPENING
from flows.poll import poll
from flows.watch import watch
from tests.flows.conftest import History, a_prefect_server, free_port, until
from tests.flows.installation import Flows, deploy, descendants
from tests.house import House, a_repo

if TYPE_CHECKING:
    from collections.abc import Iterator

TICKS_A_DAY = 2 * 24 * 60  # poll and watch, every minute
QUIET, BUSY, FLEET, MANY = 12, 4, 20, 1_000
IDLE_SHARE, A_DAY = 0.05, 60  # of a core, megabytes
SELDOM = 3_571  # seconds between two scheduled ticks: none comes between those that are measured
OFTEN = 12  # seconds, where the scheduled ones are measured
SECOND = os.sysconf("SC_CLK_TCK")


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="afk-bench-") as place:
        home, port = Path(place), free_port()
        with a_prefect_server(home, port) as server:
            history = History(f"http://127.0.0.1:{port}/api")
            idle = _per_second(server.pid)
            serve = _scheduled(home, history, server.pid)
            fleet = _fleet(home, history, server.pid)
            worker = _ticks("worker", home, history, server.pid, BUSY)
            inside = _inside(history)
            objects = {count: _objects(history, count) for count in (1, MANY)}
            server_memory = _memory(server.pid)
    share = 2 * serve.tick / 60
    day = serve.grown * TICKS_A_DAY / 1e6
    return [
        Figure("quiet tick under afk serve, CPU", f"{serve.tick:.2f} s", "", holds=True),
        Figure("the ticks of an idle installation", f"{share:.1%} of a core", "≤ 5 %", share <= IDLE_SHARE),
        Figure("its runner and the server's share, CPU per tick", _both(serve, idle), "", holds=True),
        Figure("the server alone, asked nothing", f"{idle:.1%} of a core", "", holds=True),
        Figure("the same tick under a process worker", _times(worker.tick, serve.tick), "", holds=True),
        Figure("the same tick inside a living process", _times(inside, serve.tick), "", holds=True),
        Figure("watch tick with 20 runs in flight, CPU", _times(fleet.tick, serve.tick), "", holds=True),
        Figure("from the time of a quiet tick to its end", f"{serve.wall:.1f} s", "", holds=True),
        Figure("memory: server, serve, a tick beside it", _megabytes(server_memory, serve), "", holds=True),
        Figure("history of a day of quiet ticks", f"{day:.0f} MB", "≤ 60 MB", day <= A_DAY),
        Figure(
            "Prefect objects of a quiet poll, 1 and 1,000 repositories",
            " and ".join(str(sum(each.values())) for each in objects.values()),
            "the same",
            objects[1] == objects[MANY],
        ),
    ]


@dataclass(frozen=True, slots=True)
class Cost:
    """Per tick: seconds of CPU of its own processes, of the runner, of the server; bytes of memory and of history."""

    tick: float
    runner: float
    server: float
    wall: float
    grown: float
    memory: int
    peak: int


def _scheduled(home: Path, history: History, server: int) -> Cost:
    """As they come by the schedule, only more often: a run that is asked for leaves more rows."""
    with _running("serve", home, history) as flows:
        asyncio.run(_hurry(history))
        until(lambda: len(_ended(history)) > 1, "scheduled ticks", 120)
        time.sleep(70)  # by then the server has planned ahead, which it does every minute
        meter, done, peak = Meter(flows, home, server), _ended(history), 0
        while len(_ended(history)) < len(done) + QUIET:
            peak = max([peak, *map(_memory, flows.ticks)])
            time.sleep(0.1)
        time.sleep(3)  # events reach the database later
        found = _ended(history)[len(done) :]
        lasted = [_moment(run["end_time"]) - _moment(run["expected_start_time"]) for run in found]
        return meter.cost(len(found), sum(lasted) / len(found), peak)


async def _hurry(history: History) -> None:
    with temporary_settings({PREFECT_API_URL: history.url}):
        async with get_client() as client:
            for number, name in enumerate(("poll", "watch")):
                deployment = await client.read_deployment_by_name(f"{name}/{name}")
                anchor = datetime(2026, 1, 1, 0, 0, number * OFTEN // 2, tzinfo=UTC)
                often = IntervalSchedule(interval=timedelta(seconds=OFTEN), anchor_date=anchor, timezone="UTC")
                await client.update_deployment_schedule(deployment.id, deployment.schedules[0].id, schedule=often)


def _ended(history: History) -> list[dict[str, Any]]:
    """Scheduled ticks that have ended, oldest first."""
    wanted = {"tags": {"all_": ["auto-scheduled"]}, "state": {"type": {"any_": ["COMPLETED"]}}}
    found: list[dict[str, Any]] = history.post("flow_runs/filter", flow_runs=wanted, sort="END_TIME_DESC")
    return found[::-1]


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _ticks(kind: str, home: Path, history: History, server: int, count: int, **environment: str) -> Cost:
    """Watch ticks that are asked for, each when the one before has ended."""
    with _running(kind, home, history, **environment) as flows:
        _run(history, "watch", flows)  # the first one also makes the ledger, and the bytecode
        meter, began, peak = Meter(flows, home, server), time.monotonic(), 0
        for _ in range(count):
            peak = max(peak, _run(history, "watch", flows))
        return meter.cost(count, (time.monotonic() - began) / count, peak)


@contextmanager
def _running(kind: str, home: Path, history: History, **environment: str) -> Iterator[Flows]:
    settings = {
        "PREFECT_API_URL": history.url,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "AFK_TICK_SECONDS": str(SELDOM),
        "AFK_DATABASE_URL": f"sqlite:///{home}/{kind}.db",
        **environment,
    }
    if kind == "worker":
        deploy(home, history.url, interval=SELDOM)
    flows = Flows(kind, home, settings, home / f"{kind}.log")
    began = datetime.now(UTC)  # noqa: TID251 - the server's rows carry the real time
    flows.start()
    try:
        if kind == "serve":
            until(lambda: _is_deployed(history, began), "the deployments")
        yield flows
    finally:
        flows.stop()


class Meter:
    """Reads the clocks of the processes when it is made, and again when the cost is asked for."""

    def __init__(self, flows: Flows, home: Path, server: int) -> None:
        assert flows.process is not None
        self.runner, self.server, self.home = flows.process.pid, server, home
        self.starter = _starter(self.runner)
        self.memory, self.size = sum(map(_memory, {self.runner, self.starter})), _size(home)
        self.before = self._clocks()

    def _clocks(self) -> tuple[float, float, float]:
        return _spent_by_children(self.starter), _spent(self.runner), _spent(self.server)

    def cost(self, ticks: int, wall: float, peak: int) -> Cost:
        tick, runner, server = ((late - early) / ticks for early, late in zip(self.before, self._clocks(), strict=True))
        return Cost(tick, runner, server, wall, (_size(self.home) - self.size) / ticks, self.memory, peak)


def _starter(runner: int) -> int:
    """The process whose children the ticks are: the one that it keeps for that."""
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in descendants(runner)}
    return next(pid for pid, command in commands.items() if b"forkserver" in command or b"worker" in command)


def _is_deployed(history: History, since: datetime) -> bool:
    """By this process: the one before had deployments of the same names."""
    found = history.post("deployments/filter", deployments={"name": {"any_": ["poll", "watch"]}})
    return [datetime.fromisoformat(each["updated"]) > since for each in found] == [True] * 2


def _run(history: History, name: str, flows: Flows | None = None) -> int:
    """To its end. The most memory that its processes were seen with."""
    made = history.post(f"deployments/{history.deployment(name)['id']}/create_flow_run", state={"type": "SCHEDULED"})
    peak = 0

    def ended() -> bool:
        nonlocal peak
        peak = max([peak, *(_memory(pid) for pid in (flows.ticks if flows else ()))])
        return history.get(f"flow_runs/{made['id']}")["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}

    until(ended, f"a {name} tick", 120)
    state = history.get(f"flow_runs/{made['id']}")["state_name"]
    assert state in {"Quiet", "Off", "Waiting"}, state
    if flows:
        until(lambda: not flows.ticks, "the end of its process")
    return peak


def _inside(history: History, count: int = 20) -> float:
    """CPU per tick where no process is started. Prefect's own threads count, as they would there."""
    with _using(history, House.empty()):
        asyncio.run(watch())
        before = time.process_time()
        for _ in range(count):
            asyncio.run(watch())
        return (time.process_time() - before) / count


def _fleet(home: Path, history: History, server: int) -> Cost:
    """Pushed and pending, so that each tick looks at everything and has nothing to do."""
    town = Town.of(FLEET, 1, by="ada")
    environment = town.environment(home)
    town.catches_up()
    clock = wiring.clock()
    with wiring.ledger(environment["AFK_DATABASE_URL"]) as ledger, wiring.ports(town.settings, ledger, clock) as ports:
        for name, board in ports.tracker.boards(list(town.repos.values())).items():
            assert isinstance(board, Board)
            put_in_flight(town, ports, name, board.ready[0])
    try:
        return _ticks("serve", home, history, server, BUSY, **environment)
    finally:
        town.close()


def _objects(history: History, repositories: int) -> dict[str, int]:
    """What one quiet poll leaves on the server."""
    with _using(history, House.ready(*(a_repo(f"repo{number}") for number in range(repositories)))):
        state: Any = asyncio.run(poll(return_state=True))
    run = history.run(state)
    assert run["state_name"] == "Quiet", run["state_name"]
    of_run = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    return {
        "states": len(history.get(f"flow_run_states/?flow_run_id={run['id']}")),
        "tasks": len(history.tasks(run, 1)),
        "artifacts": len(history.post("artifacts/filter", **of_run)),
    }


@contextmanager
def _using(history: History, house: House) -> Iterator[None]:
    """The flows of this process talk to that server, and work with this house."""

    @contextmanager
    def opening(_tick: str) -> Iterator[Outside]:
        yield Outside(house.ports, house.config)

    with temporary_settings({PREFECT_API_URL: history.url, PREFECT_LOGGING_TO_API_ENABLED: False}):
        token = OPENING.set(opening)
        try:
            yield
        finally:
            OPENING.reset(token)


def _per_second(pid: int, seconds: float = 10.0) -> float:
    before = _spent(pid)
    time.sleep(seconds)
    return (_spent(pid) - before) / seconds


def _spent(pid: int) -> float:
    """Seconds of CPU of a process, its ended children left out."""
    user, system, _, _ = _times_of(pid)
    return (user + system) / SECOND


def _spent_by_children(pid: int) -> float:
    _, _, user, system = _times_of(pid)
    return (user + system) / SECOND


def _times_of(pid: int) -> tuple[int, int, int, int]:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, children_user, children_system = map(int, fields[11:15])
    return user, system, children_user, children_system


def _memory(pid: int) -> int:
    """Bytes: what is its own, and its share of what it has in common with others."""
    try:
        rolled = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) * 1024 for line in rolled.splitlines() if line.startswith("Pss:"))


def _size(home: Path) -> int:
    """Bytes of the server's database that are in use, whether they are in the file already or still in its log."""
    with closing(sqlite3.connect(f"file:{home}/prefect.db?mode=ro", uri=True)) as database:
        pages, free, size = (
            database.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


def _both(cost: Cost, idle: float) -> str:
    return f"{cost.runner:.2f} s and {cost.server - idle * OFTEN / 2:.2f} s"


def _times(seconds: float, of: float) -> str:
    return f"{seconds:.2f} s, {seconds / of:.1f} times"


def _megabytes(server: int, serve: Cost) -> str:
    return ", ".join(f"{each / 1e6:.0f} MB" for each in (server, serve.memory, serve.peak))
