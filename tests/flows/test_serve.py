"""`afk serve` as a process: it runs scheduled and asked-for ticks, and refuses to start in one line."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.flows.conftest import ROOT, a_process, clean_environment, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.conftest import History


def test_serve_runs_ticks_on_schedule_and_leaves_the_schedules_to_its_successor(
    server: str, prefect_home: Path, history: History, tmp_path: Path
) -> None:
    environment = {
        "PREFECT_API_URL": server,
        "PREFECT_RUNNER_POLL_FREQUENCY": "1",
        "AFK_DATABASE_URL": f"sqlite:///{tmp_path}/ledger.db",
        "AFK_TICK_SECONDS": "20",
    }
    log = tmp_path / "serve.log"
    with a_process(prefect_home, log, "flows.serve", **environment) as process:

        def ticked() -> dict[str, Any] | None:
            assert process.poll() is None, log.read_text()[-2_000:]
            wanted = {"name": {"any_": ["Off", "Quiet"]}}
            found = history.post("flow_runs/filter", flow_runs={"state": wanted, "tags": {"all_": ["auto-scheduled"]}})
            return found[0] if found else None

        tick = until(ticked, "a scheduled tick")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0, log.read_text()[-2_000:]

    said = {"poll": "AFK_KILL_SWITCH is on", "watch": "no run in flight"}
    assert tick["state"]["message"] == said[tick["name"]]
    schedules = [history.deployment(name)["schedules"][0] for name in ("poll", "watch", "housekeeping")]
    assert [schedule["active"] for schedule in schedules] == [True] * 3
    assert not any(history.deployment(name)["paused"] for name in ("poll", "watch", "housekeeping"))
    assert [schedule["schedule"].get("interval") for schedule in schedules] == [20, 20, None]


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "afk: PREFECT_API_URL is not set. Hint: afk up starts a Prefect server, too\n"),
        (
            {"AFK_TICK_SECONDS": "5"},
            (
                "afk: AFK_TICK_SECONDS is '5', but must be a whole number of seconds from 20 to 3600. "
                "Correct it, then run `afk doctor`.\n"
            ),
        ),
    ],
    ids=["no server", "unreadable rhythm"],
)
def test_serve_that_cannot_start_says_why_in_one_line(tmp_path: Path, environment: dict[str, str], line: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flows.serve"], cwd=ROOT, env=clean_environment(tmp_path, **environment),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stderr, done.stdout) == (1, line, "")
