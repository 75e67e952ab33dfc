"""Repeat a piece of work in a thread, every so often or when woken, whatever becomes of it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afk import log
from afk.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from afk.ports import Clock


@dataclass(slots=True)
class Rounds:
    """`work` gets the time and returns what went wrong, a line each; what it raises is a trouble like any other.

    A trouble is said when it begins, not at every pass.
    """

    name: str
    work: Callable[[datetime], Iterable[str]]
    clock: Clock
    pause: float = 1.0
    woken: threading.Event = field(default_factory=threading.Event)
    done_at: datetime | None = None
    troubles: tuple[str, ...] = ()
    _stopping: bool = False
    _thread: threading.Thread | None = None

    @property
    def is_alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """After the pass that is under way. One that takes longer dies with the process, which every pass survives."""
        self._stopping = True
        self.woken.set()
        if self._thread is not None:
            self._thread.join(patience)

    def _run(self) -> None:
        while not self._stopping:
            self.woken.clear()
            self.once()
            self.woken.wait(self.pause)

    def once(self) -> None:
        try:
            found = tuple(self.work(self.clock.now()))
        except Exception as error:  # noqa: BLE001 - a thread that dies is noticed by nobody
            found = (f"{type(error).__name__}: {error}",)
        for line in found:
            if line not in self.troubles:
                log.warn("round-troubled", f"{self.name}: {plain(line, 400)}", round=self.name)
        self.troubles, self.done_at = found, self.clock.now()
