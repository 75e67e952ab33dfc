"""Ring in the world in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.adapters.memory.state import Ring
from afk.ports import Gone

if TYPE_CHECKING:
    from datetime import datetime

    from afk.adapters.memory.world import World
    from afk.core.doorbell import Card


class MemoryChannel:
    name = "memory"
    updates = True

    def __init__(self, world: World) -> None:
        self._world = world

    def ring(self, key: str, card: Card) -> str:
        with self._world.troubles.on_the_way("channel.ring"):
            reference = f"m{len(self._world.rings) + 1}"
            self._world.rings.append(Ring(key, card, reference))
            return reference

    def find(self, key: str, since: datetime) -> str | None:  # noqa: ARG002 - this channel forgets nothing
        with self._world.troubles.on_the_way("channel.find"):
            return next((ring.reference for ring in self._world.rings if ring.key == key), None)

    def update(self, key: str, reference: str, card: Card) -> None:  # noqa: ARG002
        with self._world.troubles.on_the_way("channel.update"):
            ring = next((ring for ring in self._world.rings if ring.reference == reference), None)
            if ring is None:
                raise Gone(f"channel: message {reference} is gone")
            ring.card = card
            ring.updates += 1
