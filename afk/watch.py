"""Run one drive tick: follow each run in flight and take its next step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afk.carry_out import carry_out
from afk.core import ci_verdict, effects, wording
from afk.core.gates import held_by
from afk.core.model import CommitAsk, StageReading, StageState, ThreadStatus
from afk.core.phase_lines import last_words
from afk.core.records import Change, Verb
from afk.core.run import Verdict
from afk.core.run_state_machine import Action, TurnState, held_back, next_action
from afk.core.watching import Observed, agent_state, facts_of, noticed, our_commits
from afk.ports import Gone, PortError, TrackAsk, Unexpected, Watched
from afk.report import Line, Report

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from afk.core.ci_verdict import Judged
    from afk.core.config import Config
    from afk.core.model import IssueRef, Repo, StageKind, Thread, Tracked, Transcript
    from afk.core.records import Command
    from afk.core.run import Run
    from afk.ports import Ports

READ_AT_ONCE = 20  # thread bodies per tick


def tick(ports: Ports, config: Config, now: datetime) -> Report:
    report = Report("watch", now)
    runs = ports.ledger.live()
    if not runs:
        report.quiet = wording.NO_RUNS
        return report
    gathered = _gather(ports, config, runs, report)
    for run in runs:
        _drive(ports, config, run, gathered, now, report)
    return report


@dataclass(slots=True)
class Gathered:
    """What one tick learnt about all runs, in as few calls as there are systems."""

    may_start_turns: bool
    tracked: Mapping[IssueRef, Tracked | PortError]
    fleet: Mapping[str, Thread] | None
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    stages: dict[str, dict[StageKind, Judged]] = field(default_factory=dict)
    stops: dict[IssueRef, Command] = field(default_factory=dict)
    words: dict[IssueRef, list[Command]] = field(default_factory=dict)
    spent: Mapping[IssueRef, float] = field(default_factory=dict)


def _gather(ports: Ports, config: Config, runs: Sequence[Run], report: Report) -> Gathered:
    fleet = _fleet(ports, runs, report)  # before the commits: what a turn pushed before its end is seen with its end
    gathered = Gathered(
        may_start_turns=not held_by(config, ports.ledger.switches()),
        tracked=_tracked(ports, config, runs, report),
        fleet=fleet,
    )
    running = {run.ref: run.id for run in runs}
    for wish in ports.ledger.pending(Verb.STOP, Verb.SAY):
        if wish.verb is Verb.STOP:
            if wish.key.endswith(f":{running.get(wish.ref)}"):  # what came too late for one attempt stops no later one
                gathered.stops.setdefault(wish.ref, wish)
        else:
            gathered.words.setdefault(wish.ref, []).append(wish)
    gathered.spent = ports.ledger.spent([run.ref for run in runs])
    _read_threads(ports, runs, gathered, report)
    _read_stages(ports, config, runs, gathered, report)
    return gathered


def _tracked(
    ports: Ports, config: Config, runs: Sequence[Run], report: Report
) -> Mapping[IssueRef, Tracked | PortError]:
    asks = [TrackAsk(run.ref, run.issue_key, run.claimed_at, run.id) for run in runs if run.ref.repo in config.repos]
    try:
        answers = ports.tracker.track(asks) if asks else {}
    except PortError as error:
        report.trouble("tracker", "unreachable", error)
        return {}
    for ref, answer in answers.items():
        if isinstance(answer, PortError) and not isinstance(answer, Gone):
            report.trouble(str(ref), "unreachable", answer)
    return answers


def _fleet(ports: Ports, runs: Sequence[Run], report: Report) -> Mapping[str, Thread] | None:
    watched = [each for each in map(_watched, runs) if each is not None]
    if not watched:
        return {}
    try:
        return ports.executor.fleet(watched)
    except PortError as error:
        report.trouble("executor", "unreachable", error)
        return None


def _watched(run: Run) -> Watched | None:
    """The newest turn that opened one: a remark into a running turn brings no turn of its own."""
    opened = [turn for turn in run.turns if turn.sent_at is not None and not turn.steers]
    if not opened:
        return None
    turn = opened[-1]
    assert turn.sent_at is not None
    return Watched(run.thread_id, effects.message_of(run, turn), turn.before, turn.receipt, turn.sent_at)


def _read_threads(ports: Ports, runs: Sequence[Run], gathered: Gathered, report: Report) -> None:
    """Read bodies where something changed, those that wait for a person first."""
    if not gathered.fleet:
        return
    changed = [
        (thread.status is not ThreadStatus.ASKING, run.claimed_at, thread.id)
        for run in runs
        if (thread := gathered.fleet.get(run.thread_id)) is not None
        and (thread.revision != run.thread_revision or (thread.status is ThreadStatus.ASKING and not run.question))
    ]
    for _, _, thread_id in sorted(changed)[:READ_AT_ONCE]:
        try:
            gathered.transcripts[thread_id] = ports.executor.transcript(thread_id)
        except PortError as error:
            report.trouble(thread_id, "unreadable", error)


def _read_stages(ports: Ports, config: Config, runs: Sequence[Run], gathered: Gathered, report: Report) -> None:
    """Ask each stage for all runs at once, and only for those whose earlier stages succeeded."""
    pushed: dict[str, tuple[Repo, tuple[str, ...]]] = {}
    for run in runs:
        tracked, repo = gathered.tracked.get(run.ref), config.repos.get(run.ref.repo)
        if run.outcome is not None or repo is None or tracked is None or isinstance(tracked, PortError):
            continue
        if commits := our_commits(run, tracked):
            pushed[repo.name] = (repo, commits)
            gathered.stages[repo.name] = {}
    asked: set[tuple[str, StageKind]] = set()
    while True:
        asks: dict[StageKind, list[CommitAsk]] = {}
        for name, (repo, commits) in pushed.items():
            stage = ci_verdict.next_stage(repo.stages, gathered.stages[name])
            if stage is not None and (name, stage) not in asked:
                asked.add((name, stage))
                asks.setdefault(stage, []).append(CommitAsk(repo, commits))
        if not asks:
            return
        for stage, batch in asks.items():
            _read_stage(ports, stage, batch, gathered, report)


def _read_stage(ports: Ports, stage: StageKind, asks: list[CommitAsk], gathered: Gathered, report: Report) -> None:
    try:
        answers = ports.stages[stage].read(asks)
    except PortError as error:
        report.trouble(stage.value, "unreachable", error)
        answers = {}
    for ask in asks:
        answer = answers.get(ask.repo.name, Unexpected(f"{stage}: no answer about {ask.repo.name}"))
        if isinstance(answer, PortError):
            if answers:
                report.trouble(ask.repo.name, "unreachable", answer)
            answer = {ask.commits[0]: StageReading(stage, StageState.UNKNOWN, detail=str(answer))}
        gathered.stages[ask.repo.name][stage] = ci_verdict.judged(stage, ask.commits, answer)


def _drive(ports: Ports, config: Config, run: Run, gathered: Gathered, now: datetime, report: Report) -> None:
    """Decide and carry out one run's step, unless another tick has it. Its trouble is its own."""
    subject = str(run.ref)
    try:
        _step(ports, config, run, gathered, now, report)
    except PortError as error:
        report.trouble(subject, "unreachable", error)
    except Exception as error:  # noqa: BLE001 - a bug about one run must not leave the others alone
        report.troubles.append(Line(subject, "bug", f"{type(error).__name__}: {error}"))


