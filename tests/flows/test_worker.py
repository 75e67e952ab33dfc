"""`afk worker` as a process: it refuses to start in one line, and leaves nothing behind. `test_runners.py` shows it at work."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from flows.handouts import free_port
from tests.flows.conftest import ROOT, clean_environment, until
from tests.flows.installation import descendants
from tests.processes import is_there

if TYPE_CHECKING:
    from pathlib import Path

NOBODY = "http://127.0.0.1:9/api"  # the port of `discard`, where nobody listens


def worker(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "afk", "worker", *words], cwd=ROOT, env=clean_environment(home, **environment),
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "environment", "line"),
    [
        ((), {}, "afk: PREFECT_API_URL is not set: set it to the address of the Prefect server"),
        ((), {"AFK_TICK_SECONDS": "5"}, "afk: AFK_TICK_SECONDS is '5', but must be a whole number of seconds"),
        (("--only",), {"PREFECT_API_URL": NOBODY}, f"afk: Prefect at {NOBODY} does not answer ("),
    ],
    ids=["no server", "unreadable rhythm", "a server that is down"],
)
def test_worker_that_cannot_start_says_why_in_one_line(
    tmp_path: Path, words: tuple[str, ...], environment: dict[str, str], line: str
) -> None:
    done = worker(tmp_path, *words, **environment)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_worker_tells_probes_and_prometheus_what_serve_tells(tmp_path: Path) -> None:
    port = free_port()
    with socket.create_server(("127.0.0.1", 0)) as silent, (tmp_path / "said").open("w") as said:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        environment = clean_environment(
            tmp_path, PREFECT_API_URL=url, AFK_DATABASE_URL=f"sqlite:///{tmp_path}/ledger.db"
        )
        process = subprocess.Popen(
            [sys.executable, "-m", "afk", "worker", "--health", str(port)], cwd=ROOT, env=environment,
            stdout=said, stderr=said,
        )  # fmt: skip
        try:
            pages = httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30)
            until(lambda: answers(pages, "/alive"), "its pages", 60)
            assert "afk_kill_switch" in pages.get("/metrics").text
            until(lambda: pages.get("/health").json()["rounds"]["handouts"]["done_at"], "Prefect's own page", 60)
        finally:
            process.terminate()
            process.wait(60)


def answers(pages: httpx.Client, path: str) -> bool:
    try:
        return pages.get(path).status_code == 200
    except httpx.TransportError:
        return False


def test_worker_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    """Prefect's worker would take up ticks beside the next one's."""
    with socket.create_server(("127.0.0.1", 0)) as silent, (tmp_path / "said").open("w") as said:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        process = subprocess.Popen(
            [sys.executable, "-m", "afk", "worker"], cwd=ROOT, env=clean_environment(tmp_path, PREFECT_API_URL=url),
            stdout=said, stderr=said,
        )  # fmt: skip
        started = until(lambda: len(found := descendants(process.pid)) > 1 and list(found), "Prefect's worker")
        time.sleep(1.0)  # the warden is told a moment after it has started
        process.kill()
        process.wait()

        until(lambda: not any(map(is_there, started)), "their end")
