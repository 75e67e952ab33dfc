"""What one look writes into the record of a run."""

from __future__ import annotations

from typing import Any

import pytest

from afk.core.ci_verdict import Judged
from afk.core.model import Commit, StageKind, StageReading, StageState, ThreadStatus, Transcript
from afk.core.run import Evidence, Failure, Phase, Run, Verdict
from afk.core.watching import Observed, changed_fields, noticed
from tests.house import a_repo
from tests.runs import LATER_SHA, NOON, RED_CI, SHA, a_message_of, a_run, a_thread, after, tracked

CHECKS, KUBERNETES = StageKind.CHECKS, StageKind.KUBERNETES
OURS = Commit(SHA, a_message_of(a_run()), NOON)
SECOND = Commit(LATER_SHA, a_message_of(a_run()), NOON)
TWO_STAGES = a_repo(stages=(CHECKS, KUBERNETES))
PUSHED = {"commit": SHA, "commit_at": NOON, "evidence": (Evidence(Phase.PUSHED, NOON, seen=True, detail=SHA),)}


def stages(commit: str = SHA, **states: StageState) -> dict[StageKind, Judged]:
    return {
        StageKind(name): Judged(commit, StageReading(StageKind(name), state, f"https://ci.example/{name}", detail=name))
        for name, state in states.items()
    }


def look(run: Run, repo: Any = a_repo(), now: Any = NOON, **seen: Any) -> Run:  # noqa: B008 - a frozen value
    return noticed(run, Observed(**({"tracked": tracked(OURS), "thread": a_thread()} | seen)), repo, now)


def test_defect_4_commit_is_recorded_by_the_look_that_finds_it() -> None:
    run = look(a_run(), now=after(minutes=5))

    assert (run.commit, run.commit_at, run.verdict) == (SHA, after(minutes=5), Verdict.PENDING)
    assert run.evidence == (Evidence(Phase.PUSHED, after(minutes=5), seen=True, detail=SHA),)


def test_same_commit_keeps_its_clock() -> None:
    assert look(a_run(**PUSHED), now=after(minutes=5)).commit_at == NOON


def test_tracker_that_could_not_be_asked_takes_nothing_back() -> None:
    assert look(a_run(**PUSHED), tracked=None).commit == SHA


def test_commit_that_the_answer_no_longer_reaches_stays() -> None:
    assert look(a_run(**PUSHED), tracked=tracked()).commit == SHA


def test_red_is_recorded_with_what_was_red_and_since_when() -> None:
    reading = StageReading(CHECKS, StageState.FAILURE, "https://ci.example/5f5f", "test", "pytest", RED_CI.errors)

    run = look(a_run(**PUSHED), stages={CHECKS: Judged(LATER_SHA, reading)}, now=after(minutes=2))

    assert (run.verdict, run.verdict_at, run.first_red_at) == (Verdict.RED, after(minutes=2), after(minutes=2))
    assert (run.judged_commit, run.failure) == (LATER_SHA, RED_CI)


def test_defect_23_first_red_is_kept_over_later_commits() -> None:
    red = look(a_run(**PUSHED), stages=stages(checks=StageState.FAILURE), now=after(minutes=2))

    again = look(
        red, tracked=tracked(OURS, SECOND), stages=stages(LATER_SHA, checks=StageState.FAILURE), now=after(minutes=30)
    )

    assert again.first_red_at == after(minutes=2)
    assert (again.commit, again.verdict_at) == (LATER_SHA, after(minutes=30))


def test_newer_commit_starts_anew_with_its_verdict() -> None:
    """What was seen of the commit before is no evidence about this one."""
    green = look(a_run(**PUSHED), TWO_STAGES, stages=stages(checks=StageState.SUCCESS, kubernetes=StageState.FAILURE))

    run = look(green, TWO_STAGES, tracked=tracked(OURS, SECOND), now=after(minutes=9))

    assert (run.verdict, run.verdict_at, run.failure, run.judged_commit) == (Verdict.PENDING, None, None, "")
    assert [each.phase for each in run.evidence] == [Phase.PUSHED]
    assert run.commit_at == after(minutes=9)


def test_verdict_keeps_the_moment_it_was_first_decided() -> None:
    once = look(a_run(**PUSHED), stages=stages(checks=StageState.SUCCESS), now=after(minutes=1))
    twice = look(once, stages=stages(checks=StageState.SUCCESS), now=after(minutes=9))

    assert twice.verdict_at == after(minutes=1)


def test_verdict_that_is_taken_back_is_pending_again() -> None:
    """A re-run of the pipeline."""
    red = look(a_run(**PUSHED), stages=stages(checks=StageState.FAILURE))
    run = look(red, stages=stages(checks=StageState.PENDING))

    assert (run.verdict, run.verdict_at, run.failure) == (Verdict.PENDING, None, None)


def test_stages_that_could_not_be_asked_change_no_verdict() -> None:
    red = look(a_run(**PUSHED), stages=stages(checks=StageState.FAILURE))

    assert look(red, stages={}).verdict is Verdict.RED
    assert look(red, None, stages=stages(checks=StageState.SUCCESS)).verdict is Verdict.RED


