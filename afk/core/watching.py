"""Turn what a watch tick gathered about one run into facts, and into what the ledger must remember of it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from afk.core import ci_verdict
from afk.core.model import StageState, ThreadStatus, carries
from afk.core.phase_lines import reported
from afk.core.run import Evidence, Phase, Reason, TurnKind, Verdict
from afk.core.run_state_machine import Facts, TurnState
from afk.core.trailers import closing_keywords, run_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from afk.core.ci_verdict import Judged
    from afk.core.config import Limits
    from afk.core.model import Repo, StageKind, Thread, Tracked, Transcript
    from afk.core.records import Command
    from afk.core.run import Run

TURN_STATES = {
    ThreadStatus.STARTING: TurnState.RUNNING,
    ThreadStatus.RUNNING: TurnState.RUNNING,
    ThreadStatus.ASKING: TurnState.ASKING,
    ThreadStatus.ENDED: TurnState.ENDED,
    ThreadStatus.FAILED: TurnState.FAILED,
    ThreadStatus.INTERRUPTED: TurnState.INTERRUPTED,
    ThreadStatus.UNKNOWN: TurnState.UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Observed:
    """What one tick saw of one run. None is what could not be asked, except where a flag says more."""

    tracked: Tracked | None = None
    issue_gone: bool = False
    thread: Thread | None = None
    thread_gone: bool = False
    transcript: Transcript | None = None
    stages: Mapping[StageKind, Judged] = field(default_factory=dict)
    stop: Command | None = None
    spent_usd: float = 0.0  # over all attempts at the issue

    @property
    def unreachable(self) -> bool:
        no_tracker = self.tracked is None and not self.issue_gone
        return no_tracker or (self.thread is None and not self.thread_gone)


def noticed(run: Run, seen: Observed, repo: Repo | None, now: datetime) -> Run:
    """The run with everything that this tick saw written into it."""
    run = _notice_commit(run, seen, now)
    run = _notice_verdict(run, seen, repo, now)
    return _notice_thread(run, seen, now)


def our_commits(run: Run, tracked: Tracked) -> tuple[str, ...]:
    """The newest commit that carries the run's trailer, and what came after it: none if nothing was pushed."""
    shas = [commit.sha for commit in tracked.commits]
    ours = [place for place, commit in enumerate(tracked.commits) if run_of(commit.message) == run.id]
    return tuple(shas[ours[-1] :]) if ours else ()


def _notice_commit(run: Run, seen: Observed, now: datetime) -> Run:
    if seen.tracked is None:
        return run
    ours = our_commits(run, seen.tracked)
    if not ours or ours[0] == run.commit:
        return run
    pushed = Evidence(Phase.PUSHED, now, seen=True, detail=ours[0])
    return replace(
        run,
        commit=ours[0],
        commit_at=now,
        verdict=Verdict.PENDING,
        verdict_at=None,
        judged_commit="",
        failure=None,
        evidence=(*_without(run, Phase.PUSHED, Phase.CI, Phase.DEPLOYED), pushed),
    )


def _notice_verdict(run: Run, seen: Observed, repo: Repo | None, now: datetime) -> Run:
    if not run.commit or repo is None or (repo.stages and not seen.stages):
        return run
    verdict = ci_verdict.verdict(repo.stages, seen.stages)
    decided = verdict is not Verdict.PENDING
    red = verdict is Verdict.RED
    last = next((seen.stages[stage] for stage in reversed(repo.stages) if stage in seen.stages), None)
    return replace(
        run,
        verdict=verdict,
        verdict_at=(run.verdict_at if run.verdict is verdict and run.verdict_at else now) if decided else None,
        judged_commit=last.commit if last else run.commit,
        first_red_at=run.first_red_at or (now if red else None),
        failure=ci_verdict.failure(repo.stages, seen.stages) if red else None,
        evidence=_with_stages(run, seen, repo, now),
    )


def _with_stages(run: Run, seen: Observed, repo: Repo, now: datetime) -> tuple[Evidence, ...]:
    """The build stage shows as CI, the ones after it together as deployed."""
    build, later = repo.stages[:1], repo.stages[1:]
    ticked: list[Evidence] = []
    for phase, stages in ((Phase.CI, build), (Phase.DEPLOYED, later)):
        readings = [seen.stages[stage].reading for stage in stages if stage in seen.stages]
        if stages and len(readings) == len(stages) and all(each.state is StageState.SUCCESS for each in readings):
            known = next((each for each in run.evidence if each.phase is phase), None)
            ticked.append(known or Evidence(phase, now, seen=True, detail=readings[-1].detail, url=readings[-1].url))
    return (*_without(run, Phase.CI, Phase.DEPLOYED), *ticked)


