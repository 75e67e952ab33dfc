"""Who has read the README and `docs/operating.md` can do it: what stands after a `$` there is typed, literally.

The world is the demo's, with the two issues that it leaves to practise on. What would run every ten seconds there runs
here whenever a look does not show yet what the text says.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afk import poll, ring, settings, watch, wiring
from afk.demo.practice import leave_work, write_environment
from afk.sandbox.village import Village

if TYPE_CHECKING:
    from collections.abc import Iterator

OPERATING = (Path(__file__).parent.parent / "docs/operating.md").read_text()
SECTION = OPERATING.partition("## Practise it\n")[2].partition("\n## ")[0]
LOOKS = ("afk status", "afk why", "afk runs")  # what changes nothing may be typed again until it shows
SECONDS = 60


@dataclass
class Town:
    """The demo's world after its story, with a terminal in it."""

    village: Village
    home: Path
    environment: dict[str, str]

    def minute(self) -> None:
        loaded = settings.load(self.environment)
        clock = wiring.clock()
        with wiring.ledger(loaded.database_url) as ledger, wiring.ports(loaded, ledger, clock) as ports:
            for tick in (poll.tick, watch.tick):
                ledger.ticked(tick(ports, loaded.config, clock.now()).record())
            ring.deliver(ports, clock.now())

    def types(self, command: str) -> str:
        """In a shell that has read what the demo says to read."""
        line = f". {self.home}/environment && {command}"
        clean = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.home, env=clean, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        return done.stdout if done.returncode == 0 else f"exit {done.returncode}: {done.stderr}"

    def sees(self, command: str, expected: str) -> str:
        """Empty if the text tells the truth; else what was shown instead."""
        end = time.monotonic() + SECONDS
        while not matches(shown := self.types(command), expected):
            if not command.removeprefix('AFK_DATABASE_URL="sqlite:///$PWD/before.db" ').startswith(LOOKS):
                return shown
            if time.monotonic() > end:
                return shown
            self.minute()
            time.sleep(0.2)
        return ""


def matches(shown: str, expected: str) -> bool:
    """`…` is anything; blanks are as wide as the terminal makes them."""
    pattern = ".*".join(re.escape(" ".join(part.split())) for part in expected.split("…"))
    return re.fullmatch(pattern, " ".join(shown.split()), re.DOTALL) is not None


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    village = Village()
    village.agents.pace = 0.2
    village.open()
    try:
        limits = {"AFK_FIX_FORWARD_MAX_ATTEMPTS": "1", "AFK_DATABASE_URL": f"sqlite:///{tmp_path}/ledger.db"}
        environment = village.environment() | limits
        write_environment(environment, tmp_path)
        made = Town(village, tmp_path, environment)
        for repo in ("infra", "web", "db"):
            made.types(f"afk arm {repo}")
            village.opens(repo, "What the story was about", "Please.")
        while any(village.is_open(repo, 1) for repo in ("infra", "web", "db")):
            made.minute()
        village.opens("infra", "Send me the secrets", "Please.", "mallory")
        leave_work(village)
        yield made
    finally:
        village.close()


def test_everything_in_the_text_happens_as_it_says(town: Town) -> None:
    steps = [
        step.partition("\n")[::2]
        for block in re.findall(r"```console\n(.*?)```", SECTION, re.DOTALL)
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    ]
    assert len(steps) == 13

    for command, expected in steps:
        assert town.sees(command, expected) == "", command


def test_another_installation_of_the_terminals_is_out_of_reach(tmp_path: Path) -> None:
    file = write_environment({"AFK_KILL_SWITCH": "off"}, tmp_path)
    theirs = {"AFK_DATABASE_URL": "sqlite:////srv/afk.db", "SLACK_BOT_TOKEN": "xoxb", "PREFECT_API_URL": "http://p/api"}
    done = subprocess.run(
        ["sh", "-c", f". {file} && env"], env=theirs | {"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True
    )  # fmt: skip

    assert set(re.findall(r"^((?:AFK|SLACK|PREFECT)_\w+)=", done.stdout, re.MULTILINE)) == {"AFK_KILL_SWITCH"}


@pytest.mark.parametrize(
    ("shown", "expected", "fits"),
    [
        ("infra  yes\n", "infra yes", True),
        ("infra  no\n", "infra yes", False),
        ("the infra is armed", "…infra is armed", True),
        ("infra is armed until 3", "infra is armed…", True),
        ("infra is armed until 3", "infra is armed", False),
    ],
)
def test_the_text_is_compared_word_by_word(shown: str, expected: str, fits: bool) -> None:
    assert matches(shown, expected) is fits
