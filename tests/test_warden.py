"""The warden kills what it was told of when its supervisor is gone, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from afk.warden import COMMAND, Warden
from tests.processes import is_there

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE = 30.0


@pytest.fixture
def part() -> Iterator[Callable[[], int]]:
    """Starts one that leads a process group, and says its number."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> int:
        lives = (sys.executable, "-c", "import time; time.sleep(600)")
        started.append(subprocess.Popen(lives, start_new_session=True))
        return started[-1].pid

    yield start
    for each in started:
        each.kill()
        each.wait()


def is_killed(pid: int) -> bool:
    end = time.monotonic() + PATIENCE
    while is_there(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not is_there(pid)


def told(words: str) -> None:
    """As by a supervisor that says this and is gone."""
    subprocess.run(COMMAND, input=words, text=True, timeout=PATIENCE, check=True)


def test_what_it_was_told_of_last_is_killed_when_the_pipe_closes(part: Callable[[], int]) -> None:
    stopped, first, second = part(), part(), part()

    told(f"{stopped}\n{first} {second}\n")

    assert is_killed(first)
    assert is_killed(second)
    assert is_there(stopped)


def test_half_a_line_is_no_word_of_anybody(part: Callable[[], int]) -> None:
    guarded, other = part(), part()

    told(f"{guarded}\n{other}")

    assert is_killed(guarded)
    assert is_there(other)


def test_group_that_is_gone_keeps_none_of_the_others(part: Callable[[], int]) -> None:
    gone = subprocess.Popen((sys.executable, "-c", ""))
    gone.wait()
    guarded = part()

    told(f"{gone.pid} {guarded}\n")

    assert is_killed(guarded)


def test_released_warden_has_killed_nothing_and_is_gone(part: Callable[[], int]) -> None:
    guarded, warden = part(), Warden()
    warden.guard([guarded])
    process = warden.process
    warden.guard([])
    warden.release()

    assert process is not None
    assert process.returncode == 0
    assert is_there(guarded)


def test_nothing_to_guard_starts_nothing() -> None:
    warden = Warden()
    warden.guard([])

    assert warden.process is None
