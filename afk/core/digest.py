"""Sum up what became of the runs of a day, and how long each rung of the checklist took.

Pure: the runs come from the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING

from afk.core.run import Outcome, Phase

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import time

    from afk.core.run import Run

PERIOD = timedelta(days=1)
NEWS = timedelta(hours=6)  # a digest that nobody posted until then is not made up for

WITH_A_PERSON = (Outcome.NEEDS_HUMAN, Outcome.FROZEN)


@dataclass(frozen=True, slots=True)
class Digest:
    """The runs that ended between two moments. `rungs` holds the median seconds of each rung that any run reached."""

    since: datetime
    until: datetime
    ended: Mapping[Outcome, int]
    issues: int
    corrections: int
    cost_usd: float
    rungs: tuple[tuple[Phase, float], ...]
    with_a_person: tuple[Run, ...]

    @property
    def attempts(self) -> int:
        return sum(self.ended.values())


def due(at: time, now: datetime) -> datetime | None:
    """The moment up to which a digest is to be told now, if it is still news."""
    today = datetime.combine(now.astimezone(UTC).date(), at, UTC)
    latest = today if today <= now else today - PERIOD
    return latest if now - latest <= NEWS else None


def digest(runs: Sequence[Run], until: datetime) -> Digest:
    """Of runs that ended in the day before."""
    times: dict[Phase, list[float]] = {}
    for run in runs:
        for phase, seconds in climbed(run):
            times.setdefault(phase, []).append(seconds)
    return Digest(
        since=until - PERIOD,
        until=until,
        ended={outcome: sum(run.outcome is outcome for run in runs) for outcome in Outcome},
        issues=len({run.ref for run in runs}),
        corrections=sum(run.attempts_made for run in runs),
        cost_usd=sum(run.cost_usd for run in runs),
        rungs=tuple((phase, median(times[phase])) for phase in Phase if phase in times),
        with_a_person=tuple(run for run in runs if run.outcome in WITH_A_PERSON),
    )


def climbed(run: Run) -> tuple[tuple[Phase, float], ...]:
    """Each rung that the run reached, with the seconds since it was on the one below."""
    reached = {each.phase: each.at for each in run.evidence}
    steps: list[tuple[Phase, float]] = []
    since = run.claimed_at
    for phase in Phase:
        if phase in reached:
            steps.append((phase, max(0.0, (reached[phase] - since).total_seconds())))
            since = max(since, reached[phase])
    return tuple(steps)
