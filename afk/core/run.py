"""Describe one run: an attempt at one issue, with everything that was recorded about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from afk.core.model import IssueRef


class Outcome(StrEnum):
    """How a run ended. There is no way back from any of them."""

    DONE = "done"
    NEEDS_HUMAN = "needs-human"
    FROZEN = "frozen"
    STOPPED = "stopped"


class Reason(StrEnum):
    """Why a run ended, or what it waits for."""

    # ends
    GREEN = "green"
    CLOSED_BY_PERSON = "closed-by-person"
    LABEL_REMOVED = "label-removed"
    ISSUE_GONE = "issue-gone"
    STOP_REQUESTED = "stop-requested"
    MONEY_SPENT = "money-spent"
    TIME_SPENT = "time-spent"
    ATTEMPTS_SPENT = "attempts-spent"
    CORRECTION_TIME_SPENT = "correction-time-spent"
    STILL_RUNNING = "still-running"
    NO_VERDICT = "no-verdict"
    NO_ANSWER = "no-answer"
    THREAD_LOST = "thread-lost"
    TURN_FAILED = "turn-failed"
    TURN_INTERRUPTED = "turn-interrupted"
    NOTHING_PUSHED = "nothing-pushed"
    STALLED = "stalled"
    START_IMPOSSIBLE = "start-impossible"
    NOT_CLOSED = "not-closed"
    # continuations and waits
    STARTING = "starting"
    RED = "red"
    TURN_RUNNING = "turn-running"
    CI_PENDING = "ci-pending"
    ASKED = "asked"
    WORKING = "working"
    UNREACHABLE = "unreachable"
    KILL_SWITCH = "kill-switch"
    NOT_ENROLLED = "not-enrolled"


class TurnKind(StrEnum):
    """Which prompt opened a turn."""

    FIRST = "first"
    FIX_FORWARD = "fix-forward"
    NUDGE = "nudge"
    RESTART = "restart"
    WORDS = "words"  # a person's, passed on


class Phase(StrEnum):
    """The seven rungs of the checklist, lowest first."""

    WORKTREE = "worktree"
    TESTS_RED = "tests-red"
    GREEN = "green"
    PUSHED = "pushed"
    CI = "ci"
    DEPLOYED = "deployed"
    DONE = "done"


class Verdict(StrEnum):
    """What all CI stages together say about a commit."""

    PENDING = "pending"
    GREEN = "green"
    RED = "red"


@dataclass(frozen=True, slots=True)
class Turn:
    """One message to the agent. Ordered is a promise in the ledger; sent is the executor's receipt."""

    number: int
    kind: TurnKind
    generation: int  # which thread of the run it goes to
    text: str
    ordered_at: datetime
    about: str = ""  # the red commit a correction is charged to, or the command a person's words came by
    before: str | None = None  # the newest turn of the thread when this one was ordered
    steers: bool = False  # goes into the turn that runs already: no new turn will appear
    question: str = ""  # the request that it answers
    tries: int = 0  # how often the executor refused it
    sent_at: datetime | None = None
    receipt: str = ""  # the executor's own, e.g. the sequence it gave the command


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a phase is ticked: reported by the agent, or seen by AFK itself."""

    phase: Phase
    at: datetime
    seen: bool
    detail: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """What was red: the part of a stage's reading that the next prompt and the doorbell repeat."""

    stage: str
    job: str = ""
    step: str = ""
    url: str = ""
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A row of the ledger with its turns and its evidence. `version` counts the changes."""

    id: str
    ref: IssueRef
    attempt: int
    issue_key: str
    title: str
    url: str
    claimed_at: datetime
    requested_by: str = ""  # who asked for a re-run; empty: the ready label did
    generation: int = 1  # the thread in use; a restart opens the next
    thread_id: str = ""
    thread_url: str = ""
    thread_turn: str = ""  # the newest turn of the thread at the last look
    thread_revision: str = ""
    labelled_at: datetime | None = None
    comment_id: str = ""
    checklist: str = ""  # the checklist as it was last written
    started_at: datetime | None = None  # all three steps of the start are done
    commit: str = ""
    commit_at: datetime | None = None  # when the commit was seen
    verdict: Verdict = Verdict.PENDING
    verdict_at: datetime | None = None  # when the verdict of this commit was first decided
    judged_commit: str = ""  # the commit at or after ours that CI ran on
    first_red_at: datetime | None = None
    failure: Failure | None = None
    question: str = ""  # the request that waits for a person
    question_text: str = ""
    question_options: tuple[str, ...] = ()
    asked_at: datetime | None = None
    cost_usd: float = 0.0
    outcome: Outcome | None = None
    reason: Reason | None = None  # of the outcome, else of the latest decision
    detail: str = ""
    outcome_at: datetime | None = None
    finished_at: datetime | None = None
    version: int = 0
    turns: tuple[Turn, ...] = ()
    evidence: tuple[Evidence, ...] = ()

    def turns_of(self, kind: TurnKind) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.turns if turn.kind is kind)

    @property
    def last_turn(self) -> Turn | None:
        return self.turns[-1] if self.turns else None

    @property
    def unsent_turn(self) -> Turn | None:
        return next((turn for turn in self.turns if turn.sent_at is None), None)

    @property
    def attempts_made(self) -> int:
        """How many corrections were ordered."""
        return len(self.turns_of(TurnKind.FIX_FORWARD))
