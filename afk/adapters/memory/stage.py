"""Answer as one CI stage from the world in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.memory.world import World
    from afk.core.model import CommitAsk, StageKind, StageReading
    from afk.ports import PortError


class MemoryStage:
    def __init__(self, world: World, kind: StageKind) -> None:
        self._world = world
        self._kind = kind

    def read(self, asks: Sequence[CommitAsk]) -> Mapping[str, Mapping[str, StageReading] | PortError]:
        with self._world.troubles.on_the_way("stage.read"):
            return {ask.repo.name: self._readings(ask) for ask in asks}

    def _readings(self, ask: CommitAsk) -> Mapping[str, StageReading]:
        known = self._world.projects[ask.repo.name].readings
        return {sha: known[self._kind, sha] for sha in ask.commits if (self._kind, sha) in known}
