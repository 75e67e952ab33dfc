"""Remember what was read of an issue, for as long as its `updatedAt` stands and not much longer.

What a case rests on beside the issue itself (permissions, the states of blockers) is looked up by `Lookups`. Nothing
starts on a remembered case: `brief` asks everything afresh.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from afk.adapters.github.cases import Case
from afk.adapters.github.history import History, Release
from afk.adapters.github.people import Act, Person
from afk.core.blocked_by import References
from afk.core.model import Slug
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from afk.core.model import Issue
    from afk.ports import Clock

# Whether a new or a lost dependency moves `updatedAt` is not documented, so the oldest cases are read again at every
# look, as many as one point pays. Past this age a case is read again in any event.
KEPT_FOR = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Known:
    case: Case
    at: datetime


class KnownCases:
    def __init__(self, memory: MutableMapping[str, str], clock: Clock) -> None:
        self._memory = memory
        self._clock = clock

    def get(self, issue: Issue, slug: Slug, updated_at: str) -> Known | None:
        kept = self._memory.get(_key(issue), "")
        if not kept:
            return None
        try:
            row = json.loads(kept)
            at = datetime.fromisoformat(row["at"])
            is_young = timedelta() <= self._clock.now() - at < KEPT_FOR
            if row["updated"] != updated_at or row["slug"] != str(slug) or not is_young:
                return None
            return Known(_case(row, issue, slug), at)
        except (KeyError, IndexError, TypeError, ValueError):  # an older version wrote it otherwise
            return None

    def put(self, case: Case, updated_at: str) -> None:
        """A case that could not be read whole, or hides blockers, is read again."""
        if isinstance(case.history, PortError) or case.native is None or case.hidden:
            return
        row = {"at": self._clock.now().isoformat(), "updated": updated_at, "slug": str(case.slug), **_row(case)}
        self._memory[_key(case.issue)] = json.dumps(row, separators=(",", ":"))


def _key(issue: Issue) -> str:
    return f"github.cases.{issue.key}"


def _row(case: Case) -> dict[str, Any]:
    assert isinstance(case.history, History)
    release = case.history.release
    blockers = [*((slug, number) for slug, number, _ in case.native or ()), *case.unread]
    return {
        "open": case.is_open,
        "blockers": [[str(slug), number] for slug, number in blockers],
        "unreadable": list(case.named.unreadable),
        "release": [release.id, *_act_row(release.act), release.labelled] if release else None,
        "changes": [_act_row(change) for change in case.history.changes],
    }


def _act_row(act: Act) -> list[Any]:
    return [act.by.login if act.by else None, act.by.id if act.by else None, act.at.isoformat()]


def _case(row: dict[str, Any], issue: Issue, slug: Slug) -> Case:
    """Without title and body, which are read again before a start. Every blocker's state is to be looked up."""
    release = row["release"]
    return Case(
        issue,
        slug,
        issue.title,
        "",
        row["open"],
        (),
        0,
        References(tuple((Slug.parse(name), number) for name, number in row["blockers"]), tuple(row["unreadable"])),
        History(
            Release(release[0], _act(release[1:4]), release[4]) if release else None,
            tuple(_act(change) for change in row["changes"]),
        ),
    )


def _act(row: list[Any]) -> Act:
    login, number, at = row
    return Act(Person(login, number) if login is not None else None, datetime.fromisoformat(at))
