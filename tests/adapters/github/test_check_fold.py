"""The worst check wins, an unknown word is never a success, and neutral alone proves nothing."""

from __future__ import annotations

import pytest

from afk.adapters.github.check_fold import Check, Mark, failing, mark, reading, status_mark
from afk.core.model import StageKind, StageState


@pytest.mark.parametrize(
    ("status", "conclusion", "wanted"),
    [
        ("completed", "success", Mark.PASSED),
        ("COMPLETED", "SUCCESS", Mark.PASSED),
        ("completed", "neutral", Mark.NEUTRAL),
        ("completed", "skipped", Mark.SKIPPED),
        ("completed", "failure", Mark.FAILED),
        ("completed", "timed_out", Mark.FAILED),
        ("COMPLETED", "STARTUP_FAILURE", Mark.FAILED),
        ("completed", "action_required", Mark.BLOCKED),
        ("completed", "cancelled", Mark.CANCELLED),
        ("completed", "stale", Mark.UNKNOWN),
        ("completed", "brand_new", Mark.UNKNOWN),
        ("completed", None, Mark.UNKNOWN),
        ("queued", None, Mark.PENDING),
        ("IN_PROGRESS", None, Mark.PENDING),
        ("waiting", None, Mark.PENDING),
        ("requested", None, Mark.PENDING),
        ("pending", None, Mark.PENDING),
        ("in_progress", "success", Mark.PENDING),
        ("brand_new", "success", Mark.UNKNOWN),
        (None, None, Mark.UNKNOWN),
    ],
)
def test_a_run_is_marked_by_status_and_conclusion(status: str | None, conclusion: str | None, wanted: Mark) -> None:
    assert mark(status, conclusion) is wanted


@pytest.mark.parametrize(
    ("state", "wanted"),
    [
        ("success", Mark.PASSED),
        ("SUCCESS", Mark.PASSED),
        ("failure", Mark.FAILED),
        ("error", Mark.FAILED),
        ("pending", Mark.PENDING),
        ("EXPECTED", Mark.PENDING),
        ("warning", Mark.UNKNOWN),
        (None, Mark.UNKNOWN),
    ],
)
def test_a_commit_status_is_marked_by_its_state(state: str | None, wanted: Mark) -> None:
    assert status_mark(state) is wanted


P, F, W, C, B, U, N, S = (
    Mark.PASSED, Mark.FAILED, Mark.PENDING, Mark.CANCELLED, Mark.BLOCKED, Mark.UNKNOWN, Mark.NEUTRAL, Mark.SKIPPED,
)  # fmt: skip


@pytest.mark.parametrize(
    ("marks", "head", "newer"),
    [
        pytest.param([], StageState.ABSENT, StageState.ABSENT, id="nothing ran"),
        pytest.param([P, P], StageState.SUCCESS, StageState.SUCCESS, id="all passed"),
        pytest.param([P, N, S], StageState.SUCCESS, StageState.SUCCESS, id="one passed and nobody objects"),
        pytest.param([S, S], StageState.ABSENT, StageState.ABSENT, id="all skipped is as good as nothing"),
        pytest.param([N, S], StageState.UNKNOWN, StageState.UNKNOWN, id="neutral alone is no verdict"),
        pytest.param([P, U], StageState.UNKNOWN, StageState.UNKNOWN, id="a word that nobody knows"),
        pytest.param([P, B], StageState.BLOCKED, StageState.BLOCKED, id="somebody must approve"),
        pytest.param([U, B], StageState.BLOCKED, StageState.BLOCKED, id="approval before the unknown"),
        pytest.param([P, C], StageState.FAILURE, StageState.SUPERSEDED, id="cancelled"),
        pytest.param([B, C], StageState.FAILURE, StageState.SUPERSEDED, id="cancelled before anybody approved"),
        pytest.param([C, W], StageState.PENDING, StageState.PENDING, id="something still runs"),
        pytest.param([P, W, U], StageState.PENDING, StageState.PENDING, id="pending before the unknown"),
        pytest.param([P, F, W, C, B, U], StageState.FAILURE, StageState.FAILURE, id="a failure wins over all"),
    ],
)
def test_the_worst_mark_decides(marks: list[Mark], head: StageState, newer: StageState) -> None:
    checks = [Check(f"check{n}", each, f"https://ci.test/{each.value}") for n, each in enumerate(marks)]
    found = reading(checks, newer_head=False)

    assert (found.stage, found.state) == (StageKind.CHECKS, head)
    assert reading(checks, newer_head=True).state is newer
    assert not marks or found.url.startswith("https://ci.test/")


def test_the_reading_says_which_checks_it_waits_for() -> None:
    checks = [Check("deploy", B, ""), Check("audit", B, ""), Check("test", P, "")]

    assert reading(checks, newer_head=False).detail == "waits for an approval: audit, deploy"


def test_the_failed_check_that_is_shown_is_one_that_can_be_looked_into() -> None:
    status, run, job = Check("a", F, ""), Check("b", F, "", run=7), Check("c", F, "", job=9)

    assert failing([Check("ok", P, "", job=1), status, run, job]) is job
    assert failing([status, run]) is run
    assert failing([status, Check("d", C, "", job=3)]) is status
    assert failing([Check("d", C, "")]) == Check("d", C, "")
    assert failing([Check("ok", P, "")]) is None
