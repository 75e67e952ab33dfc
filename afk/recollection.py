"""Offer an adapter a memory that outlives its process: read from the ledger by topic, written back at the end."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING

from afk.ports import PortError

if TYPE_CHECKING:
    from afk.ports import Clock, Ledger


class Recollection(MutableMapping[str, str]):
    """Keys are `system.topic.rest`; a topic is read whole, when it is needed first.

    What is remembered only saves requests, so a ledger that does not answer makes it forgetful and nothing else.
    """

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock
        self._known: dict[str, dict[str, str]] = {}
        self._learned: dict[str, dict[str, str]] = {}
        self._lock = Lock()

    def __getitem__(self, key: str) -> str:
        topic, rest = _split(key)
        with self._lock:
            return self._topic(topic)[rest]

    def __setitem__(self, key: str, value: str) -> None:
        topic, rest = _split(key)
        with self._lock:
            if self._topic(topic).get(rest) != value:
                self._known[topic][rest] = value
                self._learned.setdefault(topic, {})[rest] = value

    def __delitem__(self, key: str) -> None:
        """For this process; the ledger forgets by age."""
        topic, rest = _split(key)
        with self._lock:
            del self._topic(topic)[rest]
            self._learned.get(topic, {}).pop(rest, None)

    def __iter__(self) -> Iterator[str]:
        """What is in the topics that were read."""
        with self._lock:
            return iter([f"{topic}.{rest}" for topic, held in self._known.items() for rest in held])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def close(self) -> None:
        """Write back what is new."""
        with self._lock, suppress(PortError):
            for topic, learned in self._learned.items():
                self._ledger.remember(topic, learned, self._clock.now())
            self._learned.clear()

    def _topic(self, topic: str) -> dict[str, str]:
        if topic not in self._known:
            self._known[topic] = {}
            with suppress(PortError):
                self._known[topic] = dict(self._ledger.recall(topic))
        return self._known[topic]


def _split(key: str) -> tuple[str, str]:
    system, topic, rest = key.split(".", 2)
    return f"{system}.{topic}", rest