def _step(ports: Ports, config: Config, run: Run, gathered: Gathered, now: datetime, report: Report) -> None:
    repo = config.repos.get(run.ref.repo)
    seen = _observed(run, gathered, enrolled=repo is not None)
    change = Change(run) if run.outcome is not None else _decided(config, run, seen, gathered, now)
    agent = agent_state(seen)
    may_start = gathered.may_start_turns and repo is not None
    is_open = seen.tracked.is_open if seen.tracked is not None else None
    if change.is_empty and not effects.due(run, config, agent, is_open=is_open, may_start_turns=may_start):
        _tell(report, run, run, [])
        return
    with ports.ledger.hold(f"run:{run.id}") as held:
        current = _recorded(ports, change) if held else None
        if current is None:
            report.waiting.append(Line(str(run.ref), "held", "another tick has it"))
            return
        progress = carry_out(ports, config, current, agent, is_open=is_open, may_start_turns=may_start, now=now)
    _tell(report, run, progress.run, progress.troubles)


def _recorded(ports: Ports, change: Change) -> Run | None:
    """The run after the change; None if somebody else has changed it since this tick read it."""
    if not change.is_empty:
        return ports.ledger.apply(change)
    current = ports.ledger.run(change.run.id)
    return current if current is not None and current.version == change.run.version else None


