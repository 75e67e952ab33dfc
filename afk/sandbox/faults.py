"""Say what goes wrong on the way to a simulated server, and how often."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from enum import StrEnum


class Trouble(StrEnum):
    """What a network, a proxy or a tired server does to one exchange."""

    SLOW = "slow"  # the answer takes `seconds` longer
    TIMEOUT = "timeout"  # the request is never looked at and never answered
    TIMEOUT_AFTER = "timeout-after"  # the effect takes place and the answer never comes
    DROP_BEFORE = "drop-before"  # the connection closes before the request has an effect
    DROP_AFTER = "drop-after"  # the effect takes place and the answer is lost
    STATUS = "status"  # refused with `status`, `headers` and `body`, without an effect
    STATUS_AFTER = "status-after"  # the same answer, but the effect took place
    INVALID_JSON = "invalid-json"  # 200 with half a JSON document, without an effect
    TRUNCATED = "truncated"  # the effect takes place and the answer's second half is missing


@dataclass(frozen=True, slots=True)
class Fault:
    """One trouble for the next `times` requests whose `METHOD /path` matches (None: until cleared)."""

    trouble: Trouble
    match: str = ".*"
    times: int | None = 1
    seconds: float = 0.0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""


class Faults:
    """The script of one server: the first fault that matches a request is used up by it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[tuple[Fault, int | None]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._script.append((fault, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._script.clear()

    def take(self, request_line: str) -> Fault | None:
        with self._lock:
            for index, (fault, left) in enumerate(self._script):
                if re.search(fault.match, request_line) is None:
                    continue
                if left is not None:
                    self._script[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                return fault
        return None
