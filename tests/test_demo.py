"""`afk demo` as a newcomer starts it: every part is real, and it ends as it should, or says what is not so."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LONGEST = 900.0  # seconds, on a machine that does much else; `make bench` holds it to its promise on an idle one


@pytest.fixture
def plays(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    """Without a terminal, somewhere, with settings of the newcomer's own that must not matter."""
    playing: list[Demo] = []

    def play(name: str, *words: str) -> Demo:
        folder = tmp_path / name
        folder.mkdir()
        environment = {
            **os.environ,
            "TMPDIR": str(folder),
            "AFK_KILL_SWITCH": "perhaps",
            "PREFECT_API_URL": "http://127.0.0.1:9/api",
            "SLACK_BOT_TOKEN": "xoxb-of-somebody",
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "afk", "demo", *words],
            env=environment,
            cwd=folder,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        playing.append(Demo(process, folder))
        return playing[-1]

    yield play
    for demo in playing:
        if demo.process.poll() is None:
            demo.process.send_signal(signal.SIGTERM)
            demo.process.communicate(timeout=60)


@dataclass(frozen=True, slots=True)
class Demo:
    process: subprocess.Popen[str]
    folder: Path

    def says(self, words: str) -> str:
        """The line with these words, once it comes."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words in line:
                return line
        raise AssertionError(f"it never said: {words}")

    def ends(self, seconds: float = LONGEST) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=seconds)
        return self.process.returncode, said

    def parts(self) -> list[str]:
        """The processes that were started for this demo."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if f"XDG_DATA_HOME={self.folder}".encode() in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text())
        return found

    def left_nothing(self) -> bool:
        return not list(self.folder.iterdir()) and not self.parts()


def test_demo_plays_every_story_and_leaves_nothing_behind(plays: Callable[..., Demo]) -> None:
    demo = plays("one")
    status, said = demo.ends()

    assert status == 0, said
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
    assert demo.left_nothing()


def test_demo_that_is_interrupted_cleans_up(plays: Callable[..., Demo]) -> None:
    demo = plays("one")
    demo.says("puts the ready label on")  # Prefect is starting, the bot is there
    assert len(demo.parts()) >= 3
    demo.process.send_signal(signal.SIGTERM)
    demo.says("afk: cleaning up")
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # whoever is impatient
        demo.process.send_signal(name)
    status, said = demo.ends(120)

    assert status == 1, said
    assert said.endswith("afk: the demo was interrupted, and cleaned up\n")
    assert demo.left_nothing()


def test_demo_that_nobody_can_see_ends_with_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -m afk demo > /dev/full', sys.executable],
        env={**os.environ, "TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "afk: cannot go on: [Errno 28] No space left on device. Look at the disk, and at where the output goes\n"
    )
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(not os.environ.get("AFK_SOAK"), reason="two whole demos: make soak")
def test_two_demos_at_once_know_nothing_of_each_other(plays: Callable[..., Demo]) -> None:
    """One stays: its settings give another terminal the operator's commands, and Ctrl-C ends it in order."""
    stays, ends = plays("stays", "--stay"), plays("ends")
    status, said = ends.ends()
    assert status == 0, said
    settings = stays.says("in another terminal: ").partition(": ")[2].strip()
    asked = ["bash", "-c", f"{settings} && afk runs web#2"]
    end = time.monotonic() + LONGEST
    while "working" not in (shown := subprocess.run(asked, capture_output=True, text=True, check=False).stdout):
        assert time.monotonic() < end, shown
        time.sleep(1)
    stays.process.send_signal(signal.SIGINT)
    status, said = stays.ends(120)

    assert status == 0, said
    assert ends.left_nothing()
    assert stays.left_nothing()
