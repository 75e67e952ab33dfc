"""Find the newest pipelines of commits, in a list that has no filter for commits.

Numbers only grow, and a restart is a new pipeline of the same commit. So the list is read newest first, until every
commit is found or the rest is older than any of them; what was looked through in vain is not looked through again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from afk.adapters.http import documented
from afk.adapters.woodpecker.server import PER_PAGE, SYSTEM
from afk.ports import Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping, MutableMapping, Sequence

    from afk.adapters.woodpecker.server import Home, Server

PAGES_MAX = 40
OLDEST = timedelta(days=30)  # no run lasts that long
STRANGERS_MAX = 50  # so many pipelines of other commits below one of ours: the rest is older


@dataclass(frozen=True, slots=True)
class Pipeline:
    number: int
    commit: str
    status: str
    created: datetime | None
    superseded_by: int = 0
    canceled_by: str = ""


@dataclass(slots=True)
class Search:
    """`looked_through` says for each commit up to which number there is no pipeline of it."""

    commits: Sequence[str]
    looked_through: Mapping[str, int]
    oldest: datetime
    newest_number: int = 0
    found: dict[str, Pipeline] = field(default_factory=dict)
    strangers: int = 0

    def take(self, pipeline: Pipeline) -> bool:
        """Whether that was the last one that matters."""
        if pipeline.commit in self.looked_through:
            self.found.setdefault(pipeline.commit, pipeline)
            self.strangers = 0
        elif self.found:
            self.strangers += 1
        too_old = pipeline.created is not None and pipeline.created < self.oldest
        return too_old or self.strangers >= STRANGERS_MAX or self.is_known_below(pipeline.number)

    def is_known_below(self, number: int) -> bool:
        return all(number <= up_to for commit, up_to in self.looked_through.items() if commit not in self.found)


def newest(
    server: Server, home: Home, commits: Sequence[str], memory: MutableMapping[str, str], now: datetime
) -> dict[str, Pipeline]:
    """By commit; one that is missing has no pipeline."""
    known = {commit: int(memory.get(_key(home, commit), "0")) for commit in commits}
    search = Search(commits, known, now - OLDEST)
    _read(server, home, search)
    for commit in commits:
        if commit not in search.found and search.newest_number > known[commit]:
            memory[_key(home, commit)] = str(search.newest_number)
    return search.found


def _read(server: Server, home: Home, search: Search) -> None:
    for page in range(1, PAGES_MAX + 1):
        rows = server.pipelines(home, page)
        with documented(SYSTEM, f"pipelines of {home.slug}"):
            for row in rows:
                search.newest_number = max(search.newest_number, int(row["number"]))
                is_ours = row["event"] == "push" and row["branch"] == home.branch
                if is_ours and search.take(_pipeline(row)):
                    return
        if len(rows) < PER_PAGE:
            return
    missing = ", ".join(commit[:12] for commit in search.commits if commit not in search.found)
    raise Unexpected(f"{SYSTEM}: {home.slug}: no pipeline of {missing} on the newest {PAGES_MAX} pages")


def _pipeline(row: Mapping[str, Any]) -> Pipeline:
    why = row.get("cancel_info") or {}
    created = int(row.get("created") or 0)
    return Pipeline(
        int(row["number"]),
        row["commit"],
        row["status"],
        datetime.fromtimestamp(created, UTC) if created else None,
        int(why.get("superseded_by") or 0),
        str(why.get("canceled_by_user") or why.get("canceled_by_step") or ""),
    )


def _key(home: Home, commit: str) -> str:
    return f"woodpecker.looked-through.{home.id}.{commit}"
