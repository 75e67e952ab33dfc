"""Keep the parts of an installation running: start each, say what dies, start it again, and stop all in order."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afk import log
from afk.core.text import plain
from afk.warden import Warden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

LOOK = 0.2  # seconds between two looks at the parts
PATIENCE = 15.0  # for a part that was told to stop
SETTLED = 60.0  # what lives longer has been up: when it dies then, it is not for its settings
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0
FOR_A_PIPE = {"PYTHONUNBUFFERED": "1", "COLUMNS": "500"}  # whole lines, as soon as they are said
REFUSALS = (1, 2)  # the exit codes of what says in its last line why it cannot run
ENOUGH = 3  # failures of what has never been up, whatever it says


class Refused(Exception):
    """A part that has never been up says that it cannot run: to start it again would change nothing."""


@dataclass(frozen=True, slots=True)
class Part:
    """One process. `environment` is all that it gets."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(repr=False)
    folder: Path | None = None
    serves_others: bool = False  # then it stops when they have stopped


@dataclass(slots=True)
class Kept:
    """A part, its process, and what is known of its lives."""

    part: Part
    hear: Callable[[str, str], None]
    process: subprocess.Popen[str] | None = None
    born: float = 0.0
    due: float = 0.0
    pause: float = 0.0
    has_been_up: bool = False
    failures: int = 0
    listener: threading.Thread | None = None
    said: deque[str] = field(default_factory=lambda: deque(maxlen=20))

    def start(self) -> None:
        """In a session of its own: Ctrl-C on the terminal reaches us alone, and we stop the parts in order."""
        self.said.clear()
        environment = {**self.part.environment, **FOR_A_PIPE}
        self.process = subprocess.Popen(  # noqa: S603 - our own parts
            self.part.command, env=environment, cwd=self.part.folder, text=True, errors="replace",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.born = time.monotonic()
        self.listener = threading.Thread(target=self._listen, args=(self.process,), daemon=True)
        self.listener.start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                if line.strip():
                    self.said.append(line.strip())
                    with suppress(OSError, ValueError):  # a full disk ends no part
                        self.hear(self.part.name, line.rstrip())

    @property
    def last_words(self) -> str:
        """A child of the part may hold its output open: nobody waits for that."""
        if self.listener is not None:
            self.listener.join(1.0)
        return plain(log.words(self.said[-1]), 500) if self.said else ""

    def died(self, status: int) -> str:
        """Say it, and when the part starts again. Raises Refused if that is hopeless."""
        lived = time.monotonic() - self.born
        self._clear()
        how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with code {status}"
        self.has_been_up = self.has_been_up or lived >= SETTLED or status < 0
        self.failures += 1
        if status > 0 and not self.has_been_up and (self._says_why(status) or self.failures == ENOUGH):
            raise Refused(f"{self.part.name} cannot run: {self.last_words or f'it {how}'}")
        self.pause = min(self.pause * 2, LONGEST_PAUSE) if self.pause and lived < SETTLED else FIRST_PAUSE
        self.due = time.monotonic() + self.pause
        words = f" ({self.last_words})" if status > 0 and self.last_words else ""
        self.process = None
        return f"{self.part.name} {how}{words}; it starts again in {self.pause:g} s"

    def _says_why(self, status: int) -> bool:
        """In one line, as our commands do. A stack trace may come from what passes, such as a busy neighbour."""
        return status in REFUSALS and bool(self.last_words) and self.said[-1].startswith((log.PREFIX, "{"))

    def ask_to_stop(self) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """At once, and what it has started. For a signal handler: whoever waits for the part buries it."""
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self, until: float) -> None:
        """Who has not stopped by then is killed."""
        if self.process is not None:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(max(0.0, until - time.monotonic()))
            self._clear()

    def _clear(self) -> None:
        """What the part has started goes with it, so that it does not meet its successor."""
        assert self.process is not None
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass(slots=True)
class Supervisor:
    """`say` gets our own lines, `hear` what a part says."""

    say: Callable[[str], None]
    hear: Callable[[str, str], None]
    kept: list[Kept] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    warden: Warden = field(default_factory=Warden)

    def start(self, *parts: Part) -> None:
        for part in parts:
            kept = Kept(part, self.hear)
            self.kept.append(kept)
            kept.start()
            self._tell_warden()

    def look(self) -> None:
        """Start again what died. Raises Refused."""
        for kept in self.kept:
            status = kept.process.poll() if kept.process is not None else None
            if status is not None:
                self.say(kept.died(status))
            elif kept.process is None and time.monotonic() >= kept.due:
                kept.start()
        self._tell_warden()

    def _tell_warden(self) -> None:
        """Each part leads a process group."""
        self.warden.guard(pid for _, pid in self.processes())

    def watch(self) -> None:
        """Until somebody sets `stopping`. Raises Refused."""
        while not self.stopping.wait(LOOK):
            self.look()

    def stop(self) -> None:
        """Together, but for what the others need."""
        for last in (False, True):
            leaving = [kept for kept in self.kept if kept.part.serves_others is last]
            for kept in leaving:
                kept.ask_to_stop()
            until = time.monotonic() + PATIENCE
            for kept in leaving:
                kept.stop(until)
        self.kept.clear()
        self._tell_warden()
        self.warden.release()

    def told(self) -> None:
        """To stop: at the first time in order, and whoever cannot wait for that says it again."""
        if self.stopping.is_set():
            for kept in self.kept:
                kept.kill()
        self.stopping.set()

    def processes(self) -> Iterator[tuple[str, int]]:
        for kept in self.kept:
            if kept.process is not None:
                yield kept.part.name, kept.process.pid
