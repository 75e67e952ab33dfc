"""Lay out facts for a terminal, and as JSON for scripts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.table import Table

from afk.core import wording
from afk.core.gates import off_line
from afk.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from rich.console import Console, ConsoleOptions, RenderResult

    from afk.core.records import Verdicted
    from afk.core.run import Run
    from afk.operations import Status
    from afk.report import Report


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table in which prose alone is broken into lines; where there is no room, columns are left out."""

    columns: tuple[str, ...]
    prose: tuple[str, ...]
    spare: tuple[str, ...] = ()  # the first is missed least
    rows: list[tuple[str, ...]] = field(default_factory=list)

    def add_row(self, *cells: str) -> None:
        self.rows.append(cells)

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> RenderResult:
        left_out = next(
            (gone for n in range(len(self.spare)) if self._width(gone := self.spare[:n]) <= options.max_width),
            self.spare,
        )
        kept = [index for index, name in enumerate(self.columns) if name not in left_out]
        table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
        for index in kept:
            table.add_column(self.columns[index], overflow="fold", no_wrap=self.columns[index] not in self.prose)
        for row in self.rows:
            table.add_row(*(row[index] for index in kept))
        yield table

    def _width(self, left_out: tuple[str, ...]) -> int:
        """At least, with a blank or two between columns."""
        widths = [
            PROSE if name in self.prose else max(cell_len(cell) for cell in cells)
            for name, *cells in zip(self.columns, self.columns, *self.rows, strict=True)
            if name not in left_out
        ]
        return sum(widths) + 2 * (len(widths) - 1)


PROSE = 24  # what a column of it needs to be read
SINCE, UNTIL = "SINCE (UTC)", "UNTIL (UTC)"


def runs_table(runs: Sequence[Run], now: datetime) -> Sheet:
    columns = ("ISSUE", "ATTEMPT", "STATE", SINCE, "TOOK", "COMMIT", "TITLE")
    table = Sheet(columns, prose=("TITLE",), spare=("COMMIT", "TOOK", "ATTEMPT", SINCE))
    for run in runs:
        took = wording.duration(((run.outcome_at or now) - run.claimed_at).total_seconds())
        table.add_row(
            str(run.ref),
            str(run.attempt),
            state(run),
            _moment(run.claimed_at),
            took,
            run.commit[:12],
            plain(run.title, 60),
        )
    return table


def state(run: Run) -> str:
    """A word for where the run is: its outcome, or what it waits for."""
    if run.outcome is not None:
        return run.outcome.value if run.finished_at else f"{run.outcome.value} (ending)"
    return run.reason.value if run.reason else "starting"


def run_json(run: Run) -> dict[str, Any]:
    """Everything about a run but its prompts."""
    return {
        "id": run.id,
        "issue": str(run.ref),
        "repo": run.ref.repo,
        "number": run.ref.number,
        "attempt": run.attempt,
        "title": run.title,
        "url": run.url,
        "state": state(run),
        "outcome": run.outcome.value if run.outcome else None,
        "reason": run.reason.value if run.reason else None,
        "detail": run.detail,
        "requested_by": run.requested_by,
        "claimed_at": _iso(run.claimed_at),
        "started_at": _iso(run.started_at),
        "outcome_at": _iso(run.outcome_at),
        "finished_at": _iso(run.finished_at),
        "thread_id": run.thread_id,
        "thread_url": run.thread_url,
        "commit": run.commit,
        "verdict": run.verdict.value if run.commit else None,
        "corrections": run.attempts_made,
        "cost_usd": run.cost_usd,
        "phases": {each.phase.value: {"seen": each.seen, "detail": each.detail} for each in run.evidence},
    }


def why_json(decision: Verdicted) -> dict[str, Any]:
    return {
        "issue": str(decision.ref),
        "code": decision.code,
        "detail": decision.detail,
        "why": wording.why_not(decision),
        "since": decision.at.isoformat(),
    }


def status_json(status: Status) -> dict[str, Any]:
    return {
        "off": status.off or None,
        "enrolled": list(status.enrolled),
        "armed": [
            {"repo": each.repo, "by": each.by, "at": _iso(each.at), "until": _iso(each.until), "because": each.because}
            for each in status.armed
        ],
        "running": [run_json(run) for run in status.live],
        "waiting": [why_json(decision) for decision in status.decisions],
        "ticks": {name: {"at": _iso(tick.at), "summary": tick.summary} for name, tick in status.ticks.items()},
    }


def status_lines(status: Status) -> Iterable[Sheet | str]:
    """What is armed, running and waiting, most urgent fact first."""
    yield off_line(status.off, status.ticks.get("poll"), status.at) or "AFK is on."
    yield ""
    if not status.enrolled:
        yield wording.NOTHING_ENROLLED
        return
    yield _armed_table(status)
    yield ""
    if status.live:
        yield runs_table(status.live, status.at)
    else:
        yield "Nothing is running."
    if status.decisions:
        yield ""
        yield why_table(status.decisions)
    for name, tick in sorted(status.ticks.items()):
        ago = wording.duration((status.at - tick.at).total_seconds())
        yield f"\nLast {name}: {ago} ago, {tick.summary}"


def _armed_table(status: Status) -> Sheet:
    armed = {each.repo: each for each in status.armed}
    table = Sheet(("REPOSITORY", "ARMED", UNTIL, "BY", "BECAUSE"), prose=("BECAUSE",), spare=("BY", "BECAUSE"))
    for repo in status.enrolled:
        each = armed.get(repo)
        if each is None:
            table.add_row(repo, "no", "", "", "")
        else:
            table.add_row(repo, "yes", _moment(each.until), plain(each.by, 40), plain(each.because, 80))
    return table


def report_lines(report: Report) -> Iterable[Sheet | str]:
    """What a tick did, what it did not do, and why."""
    yield f"{report.tick}: {report.summary}"
    lines = [("done", report.done), ("waiting", report.waiting), ("trouble", report.troubles)]
    if not any(some for _, some in lines):
        return
    table = Sheet(("", "SUBJECT", "WHAT", "WHY"), prose=("WHAT", "WHY"))
    for name, some in lines:
        for line in some:
            table.add_row(name, line.subject, line.what, plain(line.why, 300))
    yield table


def why_table(decisions: Sequence[Verdicted]) -> Sheet:
    table = Sheet(("ISSUE", "CODE", "WHY", SINCE), prose=("WHY",), spare=(SINCE, "CODE"))
    for decision in decisions:
        table.add_row(str(decision.ref), decision.code, wording.why_not(decision), _moment(decision.at))
    return table
