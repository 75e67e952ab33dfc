"""Run AFK's flows in processes that can be killed, on a street whose people and machines go on by themselves."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.flows.conftest import ROOT, clean_environment
from tests.street import REPO, Street

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.sandbox.ntfy import NtfyServer

TICK = "20"  # seconds: the shortest that AFK takes
RUN_ID = re.compile(r"AFK-Run: (\S+)")
COMMANDS = {
    "serve": ("flows.serve",),
    "worker": ("afk", "worker", "--only"),
}


@dataclass
class Neighbours:
    """Agents work and push, CI decides, people open the next issue. They look at their own systems only."""

    street: Street
    ntfy: NtfyServer
    issues: int
    opened: list[int] = field(default_factory=list)
    pushed: Counter[str] = field(default_factory=Counter)

    def act(self) -> None:
        if not self.opened or (len(self.opened) < self.issues and not self.street.forge.is_open(self.opened[-1])):
            self.opened.append(self.street.issue(f"Task {len(self.opened) + 1}"))
        for thread in list(self.street.t3.threads):
            told = [each.text for each in self.street.t3.messages(thread) if each.role == "user"]
            if self.pushed[thread] < len(told):
                self._work(thread, told)

    def _work(self, thread: str, told: list[str]) -> None:
        """The first push of every second issue is red."""
        run = RUN_ID.search(told[0])
        assert run is not None, told[0]
        first = not self.pushed[thread]
        self.pushed[thread] += 1
        sha = self.street.forge.pushes(f"Work\n\nRefs: {REPO}#{self.opened[-1]}\nAFK-Run: {run[1]}")
        with suppress(LookupError, ValueError):  # a turn that AFK interrupted has ended already
            self.street.t3.agent_finishes(thread, "Done.")
        self.street.forge.ci(sha, green=not (first and len(self.opened) % 2 == 0))

    @property
    def done(self) -> bool:
        return len(self.opened) == self.issues and not any(map(self.street.forge.is_open, self.opened))

    @property
    def requests(self) -> int:
        return sum(len(each.exchanges) for each in (self.street.forge.server, self.street.t3, self.ntfy))

    @property
    def latest(self) -> str:
        last = [each.exchanges[-1].line for each in (self.street.forge.server, self.street.t3) if each.exchanges]
        return " | ".join(last)


@dataclass
class Flows:
    """The process that runs the flows, and everything that it starts."""

    kind: str
    home: Path
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *COMMANDS[self.kind]], env=self._environment, cwd=ROOT,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def _environment(self) -> dict[str, str]:
        return clean_environment(self.home, **self.environment)

    @property
    def ticks(self) -> list[int]:
        """The processes of the ticks that are under way. Both kinds keep a process of their own that starts them."""
        if self.process is None:
            return []
        ours = descendants(self.process.pid)
        return [pid for pid, parent in ours.items() if parent != self.process.pid]

    def kill(self) -> None:
        """All at once, as a lost machine would go."""
        assert self.process is not None
        assert self.process.poll() is None, self.said
        for pid in (self.process.pid, *descendants(self.process.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def stop(self, by: int = signal.SIGKILL) -> int:
        """The exit code. One that does not go when it is asked to is killed."""
        assert self.process is not None
        if self.process.poll() is None and by != signal.SIGKILL:
            self.process.send_signal(by)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(60)
        if self.process.poll() is None:
            self.kill()
        return self.process.wait()

    @property
    def said(self) -> str:
        return self.log.read_text()[-2_000:]


def deploy(home: Path, url: str, interval: int = int(TICK)) -> None:
    """As the document says, but for the interval."""
    file = home / "prefect.yaml"
    file.write_text((ROOT / "prefect.yaml").read_text().replace("interval: 60", f"interval: {interval}"))
    for command in (
        ["work-pool", "create", "afk", "--type", "process", "--overwrite"],
        ["--no-prompt", "deploy", "--all", "--prefect-file", str(file)],
    ):
        subprocess.run(
            [sys.executable, "-m", "prefect", *command], cwd=ROOT, env=clean_environment(home, PREFECT_API_URL=url),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True, timeout=120,
        )  # fmt: skip


def descendants(pid: int) -> dict[int, int]:
    """With the parent of each."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            child, parent = int(stat.parent.name), int(stat.read_text().rpartition(")")[2].split()[1])
            parents.setdefault(parent, []).append(child)
    found, left = dict[int, int](), [pid]
    while left:
        parent = left.pop()
        children = parents.get(parent, [])
        found |= dict.fromkeys(children, parent)
        left += children
    return found


def keep_doing(work: Callable[[], None], troubles: list[BaseException]) -> Callable[[], None]:
    """In a thread, until the answer is called."""
    ending = threading.Event()

    def loop() -> None:
        while not ending.wait(0.2):
            try:
                work()
            except BaseException as error:  # noqa: BLE001 - told to the test
                troubles.append(error)
                return

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()

    def stop() -> None:
        ending.set()
        thread.join(10)

    return stop


def wait_for(found: Callable[[], bool], what: str, patience: float) -> None:
    end = time.monotonic() + patience
    while not found():
        assert time.monotonic() < end, f"{what}: not within {patience:.0f} s"
        time.sleep(0.01)
