"""Take commands in one at a time: decode, normalise, look for a receipt, decide."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afk.sandbox.t3 import commands
from afk.sandbox.t3.decider_v1 import DeciderV1, aggregate_of
from afk.sandbox.t3.decider_v2 import DeciderV2
from afk.sandbox.t3.model import World
from afk.sandbox.t3.provider import Provider
from afk.sandbox.t3.receipts import Receipts

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from afk.sandbox.t3.decider import Command
    from afk.sandbox.t3.quirks import Quirks

LAUNCH = "orchestration.launchThread"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A command that took effect; repeats of it are not listed again."""

    type: str
    command_id: str
    project_id: str | None
    thread_id: str | None
    payload: dict[str, Any]


class Engine:
    def __init__(
        self,
        clock: Callable[[], datetime],
        quirks: Quirks,
        *,
        auto_start: bool,
        start_after_reads: int,
        sees_disk: bool,
    ) -> None:
        self.quirks = quirks
        self.world = World(clock, sees_disk=sees_disk)
        self.provider = Provider(self.world, quirks, auto_start=auto_start, start_after_reads=start_after_reads)
        self.receipts = Receipts()
        self.accepted: list[Accepted] = []
        self._v1 = DeciderV1(self.world, self.provider, quirks)
        self._v2 = DeciderV2(self.world, self.provider, quirks)
        self._lag = 0
        self._past: World | None = None

    def dispatch_v1(self, body: Any, *, over_socket: bool) -> int:
        command = commands.command_v1(body)
        root = self._v1.normalise(command)
        return self._once(command, lambda: self._v1.decide(command, root, over_socket=over_socket))

    def dispatch_v2(self, body: Any) -> int:
        command = commands.command_v2(body)
        self._v2.normalise_message(command)
        return self._once(command, lambda: self._v2.decide(command))

    def mutate_v2(self, body: Any) -> str:
        command = commands.mutation_v2(body)
        root = self._v2.normalise_project(command)
        self._once(command, lambda: self._v2.mutate(command, root))
        return str(command["projectId"])

    def launch_v2(self, body: Any) -> tuple[str, bool]:
        """Give the thread, and whether an earlier launch had made it."""
        command = {"type": LAUNCH, **commands.launch_v2(body)}
        self._v2.normalise_message(command)
        before = len(self.accepted)
        self._once(command, lambda: self._v2.launch(command))
        return str(command["threadId"]), len(self.accepted) == before

    def _once(self, command: Command, act: Callable[[], int | object]) -> int:
        past = self._snapshot() if self._lag and self._past is None else None
        sequence, repeated = self.receipts.once(
            command, aggregate_of(command), act, detects_conflicts=self.quirks.detects_conflicts
        )
        if not repeated:
            self._past = self._past or past
            kind, name = command["type"], command["commandId"]
            self.accepted.append(Accepted(kind, name, command.get("projectId"), command.get("threadId"), command))
        return int(sequence) if isinstance(sequence, int) else self.world.sequence

    # Reads

    def lag(self, reads: int) -> None:
        """Answer that many reads after the next command from the state before it."""
        self._lag, self._past = reads, None

    def view(self) -> World:
        if self._past is None:
            return self.world
        past, self._lag = self._past, self._lag - 1
        if self._lag <= 0:
            self._past = None
        return past

    def _snapshot(self) -> World:
        past = copy.copy(self.world)
        past.projects, past.threads = copy.deepcopy(self.world.projects), copy.deepcopy(self.world.threads)
        return past
