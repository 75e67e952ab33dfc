"""Hold every CI stage to the same promises: in memory, statuses of a forge, pipelines, rollouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.core.ci_verdict import Judged, judged
from afk.core.model import CommitAsk, StageReading, StageState
from afk.ports import PortError
from tests.contract.ci_worlds import CiWorld, ForgejoCi, KubernetesCi, MemoryCi, WoodpeckerCi

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

UNDECIDED = {StageState.ABSENT, StageState.PENDING}


@pytest.fixture(params=["memory", "forgejo", "gitea", "woodpecker", "old-woodpecker", "kubernetes"])
def ci(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CiWorld]:
    made: CiWorld
    match request.param:
        case "memory":
            made = MemoryCi()
        case "woodpecker":
            made = WoodpeckerCi()
        case "old-woodpecker":
            made = WoodpeckerCi((2, 8))
        case "kubernetes":
            made = KubernetesCi(tmp_path)
        case flavour:
            made = ForgejoCi(flavour)
    yield made
    made.stop()


def readings(ci: CiWorld, *commits: str) -> Mapping[str, StageReading]:
    found = ci.stage.read([CommitAsk(ci.repo, commits)])[ci.repo.name]
    assert not isinstance(found, PortError), found
    return found


def verdict(ci: CiWorld, *commits: str) -> Judged:
    return judged(ci.repo.stages[0], commits, readings(ci, *commits))


def test_a_commit_that_nothing_ran_on_yet_is_undecided(ci: CiWorld) -> None:
    assert verdict(ci, ci.pushes()).reading.state in UNDECIDED


def test_what_runs_is_pending(ci: CiWorld) -> None:
    sha = ci.pushes()
    ci.starts(sha)

    assert verdict(ci, sha).reading.state is StageState.PENDING


def test_what_succeeded_is_success(ci: CiWorld) -> None:
    sha = ci.pushes()
    ci.goes_green(sha)
    found = verdict(ci, sha)

    assert (found.commit, found.reading.stage, found.reading.state) == (sha, ci.repo.stages[0], StageState.SUCCESS)


def test_what_failed_is_failure_with_what_a_correction_needs(ci: CiWorld) -> None:
    sha = ci.pushes()
    ci.goes_red(sha)
    found = verdict(ci, sha)

    assert (found.commit, found.reading.state) == (sha, StageState.FAILURE)
    assert found.reading.job
    assert found.reading.errors


def test_the_first_commit_after_ours_that_ci_ran_on_speaks_for_ours(ci: CiWorld) -> None:
    ours, later = ci.pushes(), ci.pushes()
    ci.goes_green(later)
    found = verdict(ci, ours, later)

    assert (found.commit, found.reading.state) == (later, StageState.SUCCESS)


def test_success_of_an_earlier_commit_says_nothing_about_ours(ci: CiWorld) -> None:
    earlier, ours = ci.pushes(), ci.pushes()
    ci.goes_green(earlier)

    assert verdict(ci, ours).reading.state in UNDECIDED


def test_failure_of_an_earlier_commit_says_nothing_about_ours(ci: CiWorld) -> None:
    earlier, ours = ci.pushes(), ci.pushes()
    ci.goes_red(earlier)

    assert verdict(ci, ours).reading.state in UNDECIDED


def test_what_was_run_again_counts_by_its_last_end(ci: CiWorld) -> None:
    sha = ci.pushes()
    ci.goes_red(sha)
    assert verdict(ci, sha).reading.state is StageState.FAILURE
    ci.runs_again(sha)

    assert verdict(ci, sha).reading.state is StageState.SUCCESS


def test_a_repository_that_cannot_be_asked_about_decides_nothing_and_spoils_no_other(ci: CiWorld) -> None:
    sha = ci.pushes()
    ci.goes_green(sha)
    unknown = ci.unknown()
    found = ci.stage.read([unknown, CommitAsk(ci.repo, (sha,))])
    about = found[unknown.repo.name]

    assert isinstance(about, PortError) or {each.state for each in about.values()} <= {StageState.UNKNOWN}
    ours = found[ci.repo.name]
    assert not isinstance(ours, PortError)
    assert ours[sha].state is StageState.SUCCESS


def test_nobody_answering_is_never_an_answer(ci: CiWorld) -> None:
    sha = ci.pushes()
    ci.goes_green(sha)
    ci.is_down()
    answers: Mapping[str, Mapping[str, StageReading] | PortError]
    try:
        answers = ci.stage.read([CommitAsk(ci.repo, (sha,))])
    except PortError as error:
        answers = {ci.repo.name: error}

    assert isinstance(answers[ci.repo.name], PortError)
