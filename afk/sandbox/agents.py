"""Be the agents and the CI of a simulated world: take up what T3 was told, push, and let CI judge.

They look at their own systems only: what they know of AFK stands in the prompt.
"""

from __future__ import annotations

import re
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afk.sandbox.t3.story import Impossible

if TYPE_CHECKING:
    from collections import deque
    from collections.abc import Iterator

    from afk.sandbox.github import GithubServer
    from afk.sandbox.t3 import T3Server

PAUSE = 0.1
AUTHOR = "afk-bot"
REFS = re.compile(r"Refs: (?P<repo>[\w.-]+/[\w.-]+)#(?P<number>[0-9]+)")
RUN = re.compile(r"AFK-Run: (?P<run>\S+)")
FAILURE = ["collected 12 items", "E   AssertionError: 3 replicas expected, 2 are ready"]

Place = tuple[str, int]


@dataclass(slots=True)
class Turn:
    steps: Iterator[float]
    due: float = 0.0


@dataclass(slots=True)
class Agents:
    """`verdicts` says for each issue how CI judges its pushes, in order; green where nothing is said."""

    github: GithubServer
    t3: T3Server
    pace: float = 1.0
    verdicts: dict[Place, deque[bool]] = field(default_factory=dict)
    lingering: set[Place] = field(default_factory=set)  # whose agents come to no end
    pushed: dict[Place, list[str]] = field(default_factory=dict)
    _told: dict[str, int] = field(default_factory=dict)
    _turns: dict[str, Turn] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._live, name="agents", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(5.0)

    def _live(self) -> None:
        while not self._stopping.wait(PAUSE):
            self.act(time.monotonic())

    def act(self, now: float) -> None:
        """Take up what is new, and let every turn go on whose time has come."""
        for thread in self.t3.threads:
            told = [each.text for each in self.t3.messages(thread) if each.role == "user"]
            if self._told.get(thread, 0) < len(told):
                self._told[thread] = len(told)
                self._turns[thread] = Turn(self._work(thread, told[0]), now)
        for thread, turn in list(self._turns.items()):
            if turn.due <= now:
                pause = self._next(turn)
                turn.due = now + (pause or 0.0) * self.pace
                if pause is None:
                    del self._turns[thread]

    @staticmethod
    def _next(turn: Turn) -> float | None:
        with suppress(Impossible):  # somebody has interrupted the turn
            return next(turn.steps, None)
        return None

    def _work(self, thread: str, prompt: str) -> Iterator[float]:
        refs, run = REFS.search(prompt), RUN.search(prompt)
        assert refs is not None, prompt
        assert run is not None, prompt
        repo, number = refs["repo"], int(refs["number"])
        yield 0.5
        self.t3.agent_says(thread, f"AFK-Phase: worktree ../{repo.partition('/')[2]}-{number}")
        while (repo, number) in self.lingering:
            yield 5.0
            self.t3.agent_says(thread, "Still reading.")
        yield 0.5
        self.t3.agent_says(thread, "AFK-Phase: tests-red tests/test_it.py::test_does_what_the_issue_says")
        yield 0.5
        self.t3.agent_says(thread, "AFK-Phase: green make test")
        self.t3.agent_uses_tokens(thread, 48_000, inputTokens=44_000, outputTokens=4_000)
        message = f"Do what the issue says\n\n{refs[0]}\n{run[0]}"
        sha = self.github.push(repo, message, AUTHOR)
        self.pushed.setdefault((repo, number), []).append(sha)
        self.t3.agent_finishes(thread, "Pushed; CI will judge.")
        yield from self._ci(repo, number, sha)

    def _ci(self, repo: str, number: int, sha: str) -> Iterator[float]:
        run = self.github.run_of(repo, sha)
        yield 0.3
        self.github.begin_run(repo, run)
        yield 0.5
        left = self.verdicts.get((repo, number))
        green = left.popleft() if left else True
        if not green:
            self.github.add_step(repo, run, "test", "pytest", "failure", FAILURE)
        self.github.finish_run(repo, run, "success" if green else "failure")
