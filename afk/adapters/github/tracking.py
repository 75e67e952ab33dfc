"""Follow issues with a run in flight by node id, in any state, and read what reached their default branches."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from afk.adapters.github.answer import understood
from afk.adapters.github.cards import NAMES, chunks, hidden, is_open, label_names, quoted, repository
from afk.adapters.github.people import moment
from afk.adapters.http import together
from afk.core.model import Closing, Commit, Tracked
from afk.ports import Gone, PortError, Refused, Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.github.answer import Answer
    from afk.adapters.github.client import Client
    from afk.core.model import IssueRef, Labels, Repo
    from afk.ports import TrackAsk

RUNS_AT_ONCE = 74  # two lists each: one point
PAGES_MAX = 20
SLACK = timedelta(minutes=5)  # `since` is about the commit's own date, which the agent's clock wrote
ISSUE = "\nfragment Followed on Issue { state labels(first: 100) { ...Names } }\n"
CLOSED = """
fragment Closed on Issue {
  timelineItems(last: 1, itemTypes: [CLOSED_EVENT]) {
    nodes { ... on ClosedEvent { actor { login } closer { __typename ... on Commit { oid } } } }
  }
}
"""
HISTORY = """
fragment Pushed on CommitHistoryConnection {
  pageInfo { hasNextPage endCursor } nodes { oid message committedDate }
}
"""


@dataclass(slots=True)
class Branch:
    """The default branch of one repository while it is read. `after` is None at its end."""

    repo: Repo
    since: datetime
    commits: list[Commit] = field(default_factory=list)  # newest first
    after: str | None = ""
    trouble: PortError | None = None

    @property
    def text(self) -> str:
        since = self.since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        more = f", after: {quoted(self.after)}" if self.after else ""
        history = f'history(first: 100, since: "{since}"{more}) {{ ...Pushed }}'
        branch = f"defaultBranchRef {{ target {{ ... on Commit {{ {history} }} }} }}"
        return f"{repository(self.repo.slug)} {{ {branch} }}"


class Tracking:
    def __init__(self, client: Client, repos: Mapping[str, Repo], labels: Labels) -> None:
        self._client = client
        self._repos = repos
        self._labels = labels

    def read(self, asks: Sequence[TrackAsk]) -> dict[IssueRef, Tracked | PortError]:
        found: dict[IssueRef, Tracked | PortError] = {}
        scopes: dict[str, list[TrackAsk]] = {}
        for ask in asks:
            repo = self._repos.get(ask.ref.repo)
            if repo is None:
                found[ask.ref] = Refused(f"GitHub: {ask.ref}: the repository is not enrolled")
            else:
                scopes.setdefault(self._client.scope(repo.slug), []).append(ask)
        parts = [(scope, part) for scope, each in scopes.items() for part in chunks(each, RUNS_AT_ONCE)]
        answers = together([partial(self._batch, *each) for each in parts])
        for (_, part), answer in zip(parts, answers, strict=True):
            found |= answer if isinstance(answer, dict) else {ask.ref: answer for ask in part}
        return found

    def _batch(self, scope: str, asks: Sequence[TrackAsk]) -> dict[IssueRef, Tracked | PortError]:
        branches: dict[str, Branch] = {}
        for ask in asks:
            branch = branches.setdefault(ask.ref.repo, Branch(self._repos[ask.ref.repo], ask.since - SLACK))
            branch.since = min(branch.since, ask.since - SLACK)
        places = {name: f"r{n}" for n, name in enumerate(branches)}
        fields = "\n".join(f"{places[name]}: {branch.text}" for name, branch in branches.items())
        text = (
            f"query AfkTrack($ids: [ID!]!) {{ nodes(ids: $ids) {{ ...Followed }}\n{fields}\n}}\n{ISSUE}{NAMES}{HISTORY}"
        )
        answer = self._client.query(scope, "AfkTrack", text, {"ids": [ask.issue_key for ask in asks]})
        for name, branch in branches.items():
            _take(branch, answer, places[name])
        self._read_on(scope, [branch for branch in branches.values() if branch.trouble is None])
        closings = self._closings(scope, [ask for n, ask in enumerate(asks) if _is_closed(answer, n)])
        return {ask.ref: self._one(answer, n, ask, branches[ask.ref.repo], closings) for n, ask in enumerate(asks)}

    def _closings(self, scope: str, closed: Sequence[TrackAsk]) -> dict[str, Closing | PortError | None]:
        """Who or what closed each of these, by issue key."""
        if not closed:
            return {}
        keys = [ask.issue_key for ask in closed]
        text = "query AfkClosed($ids: [ID!]!) { nodes(ids: $ids) { ...Closed } }" + CLOSED
        try:
            answer = self._client.query(scope, "AfkClosed", text, {"ids": keys})
        except PortError as error:
            return dict.fromkeys(keys, error)
        return {key: _closing(answer, n, key) for n, key in enumerate(keys)}

    def _read_on(self, scope: str, branches: Sequence[Branch]) -> None:
        for _ in range(PAGES_MAX):
            unread = [branch for branch in branches if branch.after is not None and branch.trouble is None]
            if not unread:
                return
            fields = "\n".join(f"r{n}: {branch.text}" for n, branch in enumerate(unread))
            try:
                answer = self._client.query(scope, "AfkCommits", f"query AfkCommits {{\n{fields}\n}}\n{HISTORY}")
            except PortError as error:
                for branch in unread:
                    branch.trouble = error
                return
            for n, branch in enumerate(unread):
                _take(branch, answer, f"r{n}")
        for branch in branches:
            if branch.after is not None:
                branch.trouble = branch.trouble or Unexpected(
                    f"GitHub: commits of {branch.repo.slug}: more than {PAGES_MAX} pages"
                )

    def _one(
        self,
        answer: Answer,
        place: int,
        ask: TrackAsk,
        branch: Branch,
        closings: Mapping[str, Closing | PortError | None],
    ) -> Tracked | PortError:
        """A null node is gone only if its repository can be seen: else nobody knows."""
        if branch.trouble is not None:
            return branch.trouble
        try:
            node = answer.at("nodes", place)
            if not node:
                return Gone(f"GitHub: {ask.ref} is gone")
            with understood(str(ask.ref)):
                commits = tuple(each for each in reversed(branch.commits) if each.at >= ask.since - SLACK)
                closing = closings.get(ask.issue_key)
                if isinstance(closing, PortError):
                    return closing
                return Tracked(is_open(node["state"]), label_names(node["labels"], self._labels), closing, commits)
        except PortError as error:
            return error


def _take(branch: Branch, answer: Answer, place: str) -> None:
    try:
        hidden(answer, place, branch.repo.slug)
        ref = answer.at(place, "defaultBranchRef")
        branch.after = None
        if ref is None:  # nothing was ever pushed
            return
        with understood(f"commits of {branch.repo.slug}"):
            page = ref["target"]["history"]
            branch.commits += [_commit(node) for node in page["nodes"]]
            branch.after = page["pageInfo"]["endCursor"] if page["pageInfo"]["hasNextPage"] else None
    except PortError as error:
        branch.trouble = error


def _commit(node: Mapping[str, Any]) -> Commit:
    return Commit(node["oid"], node["message"], moment(node["committedDate"]))


def _is_closed(answer: Answer, place: int) -> bool:
    """Where that cannot be read, neither can the rest: the answer about the issue says so."""
    try:
        node = answer.at("nodes", place)
    except PortError:
        return False
    return bool(node) and node.get("state") == "CLOSED"


def _closing(answer: Answer, place: int, key: str) -> Closing | PortError | None:
    try:
        node = answer.at("nodes", place)
        with understood(f"who closed {key}"):
            events = node["timelineItems"]["nodes"]
            if not events:
                return None
            actor, closer = events[-1]["actor"], events[-1]["closer"]
            commit = closer["oid"] if closer is not None and closer["__typename"] == "Commit" else None
            return Closing(actor["login"] if actor else None, commit)
    except PortError as error:
        return error