def test_repository_without_stages_is_green_as_soon_as_pushed() -> None:
    assert look(a_run(), a_repo(stages=())).verdict is Verdict.GREEN
    assert look(a_run(), a_repo(stages=()), tracked=tracked()).verdict is Verdict.PENDING


TICKS = [
    ("build done", {"checks": StageState.SUCCESS}, {Phase.CI}),
    ("build and rollout done", {"checks": StageState.SUCCESS, "kubernetes": StageState.SUCCESS}, {Phase.CI, Phase.DEPLOYED}),
    ("rollout under way", {"checks": StageState.SUCCESS, "kubernetes": StageState.PENDING}, {Phase.CI}),
    ("build pending", {"checks": StageState.PENDING}, set()),
    ("build red", {"checks": StageState.FAILURE}, set()),
]  # fmt: skip


@pytest.mark.parametrize(("states", "ticked"), [row[1:] for row in TICKS], ids=[row[0] for row in TICKS])
def test_defect_28_phases_are_ticked_by_what_was_seen(states: dict[str, StageState], ticked: set[Phase]) -> None:
    run = look(a_run(**PUSHED), TWO_STAGES, stages=stages(**states))

    assert {each.phase for each in run.evidence} == {Phase.PUSHED, *ticked}
    assert all(each.seen for each in run.evidence)


def test_tick_of_ci_carries_what_and_where_and_stays_the_same() -> None:
    once = look(a_run(**PUSHED), stages=stages(checks=StageState.SUCCESS), now=after(minutes=1))
    twice = look(once, stages=stages(checks=StageState.SUCCESS), now=after(minutes=2))

    seen = Evidence(Phase.CI, after(minutes=1), seen=True, detail="checks", url="https://ci.example/checks")
    assert seen in once.evidence
    assert twice.evidence == once.evidence


def test_what_the_agent_reports_is_marked_as_reported() -> None:
    said = Transcript(
        ("AFK-Phase: worktree ../wt\nAFK-Phase: pushed abc\nAFK-Phase: done", "AFK-Phase: green make test")
    )

    run = look(a_run(), tracked=tracked(), transcript=said)

    assert [(each.phase, each.seen, each.detail) for each in run.evidence] == [
        (Phase.WORKTREE, False, "../wt"),
        (Phase.GREEN, False, "make test"),
    ]


def test_report_that_was_seen_before_is_not_written_again() -> None:
    first = look(a_run(), tracked=tracked(), transcript=Transcript(("AFK-Phase: worktree ../wt",)))
    again = look(
        first, tracked=tracked(), transcript=Transcript(("AFK-Phase: worktree ../other",)), now=after(minutes=1)
    )

    assert again.evidence == first.evidence


@pytest.mark.parametrize(
    ("before", "read", "cost"), [(2.0, 3.5, 3.5), (2.0, 1.0, 2.0), (2.0, None, 2.0)], ids=["more", "less", "nothing said"]
)  # fmt: skip
def test_cost_never_falls(before: float, read: float | None, cost: float) -> None:
    assert look(a_run(cost_usd=before), transcript=Transcript(cost_usd=read)).cost_usd == cost


def test_revision_is_kept_only_when_the_body_was_read() -> None:
    """Else the next look would take the body for read."""
    thread = a_thread(revision="7")

    assert look(a_run(thread_revision="6"), thread=thread).thread_revision == "6"
    assert look(a_run(thread_revision="6"), thread=thread, transcript=Transcript()).thread_revision == "7"


@pytest.mark.parametrize("status", ThreadStatus)
def test_question_is_over_when_the_agent_no_longer_asks(status: ThreadStatus) -> None:
    asked = a_run(question="q1", question_text="Which region?", question_options=("eu",), asked_at=NOON)

    run = look(asked, thread=a_thread(status))

    kept = status is ThreadStatus.ASKING
    assert (run.question, run.question_text, run.question_options) == (
        ("q1", "Which region?", ("eu",)) if kept else ("", "", ())
    )
    assert run.asked_at == (NOON if kept else None)


def test_question_stays_while_nobody_could_be_asked() -> None:
    assert look(a_run(question="q1"), thread=None).question == "q1"


def test_changed_fields_are_what_a_change_must_write() -> None:
    before = a_run()
    run = look(before, now=after(minutes=5), thread=a_thread(turn="t/9"))

    assert changed_fields(before, run) == {"commit": SHA, "commit_at": after(minutes=5), "thread_turn": "t/9"}
    assert changed_fields(run, run) == {}


def test_failure_is_forgotten_with_its_verdict() -> None:
    red = a_run(**PUSHED, verdict=Verdict.RED, verdict_at=NOON, first_red_at=NOON, failure=Failure("checks"))

    green = look(red, stages=stages(checks=StageState.SUCCESS), now=after(minutes=5))

    assert (green.failure, green.verdict_at, green.first_red_at) == (None, after(minutes=5), NOON)
