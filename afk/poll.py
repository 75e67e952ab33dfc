"""Run one dispatch tick: start an agent for each ready issue that passes every gate."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from afk.carry_out import carry_out
from afk.core import prompts, wording
from afk.core.dispatch_policy import Candidate, Code, Gates, Ruling, Selection, select, vetted
from afk.core.gates import held_by
from afk.core.identifiers import doorbell_key, marker, run_id, thread_id
from afk.core.model import Trust, Vetting
from afk.core.records import Doorbell, DoorbellKind, Entry, Verb, Verdicted, Via
from afk.core.run import Run, Turn, TurnKind
from afk.core.run_state_machine import TurnState
from afk.ports import PortError, Unexpected
from afk.report import Line, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from datetime import datetime

    from afk.core.config import Config
    from afk.core.model import Board, Brief, Issue, IssueRef, Repo
    from afk.core.records import Switches
    from afk.ports import Ports

K = TypeVar("K")
V = TypeVar("V")

# How many candidates of a repository are vetted at once: mostly the most urgent one starts.
VETTED_AT_ONCE = (3, 10, 10_000)


def tick(ports: Ports, config: Config, now: datetime) -> Report:
    report = Report("poll", now)
    switches = ports.ledger.switches()
    report.off = held_by(config, switches)
    if report.off:
        return report
    gathered = _gather(ports, config, switches, now, report)
    if not gathered.armed:
        report.quiet = wording.NOTHING_ARMED
        return report
    selection = _decide(ports, config, gathered)
    _carry_out(ports, config, gathered, selection, now, report)
    return report


@dataclass(slots=True)
class Gathered:
    """What one tick knows before it decides."""

    armed: dict[str, Repo]
    gates: Gates = field(default_factory=Gates)
    candidates: list[Candidate] = field(default_factory=list)
    orphans: list[Issue] = field(default_factory=list)
    unfinished: list[Run] = field(default_factory=list)  # runs whose start is not complete
    asked: set[str] = field(default_factory=set)  # repositories whose board was read


def _gather(ports: Ports, config: Config, switches: Switches, now: datetime, report: Report) -> Gathered:
    armed = {name: repo for name, repo in config.repos.items() if switches.is_armed(name, now)}
    gathered = Gathered(armed)
    if not armed:
        return gathered
    boards = _boards(ports, gathered, report)
    live = ports.ledger.live()
    gathered.unfinished = [run for run in live if run.started_at is None and run.outcome is None]
    gathered.gates = Gates(
        enrolled=frozenset(config.repos),
        armed=frozenset(armed),
        busy={run.ref.repo: run.ref for run in live},
        budget_usd=config.limits.budget_usd,
    )
    gathered.candidates = _candidates(ports, gathered, boards, report)
    gathered.orphans = _orphans(ports, boards, {run.ref for run in live}, now)
    return gathered


def _boards(ports: Ports, gathered: Gathered, report: Report) -> dict[str, Board]:
    boards: dict[str, Board] = {}
    repos = gathered.armed
    for name, answer in _answers(lambda: ports.tracker.boards(list(repos.values())), repos).items():
        if isinstance(answer, PortError):
            report.trouble(name, Code.COULD_NOT_ASK.value, answer)
        else:
            boards[name] = answer
    gathered.asked = set(boards)
    return boards


def _answers(ask: Callable[[], Mapping[K, V | PortError]], subjects: Collection[K]) -> dict[K, V | PortError]:
    """An answer about every subject: where nobody answers at all, that is the answer about each."""
    if not subjects:
        return {}
    try:
        answers = ask()
    except PortError as error:
        return dict.fromkeys(subjects, error)
    return {subject: answers.get(subject, Unexpected(f"no answer about {subject}")) for subject in subjects}


def _candidates(ports: Ports, gathered: Gathered, boards: Mapping[str, Board], report: Report) -> list[Candidate]:
    issues = {issue.ref: issue for board in boards.values() for issue in board.ready}
    reruns = {
        wish.ref: wish for wish in reversed(ports.ledger.pending(Verb.REDISPATCH)) if wish.ref.repo in gathered.armed
    }
    missing = [ref for ref in reruns if ref not in issues]
    for ref, issue in _answers(lambda: ports.tracker.issues(missing), missing).items():
        if isinstance(issue, PortError):
            report.trouble(str(ref), Code.COULD_NOT_ASK.value, issue)
        else:
            issues[ref] = issue
    refs = list(issues)
    latest, spent = ports.ledger.latest(refs), ports.ledger.spent(refs)
    return [
        Candidate(
            issue,
            reruns.get(ref),
            run if (run := latest.get(ref)) is not None and run.outcome is not None else None,
            spent.get(ref, 0.0),
        )
        for ref, issue in issues.items()
    ]


def _orphans(ports: Ports, boards: Mapping[str, Board], live: set[IssueRef], now: datetime) -> list[Issue]:
    """In-progress labels without a run in flight, except of runs that ended while this tick was reading."""
    suspects = [issue for board in boards.values() for issue in board.in_progress if issue.ref not in live]
    latest = ports.ledger.latest([issue.ref for issue in suspects]) if suspects else {}
    ended = {ref for ref, run in latest.items() if run.finished_at is not None and run.finished_at >= now}
    return [issue for issue in suspects if issue.ref not in ended]


def _decide(ports: Ports, config: Config, gathered: Gathered) -> Selection:
    """Rule, vet those whose turn it is, and rule again, until every candidate has its code."""
    vettings: dict[IssueRef, Vetting] = {}
    selection = select(gathered.candidates, vettings, gathered.gates, config.labels)
    for at_once in VETTED_AT_ONCE:
        wanted = [each.issue for rivals in selection.unvetted.values() for each in rivals[:at_once]]
        if not wanted:
            break
        vettings |= _vet(ports, wanted)
        selection = select(gathered.candidates, vettings, gathered.gates, config.labels)
    return selection


def _vet(ports: Ports, issues: list[Issue]) -> dict[IssueRef, Vetting]:
    answers = _answers(lambda: ports.tracker.vet(issues), [issue.ref for issue in issues])
    return {ref: _believed(answer) for ref, answer in answers.items()}


def _believed(answer: Vetting | PortError) -> Vetting:
    return Vetting(Trust.UNKNOWN, detail=str(answer)) if isinstance(answer, PortError) else answer


def _carry_out(
    ports: Ports, config: Config, gathered: Gathered, selection: Selection, now: datetime, report: Report
) -> None:
    for run in gathered.unfinished:
        with _alone(report, run.ref):
            _complete(ports, config, run, now, report)
    for issue in gathered.orphans:
        with _alone(report, issue.ref):
            _release(ports, config, issue, now, report)
    rulings = []
    for ruling in selection.rulings:
        ruled = ruling
        if ruling.code is Code.STARTS:
            ruled = replace(ruling, code=Code.START_FAILED, detail="see the tick's report")
            with _alone(report, ruling.candidate.issue.ref):
                ruled = _start(ports, config, ruling, now, report)
        rulings.append(ruled)
    ports.ledger.decide(sorted(gathered.asked), [_verdict(ruling, now) for ruling in rulings])
    report.waiting += [
        Line(str(ruling.candidate.issue.ref), ruling.code.value, wording.code_line(ruling.code, ruling.detail))
        for ruling in rulings
        if ruling.code is not Code.STARTS
    ]


@contextmanager
def _alone(report: Report, ref: IssueRef) -> Iterator[None]:
    """One issue's trouble, and be it a bug, is its own."""
    try:
        yield
    except PortError as error:
        report.trouble(str(ref), Code.COULD_NOT_ASK.value, error)
    except Exception as error:  # noqa: BLE001 - told in the report; the others go on
        report.troubles.append(Line(str(ref), "bug", f"{type(error).__name__}: {error}"))


