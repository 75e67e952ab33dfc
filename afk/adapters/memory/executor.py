"""Answer as the agents' cockpit from the world in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.adapters.memory.state import Conversation, Message
from afk.core.model import Thread, ThreadStatus, Transcript
from afk.ports import Gone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.memory.world import World
    from afk.ports import ThreadOrder, TurnOrder, Watched

ALIVE = frozenset({ThreadStatus.STARTING, ThreadStatus.RUNNING, ThreadStatus.ASKING})


class MemoryExecutor:
    def __init__(self, world: World) -> None:
        self._world = world

    def fleet(self, watched: Sequence[Watched]) -> Mapping[str, Thread]:
        with self._world.troubles.on_the_way("executor.fleet"):
            found = ((each, self._world.threads.get(each.thread_id)) for each in watched)
            return {each.thread_id: _seen(each, thread) for each, thread in found if thread and not thread.gone}

    def open(self, order: ThreadOrder) -> str:
        with self._world.troubles.on_the_way("executor.open"):
            if order.thread_id not in self._world.threads:
                now = self._world.now()
                self._world.threads[order.thread_id] = Conversation(order.thread_id, order.repo.name, order.title, now)
            return self._deliver(order.thread_id, order.message_id, order.text)

    def send(self, order: TurnOrder) -> str:
        with self._world.troubles.on_the_way("executor.send"):
            return self._deliver(order.thread_id, order.message_id, order.text)

    def answer(self, order: TurnOrder, question_id: str) -> str:
        with self._world.troubles.on_the_way("executor.answer"):
            thread = self._thread(order.thread_id)
            if all(known != order.message_id for known, _ in thread.answers):
                thread.answers.append((order.message_id, order.text))
                if thread.question is not None and thread.question.id == question_id:
                    thread.question, thread.status = None, ThreadStatus.RUNNING
                self._world.touch(thread)
            return str(len(thread.answers))

    def _deliver(self, thread_id: str, message_id: str, text: str) -> str:
        """A message id is delivered once; into a running turn it steers, else it waits for the agent to start."""
        thread = self._thread(thread_id)
        known = next((place for place, each in enumerate(thread.messages) if each.id == message_id), None)
        if known is not None:
            return str(known)
        steers = bool(thread.messages) and thread.status in ALIVE
        thread.messages.append(Message(message_id, text, thread.turn if steers else None, steers))
        if not steers:
            thread.status, thread.error = ThreadStatus.STARTING, ""
        self._world.touch(thread)
        return str(len(thread.messages) - 1)

    def interrupt(self, thread_id: str, turn: str | None, key: str) -> None:
        with self._world.troubles.on_the_way("executor.interrupt"):
            thread = self._thread(thread_id)
            if key in thread.interrupts:
                return
            thread.interrupts.add(key)
            if thread.status in ALIVE and turn in {None, thread.turn}:
                thread.status, thread.question = ThreadStatus.INTERRUPTED, None
                self._world.touch(thread)

    def transcript(self, thread_id: str) -> Transcript:
        with self._world.troubles.on_the_way("executor.transcript"):
            thread = self._thread(thread_id)
            return Transcript(tuple(thread.said), thread.question, thread.cost_usd)

    def link(self, thread_id: str) -> str:
        return f"https://t3.example/env/{thread_id}"

    def _thread(self, thread_id: str) -> Conversation:
        thread = self._world.threads.get(thread_id)
        if thread is None or thread.gone:
            raise Gone(f"executor: thread {thread_id} is gone")
        return thread


def _seen(watched: Watched, thread: Conversation) -> Thread:
    """Until the agent starts on the message, the turn that is shown is still the one before it."""
    started = any(each.id == watched.message_id and each.turn is not None for each in thread.messages)
    alive = thread.status if started or thread.status is not ThreadStatus.ENDED else ThreadStatus.STARTING
    return Thread(thread.id, alive, thread.turn, thread.active_at, str(thread.revision), thread.error)
