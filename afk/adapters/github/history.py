"""Read who released an issue by its ready label, and who changed its words since then."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from afk.adapters.github.answer import understood
from afk.adapters.github.cards import quoted
from afk.adapters.github.people import WHO, Act, act
from afk.ports import Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.adapters.github.client import Client

PAGES_MAX = 20
ITEMS = "itemTypes: [LABELED_EVENT, UNLABELED_EVENT, RENAMED_TITLE_EVENT]"
TURNS = """
fragment Turns on IssueTimelineItemsConnection {
  pageInfo { hasPreviousPage startCursor }
  nodes {
    __typename
    ... on LabeledEvent { id createdAt actor { ...Who } label { name } }
    ... on UnlabeledEvent { id createdAt actor { ...Who } label { name } }
    ... on RenamedTitleEvent { createdAt actor { ...Who } }
  }
}
"""
WORDS = "lastEditedAt editor { ...Who } timelineItems(last: 30, " + ITEMS + ") { ...Turns }"

EDITS = (
    "userContentEdits(first: 100, after: {after}) "
    "{{ pageInfo {{ hasNextPage endCursor }} nodes {{ editedAt editor {{ ...Who }} }} }}"
)


@dataclass(frozen=True, slots=True)
class Release:
    """The last event of the ready label."""

    id: str
    act: Act
    labelled: bool  # False: it was taken off


@dataclass(frozen=True, slots=True)
class History:
    release: Release | None = None
    changes: tuple[Act, ...] = ()  # of title and body since the release


@dataclass(slots=True)
class Historian:
    """Reads pages until the label's last event is among them; in doubt an edit comes after the label."""

    client: Client
    ready: str
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def read(self, scope: str, node: Mapping[str, Any]) -> History:
        """From an issue asked with `WORDS`; asks for more where that is cut short."""
        with understood(node["id"]):
            self._read_back(scope, node["id"], node["timelineItems"])
            release = self._release()
            if release is None:
                return History()
            renames = [act(e, "actor", "createdAt") for e in self.events if e["__typename"] == "RenamedTitleEvent"]
            last = act(node, "editor", "lastEditedAt") if node["lastEditedAt"] else None
            edits = []
            if last is not None and last.at >= release.act.at:
                edits = [last, *self._edits(scope, node["id"])]
            return History(release, tuple(each for each in (*renames, *edits) if each.at >= release.act.at))

    def _read_back(self, scope: str, key: str, page: Mapping[str, Any]) -> None:
        for _ in range(PAGES_MAX):
            self.events[:0] = page["nodes"]
            if not page["pageInfo"]["hasPreviousPage"] or any(map(self._is_ready, page["nodes"])):
                return
            field = (
                f"timelineItems(last: 100, {ITEMS}, before: {quoted(page['pageInfo']['startCursor'])}) {{ ...Turns }}"
            )
            page = self._ask(scope, key, field, TURNS)["timelineItems"]
        raise Unexpected(f"GitHub: {key}: the label's last event is not on the newest {PAGES_MAX} pages")

    def _release(self) -> Release | None:
        for event in reversed(self.events):
            if self._is_ready(event):
                labelled = event["__typename"] == "LabeledEvent"
                return Release(event["id"], act(event, "actor", "createdAt"), labelled)
        return None

    def _is_ready(self, event: Mapping[str, Any]) -> bool:
        return "label" in event and event["label"]["name"].lower() == self.ready.lower()

    def _edits(self, scope: str, key: str) -> list[Act]:
        found: list[Act] = []
        after = "null"
        for _ in range(PAGES_MAX):
            page = self._ask(scope, key, EDITS.format(after=after))["userContentEdits"]
            found += [act(edit, "editor", "editedAt") for edit in page["nodes"]]
            if not page["pageInfo"]["hasNextPage"]:
                return found
            after = quoted(page["pageInfo"]["endCursor"])
        raise Unexpected(f"GitHub: {key}: more edits than {PAGES_MAX} pages hold")

    def _ask(self, scope: str, key: str, field: str, fragments: str = "") -> Mapping[str, Any]:
        text = f"query AfkHistory {{ node(id: {quoted(key)}) {{ ... on Issue {{ {field} }} }} }}\n{fragments}\n{WHO}"
        found: Mapping[str, Any] = self.client.query(scope, "AfkHistory", text).at("node")
        return found
