"""Answer as the stage that knows how Woodpecker's pipelines of commits ended."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from afk.adapters.http import together
from afk.adapters.woodpecker.failure import described
from afk.adapters.woodpecker.fold import FAILED, reading
from afk.adapters.woodpecker.search import newest
from afk.adapters.woodpecker.server import Server
from afk.core.ci_verdict import SPEAKS_NOT
from afk.core.model import StageKind, StageReading, StageState

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from afk.core.model import CommitAsk
    from afk.ports import Clock, PortError
    from afk.systems import Woodpecker


class WoodpeckerStage:
    """What is in `memory` may be lost at any time."""

    def __init__(self, settings: Woodpecker, clock: Clock, memory: MutableMapping[str, str] | None = None) -> None:
        self._server = Server(settings)
        self._clock = clock
        self._memory: MutableMapping[str, str] = {} if memory is None else memory

    def close(self) -> None:
        self._server.close()

    def read(self, asks: Sequence[CommitAsk]) -> Mapping[str, Mapping[str, StageReading] | PortError]:
        answers = together([partial(self._readings, ask) for ask in asks])
        return {ask.repo.name: answer for ask, answer in zip(asks, answers, strict=True)}

    def _readings(self, ask: CommitAsk) -> dict[str, StageReading]:
        """Up to the first commit that a pipeline speaks about."""
        home = self._server.home(ask.repo.slug)
        pipelines = newest(self._server, home, ask.commits, self._memory, self._clock.now())
        found: dict[str, StageReading] = {}
        for sha in ask.commits:
            pipeline = pipelines.get(sha)
            if pipeline is None:
                found[sha] = StageReading(StageKind.WOODPECKER, StageState.ABSENT)
                continue
            said = reading(pipeline, self._server.page(home, pipeline.number))
            if said.state is StageState.FAILURE and pipeline.status in FAILED:
                said = described(self._server, home, pipeline.number, said)
            found[sha] = said
            if said.state not in SPEAKS_NOT:
                break
        return found
