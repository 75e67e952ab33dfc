"""The supervisor keeps parts running, says what dies, stops in order, and does not start in vain."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afk import supervisor as module
from afk.supervisor import Part, Refused, Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIVES = "import time; print('ready', flush=True); time.sleep(600)"
PATIENCE = 30.0


class Office:
    """A supervisor, and what was said to it."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.heard: list[tuple[str, str]] = []
        self.supervisor = Supervisor(self.said.append, lambda part, line: self.heard.append((part, line)))

    def starts(self, *needed: str, **scripts: str) -> None:
        environment = dict(os.environ)
        for name, script in scripts.items():
            self.supervisor.start(Part(name, (sys.executable, "-c", script), environment, serves_others=name in needed))

    @property
    def pids(self) -> dict[str, int]:
        return dict(self.supervisor.processes())

    def until(self, found: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not found():
            assert time.monotonic() < end, (self.said, self.heard)
            self.supervisor.look()
            time.sleep(0.02)


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setattr(module, "FIRST_PAUSE", 0.1)
    office = Office()
    yield office
    office.supervisor.stop()


def is_there(pid: int) -> bool:
    """One that nobody has buried yet is gone all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_what_is_killed_starts_again_and_it_is_said(office: Office) -> None:
    office.starts(flows=LIVES, bot=LIVES)
    before = office.pids

    os.kill(before["flows"], signal.SIGKILL)
    office.until(lambda: office.pids.get("flows", before["flows"]) != before["flows"])

    assert office.pids["bot"] == before["bot"]
    assert office.said == ["flows was killed by SIGKILL; it starts again in 0.1 s"]


def test_what_a_part_started_goes_with_it(office: Office) -> None:
    """Else its successor would meet it."""
    child = "import time; time.sleep(600)"
    office.starts(
        flows=f"import subprocess, sys, time; c = subprocess.Popen([sys.executable, '-c', {child!r}]);"
        "print(c.pid, flush=True); time.sleep(600)"
    )
    office.until(lambda: office.heard)
    orphan = int(office.heard[0][1])

    os.kill(office.pids["flows"], signal.SIGKILL)
    office.until(lambda: len(office.heard) > 1)

    office.until(lambda: not is_there(orphan))


def test_each_death_is_waited_for_longer(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FIRST_PAUSE", 1.0)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 2.0)
    office.starts(bot="import os, signal; os.kill(os.getpid(), signal.SIGKILL)")

    office.until(lambda: len(office.said) == 3)

    assert [line.rpartition(" in ")[2] for line in office.said] == ["1 s", "2 s", "2 s"]


def test_what_cannot_run_is_not_tried_again(office: Office) -> None:
    office.starts(bot="import sys; print('starting'); sys.exit('afk: Slack refuses SLACK_APP_TOKEN: set a valid one.')")

    with pytest.raises(Refused, match="bot cannot run: Slack refuses SLACK_APP_TOKEN: set a valid one"):
        office.until(lambda: False)


def test_what_fails_for_no_reason_that_it_names_is_tried_three_times(office: Office) -> None:
    office.starts(flows="raise OSError('the neighbour is busy')")

    with pytest.raises(Refused, match="flows cannot run: OSError: the neighbour is busy"):
        office.until(lambda: False)

    assert len(office.said) == 2


def test_what_has_been_up_is_tried_again_whatever_it_says(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database may be away for a while."""
    monkeypatch.setattr(module, "SETTLED", 0.0)
    office.starts(bot="import sys; sys.exit('afk: ledger: it cannot be reached')")

    office.until(lambda: len(office.said) == 2)

    assert office.said[0] == "bot ended with code 1 (ledger: it cannot be reached); it starts again in 0.1 s"


def test_what_others_need_stops_after_them(office: Office) -> None:
    """Each is asked, and gets its time."""
    ends = (
        "import signal, sys, time\n"
        "def end(*_):\n    print('asked', flush=True); time.sleep(0.3); print('ended', flush=True); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('ready', flush=True); time.sleep(600)"
    )
    office.starts("prefect", prefect=ends, flows=ends, bot=ends)
    office.until(lambda: len(office.heard) == 3)

    office.supervisor.stop()

    deadline = time.monotonic() + PATIENCE
    while len(office.heard) < 9 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert {part for part, line in office.heard[3:7]} == {"flows", "bot"}
    assert office.heard[7:] == [("prefect", "asked"), ("prefect", "ended")]


def test_who_does_not_stop_is_killed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    office.starts(bot=f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LIVES}")
    office.until(lambda: office.heard)
    pid = office.pids["bot"]

    office.supervisor.stop()

    assert not is_there(pid)
