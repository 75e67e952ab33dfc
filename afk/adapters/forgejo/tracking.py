"""Follow issues with a run in flight in any state, and read what reached their default branches."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from afk.adapters.forgejo.client import PAGES_MAX, PER_PAGE, SYSTEM, rows, understood
from afk.adapters.forgejo.history import events
from afk.adapters.forgejo.issue_rows import is_open, issue_row, label_names, moment
from afk.adapters.http import together
from afk.core.model import Closing, Commit, Tracked
from afk.core.trailers import closing_keywords
from afk.ports import Gone, PortError, Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from afk.adapters.forgejo.client import Client
    from afk.adapters.forgejo.history import Event
    from afk.core.model import IssueRef, Slug
    from afk.ports import TrackAsk

SLACK = timedelta(minutes=5)  # commits carry the date of the agent's clock
AT_ONCE = timedelta(seconds=5)  # a push mentions an issue and closes it in one go
OLD_IN_A_ROW = 20  # dates are not strictly in order
WITHOUT = {"stat": "false", "verification": "false", "files": "false"}


class Tracking:
    def __init__(self, client: Client) -> None:
        self._client = client

    def read(self, asked: Sequence[tuple[TrackAsk, Slug]]) -> dict[IssueRef, Tracked | PortError]:
        """Issues before commits: the commit that closed an issue is then among those that are read."""
        cards = together([partial(self._row, ask, slug) for ask, slug in asked])
        since: dict[Slug, datetime] = {}
        for ask, slug in asked:
            since[slug] = min(since.get(slug, ask.since), ask.since)
        reads = together([partial(self._commits, slug, at - SLACK) for slug, at in since.items()])
        pushed = dict(zip(since, reads, strict=True))
        answers = together(
            [partial(self._one, *each, row, pushed[each[1]]) for each, row in zip(asked, cards, strict=True)]
        )
        return {ask.ref: answer for (ask, _), answer in zip(asked, answers, strict=True)}

    def _row(self, ask: TrackAsk, slug: Slug) -> Mapping[str, Any]:
        row = issue_row(self._client, slug, ask.ref)
        with understood(str(ask.ref)):
            if str(row["id"]) != ask.issue_key:
                raise Gone(f"{SYSTEM}: {ask.ref} is another issue now")
        return row

    def _one(
        self,
        ask: TrackAsk,
        slug: Slug,
        row: Mapping[str, Any] | PortError,
        pushed: Sequence[Commit] | PortError,
    ) -> Tracked:
        if isinstance(row, PortError):
            raise row
        if isinstance(pushed, PortError):
            raise pushed
        with understood(str(ask.ref)):
            opened, labels = is_open(row), label_names(row)
        commits = tuple(commit for commit in pushed if commit.at >= ask.since - SLACK)
        closing = None if opened else self._closing(ask.ref, slug, row, commits)
        return Tracked(opened, labels, closing, commits)

    def _commits(self, slug: Slug, since: datetime) -> list[Commit]:
        """Oldest first. Not every version can be asked for what is newer than a date."""
        branch = self._client.default_branch(slug)
        found: list[Commit] = []
        for page in range(1, PAGES_MAX + 1):
            asked = {"sha": branch, "page": page, "limit": PER_PAGE, **WITHOUT}
            response = self._client.below(
                slug, "GET", "/commits", str(slug), params=asked, answers=frozenset({HTTPStatus.CONFLICT})
            )
            if response.status_code == HTTPStatus.CONFLICT:  # nothing was ever pushed
                return []
            with understood(f"commits of {slug}"):
                read = [_commit(row) for row in rows(response, str(slug))]
            found += [commit for commit in read if commit.at >= since]
            if all(commit.at < since for commit in read[-OLD_IN_A_ROW:]):
                return found[::-1]
        raise Unexpected(f"{SYSTEM}: commits of {slug}: more than {PAGES_MAX} pages since {since.isoformat()}")

    def _closing(self, ref: IssueRef, slug: Slug, row: Mapping[str, Any], commits: Sequence[Commit]) -> Closing:
        with understood(str(ref)):
            closed_at = moment(row["closed_at"])
        found = events(self._client, slug, ref, since=closed_at - AT_ONCE)
        closed = next((event for event in reversed(found) if event.type == "close"), None)
        if closed is None:
            return Closing(None)
        return Closing(closed.by.login if closed.by else None, _closer(ref, slug, closed, found, commits))


def _closer(ref: IssueRef, slug: Slug, closed: Event, found: Sequence[Event], commits: Sequence[Commit]) -> str | None:
    """The forge does not say that a commit closed an issue: its pusher mentions it there, and closes it at once."""
    messages = {commit.sha: commit.message for commit in commits}
    home = str(slug).lower()
    for event in reversed(found[: found.index(closed)]):
        at_once = event.type == "commit_ref" and event.by == closed.by and closed.at - event.at <= AT_ONCE
        named = closing_keywords(messages.get(event.sha, "")) if at_once else ()
        if any(number == ref.number and (home == str(to).lower() or to is None) for to, number in named):
            return event.sha
    return None


def _commit(row: Mapping[str, Any]) -> Commit:
    return Commit(row["sha"], row["commit"]["message"], moment(row["commit"]["committer"]["date"]))