def _notice_thread(run: Run, seen: Observed, now: datetime) -> Run:
    thread = seen.thread
    if thread is None:
        return run
    run = replace(run, thread_turn=thread.turn or "")
    if thread.status is not ThreadStatus.ASKING:
        run = replace(run, question="", question_text="", question_options=(), asked_at=None)
    if seen.transcript is None:
        return run
    said = dict(reported(seen.transcript.messages))
    known = {each.phase for each in run.evidence}
    new = (Evidence(phase, now, seen=False, detail=detail) for phase, detail in said.items() if phase not in known)
    cost = seen.transcript.cost_usd
    return replace(
        run,
        thread_revision=thread.revision,
        cost_usd=run.cost_usd if cost is None else max(cost, run.cost_usd),
        evidence=(*run.evidence, *new),
    )


def _without(run: Run, *phases: Phase) -> tuple[Evidence, ...]:
    return tuple(each for each in run.evidence if each.phase not in phases)


def facts_of(run: Run, seen: Observed, limits: Limits, in_progress: str, repo: Repo | None, now: datetime) -> Facts:
    """Answer every question of the decision table about a run. Budgets are strict: at the cap, spent."""

    def spent(since: datetime | None, seconds: int) -> bool:
        return since is not None and (now - since).total_seconds() >= seconds

    unstarted = not any(turn.sent_at for turn in run.turns)
    alive_since = _turn_ordered_at(run)
    deferred_since = max(filter(None, [run.verdict_at, alive_since]), default=now)
    return Facts(
        person=_person(run, seen, repo, in_progress),
        spent=_budget(run, seen, limits, now),
        unstarted=unstarted,
        start_overdue=spent(run.claimed_at, limits.start_max_seconds),
        unreachable=seen.unreachable,
        pushed=bool(run.commit),
        verdict=run.verdict,
        turn=turn_state(run, seen),
        deferral_left=not spent(deferred_since, limits.close_defer_seconds),
        attempts_left=run.attempts_made < limits.fix_forward_max_attempts,
        seconds_left=not spent(run.first_red_at, limits.fix_forward_max_seconds),
        verdict_overdue=spent(run.commit_at, limits.verdict_max_seconds),
        asked=bool(run.question),
        answer_overdue=spent(run.asked_at, limits.answer_max_seconds),
        restarts_left=len(run.turns_of(TurnKind.RESTART)) < limits.restarts_max,
        nudges_left=len(run.turns_of(TurnKind.NUDGE)) < limits.nudges_max,
        silent=spent(_silent_since(run, seen), limits.stall_max_seconds),
    )


def _turn_ordered_at(run: Run) -> datetime | None:
    orders = [turn for turn in run.turns if not turn.steers]
    return (orders[-1].sent_at or orders[-1].ordered_at) if orders else None


def _silent_since(run: Run, seen: Observed) -> datetime | None:
    """When anything last happened in the thread, our own messages included."""
    ordered = [turn.sent_at or turn.ordered_at for turn in run.turns]
    return max([*ordered, *([seen.thread.active_at] if seen.thread else [])], default=None)


def turn_state(run: Run, seen: Observed) -> TurnState:
    """Of the turn ordered last: one that is not sent yet is about to run."""
    return TurnState.RUNNING if run.unsent_turn is not None else agent_state(seen)


def agent_state(seen: Observed) -> TurnState:
    """Of the thread itself. Where nobody could be asked, the agent may be at work."""
    if seen.thread is None:
        return TurnState.GONE if seen.thread_gone else TurnState.RUNNING
    return TURN_STATES[seen.thread.status]


def _budget(run: Run, seen: Observed, limits: Limits, now: datetime) -> Reason | None:
    if max(seen.spent_usd, run.cost_usd) >= limits.budget_usd:
        return Reason.MONEY_SPENT
    if (now - run.claimed_at).total_seconds() >= limits.run_max_seconds:
        return Reason.TIME_SPENT
    return None


def _person(run: Run, seen: Observed, repo: Repo | None, in_progress: str) -> Reason | None:
    if seen.stop is not None:
        return Reason.STOP_REQUESTED
    if seen.issue_gone:
        return Reason.ISSUE_GONE
    if seen.tracked is None:
        return None
    if not seen.tracked.is_open and not _closed_by_our_commit(run, seen.tracked, repo):
        return Reason.CLOSED_BY_PERSON
    if run.labelled_at is not None and not carries(seen.tracked.labels, in_progress):
        return Reason.LABEL_REMOVED
    return None


def _closed_by_our_commit(run: Run, tracked: Tracked, repo: Repo | None) -> bool:
    """A closing keyword slipped into a commit of this run: the tracker closed the issue, nobody decided to."""
    ours = [commit for commit in tracked.commits if run_of(commit.message) == run.id]
    if tracked.closing is not None and tracked.closing.commit is not None:
        return any(commit.sha == tracked.closing.commit for commit in ours)
    home = str(repo.slug).lower() if repo else ""
    return any(
        number == run.ref.number and (slug is None or str(slug).lower() == home)
        for commit in ours
        for slug, number in closing_keywords(commit.message)
    )


def changed_fields(before: Run, after: Run) -> dict[str, Any]:
    """What a change must write so that the ledger holds `after`."""
    stored = {"turns", "evidence", "version"}
    names = (name for name in type(before).__dataclass_fields__ if name not in stored)
    return {name: getattr(after, name) for name in names if getattr(before, name) != getattr(after, name)}
