"""Decide what happens next to one run: the first row of `TABLE` that matches.

Two rules keep this file honest. Whatever affects a decision is a field of `Facts`, and nothing else is looked at. The
last row matches always, so that there is an answer to every combination. `docs/design.md` draws this very table.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from afk.core.run import Reason, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable


class Action(StrEnum):
    """What a watch tick can do to a run."""

    STOP = "STOP"
    CLOSE_SUCCESS = "CLOSE_SUCCESS"
    FIX_FORWARD = "FIX_FORWARD"
    FREEZE_ESCALATE = "FREEZE_ESCALATE"
    ESCALATE_PREPUSH = "ESCALATE_PREPUSH"
    ASK = "ASK"
    NUDGE = "NUDGE"
    RESTART = "RESTART"
    WAIT = "WAIT"


STARTS_A_TURN = frozenset({Action.FIX_FORWARD, Action.NUDGE, Action.RESTART})


class TurnState(StrEnum):
    """What the executor says about the turn that was ordered last."""

    RUNNING = "running"  # or about to
    ASKING = "asking"
    ENDED = "ended"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    GONE = "gone"  # the executor answered, and has no such thread
    UNKNOWN = "unknown"  # the executor answered with a word that we do not know


ALIVE = frozenset({TurnState.RUNNING, TurnState.ASKING, TurnState.UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything that decides about a run, as yes and no."""

    person: Reason | None = None  # what a person did to end it
    spent: Reason | None = None  # which budget of the whole run is used up
    unstarted: bool = False  # the first turn has not been accepted yet
    start_overdue: bool = False
    unreachable: bool = False  # tracker or executor could not be asked: the rest is what was known before
    pushed: bool = False
    verdict: Verdict = Verdict.PENDING
    turn: TurnState = TurnState.RUNNING
    deferral_left: bool = True
    attempts_left: bool = True
    seconds_left: bool = True
    verdict_overdue: bool = False
    asked: bool = False
    answer_overdue: bool = False
    restarts_left: bool = True
    nudges_left: bool = True
    silent: bool = False

    @property
    def alive(self) -> bool:
        """The agent may still push."""
        return self.turn in ALIVE

    @property
    def red(self) -> bool:
        return self.pushed and self.verdict is Verdict.RED

    @property
    def green(self) -> bool:
        return self.pushed and self.verdict is Verdict.GREEN


@dataclass(frozen=True, slots=True)
class Decision:
    action: Action
    reason: Reason


@dataclass(frozen=True, slots=True)
class Row:
    number: str
    when: str
    matches: Callable[[Facts], bool]
    decide: Callable[[Facts], Decision]


def _always(action: Action, reason: Reason) -> Callable[[Facts], Decision]:
    decision = Decision(action, reason)
    return lambda _: decision


def _spent(facts: Facts) -> Decision:
    assert facts.spent is not None
    return Decision(Action.FREEZE_ESCALATE if facts.pushed else Action.ESCALATE_PREPUSH, facts.spent)


def _stopped(facts: Facts) -> Decision:
    assert facts.person is not None
    return Decision(Action.STOP, facts.person)


def _out_of_corrections(facts: Facts) -> Decision:
    spent = Reason.CORRECTION_TIME_SPENT if facts.attempts_left else Reason.ATTEMPTS_SPENT
    return Decision(Action.FREEZE_ESCALATE, spent)


def _ask(facts: Facts) -> Decision:
    if facts.answer_overdue:
        return Decision(Action.ESCALATE_PREPUSH, Reason.NO_ANSWER)
    return Decision(Action.WAIT if facts.asked else Action.ASK, Reason.ASKED)


def _gone(facts: Facts) -> Decision:
    return Decision(Action.RESTART if facts.restarts_left else Action.ESCALATE_PREPUSH, Reason.THREAD_LOST)


def _failed(facts: Facts) -> Decision:
    interrupted = facts.turn is TurnState.INTERRUPTED
    return Decision(Action.ESCALATE_PREPUSH, Reason.TURN_INTERRUPTED if interrupted else Reason.TURN_FAILED)


def _ended(facts: Facts) -> Decision:
    return Decision(Action.NUDGE if facts.nudges_left else Action.ESCALATE_PREPUSH, Reason.NOTHING_PUSHED)


TABLE: tuple[Row, ...] = (
    Row("1", "a person ended it", lambda f: f.person is not None, _stopped),
    Row("2", "the run's budget is spent", lambda f: f.spent is not None, _spent),
    Row(
        "2a",
        "the start stays impossible",
        lambda f: f.unstarted and f.start_overdue,
        _always(Action.ESCALATE_PREPUSH, Reason.START_IMPOSSIBLE),
    ),
    Row("2b", "not started yet", lambda f: f.unstarted, _always(Action.WAIT, Reason.STARTING)),
    Row(
        "2c",
        "tracker or executor unreachable",
        lambda f: f.unreachable,
        _always(Action.WAIT, Reason.UNREACHABLE),
    ),
    Row(
        "3",
        "pushed, CI decided, turn running, deferral left",
        lambda f: (f.green or f.red) and f.alive and f.deferral_left,
        _always(Action.WAIT, Reason.TURN_RUNNING),
    ),
    Row("4", "pushed, CI green", lambda f: f.green, _always(Action.CLOSE_SUCCESS, Reason.GREEN)),
    Row(
        "5",
        "pushed, CI red, turn running past the deferral",
        lambda f: f.red and f.alive,
        _always(Action.FREEZE_ESCALATE, Reason.STILL_RUNNING),
    ),
    Row(
        "6",
        "pushed, CI red, attempts and seconds left",
        lambda f: f.red and f.attempts_left and f.seconds_left,
        _always(Action.FIX_FORWARD, Reason.RED),
    ),
    Row("7", "pushed, CI red", lambda f: f.red, _out_of_corrections),
    Row(
        "8",
        "pushed, no verdict in time",
        lambda f: f.pushed and f.verdict_overdue,
        _always(Action.FREEZE_ESCALATE, Reason.NO_VERDICT),
    ),
    Row("9", "pushed", lambda f: f.pushed, _always(Action.WAIT, Reason.CI_PENDING)),
    Row("10", "the agent asks a person", lambda f: f.turn is TurnState.ASKING, _ask),
    Row("11", "the thread is gone", lambda f: f.turn is TurnState.GONE, _gone),
    Row(
        "12",
        "the turn failed or was interrupted",
        lambda f: f.turn in {TurnState.FAILED, TurnState.INTERRUPTED},
        _failed,
    ),
    Row("13", "the turn ended with nothing pushed", lambda f: f.turn is TurnState.ENDED, _ended),
    Row(
        "14",
        "running but silent for too long",
        lambda f: f.silent,
        _always(Action.ESCALATE_PREPUSH, Reason.STALLED),
    ),
    Row("15", "anything else", lambda _: True, _always(Action.WAIT, Reason.WORKING)),
)


def next_action(facts: Facts) -> Decision:
    """Apply the table."""
    return next(row for row in TABLE if row.matches(facts)).decide(facts)


def held_back(decision: Decision, *, killed: bool, enrolled: bool) -> Decision:
    """While AFK may start no turn, the actions that would start one wait and say why; the clocks run on."""
    if not enrolled and decision.reason is Reason.UNREACHABLE:  # its tracker is not asked any more
        return Decision(Action.WAIT, Reason.NOT_ENROLLED)
    if decision.action not in STARTS_A_TURN:
        return decision
    if killed:
        return Decision(Action.WAIT, Reason.KILL_SWITCH)
    if not enrolled:
        return Decision(Action.WAIT, Reason.NOT_ENROLLED)
    return decision
