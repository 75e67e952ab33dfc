"""The supervisor keeps parts running, says what dies, stops in order, and does not start in vain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from afk import supervisor as module
from afk.supervisor import Part, Refused, Supervisor
from tests.processes import is_there

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


OFFICE = """
import sys, time
from afk.supervisor import Part, Supervisor
supervisor = Supervisor(print, lambda part, line: print(line, flush=True))
supervisor.start(Part("flows", (sys.executable, "-c", sys.argv[1]), {}))
while True:
    supervisor.look()
    time.sleep(0.02)
"""
HAS_A_CHILD = (
    "import os, subprocess, sys, time; c = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(os.getpid(), c.pid, flush=True); time.sleep(600)"
)


def test_killed_supervisor_leaves_nothing_that_it_started() -> None:
    """Neither a part nor what the part has started, on which its successor would stumble."""
    with subprocess.Popen([sys.executable, "-c", OFFICE, HAS_A_CHILD], stdout=subprocess.PIPE, text=True) as office:
        assert office.stdout is not None
        started = [int(pid) for pid in office.stdout.readline().split()]
        assert [is_there(pid) for pid in started] == [True, True]
        os.kill(office.pid, signal.SIGKILL)

    end = time.monotonic() + PATIENCE
    while any(map(is_there, started)):
        assert time.monotonic() < end, started
        time.sleep(0.02)


def test_warden_that_dies_is_replaced_and_told(office: Office) -> None:
    office.starts(flows=LIVES)
    before = office.supervisor.warden.process
    assert before is not None
    os.kill(before.pid, signal.SIGKILL)
    office.until(lambda: office.supervisor.warden.process is not before)
    after = office.supervisor.warden.process
    assert after is not None
    assert after.stdin is not None
    flows = office.pids["flows"]

    after.stdin.close()  # as if we were gone

    after.wait(PATIENCE)
    office.until(lambda: office.pids.get("flows", flows) != flows)
    assert office.said == ["flows was killed by SIGKILL; it starts again in 0.1 s"]


def test_who_is_told_twice_to_stop_waits_for_nobody(office: Office) -> None:
    office.starts(bot=f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LIVES}")
    office.until(lambda: office.heard)
    pid = office.pids["bot"]
    began = time.monotonic()

    office.supervisor.told()
    assert is_there(pid)
    office.supervisor.told()
    office.supervisor.stop()

    assert not is_there(pid)
    assert time.monotonic() - began < module.PATIENCE


def test_part_lives_on_where_what_it_says_cannot_be_kept() -> None:
    def full(_part: str, _line: str) -> None:
        raise OSError(28, "No space left on device")

    supervisor = Supervisor(print, full)
    supervisor.start(Part("bot", (sys.executable, "-c", "for _ in range(100_000): print('a line')"), dict(os.environ)))
    ((_, pid),) = supervisor.processes()

    end = time.monotonic() + PATIENCE
    while is_there(pid):
        assert time.monotonic() < end
        time.sleep(0.02)

    assert supervisor.kept[0].process is not None
    assert supervisor.kept[0].process.wait(PATIENCE) == 0
    supervisor.stop()
