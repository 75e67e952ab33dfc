"""Drive the world in memory by what people, agents and CI do in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from afk.adapters.memory.channel import MemoryChannel
from afk.adapters.memory.executor import MemoryExecutor
from afk.adapters.memory.stage import MemoryStage
from afk.adapters.memory.state import Conversation, Edit, LabelEvent, Project, Remark, Ring, Ticket
from afk.adapters.memory.tracker import MemoryTracker
from afk.adapters.memory.troubles import Troubles
from afk.core.model import (
    Closing,
    Commit,
    IssueRef,
    Labels,
    Question,
    Repo,
    StageKind,
    StageReading,
    StageState,
    ThreadStatus,
)
from afk.core.trailers import closing_keywords, trailers_for
from afk.ports import Ports

if TYPE_CHECKING:
    from afk.ports import Ledger, Stage

DAWN = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)


class World:
    """One tracker, one executor, one CI, one channel, and the clock on the wall. It is the clock port, too."""

    def __init__(self, labels: Labels | None = None) -> None:
        self.labels = labels or Labels()
        self.projects: dict[str, Project] = {}
        self.threads: dict[str, Conversation] = {}
        self.rings: list[Ring] = []
        self.troubles = Troubles()
        self.agents_start_at_once = True
        self._now = DAWN
        self._ids = 0
        self.tracker = MemoryTracker(self, self.labels)
        self.executor = MemoryExecutor(self)
        self.channel = MemoryChannel(self)
        self.stages: dict[StageKind, Stage] = {kind: MemoryStage(self, kind) for kind in StageKind}

    def ports(self, ledger: Ledger) -> Ports:
        return Ports(self.tracker, self.executor, self.stages, ledger, self, (self.channel,))

    # the clock

    def now(self) -> datetime:
        return self._now

    def new_id(self) -> str:
        self._ids += 1
        return f"{self._ids:08x}"

    def passes(self, **time: float) -> None:
        self._now += timedelta(**time)

    # people

    def enrol(self, repo: Repo, *writers: str) -> None:
        self.projects[repo.name] = Project(repo, {*writers})

    def open_issue(self, ref: IssueRef, title: str = "A title", body: str = "", author: str = "ada") -> Ticket:
        ticket = Ticket(ref, title, body, author)
        self.projects[ref.repo].tickets[ref.number] = ticket
        return ticket

    def label_ready(self, ref: IssueRef, actor: str = "ada") -> None:
        self.set_label(self.ticket(ref), self.labels.ready, actor=actor, added=True)

    def person_unlabels(self, ref: IssueRef, label: str, actor: str = "ada") -> None:
        self.set_label(self.ticket(ref), label, actor=actor, added=False)

    def set_label(self, ticket: Ticket, label: str, *, actor: str, added: bool) -> None:
        if (label in ticket.labels) == added:
            return
        ticket.labels.symmetric_difference_update({label})
        ticket.events.append(LabelEvent(label, added, actor, self._now))

    def person_edits(self, ref: IssueRef, editor: str, body: str) -> None:
        ticket = self.ticket(ref)
        ticket.body = body
        ticket.edits.append(Edit(editor, self._now))

    def person_comments(self, ref: IssueRef, author: str, text: str) -> Remark:
        return self.remark(self.ticket(ref), author, text)

    def remark(self, ticket: Ticket, author: str, text: str) -> Remark:
        remark = Remark(self.new_id(), author, text, self._now)
        ticket.remarks.append(remark)
        return remark

    def person_closes(self, ref: IssueRef, actor: str = "ada") -> None:
        self.close(self.ticket(ref), by=actor)

    def close(self, ticket: Ticket, by: str, commit: str | None = None) -> None:
        if ticket.is_open:
            ticket.is_open, ticket.closing = False, Closing(by, commit)

    def issue_vanishes(self, ref: IssueRef) -> None:
        del self.projects[ref.repo].tickets[ref.number]

    def ticket(self, ref: IssueRef) -> Ticket:
        return self.projects[ref.repo].tickets[ref.number]

    # agents

    def thread_of(self, ref: IssueRef) -> Conversation:
        """The newest conversation about an issue."""
        return [thread for thread in self.threads.values() if thread.title.startswith(f"{ref} ")][-1]

    def touch(self, thread: Conversation) -> None:
        thread.revision += 1
        thread.active_at = self._now
        if thread.status is ThreadStatus.STARTING and self.agents_start_at_once:
            self.agent_starts(thread)

    def agent_starts(self, thread: Conversation) -> None:
        thread.turns += 1
        thread.turn, thread.status = f"{thread.id}/t{thread.turns}", ThreadStatus.RUNNING
        for message in thread.messages:
            message.turn = message.turn or thread.turn
        self.touch(thread)

    def agent_says(self, ref: IssueRef, text: str) -> None:
        thread = self.thread_of(ref)
        thread.said.append(text)
        self.touch(thread)

    def agent_spends(self, ref: IssueRef, usd: float) -> None:
        thread = self.thread_of(ref)
        thread.cost_usd = (thread.cost_usd or 0.0) + usd
        self.touch(thread)

    def agent_asks(self, ref: IssueRef, text: str, *options: str) -> None:
        thread = self.thread_of(ref)
        thread.question, thread.status = Question(f"q{self.new_id()}", text, options), ThreadStatus.ASKING
        self.touch(thread)

    def agent_ends(self, ref: IssueRef) -> None:
        self._agent_stops(ref, ThreadStatus.ENDED)

    def agent_fails(self, ref: IssueRef, error: str = "out of memory") -> None:
        self._agent_stops(ref, ThreadStatus.FAILED)
        self.thread_of(ref).error = error

    def person_interrupts(self, ref: IssueRef) -> None:
        self._agent_stops(ref, ThreadStatus.INTERRUPTED)

    def _agent_stops(self, ref: IssueRef, status: ThreadStatus) -> None:
        thread = self.thread_of(ref)
        thread.status, thread.question = status, None
        self.touch(thread)

    def thread_vanishes(self, ref: IssueRef) -> None:
        self.thread_of(ref).gone = True

    def agent_pushes(self, ref: IssueRef, run_id: str, message: str = "Do the work") -> str:
        slug = self.projects[ref.repo].repo.slug
        trailers = "\n".join(trailers_for(slug, ref.number, run_id))
        return self.somebody_pushes(ref.repo, f"{message}\n\n{trailers}")

    def somebody_pushes(self, repo: str, message: str = "Something else") -> str:
        """A commit reaches the default branch; a closing keyword in it closes its issue."""
        project = self.projects[repo]
        sha = f"{len(project.commits) + 1:02x}{self.new_id()}".ljust(40, "c")
        project.commits.append(Commit(sha, message, self._now))
        for slug, number in closing_keywords(message):
            ticket = project.tickets.get(number)
            if slug in {None, project.repo.slug} and ticket is not None:
                self.close(ticket, by="pusher", commit=sha)
        return sha

    # CI

    def ci(self, repo: str, sha: str, state: StageState, stage: StageKind = StageKind.CHECKS) -> None:
        self.projects[repo].readings[stage, sha] = StageReading(stage, state, url=f"https://ci.example/{sha[:8]}")

    def ci_goes_green(self, repo: str, sha: str) -> None:
        for stage in self.projects[repo].repo.stages:
            self.ci(repo, sha, StageState.SUCCESS, stage)

    def ci_goes_red(self, repo: str, sha: str, *errors: str) -> None:
        self.ci(repo, sha, StageState.FAILURE)
        reading = self.projects[repo].readings[StageKind.CHECKS, sha]
        red = replace(reading, job="test", step="pytest", errors=errors or ("AssertionError",))
        self.projects[repo].readings[StageKind.CHECKS, sha] = red

    # trouble

    def t3_is_down(self, *, down: bool = True) -> None:
        self._down("executor", down)

    def tracker_is_down(self, *, down: bool = True) -> None:
        self._down("tracker", down)

    def channel_is_down(self, *, down: bool = True) -> None:
        self._down("channel", down)

    def ci_is_down(self, *, down: bool = True) -> None:
        self._down("stage", down)

    def _down(self, system: str, down: bool) -> None:
        (self.troubles.down.add if down else self.troubles.down.discard)(system)

    def reply_is_lost(self, call: str) -> None:
        self.troubles.lose_reply(call)
