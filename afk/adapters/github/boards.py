"""Read the ready and the in-progress issues of many repositories in few, cheap queries.

One query asks two flat lists per repository: nested labels would make it fifty times as dear. The labels of an issue
are read again only when its `updatedAt` has moved since they were read last.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from afk.adapters.github.answer import understood
from afk.adapters.github.cards import NAMES, chunks, hidden, label_names, quoted, repository
from afk.adapters.github.people import moment
from afk.adapters.http import together
from afk.core.model import Board, Issue, IssueRef
from afk.ports import Gone, PortError, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from afk.adapters.github.answer import Answer
    from afk.adapters.github.client import Client
    from afk.core.model import Labels, Repo

LISTS_OF_A_POINT = 149  # GitHub counts lists by the hundred, and rounds
LISTS_AT_LEAST = 10
ORPHANS_AT_ONCE = 250  # repositories whose in-progress list is read at one tick
TURN = "github.turns.orphans"
NODES_AT_ONCE = 100
LISTS_AT_ONCE = 3  # of 100 nodes each
PAGES_MAX = 20
SETTLED = timedelta(seconds=60)  # `updatedAt` counts whole seconds: a later change in the same one would not show
LISTS = ("ready", "in_progress")
LIST = (
    "{name}: issues(first: 100, states: [OPEN], labels: ${name}, "
    "orderBy: {{field: CREATED_AT, direction: ASC}}{after}) {{ ...Rows }}"
)
LABELLED = "fragment Labelled on Issue { updatedAt labels(first: 100) { ...Names } }"
ROWS = "fragment Rows on IssueConnection { pageInfo { hasNextPage endCursor } nodes { id number title url updatedAt } }"


@dataclass(slots=True)
class Draft:
    """A board while it is read: `next` holds where each list goes on."""

    repo: Repo
    rows: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=lambda: {name: {} for name in LISTS})
    next: dict[str, str] = field(default_factory=lambda: dict.fromkeys(LISTS, ""))
    trouble: PortError | None = None


class Boards:
    def __init__(self, client: Client, labels: Labels) -> None:
        self._client = client
        self._labels = labels
        self._lists_at_once = LISTS_OF_A_POINT
        self.updated: dict[str, str] = {}  # when each issue on the boards moved last, by its key

    def read(self, repos: Sequence[Repo]) -> dict[str, Board | PortError]:
        drafts = [Draft(repo) for repo in repos]
        for draft in self._out_of_turn(drafts):
            del draft.next["in_progress"]
        for _ in range(PAGES_MAX):
            unread = [draft for draft in drafts if draft.next and draft.trouble is None]
            if not unread:
                break
            together([partial(self._read_lists, *part) for part in self._parts(unread)])
        self.updated = {
            key: row["updatedAt"] for each in drafts for rows in each.rows.values() for key, row in rows.items()
        }
        labels = self._labels_of(drafts)
        return {draft.repo.name: self._board(draft, labels) for draft in drafts}

    def _parts(self, drafts: Sequence[Draft]) -> list[tuple[str, Sequence[Draft]]]:
        scopes: dict[str, list[Draft]] = {}
        for draft in drafts:
            scopes.setdefault(self._client.scope(draft.repo.slug), []).append(draft)
        return [(scope, part) for scope, each in scopes.items() for part in _packed(each, self._lists_at_once)]

    def _out_of_turn(self, drafts: list[Draft]) -> list[Draft]:
        """A label without a run is no hurry: of many repositories, some look for it at each tick."""
        turns = -(-len(drafts) // ORPHANS_AT_ONCE) if drafts else 1
        turn = int(self._client.memory.get(TURN, "0")) % turns
        if turns > 1:
            self._client.memory[TURN] = str(turn + 1)
        return [draft for place, draft in enumerate(drafts) if place % turns != turn]

    def _read_lists(self, scope: str, drafts: Sequence[Draft]) -> None:
        fields = "\n".join(f"r{n}: {repository(d.repo.slug)} {{ {_lists(d)} }}" for n, d in enumerate(drafts))
        used = {name for draft in drafts for name in draft.next}
        heads = ", ".join(f"${name}: [String!]" for name in LISTS if name in used)
        names = {name: [getattr(self._labels, name)] for name in used}
        try:
            answer = self._client.query(
                scope, "AfkBoards", f"query AfkBoards({heads}) {{\n{fields}\n}}\n{ROWS}", names, can_wait=True
            )
        except PortError as error:
            if isinstance(error, Unreachable) and error.until is None:
                # GitHub gives up on a query after ten seconds.
                self._lists_at_once = max(LISTS_AT_LEAST, self._lists_at_once // 2)
            for draft in drafts:
                draft.trouble = error
            return
        self._lists_at_once = min(LISTS_OF_A_POINT, self._lists_at_once + LISTS_AT_LEAST)
        for n, draft in enumerate(drafts):
            try:
                _take(draft, answer, f"r{n}")
            except PortError as error:
                draft.trouble = error

    def _labels_of(self, drafts: Sequence[Draft]) -> dict[str, frozenset[str] | PortError]:
        """By issue key; one that has vanished in between is missing."""
        found: dict[str, frozenset[str] | PortError] = {}
        unknown: dict[str, dict[str, None]] = {}
        for draft in drafts:
            for row in [row for rows in draft.rows.values() for row in rows.values()]:
                known = self._remembered(row)
                if known is not None:
                    found[row["id"]] = known
                else:
                    unknown.setdefault(self._client.scope(draft.repo.slug), {})[row["id"]] = None
        parts = [
            (scope, part)
            for scope, keys in unknown.items()
            for part in chunks(list(keys), NODES_AT_ONCE * LISTS_AT_ONCE)
        ]
        for (_, part), labels in zip(
            parts, together([partial(self._read_labels, *each) for each in parts]), strict=True
        ):
            found |= labels if isinstance(labels, dict) else dict.fromkeys(part, labels)
        return found

    def _read_labels(self, scope: str, keys: Sequence[str]) -> dict[str, frozenset[str] | PortError]:
        groups = chunks(keys, NODES_AT_ONCE)
        fields = " ".join(
            f"g{n}: nodes(ids: {json.dumps(list(group))}) {{ ...Labelled }}" for n, group in enumerate(groups)
        )
        answer = self._client.query(scope, "AfkLabels", f"query AfkLabels {{ {fields} }}\n{LABELLED}\n{NAMES}")
        found: dict[str, frozenset[str] | PortError] = {}
        for n, group in enumerate(groups):
            for m, key in enumerate(group):
                try:
                    found[key] = self._labels_at(answer, key, f"g{n}", m)
                except Gone:
                    continue
                except PortError as error:
                    found[key] = error
        return found

    def _labels_at(self, answer: Answer, key: str, group: str, place: int) -> frozenset[str]:
        node = answer.at(group, place)
        if node is None:
            raise Gone(f"GitHub: {key} is gone")
        with understood(key):
            names = label_names(node["labels"], self._labels)
            self._remember(key, node["updatedAt"], names)
            return names

    def _remembered(self, row: Mapping[str, Any]) -> frozenset[str] | None:
        updated_at, _, names = self._client.memory.get(f"github.labels.{row['id']}", "").partition(" ")
        return frozenset(json.loads(names)) if names and updated_at == row["updatedAt"] else None

    def _remember(self, key: str, updated_at: str, names: frozenset[str]) -> None:
        if self.is_settled(updated_at):
            self._client.memory[f"github.labels.{key}"] = f"{updated_at} {json.dumps(sorted(names))}"

    def is_settled(self, updated_at: str) -> bool:
        return self._client.clock.now() - moment(updated_at) > SETTLED

    def _board(self, draft: Draft, labels: Mapping[str, frozenset[str] | PortError]) -> Board | PortError:
        if draft.trouble is not None:
            return draft.trouble
        if draft.next:
            return Unexpected(f"GitHub: issues of {draft.repo.slug}: more than {PAGES_MAX} pages")
        lists: dict[str, list[Issue]] = {name: [] for name in LISTS}
        for name, rows in draft.rows.items():
            for row in rows.values():
                found = labels.get(row["id"], frozenset())
                if isinstance(found, PortError):
                    return found
                if getattr(self._labels, name) in found:
                    ref = IssueRef(draft.repo.name, row["number"])
                    lists[name].append(Issue(ref, row["id"], row["title"], row["url"], is_open=True, labels=found))
        return Board(tuple(lists["ready"]), tuple(lists["in_progress"]))


def _packed(drafts: Sequence[Draft], lists: int) -> Iterator[list[Draft]]:
    """As many drafts together as ask for so many lists."""
    part: list[Draft] = []
    count = 0
    for draft in drafts:
        if part and count + len(draft.next) > lists:
            yield part
            part, count = [], 0
        part.append(draft)
        count += len(draft.next)
    if part:
        yield part


def _lists(draft: Draft) -> str:
    return " ".join(
        LIST.format(name=name, after=f", after: {quoted(after)}" if after else "") for name, after in draft.next.items()
    )


def _take(draft: Draft, answer: Answer, place: str) -> None:
    hidden(answer, place, draft.repo.slug)
    following: dict[str, str] = {}
    with understood(f"issues of {draft.repo.slug}"):
        for name in draft.next:
            page = answer.at(place, name)
            draft.rows[name] |= {row["id"]: row for row in page["nodes"]}
            if page["pageInfo"]["hasNextPage"]:
                following[name] = page["pageInfo"]["endCursor"]
    draft.next = following