def _observed(run: Run, gathered: Gathered, *, enrolled: bool) -> Observed:
    tracked = gathered.tracked.get(run.ref)
    opened = any(turn.sent_at for turn in run.turns)
    thread = gathered.fleet.get(run.thread_id) if gathered.fleet is not None else None
    return Observed(
        tracked=tracked if not isinstance(tracked, PortError) else None,
        issue_gone=enrolled and isinstance(tracked, Gone),
        thread=thread,
        thread_gone=opened and gathered.fleet is not None and thread is None,
        transcript=gathered.transcripts.get(run.thread_id),
        stages=gathered.stages.get(run.ref.repo, {}),
        stop=gathered.stops.get(run.ref),
        spent_usd=gathered.spent.get(run.ref, 0.0),
    )


def _decided(config: Config, before: Run, seen: Observed, gathered: Gathered, now: datetime) -> Change:
    """Everything noticed and the decision, as one transaction."""
    repo = config.repos.get(before.ref.repo)
    run = noticed(before, seen, repo, now)
    facts = facts_of(run, seen, config.limits, config.labels.in_progress, repo, now)
    decision = held_back(next_action(facts), killed=not gathered.may_start_turns, enrolled=repo is not None)
    words = _deliverable(run, facts.turn, gathered)
    if words is not None and decision.action in {Action.WAIT, Action.ASK, Action.NUDGE}:
        return effects.passed_on(before, run, words, facts.turn, now)
    transcript = seen.transcript
    telling = effects.Telling(
        config.limits,
        question=transcript.question if transcript else None,
        last_words=last_words(transcript.messages) if transcript else "",
    )
    return effects.change(before, run, decision, seen, telling, now)


def _deliverable(run: Run, turn: TurnState, gathered: Gathered) -> Command | None:
    """The oldest words of a person that the agent can hear now; one message at a time."""
    words = gathered.words.get(run.ref, [])
    hears = turn in {TurnState.RUNNING, TurnState.ASKING, TurnState.ENDED}
    ready = gathered.may_start_turns and run.unsent_turn is None and run.started_at is not None
    return words[0] if words and hears and ready else None


def _tell(report: Report, before: Run, after: Run, troubles: list[str]) -> None:
    subject = str(after.ref)
    report.troubles += [Line(subject, "trouble", trouble) for trouble in troubles]
    if after.finished_at is not None and after.outcome is not None:
        report.done.append(Line(subject, after.outcome.value, after.detail))
    elif after.outcome is not None:
        report.waiting.append(Line(subject, "ending", after.detail))
    elif len(after.turns) > len(before.turns):
        report.done.append(Line(subject, after.turns[-1].kind.value, wording.waits_for(after.reason)))
    elif after.commit != before.commit:
        report.done.append(Line(subject, "pushed", after.commit))
    elif after.verdict is not before.verdict and after.verdict is not Verdict.PENDING:
        report.done.append(Line(subject, after.verdict.value, after.judged_commit))
    else:
        report.waiting.append(
            Line(subject, after.reason.value if after.reason else "new", wording.waits_for(after.reason))
        )
