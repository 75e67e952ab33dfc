"""Put executors on a bench: each with the verbs that make its agents do something."""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from afk.adapters.clock import SystemClock
from afk.adapters.memory import World
from afk.adapters.t3 import T3Executor
from afk.core.model import IssueRef
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.t3 import T3Server
from afk.systems import T3

if TYPE_CHECKING:
    from collections.abc import Iterator

REF = IssueRef("infra", 42)
LIVE_URL, LIVE_TOKEN = os.environ.get("AFK_LIVE_T3_URL", ""), os.environ.get("AFK_LIVE_T3_TOKEN", "")
LIVE_WRITES = os.environ.get("AFK_LIVE_WRITES") == "1"
DRIVEN = ("memory", "t3-protocol-1", "t3-protocol-2")
LIVE = [pytest.param("live", marks=pytest.mark.live)] if LIVE_URL and LIVE_TOKEN else []
READABLE = (*DRIVEN, *LIVE)
WRITABLE = (*DRIVEN, *(LIVE if LIVE_WRITES else []))


def settings(url: str, token: str) -> T3:
    return T3(url, "https://t3.example.org", "claudeAgent", "claude-sonnet-4-6", "/data", SecretStr(token))


class Memory:
    def __init__(self) -> None:
        self.world = World()
        self.world.agents_start_at_once = False
        self.executor = self.world.executor

    def now(self) -> datetime:
        return self.world.now()

    def starts(self) -> None:
        self.world.agent_starts(self.world.thread_of(REF))

    def says(self, text: str) -> None:
        self.world.agent_says(REF, text)

    def asks(self, text: str, *options: str) -> None:
        self.world.agent_asks(REF, text, *options)

    def ends(self) -> None:
        self.world.agent_ends(REF)

    def fails(self, error: str) -> None:
        self.world.agent_fails(REF, error)

    def is_interrupted(self) -> None:
        self.world.person_interrupts(REF)

    def vanishes(self) -> None:
        self.world.thread_vanishes(REF)

    def goes_down(self) -> None:
        self.world.t3_is_down()

    def comes_back(self) -> None:
        self.world.t3_is_down(down=False)

    def loses_replies(self, call: str) -> None:
        for _ in range(2):
            self.world.reply_is_lost(f"executor.{call}")

    def heard(self) -> list[str]:
        return [message.text for message in self.world.thread_of(REF).messages]

    def answers(self) -> list[str]:
        return [text for _, text in self.world.thread_of(REF).answers]

    def threads(self) -> int:
        return len(self.world.threads)


class Sandbox:
    def __init__(self, server: T3Server, executor: T3Executor) -> None:
        self.server = server
        self.executor = executor

    @property
    def thread(self) -> str:
        return next(iter(self.server.threads))

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the simulated server keeps real time

    def starts(self) -> None:
        self.server.agent_starts(self.thread)

    def says(self, text: str) -> None:
        self.server.agent_says(self.thread, text)

    def asks(self, text: str, *options: str) -> None:
        self.server.agent_asks(self.thread, {text: options})

    def ends(self) -> None:
        self.server.agent_finishes(self.thread)

    def fails(self, error: str) -> None:
        self.server.agent_fails(self.thread, error)

    def is_interrupted(self) -> None:
        self.server.person_interrupts(self.thread)

    def vanishes(self) -> None:
        self.server.thread_vanishes(self.thread)

    def goes_down(self) -> None:
        self.server.stop()

    def comes_back(self) -> None:
        self.server.start()

    def loses_replies(self, call: str) -> None:
        """Both of the reply and of its one repeat."""
        del call
        match = r"^(POST /api/orchestration/dispatch|RPC orchestration\.dispatchCommand)"
        self.server.faults.add(Fault(Trouble.DROP_AFTER, match, times=2))

    def heard(self) -> list[str]:
        return [message.text for message in self.server.messages(self.thread) if message.role == "user"]

    def answers(self) -> list[str]:
        return [str(text) for request in self.server.requests(self.thread) for text in (request.answers or {}).values()]

    def threads(self) -> int:
        return len(self.server.threads)


class Live:
    """A real server. Nothing drives its agents; a thread that was opened is interrupted in the end, and stays."""

    def __init__(self, executor: T3Executor) -> None:
        self.executor = executor

    def now(self) -> datetime:
        return SystemClock().now()

    def leaves(self, thread_id: str) -> None:
        self.executor.interrupt(thread_id, None, f"{thread_id}-over")
        print(f"t3: opened the thread {thread_id}, and interrupted its agent")


@contextmanager
def bench(name: str) -> Iterator[Memory | Sandbox | Live]:
    with ExitStack() as stack:
        match name:
            case "memory":
                yield Memory()
            case "live":
                yield Live(stack.enter_context(T3Executor(settings(LIVE_URL, LIVE_TOKEN), SystemClock())))
            case _:
                server = stack.enter_context(T3Server(protocol=int(name[-1])))
                chosen = settings(server.url, server.issue_token())
                yield Sandbox(server, stack.enter_context(T3Executor(chosen, SystemClock())))
