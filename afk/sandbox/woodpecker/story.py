"""Let commits be pushed and pipelines run, fail, wait, be superseded and be restarted."""

from __future__ import annotations

import itertools
import re
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from afk.sandbox.server import Server
from afk.sandbox.woodpecker.records import (
    Cancellation,
    Event,
    Pipeline,
    Repository,
    Right,
    State,
    Step,
    User,
    Workflow,
    merged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DEFAULT_PLAN: Mapping[str, Sequence[str]] = {"build": ("clone", "test")}


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a sandbox server is the outside world, which has its own clock


class Story(Server):
    def __init__(
        self, port: int = 0, *, version: tuple[int, int] = (3, 17), clock: Callable[[], datetime] = _now
    ) -> None:
        super().__init__(port)
        self.version = version
        self.clock = clock
        self.users: dict[str, User] = {}
        self.tokens: dict[str, str] = {}
        self.repositories: dict[int, Repository] = {}
        self._ids = itertools.count(1)

    def add_user(self, login: str, *, admin: bool = False) -> str:
        """The answer is the user's personal access token."""
        with self.lock:
            self.users[login] = User(next(self._ids), login, admin)
            token = secrets.token_hex(24)
            self.tokens[token] = login
            return token

    def revoke_token(self, token: str) -> None:
        with self.lock:
            del self.tokens[token]

    def activate(
        self,
        full_name: str,
        *,
        branch: str = "main",
        visibility: str = "private",
        cancel_previous: tuple[str, ...] = (),
    ) -> int:
        with self.lock:
            owner, _, name = full_name.partition("/")
            repo = Repository(next(self._ids), owner, name, branch, visibility)
            repo.cancel_previous = tuple(Event(event) for event in cancel_previous)
            self.repositories[repo.id] = repo
            return repo.id

    def deactivate(self, full_name: str) -> None:
        with self.lock:
            self.repository(full_name).active = False

    def grant(self, login: str, full_name: str, right: str = "pull") -> None:
        with self.lock:
            self.users[login].rights[self.repository(full_name).id] = Right(right)

    def push_pipeline(
        self,
        full_name: str,
        commit: str,
        *,
        branch: str | None = None,
        event: str = "push",
        message: str = "Change something",
        author: str = "afk-bot",
        plan: Mapping[str, Sequence[str]] = DEFAULT_PLAN,
    ) -> int | None:
        """None: the message skips CI, or no workflow is left for this event."""
        with self.lock:
            repo, now = self.repository(full_name), self.clock()
            if not repo.active or _SKIP.search(message):
                return None
            repo.last_number += 1
            if not plan:
                return None
            pipeline = Pipeline(
                next(self._ids),
                repo.last_number,
                Event(event),
                State.PENDING,
                commit,
                branch or repo.branch,
                message,
                author,
                now,
                now,
                self._workflows(plan),
            )
            repo.pipelines.append(pipeline)
            if pipeline.event in repo.cancel_previous:
                self._supersede_older(repo, pipeline)
            return pipeline.number

    def begin(self, full_name: str, number: int, workflow: str | None = None) -> None:
        with self.lock:
            pipeline, now = self.find(full_name, number), self.clock()
            for one in self._chosen(pipeline, workflow):
                one.state, one.started = State.RUNNING, now
                one.steps[0].state, one.steps[0].started = State.RUNNING, now
            pipeline.started = pipeline.started or now
            self._settle(pipeline)

    def finish(
        self,
        full_name: str,
        number: int,
        state: str = "success",
        *,
        workflow: str | None = None,
        step: str | None = None,
        exit_code: int = 1,
        log: Sequence[str] = (),
    ) -> None:
        """End the workflows that are not over; what is not a success happens in `step`, or in the last one."""
        with self.lock:
            pipeline = self.find(full_name, number)
            pipeline.started = pipeline.started or self.clock()
            for one in self._chosen(pipeline, workflow):
                self._end(one, State(state), step or one.steps[-1].name, exit_code, log)
            self._settle(pipeline)

    def fail_config(self, full_name: str, number: int, message: str) -> None:
        """The definition cannot be read: an error without a workflow."""
        with self.lock:
            pipeline = self.find(full_name, number)
            pipeline.errors.append(message)
            pipeline.workflows.clear()
            self._set(pipeline, State.ERROR)

    def supersede(self, full_name: str, number: int, *, by: int) -> None:
        with self.lock:
            self.cancel_pipeline(self.find(full_name, number), Cancellation(superseded_by=by))

    def cancel(self, full_name: str, number: int, *, by: str) -> None:
        with self.lock:
            self.cancel_pipeline(self.find(full_name, number), Cancellation(canceled_by_user=by))

    def restart(self, full_name: str, number: int) -> int:
        with self.lock:
            repo = self.repository(full_name)
            return self.restart_pipeline(repo, self.find(full_name, number)).number

    def block(self, full_name: str, number: int) -> None:
        """It waits for a person to approve it."""
        with self.lock:
            self._set(self.find(full_name, number), State.BLOCKED)

    def approve(self, full_name: str, number: int, *, by: str) -> None:
        self._review(full_name, number, by, State.PENDING)

    def decline(self, full_name: str, number: int, *, by: str) -> None:
        self._review(full_name, number, by, State.DECLINED)

    def status_of(self, full_name: str, number: int) -> str:
        with self.lock:
            return self.find(full_name, number).status

    def repository(self, full_name: str) -> Repository:
        return next(repo for repo in self.repositories.values() if repo.full_name == full_name)

    def find(self, full_name: str, number: int) -> Pipeline:
        found = self.repository(full_name).pipeline(number)
        if found is None:
            raise KeyError(f"{full_name} has no pipeline {number}")
        return found

    def cancel_pipeline(self, pipeline: Pipeline, why: Cancellation) -> None:
        """What never started is `canceled`, what ran is `killed`; before 3.14 both are killed, and nobody says why."""
        only_waiting = all(one.state is State.PENDING for one in pipeline.workflows)
        for one in pipeline.workflows:
            if not one.state.over:
                one.state = State.SKIPPED if one.state is State.PENDING else State.KILLED
                for step in one.steps:
                    step.state = step.state if step.state.over else self._word(step.state is State.PENDING)
        self._set(pipeline, self._word(only_waiting))
        pipeline.cancellation = why if self.tells_why else None

    def restart_pipeline(self, repo: Repository, old: Pipeline) -> Pipeline:
        """A new number for the same commit. The old one's `cancel_info` comes along, as a leftover."""
        repo.last_number += 1
        now = self.clock()
        plan = {one.name: [step.name for step in one.steps] for one in old.workflows} or DEFAULT_PLAN
        new = replace(
            old,
            id=next(self._ids),
            number=repo.last_number,
            parent=old.number,
            rerun_count=old.rerun_count + 1,
            status=State.PENDING,
            started=None,
            finished=None,
            errors=[],
            created=now,
            updated=now,
            workflows=self._workflows(plan),
        )
        repo.pipelines.append(new)
        return new

    @property
    def tells_why(self) -> bool:
        return self.version >= (3, 14)

    def _word(self, waiting: bool) -> State:
        return State.CANCELED if waiting and self.tells_why else State.KILLED

    def _workflows(self, plan: Mapping[str, Sequence[str]]) -> list[Workflow]:
        pids = itertools.count(1)
        return [
            Workflow(next(self._ids), next(pids), name, [Step(next(self._ids), next(pids), step) for step in steps])
            for name, steps in plan.items()
        ]

    def _supersede_older(self, repo: Repository, new: Pipeline) -> None:
        for old in repo.pipelines:
            same = (old.event, old.branch) == (new.event, new.branch)
            if old is not new and same and old.status in {State.PENDING, State.RUNNING, State.BLOCKED}:
                self.cancel_pipeline(old, Cancellation(superseded_by=new.number))

    @staticmethod
    def _chosen(pipeline: Pipeline, workflow: str | None) -> list[Workflow]:
        return [one for one in pipeline.workflows if not one.state.over and workflow in {None, one.name}]

    def _end(self, one: Workflow, state: State, culprit: str, exit_code: int, log: Sequence[str]) -> None:
        one.state, one.finished = state, self.clock()
        one.started = one.started or one.finished
        passed = True
        for step in one.steps:
            guilty = step.name == culprit
            step.started, step.finished = one.started, one.finished
            step.state = (state if guilty else State.SUCCESS) if passed else State.SKIPPED
            step.log = list(log) if guilty else step.log
            if guilty and state not in {State.SUCCESS, State.SKIPPED}:
                step.exit_code, passed = exit_code, False

    def _settle(self, pipeline: Pipeline) -> None:
        self._set(pipeline, merged([one.state for one in pipeline.workflows]))

    def _set(self, pipeline: Pipeline, state: State) -> None:
        pipeline.status, pipeline.updated = state, self.clock()
        pipeline.finished = pipeline.updated if state.over else None

    def _review(self, full_name: str, number: int, by: str, state: State) -> None:
        with self.lock:
            pipeline = self.find(full_name, number)
            self._set(pipeline, state)
            pipeline.reviewed_by, pipeline.reviewed = by, self.clock()


_SKIP = re.compile(r"\[(?:skip ci|ci skip)\]", re.IGNORECASE)
