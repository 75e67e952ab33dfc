"""`afk serve` as a process: it runs scheduled and asked-for ticks, and refuses to start in one line."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.flows.conftest import ROOT, clean_environment

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
