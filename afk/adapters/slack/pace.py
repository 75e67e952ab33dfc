"""Take turns in a channel: Slack lets an app post about once a second there, and doorbells go first."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

BETWEEN_POSTS = 1.0  # seconds


class Pace:
    """A doorbell need not wait for other words: Slack allows short bursts, and the other words wait longer for it."""

    def __init__(
        self, monotonic: Callable[[], float] = time.monotonic, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._monotonic = monotonic
        self._pause = pause
        self._next_bell = self._next_words = monotonic()
        self._waiting = 0
        self._lock = Lock()

    def wait(self) -> None:
        """For a doorbell's turn, as long as it takes."""
        with self._lock:
            self._waiting += 1
        try:
            while (left := self._left()) > 0:
                self._pause(left)
        finally:
            with self._lock:
                self._waiting -= 1

    def take(self) -> bool:
        """A turn for other words, if no doorbell waits for one."""
        with self._lock:
            now = self._monotonic()
            if self._waiting or now < self._next_words:
                return False
            self._next_words = now + BETWEEN_POSTS
            return True

    def _left(self) -> float:
        """Seconds until the next doorbell's turn; with none left it is taken."""
        with self._lock:
            now = self._monotonic()
            left = self._next_bell - now
            if left <= 0:
                self._next_bell = now + BETWEEN_POSTS
                self._next_words = max(self._next_words, now) + BETWEEN_POSTS
            return left
