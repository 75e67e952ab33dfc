"""Script what goes wrong between the product and the world in memory."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afk.ports import PortError, Uncertain, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Troubles:
    """Which systems are down, and which single calls go wrong before or after their effect."""

    down: set[str] = field(default_factory=set)
    before: dict[str, list[PortError]] = field(default_factory=dict)
    after: dict[str, list[PortError]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)  # `system.operation`, as they came

    def refuse(self, call: str, error: PortError, times: int = 1) -> None:
        self.before.setdefault(call, []).extend([error] * times)

    def lose_reply(self, call: str) -> None:
        """The effect takes place; the answer does not arrive."""
        system = call.partition(".")[0]
        kind = Uncertain if system == "channel" else Unreachable
        self.after.setdefault(call, []).append(kind(f"{call}: the reply was lost"))

    @contextmanager
    def on_the_way(self, call: str) -> Iterator[None]:
        self.calls.append(call)
        system = call.partition(".")[0]
        if system in self.down:
            raise Unreachable(f"{call}: nobody answers")
        if self.before.get(call):
            raise self.before[call].pop(0)
        yield
        if self.after.get(call):
            raise self.after[call].pop(0)
