"""Stop the product at any call it makes to the outside, before or after the effect took place."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.ports import Ports


class Crash(BaseException):
    """The process is gone: nothing in the product can catch this."""


@dataclass
class Fuse:
    """Counts the calls to ports, and blows at one of them."""

    at: int = -1
    after: bool = False
    calls: list[str] = field(default_factory=list)

    @contextmanager
    def through(self, call: str) -> Iterator[None]:
        number = len(self.calls)
        self.calls.append(call)
        if number == self.at and not self.after:
            raise Crash(call)
        yield
        if number == self.at and self.after:
            raise Crash(call)


class Fused:
    """A port whose every method goes through the fuse; a method added tomorrow does, too."""

    def __init__(self, port: Any, name: str, fuse: Fuse) -> None:
        self._port = port
        self._name = name
        self._fuse = fuse

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(self._port, attribute)
        if not callable(found) or attribute in {"now", "new_id", "link"}:
            return found  # these ask nobody

        def call(*args: Any, **kwargs: Any) -> Any:
            with self._fuse.through(f"{self._name}.{attribute}"):
                return found(*args, **kwargs)

        return call


def fused(ports: Ports, fuse: Fuse) -> Ports:
    return replace(
        ports,
        tracker=Fused(ports.tracker, "tracker", fuse),
        executor=Fused(ports.executor, "executor", fuse),
        stages={kind: Fused(stage, "stage", fuse) for kind, stage in ports.stages.items()},
        ledger=Fused(ports.ledger, "ledger", fuse),
        channels=tuple(Fused(channel, "channel", fuse) for channel in ports.channels),
    )
