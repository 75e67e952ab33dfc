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
    LEAVES = "leaves"  # answered as ever, and from then on connections are refused until it is started again
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
    skip: int = 0  # so many matching requests go by first


@dataclass(slots=True)
class _Planned:
    fault: Fault
    left: int | None
    skip: int


class Faults:
    """The script of one server: the first fault that matches a request is used up by it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._script: list[_Planned] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._script.append(_Planned(fault, fault.times, fault.skip))

    def clear(self) -> None:
        with self._lock:
            self._script.clear()

    def take(self, request_line: str) -> Fault | None:
        with self._lock:
            for planned in self._script:
                if planned.left == 0 or re.search(planned.fault.match, request_line) is None:
                    continue
                if planned.skip:
                    planned.skip -= 1
                    continue
                if planned.left is not None:
                    planned.left -= 1
                return planned.fault
        return None
