"""Hold what both protocols tell of the environment and of one thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from afk.core.model import Question
from afk.core.prices import Usage, cost_usd
from afk.core.text import clean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.adapters.t3.fields import Row
    from afk.core.model import Thread
    from afk.ports import ThreadOrder, TurnOrder, Watched


class RequestState(StrEnum):
    """Whether a request of the agent still wants its answer."""

    WAITING = "waiting"
    ANSWERED = "answered"
    DEAD = "dead"  # the turn or the session that asked is over


@dataclass(frozen=True, slots=True)
class Ask:
    """One question of a request; a request may hold several."""

    id: str
    text: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What the agent waits for: answers, or leave to do something."""

    id: str
    state: RequestState
    is_approval: bool
    asks: tuple[Ask, ...] = ()
    detail: str = ""

    @property
    def question(self) -> Question:
        if self.is_approval:
            return Question(self.id, self.detail or "The agent asks for leave.", ("yes", "no"), is_approval=True)
        options = self.asks[0].options if len(self.asks) == 1 else ()
        lines = [_line(each, alone=len(self.asks) == 1) for each in self.asks]
        return Question(self.id, "\n".join(lines) or "The agent asks something; its thread shows what.", options)


def _line(ask: Ask, *, alone: bool) -> str:
    choices = f" ({' / '.join(ask.options)})" if ask.options and not alone else ""
    return f"{clean(ask.text)}{choices}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """One thread with everything that was said in it."""

    sequence: int
    archived: bool
    model: str
    driver: str  # which kind of agent it is
    newest: str | None  # turn or run
    live: tuple[str, ...]  # turns or runs that may still do something
    said: tuple[str, ...]
    heard: frozenset[str]  # the ids of the messages it got
    requests: tuple[Request, ...]
    usages: tuple[Usage, ...] = ()
    processed: int = 0  # tokens over the whole life of the thread, where the build counts them

    def request(self, request_id: str) -> Request | None:
        return next((each for each in self.requests if each.id == request_id), None)

    @property
    def waiting(self) -> Request | None:
        """The newest, where there are several."""
        return next((each for each in reversed(self.requests) if each.state is RequestState.WAITING), None)

    @property
    def cost_usd(self) -> float | None:
        """An estimate. Each report counts as one call of the model; where the thread's own total is larger, calls have
        dropped out of sight, and they are taken to cost what the others did. Sub-agents are not seen at all.
        """
        seen = sum(usage.input + usage.output for usage in self.usages)
        if not seen:
            return cost_usd(self.model, [Usage(self.processed, 0, 0)]) if self.processed else None
        return cost_usd(self.model, self.usages) * max(1.0, self.processed / seen)


@dataclass(frozen=True, slots=True)
class Shell:
    """The whole environment at a glance."""

    sequence: int
    projects: Mapping[str, str]  # id to workspace root
    threads: Mapping[str, Row]
    deleted: frozenset[str] = field(default=frozenset())


class Dialect(Protocol):
    """One protocol. Commands carry ids by which a repeat is recognised; they return T3's receipt."""

    def shell(self) -> Shell: ...

    def body(self, thread_id: str) -> Body: ...

    def glance(self, shell: Shell, watched: Watched) -> Thread | None:
        """How the thread stands, or None if the shell does not say. Raises `Gone`."""
        ...

    def look(self, shell: Shell, watched: Watched) -> Thread:
        """The same by a read of the thread itself."""
        ...

    def create_project(self, shell: Shell, /, project_id: str, title: str, root: str, command_id: str) -> bool:
        """False if T3 only repeats an old receipt: the project was made before this shell, and deleted."""
        ...

    def create_thread(self, order: ThreadOrder, project_id: str) -> str: ...

    def unarchive(self, thread_id: str, command_id: str) -> None: ...

    def say(self, order: TurnOrder) -> str: ...

    def respond(self, order: TurnOrder, request: Request, body: Body, /) -> str: ...

    def interrupt(self, thread_id: str, turn: str | None, command_id: str) -> str: ...