def _verdict(ruling: Ruling, now: datetime) -> Verdicted:
    return Verdicted(ruling.candidate.issue.ref, ruling.code.value, ruling.detail, now)


def _start(ports: Ports, config: Config, ruling: Ruling, now: datetime, report: Report) -> Ruling:
    """Ask once more, claim, and take the three steps. Whatever fails here fails for this issue alone."""
    candidate = ruling.candidate
    ref = candidate.issue.ref
    try:
        brief = ports.tracker.brief(candidate.issue)
        refusal = (Code.CLOSED, "") if not brief.is_open else vetted(candidate, brief.vetting)
        if refusal:
            return replace(ruling, code=refusal[0], detail=refusal[1])
        run = _attempt(ports, config.repos[ref.repo], candidate, brief)
        if refusal := _switched_off(ports, config, ref.repo):
            return replace(ruling, code=refusal[0], detail=refusal[1])
        is_ours = _claim(ports, run, candidate, brief)
    except PortError as error:
        report.trouble(str(ref), Code.COULD_NOT_ASK.value, error)
        return replace(ruling, code=Code.COULD_NOT_ASK, detail=str(error))
    if not is_ours:
        return replace(ruling, code=Code.BUSY, detail=str(ref))
    return (
        ruling
        if _complete(ports, config, run, now, report)
        else replace(ruling, code=Code.START_FAILED, detail=ref.repo)
    )


