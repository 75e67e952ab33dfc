"""Turn a decision into the change of the ledger, and the ledger's state into the effects that are still due.

Effects follow from what is recorded, never from the tick that decided: a tick that dies half-way leaves a record from
which the next one finds the same effects again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from afk.core import prompts, wording
from afk.core.checklist import checklist
from afk.core.identifiers import doorbell_key, marker, message_id
from afk.core.records import Change, Doorbell, DoorbellKind, Entry, Via
from afk.core.run import Evidence, Outcome, Phase, Reason, Turn, TurnKind
from afk.core.run_state_machine import ALIVE, Action, TurnState
from afk.core.watching import changed_fields

if TYPE_CHECKING:
    from datetime import datetime

    from afk.core.config import Config, Limits
    from afk.core.model import Question
    from afk.core.records import Command
    from afk.core.run import Run
    from afk.core.run_state_machine import Decision
    from afk.core.watching import Observed


@dataclass(frozen=True, slots=True)
class OpenThread:
    turn: Turn


@dataclass(frozen=True, slots=True)
class SendTurn:
    turn: Turn


@dataclass(frozen=True, slots=True)
class Interrupt:
    turn: str


@dataclass(frozen=True, slots=True)
class AddLabel:
    label: str


@dataclass(frozen=True, slots=True)
class RemoveLabel:
    label: str


@dataclass(frozen=True, slots=True)
class PutChecklist:
    """As it reads when its turn comes: with the link of a thread that was opened just before."""


@dataclass(frozen=True, slots=True)
class PutEnding:
    marker: str
    body: str


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class Reopen:
    pass


@dataclass(frozen=True, slots=True)
class MarkLabelled:
    pass


@dataclass(frozen=True, slots=True)
class MarkStarted:
    pass


@dataclass(frozen=True, slots=True)
class Release:
    """Let the held doorbell ring: the issue is really closed."""

    doorbell: str


@dataclass(frozen=True, slots=True)
class AwaitStop:
    """Nothing after this happens while the agent may still push, unless it outlives the deferral."""


@dataclass(frozen=True, slots=True)
class Finish:
    pass


Effect = (
    OpenThread
    | SendTurn
    | Interrupt
    | AddLabel
    | RemoveLabel
    | PutChecklist
    | PutEnding
    | Close
    | Reopen
    | MarkLabelled
    | MarkStarted
    | Release
    | AwaitStop
    | Finish
)


# What the ledger must remember


@dataclass(frozen=True, slots=True)
class Telling:
    """What the prompts and the doorbell of a decision draw on beside the run."""

    limits: Limits
    question: Question | None = None
    last_words: str = ""


def change(before: Run, run: Run, decision: Decision, seen: Observed, telling: Telling, now: datetime) -> Change:
    """One transaction: everything noticed, the decision, and who must be told of it."""
    turns: tuple[Turn, ...] = ()
    doorbells: tuple[Doorbell, ...] = ()
    entries: tuple[Entry, ...] = ()
    run = replace(run, reason=decision.reason)
    match decision.action:
        case Action.STOP | Action.CLOSE_SUCCESS | Action.FREEZE_ESCALATE | Action.ESCALATE_PREPUSH:
            run = _ended(run, decision, seen, telling, now)
            doorbells = _doorbells(run, now)
            entries = (_entry(run, decision, now),)
        case Action.FIX_FORWARD | Action.NUDGE | Action.RESTART:
            run, turn = _ordered(run, decision.action, seen, telling, now)
            turns = (turn,)
            entries = (_entry(run, decision, now, turn.kind.value),)
        case Action.ASK:
            run, doorbells = _asked(run, telling, now)
        case Action.WAIT:
            pass
        case _:
            assert_never(decision.action)
    settle = {seen.stop.key: run.outcome.value} if seen.stop is not None and run.outcome is not None else {}
    return replace(_noticed(before, run), turns=turns, doorbells=doorbells, settle=settle, entries=entries)


def _noticed(before: Run, run: Run) -> Change:
    """What differs between a run as it was read and as it is now known."""
    kept = {each.phase for each in run.evidence}
    return Change(
        before,
        fields=changed_fields(before, run),
        evidence=tuple(each for each in run.evidence if each not in before.evidence),
        dropped=tuple(each.phase for each in before.evidence if each.phase not in kept),
    )


def _ended(run: Run, decision: Decision, seen: Observed, telling: Telling, now: datetime) -> Run:
    outcome = {
        Action.STOP: Outcome.STOPPED,
        Action.CLOSE_SUCCESS: Outcome.DONE,
        Action.FREEZE_ESCALATE: Outcome.FROZEN,
        Action.ESCALATE_PREPUSH: Outcome.NEEDS_HUMAN,
    }[decision.action]
    run = replace(run, outcome=outcome, outcome_at=now, question="")
    if outcome is Outcome.DONE:
        run = replace(run, evidence=(*run.evidence, Evidence(Phase.DONE, now, seen=True)))
    return replace(run, detail=wording.why_ended(run, telling.limits, seen, telling.last_words))


def _doorbells(run: Run, now: datetime) -> tuple[Doorbell, ...]:
    """A person who stopped a run needs no bell."""
    assert run.outcome is not None
    if run.outcome is Outcome.STOPPED:
        return ()
    kind = DoorbellKind(run.outcome.value)
    key = doorbell_key(run.id, kind.value)
    return (Doorbell(key, kind, now, run.ref, run.id, held=run.outcome is Outcome.DONE),)


def _asked(run: Run, telling: Telling, now: datetime) -> tuple[Run, tuple[Doorbell, ...]]:
    """Without the question itself there is nothing to ask a person yet: the next look brings it."""
    question = telling.question
    if question is None:
        return run, ()
    run = replace(
        run, question=question.id, question_text=question.text, question_options=question.options, asked_at=now
    )
    key = doorbell_key(run.id, DoorbellKind.QUESTION.value, question.id)
    return run, (Doorbell(key, DoorbellKind.QUESTION, now, run.ref, run.id, text=question.text),)


def _ordered(run: Run, action: Action, seen: Observed, telling: Telling, now: datetime) -> tuple[Run, Turn]:
    kind = {
        Action.FIX_FORWARD: TurnKind.FIX_FORWARD,
        Action.NUDGE: TurnKind.NUDGE,
        Action.RESTART: TurnKind.RESTART,
    }[action]
    generation = run.generation + 1 if seen.thread_gone else run.generation
    text = _prompt(run, kind, telling, fresh_thread=seen.thread_gone)
    turn = Turn(
        number=len(run.turns) + 1,
        kind=kind,
        generation=generation,
        text=text,
        ordered_at=now,
        about=run.commit if kind is TurnKind.FIX_FORWARD else "",
        before=(run.thread_turn or None) if generation == run.generation else None,
    )
    return replace(run, generation=generation), turn


def _prompt(run: Run, kind: TurnKind, telling: Telling, *, fresh_thread: bool) -> str:
    first = run.turns[0].text
    match kind:
        case TurnKind.FIX_FORWARD:
            correction = prompts.fix_forward(run, telling.limits.fix_forward_max_attempts)
            return prompts.whole_story(first, correction) if fresh_thread else correction
        case TurnKind.NUDGE:
            return prompts.nudge(run)
        case TurnKind.RESTART:
            return prompts.restart(first)
        case TurnKind.FIRST | TurnKind.WORDS:
            raise ValueError(f"{kind} is not ordered by a decision")


def message_of(run: Run, turn: Turn) -> str:
    """The executor's name for the message of a turn."""
    return message_id(run.id, turn.number)


