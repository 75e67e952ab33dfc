"""Count what a piece of work asked of each system and what was answered, and log what failed."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Lock
from typing import TYPE_CHECKING

from afk import log
from afk.core.counts import of_requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afk.ports import Ledger

LEFT, RESOURCE = "x-ratelimit-remaining", "x-ratelimit-resource"


@dataclass(slots=True)
class Tally:
    """Requests by system and status, and what is left of each rate limit. Threads of one tick share it."""

    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    left: dict[tuple[str, str], int] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def add(self, system: str, status: str, headers: Mapping[str, str]) -> None:
        with self._lock:
            self.requests[system, status] += 1
            if headers.get(LEFT, "").isdigit():
                self.left[system, headers.get(RESOURCE, "core")] = int(headers[LEFT])


@dataclass(slots=True)
class Exchange:
    """One request. What was never answered has the name of what went wrong as its status."""

    status: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    def answered(self, status: int, headers: Mapping[str, str]) -> None:
        self.status, self.headers = str(status), headers


_current: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def counted() -> Iterator[Tally]:
    tally = Tally()
    token = _current.set(tally)
    try:
        yield tally
    finally:
        _current.reset(token)


@contextmanager
def kept(ledger: Ledger) -> Iterator[None]:
    """For work beside the ticks: what it asked is added to what they asked. Nothing asked, nothing written."""
    with counted() as tally:
        yield
    if tally.requests:
        ledger.count(of_requests(tally.requests, tally.left))


@contextmanager
def exchange(system: str, method: str, path: str) -> Iterator[Exchange]:
    """`path` is logged without its query: neither that nor a body is anybody's business."""
    one, began = Exchange(), time.monotonic()
    try:
        yield one
    except Exception as error:
        one.status = one.status or type(error).__name__
        raise
    finally:
        if tally := _current.get():
            tally.add(system, one.status, one.headers)
        if not one.status.isdigit() or int(one.status) >= HTTPStatus.BAD_REQUEST:
            seconds = round(time.monotonic() - began, 3)
            where = path.partition("?")[0]
            log.detail(
                "request-failed",
                failed=True,
                system=system,
                method=method,
                path=where,
                status=one.status,
                seconds=seconds,
            )