def _switched_off(ports: Ports, config: Config, repo: str) -> tuple[Code, str] | None:
    """What a person has switched off while this tick was reading."""
    switches = ports.ledger.switches()
    if killed := held_by(config, switches):
        return Code.KILL_SWITCH, killed
    return None if switches.is_armed(repo, ports.clock.now()) else (Code.NOT_ARMED, repo)


def _attempt(ports: Ports, repo: Repo, candidate: Candidate, brief: Brief) -> Run:
    """The run with its whole first prompt, so that every repeat of the start says the same."""
    now = ports.clock.now()
    issue = candidate.issue
    earlier = ports.ledger.history(issue.ref, 10)
    attempt = 1 + max((run.attempt for run in earlier), default=0)
    identifier = run_id(issue.ref, attempt, ports.clock.new_id())
    actor = candidate.rerun.actor if candidate.rerun else ""
    story = prompts.history(earlier[::-1], ports.ledger.notes(issue.ref), actor)
    text = prompts.first(brief, repo.slug, issue.ref, identifier, story)
    return Run(
        id=identifier,
        ref=issue.ref,
        attempt=attempt,
        issue_key=issue.key,
        title=brief.title,
        url=issue.url,
        claimed_at=now,
        requested_by=actor,
        thread_id=thread_id(identifier, 1),
        turns=(Turn(1, TurnKind.FIRST, 1, text, now),),
    )


def _claim(ports: Ports, run: Run, candidate: Candidate, brief: Brief) -> bool:
    """Record it, unless the repository has a run already."""
    actor = run.requested_by or brief.vetting.released_by or "afk"
    entry = Entry(run.claimed_at, actor, Via.AFK, "start", str(run.ref), run.id)
    settle = {candidate.rerun.key: f"started as {run.id}"} if candidate.rerun else {}
    return ports.ledger.claim(run, entry, settle)


def _complete(ports: Ports, config: Config, run: Run, now: datetime, report: Report) -> bool:
    """Take the steps of a start that are still missing."""
    with ports.ledger.hold(f"run:{run.id}") as held:
        current = ports.ledger.run(run.id) if held else None
        if current is None or current.outcome is not None:
            return False
        progress = carry_out(ports, config, current, TurnState.RUNNING, is_open=True, may_start_turns=True, now=now)
    report.troubles += [Line(str(run.ref), Code.START_FAILED.value, trouble) for trouble in progress.troubles]
    if progress.run.started_at is not None:
        report.done.append(Line(str(run.ref), "started", f"{run.id} {progress.run.thread_url}"))
    return progress.run.started_at is not None


def _release(ports: Ports, config: Config, issue: Issue, now: datetime, report: Report) -> None:
    """Free an issue from a label that stands for no run; the label goes last, so that a crash repeats the rest."""
    mark = marker(f"orphan-{issue.ref.repo}-{issue.ref.number}", "orphan")
    try:
        with ports.ledger.hold(f"orphan:{issue.ref}") as held:
            if not held:
                return
            ports.tracker.add_label(issue.ref, config.labels.human)
            ports.tracker.put_comment(issue.ref, mark, f"{mark}\n{wording.orphan(config.labels.in_progress)}", "")
            bell = doorbell_key("afk", DoorbellKind.ALARM.value, f"orphan-{issue.ref}-{now:%Y%m%d}")
            ports.ledger.ring(Doorbell(bell, DoorbellKind.ALARM, now, text=wording.orphan_bell(issue.ref)))
            ports.tracker.remove_label(issue.ref, config.labels.in_progress)
            ports.ledger.audit(Entry(now, "afk", Via.AFK, "release", str(issue.ref), config.labels.in_progress))
    except PortError as error:
        report.trouble(str(issue.ref), Code.COULD_NOT_ASK.value, error)
    else:
        report.done.append(Line(str(issue.ref), "released", wording.orphan(config.labels.in_progress).splitlines()[0]))