def passed_on(before: Run, run: Run, words: Command, turn: TurnState, now: datetime) -> Change:
    """A person's words become a turn: an answer if the agent asked, a remark if it works, a new turn if it rests."""
    alive = turn in ALIVE
    message = Turn(
        number=len(run.turns) + 1,
        kind=TurnKind.WORDS,
        generation=run.generation,
        text=prompts.answer(words.text) if turn is TurnState.ASKING else prompts.words_of(words.actor, words.text),
        ordered_at=now,
        about=words.key,
        before=run.thread_turn or None,
        steers=alive,
        question=run.question if turn is TurnState.ASKING else "",
    )
    if message.question:
        run = replace(run, question="", question_text="", question_options=(), asked_at=None)
    entry = Entry(now, words.actor, words.via, "passed-on", str(run.ref))
    return replace(_noticed(before, run), turns=(message,), settle={words.key: "passed on"}, entries=(entry,))


def _entry(run: Run, decision: Decision, now: datetime, detail: str = "") -> Entry:
    return Entry(now, "afk", Via.AFK, decision.action.value, str(run.ref), detail or decision.reason.value)


# What is still due


def due(
    run: Run, config: Config, turn: TurnState, *, is_open: bool | None, may_start_turns: bool
) -> tuple[Effect, ...]:
    """The effects between what is recorded and what the outside shows, in an order that a crash cannot break."""
    if run.outcome is None:
        going = _going if run.started_at is not None else _starting
        return going(run, config, may_start_turns)
    match run.outcome:
        case Outcome.DONE:
            done = doorbell_key(run.id, DoorbellKind.DONE.value)
            ending = (Close(), Release(done), RemoveLabel(config.labels.in_progress), *_checklist(run, config))
        case Outcome.FROZEN | Outcome.NEEDS_HUMAN:
            ending = _handed_back(run, config, is_open)
        case Outcome.STOPPED:
            ending = _let_go(run, config, is_open)
        case _:
            assert_never(run.outcome)
    return (*_interrupted(run, turn), *ending, *_stopped(run, turn), Finish())


