"""Offer T3 Code as the executor, in the protocol that its descriptor announces."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import quote

from afk.adapters.http import together
from afk.adapters.t3 import delivery
from afk.adapters.t3.dialect_v1 import DialectV1
from afk.adapters.t3.dialect_v2 import DialectV2
from afk.adapters.t3.rpc import Rpc
from afk.adapters.t3.wire import Moved, Wire
from afk.core.model import Thread, ThreadStatus, Transcript
from afk.core.text import plain
from afk.ports import Gone, PortError, Unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from afk.adapters.t3.body import Dialect, Shell
    from afk.ports import Clock, ThreadOrder, TurnOrder, Watched
    from afk.systems import T3

T = TypeVar("T")


class T3Executor:
    def __init__(self, settings: T3, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._wire = Wire(settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def close(self) -> None:
        self._wire.close()

    def fleet(self, watched: Sequence[Watched]) -> Mapping[str, Thread]:
        return self._speak(lambda dialect: _fleet(dialect, watched)) if watched else {}

    def open(self, order: ThreadOrder) -> str:
        return self._speak(lambda dialect: delivery.open_thread(dialect, order, self._settings.workspace_base))

    def send(self, order: TurnOrder) -> str:
        return self._speak(lambda dialect: delivery.deliver(dialect, order))

    def answer(self, order: TurnOrder, question_id: str) -> str:
        return self._speak(lambda dialect: delivery.answer(dialect, order, question_id))

    def interrupt(self, thread_id: str, turn: str | None, key: str) -> None:
        self._speak(lambda dialect: delivery.interrupt(dialect, thread_id, turn, key))

    def transcript(self, thread_id: str) -> Transcript:
        body = self._speak(lambda dialect: dialect.body(thread_id))
        waiting = body.waiting
        return Transcript(body.said, waiting.question if waiting else None, body.cost_usd)

    def link(self, thread_id: str) -> str:
        parts = (self._wire.environment().id, thread_id)
        return "/".join([self._settings.public_url.rstrip("/"), *(quote(part, safe="") for part in parts)])

    def _speak(self, act: Callable[[Dialect], T]) -> T:
        """Every act may be repeated: a server that was upgraded half-way is spoken to again in its new protocol."""
        try:
            return act(self._dialect())
        except Moved:
            return act(self._dialect())

    def _dialect(self) -> Dialect:
        match self._wire.environment().protocol:
            case 1:
                return DialectV1(self._wire, self._settings, self._clock)
            case 2:
                return DialectV2(self._wire, Rpc(self._wire, self._settings.patience), self._settings)
            case other:
                raise Unexpected(f"t3: no dialect for protocol {other}")


def _fleet(dialect: Dialect, watched: Sequence[Watched]) -> dict[str, Thread]:
    """One read for all, and one more for each thread that it leaves open."""
    shell = dialect.shell()
    seen = {each: _glanced(dialect, shell, each) for each in watched}
    unclear = [each for each, answer in seen.items() if answer is None]
    seen.update(zip(unclear, together([partial(dialect.look, shell, each) for each in unclear]), strict=True))
    return {each.thread_id: _known(each, answer) for each, answer in seen.items() if not isinstance(answer, Gone)}


def _glanced(dialect: Dialect, shell: Shell, watched: Watched) -> Thread | PortError | None:
    try:
        return dialect.glance(shell, watched)
    except PortError as error:
        return error


def _known(watched: Watched, answer: Thread | PortError | None) -> Thread:
    """A thread that could not be asked is there all the same."""
    if isinstance(answer, Moved):
        raise answer
    if isinstance(answer, Thread):
        return answer
    error = plain(str(answer), 300)
    return Thread(watched.thread_id, ThreadStatus.UNKNOWN, watched.before, watched.sent_at, "", error)
