"""Read issues and their labels from GraphQL, by node id or by number."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from afk.adapters.github.answer import understood
from afk.adapters.http import together
from afk.core.model import Issue, IssueRef
from afk.ports import Gone, PortError, Refused, Unexpected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from afk.adapters.github.answer import Answer
    from afk.adapters.github.client import Client
    from afk.core.model import Labels, Repo, Slug

AT_ONCE = 100
CARD = "fragment Card on Issue { id number title url state labels(first: 100) { ...Names } }"
NAMES = "fragment Names on LabelConnection { nodes { name } pageInfo { hasNextPage } }"


class Cards:
    def __init__(self, client: Client, repos: Mapping[str, Repo], labels: Labels) -> None:
        self._client = client
        self._repos = repos
        self._labels = labels

    def read(self, refs: Sequence[IssueRef]) -> dict[IssueRef, Issue | PortError]:
        found: dict[IssueRef, Issue | PortError] = {
            ref: Refused(f"GitHub: {ref}: the repository is not enrolled")
            for ref in refs
            if ref.repo not in self._repos
        }
        batches = [
            (scope, batch)
            for scope, asked in by_scope(self._client, self._repos, (r for r in refs if r.repo in self._repos)).items()
            for batch in chunks(asked, AT_ONCE)
        ]
        for answers in together([partial(self._batch, *each) for each in batches]):
            if isinstance(answers, PortError):
                continue
            found |= answers
        return found

    def _batch(self, scope: str, refs: Sequence[IssueRef]) -> dict[IssueRef, Issue | PortError]:
        places = {name: f"r{n}" for n, name in enumerate(dict.fromkeys(ref.repo for ref in refs))}
        fields = "".join(
            f"{place}: {repository(self._repos[name].slug)} {{ "
            + " ".join(f"i{ref.number}: issue(number: {ref.number}) {{ ...Card }}" for ref in refs if ref.repo == name)
            + " }\n"
            for name, place in places.items()
        )
        try:
            answer = self._client.query(scope, "AfkIssues", f"query AfkIssues {{\n{fields}}}\n{CARD}\n{NAMES}")
        except PortError as error:
            return dict.fromkeys(refs, error)
        return {ref: self._one(answer, places[ref.repo], ref) for ref in refs}

    def _one(self, answer: Answer, place: str, ref: IssueRef) -> Issue | PortError:
        try:
            hidden(answer, place, ref)
            return card(answer.at(place, f"i{ref.number}"), ref, self._labels)
        except PortError as error:
            return error


def card(node: Mapping[str, Any] | None, ref: IssueRef, ours: Labels) -> Issue:
    if node is None:
        raise Gone(f"GitHub: {ref} is gone")
    with understood(str(ref)):
        names = label_names(node["labels"], ours)
        return Issue(ref, node["id"], node["title"], node["url"], is_open(node["state"]), names)


def is_open(word: str) -> bool:
    """Of an issue. A word that nobody knows is neither."""
    if word not in {"OPEN", "CLOSED"}:
        raise ValueError(f"the state {word}")
    return word == "OPEN"


def hidden(answer: Answer, place: str, subject: object) -> None:
    """A repository that the token cannot see says nothing about whether its issues exist."""
    if answer.data.get(place) is not None:
        return
    try:
        answer.at(place)
    except Gone as error:
        raise Refused(f"{error} ({subject}): the token does not reach the repository") from error
    raise Unexpected(f"GitHub: {answer.operation} ({subject}): neither a repository nor an error")


def label_names(connection: Mapping[str, Any], ours: Labels) -> frozenset[str]:
    """All of them or an error. GitHub ignores their case; ours are spelt as configured."""
    if connection["pageInfo"]["hasNextPage"]:
        raise ValueError("more than 100 labels")
    return spelt((node["name"] for node in connection["nodes"]), ours)


def spelt(names: Iterable[str], ours: Labels) -> frozenset[str]:
    known = {name.lower(): name for name in (ours.ready, ours.in_progress, ours.human)}
    return frozenset(known.get(name.lower(), name) for name in names)


def repository(slug: Slug) -> str:
    return f"repository(owner: {quoted(slug.owner)}, name: {quoted(slug.name)})"


def quoted(text: str) -> str:
    """A string literal: GraphQL and JSON agree on those."""
    return json.dumps(text)


def by_scope(client: Client, repos: Mapping[str, Repo], refs: Iterable[IssueRef]) -> dict[str, list[IssueRef]]:
    found: dict[str, list[IssueRef]] = {}
    for ref in refs:
        found.setdefault(client.scope(repos[ref.repo].slug), []).append(ref)
    return found


def chunks(rows: Sequence[Any], size: int) -> list[Sequence[Any]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
