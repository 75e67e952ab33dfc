"""Start one real Prefect server for the whole session, and read back what a person would see in its pages."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from prefect.events.worker import EventsWorker
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
    temporary_settings,
)

from afk.opening import Outside
from flows.outside import OPENING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.house import House

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 60.0  # seconds, on a busy machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Prefect's client leaves sockets to the garbage collector, which is no fault of ours."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.filterwarnings("ignore::ResourceWarning"))
            item.add_marker(pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"))


@pytest.fixture(scope="module", autouse=True)
def _collected() -> Iterator[None]:
    """What Prefect left is collected here, not in a test of somebody else."""
    yield
    gc.collect()


def clean_environment(home: Path, **more: str) -> dict[str, str]:
    """What a fresh machine has: nobody's Prefect profile, and no AFK settings but those named."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "AFK_", "SLACK_"))}
    return {
        **kept,
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_API_URL": "/api",
        "DO_NOT_TRACK": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        **more,
    }


def until(found: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What is found, once it is."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"{what}: not within {patience:.0f} s")


@contextmanager
def a_process(home: Path, log: Path, *command: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command], env=clean_environment(home, **environment), cwd=ROOT,
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@contextmanager
def a_prefect_server(home: Path, port: int, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Up and healthy. Ended in order, unless somebody has killed it before."""
    log = home / "server.log"
    command = ("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    with a_process(home, log, *command, **environment) as process:

        def healthy() -> bool:
            assert process.poll() is None, f"the Prefect server died:\n{log.read_text()[-2_000:]}"
            try:
                return httpx.get(f"http://127.0.0.1:{port}/api/health", timeout=2).is_success
            except httpx.HTTPError:
                return False

        until(healthy, "the Prefect server")
        yield process


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("prefect")


@contextmanager
def this_process_uses(home: Path, **environment: str) -> Iterator[str]:
    """A server of its own for the tests' client, and for the flows that they call."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/api"
    with a_prefect_server(home, port, **environment):
        here = {
            PREFECT_HOME: home,
            PREFECT_API_URL: url,
            PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: False,
            PREFECT_LOGGING_TO_API_ENABLED: False,  # its worker would wait for the server that is gone
        }
        with temporary_settings(here):
            EventsWorker.drain_all()  # one that was started for another server goes on talking to that
            yield url
            EventsWorker.drain_all()  # it would wait for the server, too


def in_postgres(empty: str) -> dict[str, str]:
    """The setting that lets a Prefect server keep its history in this database."""
    return {"PREFECT_SERVER_DATABASE_CONNECTION_URL": empty.replace("+psycopg", "+asyncpg")}


@pytest.fixture(scope="session")
def server(prefect_home: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The API's address. It keeps its history in SQLite; with `AFK_TEST_PREFECT=postgres` in PostgreSQL."""
    database = {}
    if os.environ.get("AFK_TEST_PREFECT") == "postgres":
        database = in_postgres(request.getfixturevalue("make_database")("postgres"))
    with this_process_uses(prefect_home, **database) as url:
        yield url


@dataclass(frozen=True, slots=True)
class History:
    """Prefect's API, asked as its pages ask it."""

    url: str

    def post(self, path: str, **body: Any) -> Any:
        return self._ask("POST", path, json=body)

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def _ask(self, method: str, path: str, **what: Any) -> Any:
        """SQLite refuses while others write; Prefect's own client asks again as well."""

        def answered() -> httpx.Response | None:
            response = httpx.request(method, f"{self.url}/{path}", timeout=60, **what)
            return None if response.status_code == httpx.codes.SERVICE_UNAVAILABLE else response

        response = until(answered, f"{method} {path}")
        response.raise_for_status()
        return response.json()

    def run(self, state: Any) -> dict[str, Any]:
        """The flow run that ended in this state."""
        found: dict[str, Any] = self.get(f"flow_runs/{state.state_details.flow_run_id}")
        return found

    def tasks(self, run: dict[str, Any], count: int) -> list[dict[str, Any]]:
        """Task runs reach the server a little later than the flow run they belong to."""
        wanted = {"flow_runs": {"id": {"any_": [run["id"]]}}, "sort": "EXPECTED_START_TIME_ASC"}

        def recorded() -> list[dict[str, Any]]:
            tasks = self.post("task_runs/filter", **wanted)
            ended = all(task["state_type"] in {"COMPLETED", "FAILED", "CRASHED"} for task in tasks)
            return tasks if len(tasks) >= count and ended else []

        found: list[dict[str, Any]] = (
            until(recorded, f"{count} task runs") if count else self.post("task_runs/filter", **wanted)
        )
        return found

    def artifacts(self, run: dict[str, Any]) -> dict[str, dict[str, Any]]:
        found = self.post("artifacts/filter", flow_runs={"id": {"any_": [run["id"]]}})
        return {artifact["key"]: artifact for artifact in found}

    def deployment(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"deployments/name/{name}/{name}")
        return found

    def runs_of(self, deployment: dict[str, Any], **match: Any) -> list[dict[str, Any]]:
        wanted = {"deployment_id": {"any_": [deployment["id"]]}, **match}
        found: list[dict[str, Any]] = self.post("flow_runs/filter", flow_runs=wanted, sort="EXPECTED_START_TIME_ASC")
        return found


@pytest.fixture
def history(server: str) -> History:
    return History(server)


@pytest.fixture
def at_home(house: House, server: str) -> Iterator[House]:
    """The flows of this test work with this house."""

    @contextmanager
    def opening(_tick: str) -> Iterator[Outside]:
        yield Outside(house.ports, house.config)

    token = OPENING.set(opening)
    yield house
    OPENING.reset(token)
