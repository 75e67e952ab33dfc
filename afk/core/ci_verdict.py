"""Fold what the CI stages say about a push into one verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afk.core.model import StageKind, StageReading, StageState
from afk.core.run import Failure, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SPEAKS_NOT = frozenset({StageState.ABSENT, StageState.SUPERSEDED})


@dataclass(frozen=True, slots=True)
class Judged:
    """A stage's reading, and the commit at or after ours that it is about."""

    commit: str
    reading: StageReading


def judged(stage: StageKind, commits: Sequence[str], readings: Mapping[str, StageReading]) -> Judged:
    """CI runs only on the head of a push: the first commit at or after ours that it ran on speaks for ours."""
    spoken = ((commit, readings.get(commit)) for commit in commits)
    for commit, reading in spoken:
        if reading is not None and reading.state not in SPEAKS_NOT:
            return Judged(commit, reading)
    first = readings.get(commits[0])
    return Judged(commits[0], first or StageReading(stage, StageState.ABSENT))


def verdict(stages: Sequence[StageKind], seen: Mapping[StageKind, Judged]) -> Verdict:
    """Red if any stage failed, green if all succeeded; a repository without stages has nothing to wait for."""
    states = [seen[stage].reading.state if stage in seen else StageState.PENDING for stage in stages]
    if StageState.FAILURE in states:
        return Verdict.RED
    return Verdict.GREEN if all(state is StageState.SUCCESS for state in states) else Verdict.PENDING


def next_stage(stages: Sequence[StageKind], seen: Mapping[StageKind, Judged]) -> StageKind | None:
    """The stage to ask now: each is asked only after those before it succeeded."""
    for stage in stages:
        if stage not in seen:
            return stage
        if seen[stage].reading.state is not StageState.SUCCESS:
            return None
    return None


def failure(stages: Sequence[StageKind], seen: Mapping[StageKind, Judged]) -> Failure | None:
    """What the red stage said, for the corrective turn and for people."""
    for stage in stages:
        if stage in seen and seen[stage].reading.state is StageState.FAILURE:
            reading = seen[stage].reading
            return Failure(stage.value, reading.job, reading.step, reading.url, reading.errors)
    return None
