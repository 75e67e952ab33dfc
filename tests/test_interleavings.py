"""Let people, agents, CI, ticks, crashes, outages and clock jumps happen in any order, and look after every step."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from afk.adapters.ledger import open_ledger
from afk.core.config import Limits
from afk.core.model import IssueRef, Labels, StageState, ThreadStatus
from afk.core.run import Outcome, Run
from afk.operations import RefusedRequest
from tests.crashes import Crash, Fuse, fused
from tests.house import ADA, House, a_repo, wiped

LABELS = Labels()
LEDGER = open_ledger("sqlite://")
REPOS = ("infra", "web")
REFS = [IssueRef(repo, number) for repo in REPOS for number in (1, 2)]
LIMITS = Limits(
    fix_forward_max_attempts=2,
    fix_forward_max_seconds=4_000,
    run_max_seconds=20_000,
    verdict_max_seconds=3_000,
    stall_max_seconds=2_000,
    answer_max_seconds=2_500,
    start_max_seconds=600,
    close_defer_seconds=900,
)
LOSABLE = [
    "tracker.put_comment",
    "tracker.add_label",
    "tracker.close",
    "executor.open",
    "executor.send",
    "channel.ring",
]
refs = st.sampled_from(REFS)


class World(RuleBasedStateMachine):
    house: House

    @initialize()
    def begins(self) -> None:
        self.house = House.ready(*(a_repo(name) for name in REPOS), ledger=wiped(LEDGER), limits=LIMITS)
        self.keys = 0
        self.ended: dict[str, Outcome] = {}
        self.killed = False
        self.started_while_off = 0
        for ref in REFS:
            self.house.an_issue(ref)
        self.house.poll()  # a run in each repository: most of what can go wrong goes wrong in flight

    # the product

    def _tick(self, step: Any, crash: int | None, *, after: bool) -> None:
        plain = self.house.ports
        if crash is not None:
            self.house.ports = fused(plain, Fuse(crash, after))
        threads = len(self.house.world.threads)
        messages = self._messages()
        try:
            with suppress(Crash):
                step()
        finally:
            self.house.ports = plain
        if self.killed:
            self.started_while_off += len(self.house.world.threads) - threads + (self._messages() - messages)

    def _messages(self) -> int:
        return sum(len(thread.messages) for thread in self.house.world.threads.values())

    @rule(crash=st.none() | st.integers(0, 40), after=st.booleans())
    def polls(self, crash: int | None, *, after: bool) -> None:
        self._tick(self.house.poll, crash, after=after)

    @rule(crash=st.none() | st.integers(0, 40), after=st.booleans())
    def watches(self, crash: int | None, *, after: bool) -> None:
        self._tick(self.house.watch, crash, after=after)

    @rule(crash=st.none() | st.integers(0, 10), after=st.booleans())
    def delivers(self, crash: int | None, *, after: bool) -> None:
        self._tick(self.house.deliver, crash, after=after)

    @rule()
    def a_whole_minute_passes(self) -> None:
        self.house.world.passes(minutes=1)
        self._tick(self.house.poll, None, after=False)
        self._tick(self.house.watch, None, after=False)
        self._tick(self.house.deliver, None, after=False)

    # the clock

    @rule(seconds=st.sampled_from([1, 30, 60, 600, 3_600]))
    def time_passes(self, seconds: int) -> None:
        self.house.world.passes(seconds=seconds)

    @rule(seconds=st.integers(1, 120))
    def clock_goes_back(self, seconds: int) -> None:
        self.house.world.passes(seconds=-seconds)

    # people

    def _key(self) -> str:
        self.keys += 1
        return f"k{self.keys}"

    def _ask(self, verb: Any, *args: Any) -> None:
        with suppress(RefusedRequest):
            verb(*args)

    @rule(ref=refs)
    def somebody_labels(self, ref: IssueRef) -> None:
        self.house.world.label_ready(ref)

    @rule(ref=refs, label=st.sampled_from([LABELS.ready, LABELS.in_progress, LABELS.human]))
    def somebody_unlabels(self, ref: IssueRef, label: str) -> None:
        self.house.world.person_unlabels(ref, label)

    @rule(ref=refs)
    def somebody_closes(self, ref: IssueRef) -> None:
        self.house.world.person_closes(ref)

    @rule(ref=refs)
    def somebody_asks_again(self, ref: IssueRef) -> None:
        self._ask(self.house.operations.redispatch, ref, ADA, self.house.world.now())

    @rule(ref=refs)
    def somebody_stops(self, ref: IssueRef) -> None:
        self._ask(self.house.operations.stop, ref, ADA, self.house.world.now(), self._key())

    @rule(ref=refs)
    def somebody_says(self, ref: IssueRef) -> None:
        self._ask(self.house.operations.say, ref, "use the other one", ADA, self.house.world.now(), self._key())

    @rule()
    def somebody_kills(self) -> None:
        self.house.operations.kill(ADA, self.house.world.now(), self._key())
        self.killed = True

    @precondition(lambda self: self.killed)
    @rule()
    def somebody_resumes(self) -> None:
        self.house.operations.resume(ADA, self.house.world.now())
        self.killed = False

    # agents and CI

    def _working(self, ref: IssueRef) -> bool:
        about = [thread for thread in self.house.world.threads.values() if thread.title.startswith(f"{ref} ")]
        return bool(about) and not about[-1].gone and about[-1].status is ThreadStatus.RUNNING

    @rule(ref=refs, end=st.booleans())
    def agent_pushes(self, ref: IssueRef, *, end: bool) -> None:
        if self._working(ref):
            self.house.push(ref)
            if end:
                self.house.world.agent_ends(ref)

    @rule(ref=refs)
    def agent_pushes_what_is_red(self, ref: IssueRef) -> None:
        if self._working(ref):
            sha = self.house.pushed_and_ended(ref)
            self.house.world.ci_goes_red(ref.repo, sha)

    @rule(ref=refs, what=st.sampled_from(["agent_ends", "agent_fails", "thread_vanishes", "person_interrupts"]))
    def agent_is_over(self, ref: IssueRef, what: str) -> None:
        if self._working(ref):
            getattr(self.house.world, what)(ref)

    @rule(ref=refs)
    def agent_asks(self, ref: IssueRef) -> None:
        if self._working(ref):
            self.house.world.agent_asks(ref, "Which one?")

    @rule(
        repo=st.sampled_from(REPOS), state=st.sampled_from([StageState.SUCCESS, StageState.FAILURE, StageState.UNKNOWN])
    )
    def ci_speaks(self, repo: str, state: StageState) -> None:
        for commit in self.house.world.projects[repo].commits[-1:]:
            self.house.world.ci(repo, commit.sha, state)

    # outages

    @rule(system=st.sampled_from(["tracker", "executor", "stage", "channel"]), down=st.booleans())
    def system_goes(self, system: str, *, down: bool) -> None:
        self.house.world._down(system, down)

    @rule(call=st.sampled_from(LOSABLE))
    def reply_is_lost(self, call: str) -> None:
        self.house.world.reply_is_lost(call)

    # what must hold after every step

    @invariant()
    def one_unfinished_run_per_repository(self) -> None:
        if hasattr(self, "house"):
            busy = Counter(run.ref.repo for run in self.house.ledger.live())
            assert all(count == 1 for count in busy.values())

    @invariant()
    def nothing_starts_while_killed(self) -> None:
        if hasattr(self, "house"):
            assert self.started_while_off == 0

    @invariant()
    def terminal_is_terminal(self) -> None:
        if not hasattr(self, "house"):
            return
        for run in self.house.ledger.history(None, 100):
            if run.outcome is not None:
                assert self.ended.setdefault(run.id, run.outcome) is run.outcome

    @invariant()
    def nothing_happens_twice(self) -> None:
        if not hasattr(self, "house"):
            return
        world = self.house.world
        keys = [ring.key for ring in world.rings]
        assert len(keys) == len(set(keys))
        ids = [message.id for thread in world.threads.values() for message in thread.messages]
        assert len(ids) == len(set(ids))
        for project in world.projects.values():
            for ticket in project.tickets.values():
                marks = [remark.body.splitlines()[0] for remark in ticket.remarks]
                assert len(marks) == len(set(marks))

    @invariant()
    def one_thread_per_generation(self) -> None:
        if hasattr(self, "house"):
            runs = self.house.ledger.history(None, 100)
            assert len(self.house.world.threads) <= sum(_generations(run) for run in runs)

    # and at the end

    def teardown(self) -> None:
        """With everything back up and time passing, every run ends, every bell rings, every lock is freed."""
        if not hasattr(self, "house"):
            return
        house = self.house
        house.world.troubles.down.clear()
        house.world.troubles.after.clear()
        house.operations.resume(ADA, house.world.now())
        for name in REPOS:
            house.operations.disarm(name, ADA, house.world.now())
        house.world.passes(minutes=10)  # past any step back of the clock
        for _ in range(30):
            house.world.passes(minutes=20)
            house.poll()
            house.watch()
            house.deliver()
        runs = house.ledger.history(None, 100)
        assert [run.id for run in runs if run.finished_at is None] == []
        assert house.ledger.outbox("memory") == () or all(bell.held for bell, _ in house.ledger.outbox("memory"))
        rung = {ring.key for ring in house.world.rings}
        for run in runs:
            if run.outcome in {Outcome.FROZEN, Outcome.NEEDS_HUMAN}:
                assert any(run.id in key for key in rung)


def _generations(run: Run) -> int:
    return max(turn.generation for turn in run.turns)


TestInterleavings = World.TestCase
TestInterleavings.settings = settings(
    max_examples=2_000 if os.environ.get("AFK_SOAK") else 60,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
