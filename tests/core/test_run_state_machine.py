"""The decision table: row by row, and against a reference that was written from the design, not from the table."""

from __future__ import annotations

from itertools import product

import pytest

from afk.core.run import Reason, Verdict
from afk.core.run_state_machine import (
    STARTS_A_TURN,
    TABLE,
    Action,
    Decision,
    Facts,
    TurnState,
    held_back,
    next_action,
)

GREEN = {"pushed": True, "verdict": Verdict.GREEN}
RED = {"pushed": True, "verdict": Verdict.RED}
RUNNING = {"turn": TurnState.RUNNING}
ENDED = {"turn": TurnState.ENDED}

ROWS = [
    ("1 closed", {"person": Reason.CLOSED_BY_PERSON}, Action.STOP, Reason.CLOSED_BY_PERSON),
    ("1 label off", {"person": Reason.LABEL_REMOVED}, Action.STOP, Reason.LABEL_REMOVED),
    ("1 asked to stop", {"person": Reason.STOP_REQUESTED} | GREEN | ENDED, Action.STOP, Reason.STOP_REQUESTED),
    ("2 before the push", {"spent": Reason.MONEY_SPENT}, Action.ESCALATE_PREPUSH, Reason.MONEY_SPENT),
    ("2 after the push", {"spent": Reason.TIME_SPENT} | GREEN, Action.FREEZE_ESCALATE, Reason.TIME_SPENT),
    ("2 bounds unreachable", {"spent": Reason.TIME_SPENT, "unreachable": True}, Action.ESCALATE_PREPUSH, Reason.TIME_SPENT),
    ("2a", {"unstarted": True, "start_overdue": True}, Action.ESCALATE_PREPUSH, Reason.START_IMPOSSIBLE),
    ("2a unreachable", {"unstarted": True, "start_overdue": True, "unreachable": True}, Action.ESCALATE_PREPUSH, Reason.START_IMPOSSIBLE),
    ("2b", {"unstarted": True}, Action.WAIT, Reason.STARTING),
    ("2c", {"unreachable": True} | GREEN | ENDED, Action.WAIT, Reason.UNREACHABLE),
    ("3 green", GREEN | RUNNING, Action.WAIT, Reason.TURN_RUNNING),
    ("3 red", RED | RUNNING, Action.WAIT, Reason.TURN_RUNNING),
    ("3 asking", RED | {"turn": TurnState.ASKING}, Action.WAIT, Reason.TURN_RUNNING),
    ("3 unknown word", GREEN | {"turn": TurnState.UNKNOWN}, Action.WAIT, Reason.TURN_RUNNING),
    ("4 ended", GREEN | ENDED, Action.CLOSE_SUCCESS, Reason.GREEN),
    ("4 past the deferral", GREEN | RUNNING | {"deferral_left": False}, Action.CLOSE_SUCCESS, Reason.GREEN),
    ("4 thread gone", GREEN | {"turn": TurnState.GONE}, Action.CLOSE_SUCCESS, Reason.GREEN),
    ("4 late verdict", GREEN | ENDED | {"verdict_overdue": True}, Action.CLOSE_SUCCESS, Reason.GREEN),
    ("5", RED | RUNNING | {"deferral_left": False}, Action.FREEZE_ESCALATE, Reason.STILL_RUNNING),
    ("6 ended", RED | ENDED, Action.FIX_FORWARD, Reason.RED),
    ("6 failed", RED | {"turn": TurnState.FAILED}, Action.FIX_FORWARD, Reason.RED),
    ("6 gone", RED | {"turn": TurnState.GONE}, Action.FIX_FORWARD, Reason.RED),
    ("7 attempts", RED | ENDED | {"attempts_left": False}, Action.FREEZE_ESCALATE, Reason.ATTEMPTS_SPENT),
    ("7 seconds", RED | ENDED | {"seconds_left": False}, Action.FREEZE_ESCALATE, Reason.CORRECTION_TIME_SPENT),
    ("8", {"pushed": True, "verdict_overdue": True} | ENDED, Action.FREEZE_ESCALATE, Reason.NO_VERDICT),
    ("8 while running", {"pushed": True, "verdict_overdue": True} | RUNNING, Action.FREEZE_ESCALATE, Reason.NO_VERDICT),
    ("9", {"pushed": True} | ENDED, Action.WAIT, Reason.CI_PENDING),
    ("9 thread gone", {"pushed": True, "turn": TurnState.GONE}, Action.WAIT, Reason.CI_PENDING),
    ("10 first", {"turn": TurnState.ASKING}, Action.ASK, Reason.ASKED),
    ("10 rung", {"turn": TurnState.ASKING, "asked": True}, Action.WAIT, Reason.ASKED),
    ("10 overdue", {"turn": TurnState.ASKING, "asked": True, "answer_overdue": True}, Action.ESCALATE_PREPUSH, Reason.NO_ANSWER),
    ("11 left", {"turn": TurnState.GONE}, Action.RESTART, Reason.THREAD_LOST),
    ("11 none", {"turn": TurnState.GONE, "restarts_left": False}, Action.ESCALATE_PREPUSH, Reason.THREAD_LOST),
    ("12 failed", {"turn": TurnState.FAILED}, Action.ESCALATE_PREPUSH, Reason.TURN_FAILED),
    ("12 interrupted", {"turn": TurnState.INTERRUPTED}, Action.ESCALATE_PREPUSH, Reason.TURN_INTERRUPTED),
    ("13 left", ENDED, Action.NUDGE, Reason.NOTHING_PUSHED),
    ("13 none", ENDED | {"nudges_left": False}, Action.ESCALATE_PREPUSH, Reason.NOTHING_PUSHED),
    ("14", RUNNING | {"silent": True}, Action.ESCALATE_PREPUSH, Reason.STALLED),
    ("14 unknown word", {"turn": TurnState.UNKNOWN, "silent": True}, Action.ESCALATE_PREPUSH, Reason.STALLED),
    ("15", RUNNING, Action.WAIT, Reason.WORKING),
    ("15 unknown word", {"turn": TurnState.UNKNOWN}, Action.WAIT, Reason.WORKING),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "action", "reason"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_row(facts: dict[str, object], action: Action, reason: Reason) -> None:
    assert next_action(Facts(**facts)) == Decision(action, reason)


def test_every_row_has_its_example() -> None:
    assert {row[0].split()[0] for row in ROWS} == {row.number for row in TABLE}


def reference(f: Facts) -> Action:
    """The design's words, read from the top by somebody else."""
    busy = f.turn not in {TurnState.ENDED, TurnState.FAILED, TurnState.INTERRUPTED, TurnState.GONE}
    if f.person:
        return Action.STOP
    if f.spent:
        return Action.FREEZE_ESCALATE if f.pushed else Action.ESCALATE_PREPUSH
    if f.unstarted:
        return Action.ESCALATE_PREPUSH if f.start_overdue else Action.WAIT
    if f.unreachable:
        return Action.WAIT
    if f.pushed:
        if f.verdict is Verdict.PENDING:
            return Action.FREEZE_ESCALATE if f.verdict_overdue else Action.WAIT
        if busy and f.deferral_left:
            return Action.WAIT
        if f.verdict is Verdict.GREEN:
            return Action.CLOSE_SUCCESS
        return Action.FIX_FORWARD if not busy and f.attempts_left and f.seconds_left else Action.FREEZE_ESCALATE
    if f.turn is TurnState.ASKING:
        if f.answer_overdue:
            return Action.ESCALATE_PREPUSH
        return Action.WAIT if f.asked else Action.ASK
    if f.turn is TurnState.GONE:
        return Action.RESTART if f.restarts_left else Action.ESCALATE_PREPUSH
    if f.turn in {TurnState.FAILED, TurnState.INTERRUPTED}:
        return Action.ESCALATE_PREPUSH
    if f.turn is TurnState.ENDED:
        return Action.NUDGE if f.nudges_left else Action.ESCALATE_PREPUSH
    return Action.ESCALATE_PREPUSH if f.silent else Action.WAIT


def combinations() -> list[Facts]:
    """Every combination of every fact; of the reasons behind `person` and `spent` one each is enough for the action."""
    domains = {
        "person": (None, Reason.CLOSED_BY_PERSON),
        "spent": (None, Reason.TIME_SPENT),
        "verdict": tuple(Verdict),
        "turn": tuple(TurnState),
    }
    flags = [name for name in Facts.__dataclass_fields__ if name not in domains]
    # The flags that one half of the table never looks at are swept in that half only.
    only_pushed = {"deferral_left", "attempts_left", "seconds_left", "verdict_overdue"}
    only_before = {"asked", "answer_overdue", "restarts_left", "nudges_left", "silent"}
    found = []
    for pushed in (False, True):
        swept = [flag for flag in flags if flag not in (only_before if pushed else only_pushed) and flag != "pushed"]
        values = product(*domains.values(), *[(False, True)] * len(swept))
        found += [Facts(pushed=pushed, **dict(zip([*domains, *swept], each, strict=True))) for each in values]
    return found


def test_table_agrees_with_the_reference_on_every_combination() -> None:
    everything = combinations()

    disagreeing = [facts for facts in everything if next_action(facts).action is not reference(facts)]

    assert disagreeing == []
    assert len(everything) > 30_000


def test_flags_of_the_other_half_change_nothing() -> None:
    """What the sweep leaves out is left out for a reason."""
    for turn, verdict in product(TurnState, Verdict):
        for pushed, flags in ((True, ("asked", "answer_overdue", "restarts_left", "nudges_left", "silent")),
                              (False, ("deferral_left", "attempts_left", "seconds_left", "verdict_overdue"))):  # fmt: skip
            base = {"pushed": pushed, "turn": turn, "verdict": verdict}
            answers = {next_action(Facts(**base, **{flag: value})) for flag in flags for value in (False, True)}
            if not pushed and turn is TurnState.RUNNING:
                assert answers == {Decision(Action.WAIT, Reason.WORKING)}
            elif pushed and verdict is not Verdict.PENDING:
                assert len(answers) == 1


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(("killed", "enrolled"), [(True, True), (False, False), (False, True)])
def test_no_turn_starts_while_held_back(action: Action, *, killed: bool, enrolled: bool) -> None:
    held = held_back(Decision(action, Reason.RED), killed=killed, enrolled=enrolled)

    free = not killed and enrolled
    expected = action if free or action not in STARTS_A_TURN else Action.WAIT
    assert held.action is expected
    if held.action is not action:
        assert held.reason is (Reason.KILL_SWITCH if killed else Reason.NOT_ENROLLED)
