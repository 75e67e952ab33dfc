"""Which effects are due for what is recorded, and what a decision records."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from afk.core import effects as fx
from afk.core import prompts
from afk.core.checklist import checklist
from afk.core.config import Config, Limits
from afk.core.model import Question
from afk.core.records import Change, Command, Doorbell, DoorbellKind, Entry, Verb, Via
from afk.core.run import Evidence, Outcome, Phase, Reason, Run, TurnKind
from afk.core.run_state_machine import Action, Decision, TurnState
from afk.core.watching import Observed
from afk.core.wording import handed_back
from tests.house import HOSTS, INFRA_42
from tests.runs import NOON, RED_CI, SHA, a_run, a_turn, after

if TYPE_CHECKING:
    from datetime import datetime

CONFIG = Config(hosts=HOSTS)
LABELS = CONFIG.labels
ENDING = "<!-- afk:ending:infra-42-1-0a1b2c3d -->"
CHECKLIST = fx.PutChecklist()
DONE_KEY = "infra-42-1-0a1b2c3d:done"
UNSENT = a_turn(sent_at=None)


def up_to_date(run: Run) -> Run:
    return replace(run, comment_id="c1", checklist=checklist(run, HOSTS))


def due(
    run: Run, turn: TurnState = TurnState.ENDED, *, is_open: bool | None = True, may: bool = True
) -> list[fx.Effect]:
    return list(fx.due(run, CONFIG, turn, is_open=is_open, may_start_turns=may))


CLAIMED = a_run(UNSENT, started_at=None, labelled_at=None)
OPENED = a_run(started_at=None, labelled_at=None)
LABELLED = a_run(started_at=None)
CORRECTING = a_run(a_turn(), a_turn(2, TurnKind.FIX_FORWARD, sent_at=None))
REPLACED = a_run(a_turn(), a_turn(2, TurnKind.RESTART, sent_at=None, generation=2), generation=2)
LABELLING = [fx.AddLabel(LABELS.in_progress), fx.RemoveLabel(LABELS.human), fx.MarkLabelled()]

STARTS = [
    ("claimed", CLAIMED, True, [fx.OpenThread(UNSENT), *LABELLING, CHECKLIST, fx.MarkStarted()]),
    ("thread opened", OPENED, True, [*LABELLING, CHECKLIST, fx.MarkStarted()]),
    ("labelled", LABELLED, True, [CHECKLIST, fx.MarkStarted()]),
    ("checklist posted", up_to_date(LABELLED), True, [fx.MarkStarted()]),
    ("defect 16: claimed, then killed", CLAIMED, False, []),
    ("opened, then killed: the rest of the start is no new turn", OPENED, False, [*LABELLING, CHECKLIST, fx.MarkStarted()]),
    ("at work, checklist up to date", up_to_date(a_run()), True, []),
    ("at work, checklist out of date", a_run(), True, [CHECKLIST]),
    ("correction ordered", up_to_date(CORRECTING), True, [fx.SendTurn(CORRECTING.turns[1])]),
    ("defect 16: correction ordered, then killed", up_to_date(CORRECTING), False, []),
    ("fresh thread ordered", up_to_date(REPLACED), True, [fx.OpenThread(REPLACED.turns[1])]),
]  # fmt: skip


@pytest.mark.parametrize(("run", "may", "effects"), [row[1:] for row in STARTS], ids=[row[0] for row in STARTS])
def test_due_while_a_run_goes_on(run: Run, effects: list[fx.Effect], *, may: bool) -> None:
    assert due(run, may=may) == effects


def ended(outcome: Outcome, reason: Reason = Reason.STOP_REQUESTED, **about: Any) -> Run:
    return a_run(outcome=outcome, outcome_at=NOON, reason=reason, detail="Why.", **about)


DONE, FROZEN, HUMAN, STOPPED = (
    ended(outcome) for outcome in (Outcome.DONE, Outcome.FROZEN, Outcome.NEEDS_HUMAN, Outcome.STOPPED)
)
GONE = ended(Outcome.STOPPED, Reason.ISSUE_GONE)


def words(run: Run) -> fx.PutEnding:
    return fx.PutEnding(ENDING, handed_back(run, HOSTS))


OFF, ON = fx.RemoveLabel(LABELS.in_progress), fx.AddLabel(LABELS.human)
ENDINGS = [
    ("defect 29: done is closed before it rings and before anything says so", DONE, TurnState.ENDED, True, [fx.Close(), fx.Release(DONE_KEY), OFF, CHECKLIST, fx.Finish()]),
    ("done, agent at work past the deferral", DONE, TurnState.RUNNING, True, [fx.Interrupt("t/1"), fx.Close(), fx.Release(DONE_KEY), OFF, CHECKLIST, fx.AwaitStop(), fx.Finish()]),
    ("frozen, agent at work", FROZEN, TurnState.RUNNING, True, [fx.Interrupt("t/1"), ON, words(FROZEN), OFF, CHECKLIST, fx.AwaitStop(), fx.Finish()]),
    ("defect 13: frozen reopens", FROZEN, TurnState.ENDED, False, [fx.Reopen(), ON, words(FROZEN), OFF, CHECKLIST, fx.Finish()]),
    ("frozen, and nobody knows whether it is open", FROZEN, TurnState.ENDED, None, [ON, words(FROZEN), OFF, CHECKLIST, fx.Finish()]),
    ("handed back, agent over", HUMAN, TurnState.ENDED, True, [ON, words(HUMAN), OFF, CHECKLIST, fx.Finish()]),
    ("handed back, agent at work", HUMAN, TurnState.RUNNING, True, [fx.Interrupt("t/1"), ON, words(HUMAN), OFF, CHECKLIST, fx.AwaitStop(), fx.Finish()]),
    ("stopped, issue open", STOPPED, TurnState.ASKING, True, [fx.Interrupt("t/1"), ON, words(STOPPED), OFF, CHECKLIST, fx.AwaitStop(), fx.Finish()]),
    ("stopped, issue closed: no person must take it on", STOPPED, TurnState.ENDED, False, [words(STOPPED), OFF, CHECKLIST, fx.Finish()]),
    ("issue gone", GONE, TurnState.UNKNOWN, None, [fx.Interrupt("t/1"), fx.AwaitStop(), fx.Finish()]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("run", "turn", "is_open", "effects"), [row[1:] for row in ENDINGS], ids=[row[0] for row in ENDINGS]
)
def test_due_when_a_run_has_ended(run: Run, turn: TurnState, is_open: bool | None, effects: list[fx.Effect]) -> None:
    assert due(replace(run, thread_turn="t/1"), turn, is_open=is_open) == effects


@pytest.mark.parametrize(("outcome", "turn", "may"), list(product(Outcome, TurnState, (True, False))))
def test_every_end_finishes_last_and_starts_nothing(outcome: Outcome, turn: TurnState, *, may: bool) -> None:
    found = due(ended(outcome), turn, may=may)

    assert found[-1] == fx.Finish()
    assert found.count(fx.Finish()) == 1
    assert not any(isinstance(effect, fx.OpenThread | fx.SendTurn) for effect in found)


def test_agent_that_never_started_is_not_interrupted() -> None:
    run = replace(CLAIMED, outcome=Outcome.NEEDS_HUMAN, outcome_at=NOON, detail="Why.")

    assert not any(isinstance(effect, fx.Interrupt | fx.AwaitStop) for effect in due(run, TurnState.RUNNING))


# What a decision records

TELLING = fx.Telling(Limits(), Question("q1", "Which region?", ("eu", "us")), "Here is my plan.")


def changed(
    action: Action, reason: Reason, run: Run | None = None, seen: Observed | None = None, now: datetime = NOON
) -> Change:
    run = run or a_run(thread_turn="t/1")
    return fx.change(run, run, Decision(action, reason), seen or Observed(), TELLING, now)


OUTCOMES = [
    (Action.STOP, Reason.STOP_REQUESTED, Outcome.STOPPED, None),
    (Action.CLOSE_SUCCESS, Reason.GREEN, Outcome.DONE, DoorbellKind.DONE),
    (Action.FREEZE_ESCALATE, Reason.NO_VERDICT, Outcome.FROZEN, DoorbellKind.FROZEN),
    (Action.ESCALATE_PREPUSH, Reason.STALLED, Outcome.NEEDS_HUMAN, DoorbellKind.NEEDS_HUMAN),
]


@pytest.mark.parametrize(("action", "reason", "outcome", "kind"), OUTCOMES, ids=[row[0] for row in OUTCOMES])
def test_defect_29_outcome_and_its_doorbell_are_one_change(
    action: Action, reason: Reason, outcome: Outcome, kind: DoorbellKind | None
) -> None:
    change = changed(action, reason)

    assert (change.fields["outcome"], change.fields["outcome_at"], change.fields["reason"]) == (outcome, NOON, reason)
    assert change.fields["detail"]
    bells = () if kind is None else (Doorbell(f"infra-42-1-0a1b2c3d:{kind}", kind, NOON, INFRA_42, "infra-42-1-0a1b2c3d", held=kind is DoorbellKind.DONE),)  # fmt: skip
    assert change.doorbells == bells
    assert change.entries == (Entry(NOON, "afk", Via.AFK, action.value, "infra#42", reason.value),)


def test_only_done_ticks_done() -> None:
    assert changed(Action.CLOSE_SUCCESS, Reason.GREEN).evidence == (Evidence(Phase.DONE, NOON, seen=True),)
    assert changed(Action.FREEZE_ESCALATE, Reason.NO_VERDICT).evidence == ()


def test_stop_settles_the_wish_it_follows() -> None:
    wish = Command("k1", Verb.STOP, INFRA_42, "ada", Via.SLACK, NOON)

    assert changed(Action.STOP, Reason.STOP_REQUESTED, seen=Observed(stop=wish)).settle == {"k1": "stopped"}
    assert changed(Action.WAIT, Reason.WORKING, seen=Observed(stop=wish)).settle == {}


def test_wait_records_its_reason_once() -> None:
    change = changed(Action.WAIT, Reason.WORKING)

    assert change.fields == {"reason": Reason.WORKING}
    assert changed(Action.WAIT, Reason.WORKING, a_run(reason=Reason.WORKING)).is_empty


TURNS = [
    (Action.FIX_FORWARD, Reason.RED, TurnKind.FIX_FORWARD, False, prompts.fix_forward),
    (Action.FIX_FORWARD, Reason.RED, TurnKind.FIX_FORWARD, True, lambda run, most: prompts.whole_story("text 1", prompts.fix_forward(run, most))),
    (Action.NUDGE, Reason.NOTHING_PUSHED, TurnKind.NUDGE, False, lambda run, _: prompts.nudge(run)),
    (Action.RESTART, Reason.THREAD_LOST, TurnKind.RESTART, True, lambda *_: prompts.restart("text 1")),
]  # fmt: skip


@pytest.mark.parametrize(("action", "reason", "kind", "gone", "prompt"), TURNS, ids=["fix forward", "whole story", "nudge", "restart"])  # fmt: skip
def test_defect_25_each_order_has_its_own_prompt_and_its_thread(
    action: Action, reason: Reason, kind: TurnKind, prompt: Any, *, gone: bool
) -> None:
    run = a_run(thread_turn="t/1", commit=SHA, failure=RED_CI)

    change = changed(action, reason, run, Observed(thread_gone=gone), after(minutes=1))

    (turn,) = change.turns
    assert (turn.number, turn.kind, turn.ordered_at, turn.sent_at) == (2, kind, after(minutes=1), None)
    assert turn.text == prompt(run, 5)
    assert turn.generation == change.fields.get("generation", 1) == (2 if gone else 1)
    assert turn.before == (None if gone else "t/1")
    assert change.entries[0].detail == kind.value


def test_defect_11_correction_is_charged_to_its_commit() -> None:
    run = a_run(commit=SHA, failure=RED_CI)

    assert changed(Action.FIX_FORWARD, Reason.RED, run).turns[0].about == SHA
    assert changed(Action.NUDGE, Reason.NOTHING_PUSHED, run).turns[0].about == ""


def test_question_rings_once_per_question() -> None:
    change = changed(Action.ASK, Reason.ASKED)

    assert change.doorbells == (
        Doorbell("infra-42-1-0a1b2c3d:question:q1", DoorbellKind.QUESTION, NOON, INFRA_42, "infra-42-1-0a1b2c3d", "Which region?"),
    )  # fmt: skip
    asked = {"question": "q1", "question_text": "Which region?", "question_options": ("eu", "us"), "asked_at": NOON}
    assert change.fields == asked | {"reason": Reason.ASKED}


def test_question_that_could_not_be_read_rings_nobody_yet() -> None:
    run = a_run()
    change = fx.change(run, run, Decision(Action.ASK, Reason.ASKED), Observed(), fx.Telling(Limits()), NOON)

    assert (change.doorbells, dict(change.fields)) == ((), {"reason": Reason.ASKED})


@pytest.mark.parametrize("action", Action)
def test_every_action_records_something(action: Action) -> None:
    assert not changed(action, Reason.RED if action is Action.FIX_FORWARD else Reason.STALLED).is_empty


WORDS = Command("w1", Verb.SAY, INFRA_42, "ada", Via.SLACK, NOON, "use eu")
HEARING = [
    (TurnState.RUNNING, True, prompts.words_of("ada", "use eu"), ""),
    (TurnState.ASKING, True, "use eu", "q1"),
    (TurnState.ENDED, False, prompts.words_of("ada", "use eu"), ""),
]


@pytest.mark.parametrize(("turn", "steers", "text", "question"), HEARING, ids=["at work", "asking", "at rest"])
def test_words_become_a_message_in_the_form_that_the_agent_can_hear(
    turn: TurnState, text: str, question: str, *, steers: bool
) -> None:
    run = a_run(thread_turn="t/1", question="q1", question_text="Which?", asked_at=NOON)

    change = fx.passed_on(run, run, WORDS, turn, NOON)

    (message,) = change.turns
    assert (message.kind, message.steers, message.text, message.question) == (TurnKind.WORDS, steers, text, question)
    assert change.settle == {"w1": "passed on"}
    assert change.entries == (Entry(NOON, "ada", Via.SLACK, "passed-on", "infra#42"),)
    assert ("question" in change.fields) == (turn is TurnState.ASKING)
