"""Take turns in a channel: Slack lets an app post about once a second there, and doorbells go first."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BETWEEN_POSTS = 1.0  # seconds


class Pace:
    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic = monotonic
        self._pause = pause
        self._next_post = monotonic()
        self._waiting = 0
        self._lock = Lock()

    def wait(self) -> None:
        """For a turn, as long as it takes."""
        with self._lock:
            self._waiting += 1
        try:
            while (left := self._left()) > 0:
                self._pause(left)
        finally:
            with self._lock:
                self._waiting -= 1

    def take(self) -> bool:
        """A turn that nobody waits for."""
        return not self._waiting and self._left() <= 0

    def _left(self) -> float:
        """Seconds until the next turn; with none left it is taken."""
        with self._lock:
            now = self._monotonic()
            left = self._next_post - now
            if left <= 0:
                self._next_post = now + BETWEEN_POSTS
            return left