def _turns(run: Run, may_start_turns: bool) -> tuple[Effect, ...]:
    turn = run.unsent_turn
    if turn is None or not may_start_turns:
        return ()
    opens = all(other.generation != turn.generation for other in run.turns if other.number < turn.number)
    return (OpenThread(turn),) if opens else (SendTurn(turn),)


def _starting(run: Run, config: Config, may_start_turns: bool) -> tuple[Effect, ...]:
    """Thread, label, checklist: a start that fails leaves no label behind."""
    opened = run.turns[0].sent_at is not None
    if not opened and not may_start_turns:
        return ()
    names = config.labels
    label = () if run.labelled_at else (AddLabel(names.in_progress), RemoveLabel(names.human), MarkLabelled())
    return (*_turns(run, may_start_turns), *label, *_checklist(run, config), MarkStarted())


def _going(run: Run, config: Config, may_start_turns: bool) -> tuple[Effect, ...]:
    return (*_turns(run, may_start_turns), *_checklist(run, config))


def _checklist(run: Run, config: Config) -> tuple[Effect, ...]:
    return () if checklist(run, config.hosts) == run.checklist and run.comment_id else (PutChecklist(),)


def _interrupted(run: Run, turn: TurnState) -> tuple[Effect, ...]:
    return (Interrupt(run.thread_turn),) if _may_push(run, turn) else ()


def _stopped(run: Run, turn: TurnState) -> tuple[Effect, ...]:
    return (AwaitStop(),) if _may_push(run, turn) else ()


def _may_push(run: Run, turn: TurnState) -> bool:
    return turn in ALIVE and any(each.sent_at for each in run.turns)


def _handed_back(run: Run, config: Config, is_open: bool | None) -> tuple[Effect, ...]:
    reopen = (Reopen(),) if is_open is False else ()
    return (
        *reopen,
        AddLabel(config.labels.human),
        PutEnding(marker(run.id, "ending"), wording.handed_back(run, config.hosts)),
        RemoveLabel(config.labels.in_progress),
        *_checklist(run, config),
    )


def _let_go(run: Run, config: Config, is_open: bool | None) -> tuple[Effect, ...]:
    """A stopped issue that stays open goes to a person, else the next tick would start it again."""
    if run.reason is Reason.ISSUE_GONE:
        return ()
    hand_over = () if is_open is False else (AddLabel(config.labels.human),)
    ending = PutEnding(marker(run.id, "ending"), wording.handed_back(run, config.hosts))
    return (*hand_over, ending, RemoveLabel(config.labels.in_progress), *_checklist(run, config))
