"""What the stages of CI say together about a push."""

from __future__ import annotations

from itertools import product

import pytest

from afk.core.ci_verdict import Judged, failure, judged, next_stage, verdict
from afk.core.model import StageKind, StageReading, StageState
from afk.core.run import Failure, Verdict

CHECKS, WOODPECKER, KUBERNETES = StageKind.CHECKS, StageKind.WOODPECKER, StageKind.KUBERNETES
OURS, NEXT, HEAD = "a" * 40, "b" * 40, "c" * 40
PENDING_STATES = (StageState.PENDING, StageState.ABSENT, StageState.SUPERSEDED, StageState.BLOCKED, StageState.UNKNOWN)


def seen(**states: StageState) -> dict[StageKind, Judged]:
    return {
        StageKind(name): Judged(OURS, StageReading(StageKind(name), state, job=f"{name} job"))
        for name, state in states.items()
    }


VERDICTS = [
    ("one success", (CHECKS,), seen(checks=StageState.SUCCESS), Verdict.GREEN),
    ("one failure", (CHECKS,), seen(checks=StageState.FAILURE), Verdict.RED),
    ("not asked yet", (CHECKS,), {}, Verdict.PENDING),
    ("build done, rollout not asked", (CHECKS, KUBERNETES), seen(checks=StageState.SUCCESS), Verdict.PENDING),
    ("build done, rollout red", (CHECKS, KUBERNETES), seen(checks=StageState.SUCCESS, kubernetes=StageState.FAILURE), Verdict.RED),
    ("all done", (CHECKS, WOODPECKER, KUBERNETES), seen(checks=StageState.SUCCESS, woodpecker=StageState.SUCCESS, kubernetes=StageState.SUCCESS), Verdict.GREEN),
    ("no CI, as the operator says", (), {}, Verdict.GREEN),
    ("a stage nobody configured counts for nothing", (CHECKS,), seen(checks=StageState.SUCCESS, kubernetes=StageState.FAILURE), Verdict.GREEN),
    *((f"{state} is no verdict", (CHECKS,), seen(checks=state), Verdict.PENDING) for state in PENDING_STATES),
]  # fmt: skip


@pytest.mark.parametrize(("stages", "asked", "said"), [row[1:] for row in VERDICTS], ids=[row[0] for row in VERDICTS])
def test_verdict(stages: tuple[StageKind, ...], asked: dict[StageKind, Judged], said: Verdict) -> None:
    assert verdict(stages, asked) is said


@pytest.mark.parametrize(("build", "rollout"), list(product(StageState, repeat=2)))
def test_green_needs_every_stage_and_red_any(build: StageState, rollout: StageState) -> None:
    said = verdict((CHECKS, KUBERNETES), seen(checks=build, kubernetes=rollout))

    assert (said is Verdict.RED) == (StageState.FAILURE in {build, rollout})
    assert (said is Verdict.GREEN) == ({build, rollout} == {StageState.SUCCESS})


@pytest.mark.parametrize("state", StageState)
def test_next_stage_is_asked_only_after_success(state: StageState) -> None:
    stages = (CHECKS, WOODPECKER, KUBERNETES)

    assert next_stage(stages, {}) is CHECKS
    assert next_stage(stages, seen(checks=state)) is (WOODPECKER if state is StageState.SUCCESS else None)


def test_no_stage_is_left_when_all_are_asked() -> None:
    assert next_stage((CHECKS,), seen(checks=StageState.SUCCESS)) is None
    assert next_stage((), {}) is None


SUCCESS, FAILURE = StageState.SUCCESS, StageState.FAILURE
SPEAKERS = [
    ("ours speaks for itself", {OURS: SUCCESS, HEAD: FAILURE}, OURS, SUCCESS),
    ("the head of the push speaks", {HEAD: SUCCESS}, HEAD, SUCCESS),
    ("absent on ours passes on", {OURS: StageState.ABSENT, NEXT: FAILURE}, NEXT, FAILURE),
    ("superseded by a newer push is not red", {OURS: StageState.SUPERSEDED, HEAD: SUCCESS}, HEAD, SUCCESS),
    ("superseded, and nobody speaks yet", {OURS: StageState.SUPERSEDED}, OURS, StageState.SUPERSEDED),
    ("the first that speaks, not the best", {NEXT: FAILURE, HEAD: SUCCESS}, NEXT, FAILURE),
    ("pending speaks: a later green is of another push", {OURS: StageState.PENDING, HEAD: SUCCESS}, OURS, StageState.PENDING),
    ("unknown speaks: nobody may guess past it", {OURS: StageState.UNKNOWN, HEAD: SUCCESS}, OURS, StageState.UNKNOWN),
    ("waiting for approval speaks", {OURS: StageState.BLOCKED, HEAD: SUCCESS}, OURS, StageState.BLOCKED),
    ("nothing anywhere", {}, OURS, StageState.ABSENT),
]  # fmt: skip


@pytest.mark.parametrize(("states", "commit", "state"), [row[1:] for row in SPEAKERS], ids=[row[0] for row in SPEAKERS])
def test_which_commit_speaks_for_ours(states: dict[str, StageState], commit: str, state: StageState) -> None:
    readings = {sha: StageReading(CHECKS, each) for sha, each in states.items()}

    found = judged(CHECKS, (OURS, NEXT, HEAD), readings)

    assert (found.commit, found.reading.state) == (commit, state)


def test_failure_is_the_first_red_stages_own_words() -> None:
    reading = StageReading(WOODPECKER, FAILURE, "https://ci.example/1", "deploy", "apply", ("boom",))
    asked = seen(checks=SUCCESS) | {WOODPECKER: Judged(OURS, reading)} | seen(kubernetes=FAILURE)

    said = failure((CHECKS, WOODPECKER, KUBERNETES), asked)

    assert said == Failure("woodpecker", "deploy", "apply", "https://ci.example/1", ("boom",))


def test_nothing_red_has_no_failure() -> None:
    assert failure((CHECKS, KUBERNETES), seen(checks=SUCCESS, kubernetes=StageState.PENDING)) is None
