"""Time the dispatch decision over ten thousand candidates."""

from __future__ import annotations

from datetime import UTC, datetime

from afk.core.dispatch_policy import Candidate, Gates, select
from afk.core.model import Issue, IssueRef, Labels, Trust, Vetting
from benchmarks.figure import Figure, at_most, seconds

REPOS, EACH = 1_000, 10


def measure() -> list[Figure]:
    labels = Labels()
    names = [f"repo{number}" for number in range(REPOS)]
    candidates = [
        Candidate(
            Issue(
                IssueRef(name, number), "key", "A title", "", True, frozenset({labels.ready, f"P{number % 4}", "bug"})
            )
        )
        for name in names
        for number in range(1, EACH + 1)
    ]
    trusted = Vetting(Trust.TRUSTED, "ada", datetime(2026, 11, 1, tzinfo=UTC))
    vettings = {candidate.issue.ref: trusted for candidate in candidates}
    gates = Gates(enrolled=frozenset(names), armed=frozenset(names), budget_usd=100)
    selection = select(candidates, vettings, gates, labels)
    assert len(selection.starts) == REPOS
    assert len(selection.rulings) == REPOS * EACH
    taken = seconds(lambda: select(candidates, vettings, gates, labels))
    return [at_most("decide 10,000 candidates", taken, 0.1)]
