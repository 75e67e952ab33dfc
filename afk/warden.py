"""Outlive whoever started the parts by a moment: a supervisor that is killed leaves none of them behind.

A process of its own holds the end of a pipe. When the other end closes, whatever the reason, it kills what it was last
told of: each part with all that the part has started. Every part survives that, as it survives a power cut.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMAND = (sys.executable, "-m", __name__)


@dataclass(slots=True)
class Warden:
    """The supervisor's side. `told` is what the process knows."""

    process: subprocess.Popen[str] | None = None
    told: str = ""

    def guard(self, groups: Iterable[int]) -> None:
        """These process groups and no others. One that has died is replaced."""
        line = " ".join(map(str, groups))
        if self.process is None and not line:
            return
        if self.process is None or self.process.poll() is not None:
            self.release()
            self.process = self._started()
        elif line == self.told:
            return
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # the next call sees that it is gone
            self.process.stdin.write(f"{line}\n")
            self.process.stdin.flush()
        self.told = line

    def release(self) -> None:
        """Before that, tell it that nothing is left to guard."""
        if self.process is not None:
            assert self.process.stdin is not None
            with suppress(BrokenPipeError):
                self.process.stdin.close()
            self.process.wait()
        self.process = None

    def _started(self) -> subprocess.Popen[str]:
        """In a session of its own: what a terminal does to the supervisor does not reach it."""
        return subprocess.Popen(  # noqa: S603 - our own module
            COMMAND, text=True, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip


def main() -> None:
    groups = ""
    for line in sys.stdin:
        if line.endswith("\n"):  # half a line is no word of anybody
            groups = line
    for group in map(int, groups.split()):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
