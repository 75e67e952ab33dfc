"""Install AFK for one demo: the parts that `afk up` runs, in a folder of their own, among simulated neighbours."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from afk import up
from afk.prefect_server import HOST
from afk.sandbox.village import OWNER, REPOS, Village
from afk.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TICK_SECONDS = 10  # the shortest there is
BUSY_TICK_SECONDS = 20
BUSY = 3.0  # processes that want each core: a tick would not be done before the next is due
SETTINGS = {
    "AFK_FIX_FORWARD_MAX_ATTEMPTS": "1",
    # Prefect looks for new schedules every five seconds.
    "PREFECT_SERVER_SERVICES_SCHEDULER_RECENT_DEPLOYMENTS_LOOP_SECONDS": "1",
    # It plans a hundred ticks ahead, which keeps a slow disk busy; it looks again after a minute.
    "PREFECT_SERVER_SERVICES_SCHEDULER_MAX_RUNS": "20",
}
OURS = ("AFK_", "SLACK_", "PREFECT_")


@dataclass(frozen=True, slots=True)
class Installation:
    village: Village
    supervisor: Supervisor
    environment: Mapping[str, str]
    log: Path

    @property
    def tick_seconds(self) -> str:
        return self.environment["AFK_TICK_SECONDS"]

    @property
    def prefect(self) -> str:
        return self.environment["PREFECT_API_URL"]

    @property
    def pages(self) -> str:
        """Prefect's, as people open them."""
        return self.prefect.removesuffix("/api")

    def asks_prefect(self, path: str, **body: Any) -> Any:
        """What Prefect holds. Raises httpx.HTTPError."""
        answer = httpx.post(f"{self.prefect}/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def runs(self, flow: str = "", **match: Any) -> list[dict[str, Any]]:
        """Flow runs, oldest first, of one flow or of all; none while Prefect does not answer."""
        flows = {"name": {"any_": [flow]}} if flow else None
        try:
            found: list[dict[str, Any]] = self.asks_prefect(
                "flow_runs/filter", flow_runs=match, flows=flows, sort="START_TIME_ASC", limit=200
            )
        except httpx.HTTPError:
            return []
        return found


@contextmanager
def installed(say: Callable[[str], None]) -> Iterator[Installation]:
    """Everything runs inside the block; nothing is left behind it."""
    with ExitStack() as doors:
        home = Path(tempfile.mkdtemp(prefix="afk-demo-"))
        doors.callback(shutil.rmtree, home, ignore_errors=True)
        village = Village()
        doors.callback(village.close)
        village.open()
        log = home / "parts.log"
        heard = doors.enter_context(log.open("a", buffering=1))
        supervisor = Supervisor(say, lambda part, line: print(part, line, sep=" | ", file=heard))
        doors.callback(supervisor.stop)
        parts = list(up.parts_of(_environment(village, home), cwd=home))
        supervisor.start(*(replace(part, folder=home) for part in parts))
        yield Installation(village, supervisor, parts[-1].environment, log)


def _environment(village: Village, home: Path) -> dict[str, str]:
    """An operator's, and of the newcomer's own settings none."""
    theirs = {name: value for name, value in os.environ.items() if not name.startswith(OURS)}
    rules = home / "afk.toml"
    rules.write_text("".join(f'[repos.{name}]\nslug = "{OWNER}/{name}"\n' for name in REPOS))
    busy = os.getloadavg()[0] / (os.cpu_count() or 1) > BUSY
    own = {
        "AFK_CONFIG": str(rules),  # else the folder of whoever practises might hold another one
        "AFK_TICK_SECONDS": str(BUSY_TICK_SECONDS if busy else TICK_SECONDS),
        "XDG_DATA_HOME": str(home),
        "TMPDIR": str(home),
        "PREFECT_SERVER_API_PORT": str(_free_port()),
    }
    return {**theirs, **village.environment(), **SETTINGS, **own}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
