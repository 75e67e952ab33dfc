"""`afk serve` as a process: it refuses to start in one line, and does not live on by half."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from afk.settings import Rhythm
from flows.doorkeeper import Doorkeeper
from flows.serve import serve
from tests.flows.conftest import ROOT, clean_environment, free_port

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("environment", "line"),
    [
        ({}, "afk: PREFECT_API_URL is not set. Hint: afk up starts a Prefect server, too\n"),
        (
            {"AFK_TICK_SECONDS": "5"},
            (
                "afk: AFK_TICK_SECONDS is '5', but must be a whole number of seconds from 10 to 3600. "
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


class Broken(Doorkeeper):
    """Cannot even say what went wrong."""

    def passed(self, *_: str) -> None:
        raise ValueError("no time\nleft")


def test_serve_ends_where_what_rings_has_ended(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever runs it starts it again. A process without it would look as if all were well."""
    nowhere = f"http://127.0.0.1:{free_port()}/api"

    monkeypatch.setenv("AFK_KILL_SWITCH", "perhaps")  # a first pass that fails
    with temporary_settings({PREFECT_API_URL: nowhere}):
        code = asyncio.run(asyncio.wait_for(serve(Rhythm(), Broken(60, delivers=True)), 60))

    assert code == 1
    assert capsys.readouterr().err.splitlines()[-1] == (
        "afk: a part of this process ended unexpectedly (ValueError: no time left); whoever runs it starts it again"
    )
