"""Read what must be known of an issue before its text may reach an agent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from afk.adapters.github.answer import understood
from afk.adapters.github.cards import chunks, is_open
from afk.adapters.github.history import TURNS, WORDS, Historian, History
from afk.adapters.github.lookups import Wish, state
from afk.adapters.github.people import WHO
from afk.adapters.http import together
from afk.core.blocked_by import References, references
from afk.core.model import BlockerState, Slug
from afk.ports import Gone, PortError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.github.answer import Answer
    from afk.adapters.github.client import Client
    from afk.core.model import Issue

AT_ONCE = 100
CASE = (
    "fragment Case on Issue { id title body url state " + WORDS + " issueDependenciesSummary { blockedBy } "
    "blockedBy(first: 50) { pageInfo { hasNextPage } nodes { number state repository { nameWithOwner } } } }\n"
)
FRAGMENTS = f"\n{CASE}{TURNS}{WHO}"


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of one issue. What could not be read is the error."""

    issue: Issue
    slug: Slug
    title: str
    body: str
    is_open: bool
    native: tuple[tuple[Slug, int, BlockerState], ...] | None  # None: more than one answer holds
    hidden: int  # open blockers that this token cannot read
    named: References
    history: History | PortError

    @property
    def wish(self) -> Wish:
        """Whom and what to look up before one can judge."""
        history = self.history if isinstance(self.history, History) else History()
        acts = [*history.changes, *([history.release.act] if history.release else [])]
        return Wish({(self.slug, each.by) for each in acts if each.by and each.by.is_user}, set(self.unread))

    @property
    def unread(self) -> tuple[tuple[Slug, int], ...]:
        """The blockers that only the text names."""
        native = {(str(slug).lower(), number) for slug, number, _ in self.native or ()}
        return tuple((slug, number) for slug, number in self.named.issues if (str(slug).lower(), number) not in native)


class Cases:
    def __init__(self, client: Client, ready: str) -> None:
        self._client = client
        self._ready = ready

    def read(self, scope: str, issues: Sequence[tuple[Issue, Slug]]) -> dict[str, Case | PortError]:
        """By issue key."""
        parts = chunks(issues, AT_ONCE)
        found: dict[str, Case | PortError] = {}
        for part, cases in zip(parts, together([partial(self._batch, scope, part) for part in parts]), strict=True):
            found |= cases if isinstance(cases, dict) else {issue.key: cases for issue, _ in part}
        return found

    def _batch(self, scope: str, part: Sequence[tuple[Issue, Slug]]) -> dict[str, Case | PortError]:
        text = "query AfkVet($ids: [ID!]!) { nodes(ids: $ids) { ...Case } }" + FRAGMENTS
        answer = self._client.query(scope, "AfkVet", text, {"ids": [issue.key for issue, _ in part]})
        cases = together([partial(self._one, scope, answer, n, *each) for n, each in enumerate(part)])
        return {issue.key: case for (issue, _), case in zip(part, cases, strict=True)}

    def _one(self, scope: str, answer: Answer, place: int, issue: Issue, slug: Slug) -> Case:
        return self.case(scope, answer.at("nodes", place), issue, slug)

    def case(self, scope: str, node: Mapping[str, Any] | None, issue: Issue, slug: Slug) -> Case:
        """From an issue asked with `FRAGMENTS`."""
        if not node:
            raise Gone(f"GitHub: {issue.ref} is gone")
        try:
            history: History | PortError = Historian(self._client, self._ready).read(scope, node)
        except PortError as error:
            history = error
        with understood(str(issue.ref)):
            native = _native(node["blockedBy"])
            seen = sum(word is not BlockerState.CLOSED for _, _, word in native or ())
            host = urlsplit(node["url"]).netloc.lower()
            named = references(node["body"], slug, frozenset({host, f"www.{host}"}))
            hidden = max(0, node["issueDependenciesSummary"]["blockedBy"] - seen)
            return Case(
                issue, slug, node["title"], node["body"], is_open(node["state"]), native, hidden, named, history
            )


def _native(connection: Mapping[str, Any]) -> tuple[tuple[Slug, int, BlockerState], ...] | None:
    if connection["pageInfo"]["hasNextPage"]:
        return None
    return tuple(
        (Slug.parse(node["repository"]["nameWithOwner"]), node["number"], state(node["state"]))
        for node in connection["nodes"]
    )
