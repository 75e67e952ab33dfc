"""Let a port answer otherwise than the world in memory does, in the methods that a test names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.house import House


class Otherwise:
    def __init__(self, port: Any, methods: dict[str, Callable[..., Any]]) -> None:
        self._port = port
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        return self._methods.get(name) or getattr(self._port, name)


def tracker_does(house: House, **methods: Callable[..., Any]) -> None:
    house.ports = replace(house.ports, tracker=Otherwise(house.ports.tracker, methods))


def executor_does(house: House, **methods: Callable[..., Any]) -> None:
    house.ports = replace(house.ports, executor=Otherwise(house.ports.executor, methods))


def stages_read(house: House, read: Callable[..., Any]) -> None:
    house.ports = replace(house.ports, stages=dict.fromkeys(house.ports.stages, Otherwise(None, {"read": read})))
