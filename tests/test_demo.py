"""`afk demo` as a newcomer starts it: every part is real, and it ends as it should, or says what is not so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 900.0  # seconds, on a machine that does much else; alone it takes a tenth of that


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Without a terminal, somewhere, with settings of the newcomer's own that must not matter."""
    environment = {
        **os.environ,
        "TMPDIR": str(tmp_path),
        "AFK_KILL_SWITCH": "perhaps",
        "PREFECT_API_URL": "http://127.0.0.1:9/api",
        "SLACK_BOT_TOKEN": "xoxb-of-somebody",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "afk", "demo"],
        env=environment,
        cwd=tmp_path,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    yield process
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def ours(folder: Path) -> list[str]:
    """The processes that were started for this demo."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"XDG_DATA_HOME={folder}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
    return found


def test_demo_plays_every_story_and_leaves_nothing_behind(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    said, _ = demo.communicate(timeout=LONGEST)

    assert demo.returncode == 0, said
    for part in (
        "AFK: infra is armed until",
        "infra#1 · Rotate the access logs",
        "AFK sent the agent back, in the same thread",
        "AFK: infra#2: Who applied the ready label may not write to the repository (mallory).",
        "Frozen: db#1 · Upgrade the database",
        "ada presses Re-run under it",
        "AFK: infra#3: The kill switch is on (killed by @ada, because trying the brake).",
        "AFK: The kill switch is off",
        "Everything ended as it should",
    ):
        assert part in said
    assert list(tmp_path.iterdir()) == []
    assert ours(tmp_path) == []


def test_demo_that_is_interrupted_cleans_up(demo: subprocess.Popen[str], tmp_path: Path) -> None:
    assert demo.stdout is not None
    for line in demo.stdout:
        if "puts the ready label on" in line:  # Prefect is starting, the bot is there
            break
    assert len(ours(tmp_path)) >= 3
    demo.send_signal(signal.SIGTERM)
    said, _ = demo.communicate(timeout=120)

    assert demo.returncode == 1, said
    assert said.endswith("afk: the demo was interrupted, and cleaned up\n")
    assert list(tmp_path.iterdir()) == []
    assert ours(tmp_path) == []
