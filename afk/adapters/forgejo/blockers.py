"""Find what an issue waits for: its dependencies on the forge, and the issues that its text names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from afk.adapters.forgejo.client import SYSTEM, understood
from afk.adapters.forgejo.issue_rows import is_open
from afk.adapters.http import together
from afk.core.blocked_by import References, references
from afk.core.model import Blocker, BlockerState
from afk.ports import Gone, PortError, Refused, Unexpected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from afk.adapters.forgejo.client import Client
    from afk.core.model import IssueRef, Slug

HIDDEN = "a blocker that this token cannot read"
PAGES_MAX = 10


@dataclass(frozen=True, slots=True)
class Waits:
    """`native` is None where it could not be asked."""

    native: tuple[Blocker, ...] | None
    named: References

    @property
    def unread(self) -> tuple[tuple[Slug, int], ...]:
        """What only the text names: its state is not known yet."""
        known = {blocker.name.lower() for blocker in self.native or ()}
        return tuple((slug, number) for slug, number in self.named.issues if f"{slug}#{number}".lower() not in known)


def waits(client: Client, slug: Slug, ref: IssueRef, row: Mapping[str, Any]) -> Waits:
    """Of an issue that was just read."""
    with understood(str(ref)):
        hosts = frozenset(urlsplit(url).netloc.lower() for url in (client.url, row["html_url"]))
        named = references(row["body"] or "", slug, hosts)
    try:
        return Waits(_native(client, slug, ref), named)
    except PortError:
        return Waits(None, named)


def _native(client: Client, slug: Slug, ref: IssueRef) -> tuple[Blocker, ...]:
    """The list has no count. A repository without dependencies has no list."""
    found: list[Blocker] = []
    pages = client.pages(f"/repos/{slug}/issues/{ref.number}/dependencies", str(ref), counted=False)
    try:
        for number, page in enumerate(pages, 1):
            if number > PAGES_MAX:
                raise Unexpected(f"{SYSTEM}: dependencies of {ref}: more than {PAGES_MAX} pages")
            with understood(f"dependencies of {ref}"):
                found += [_blocker(row) for row in page]
    except Gone:
        client.default_branch(slug)
    return tuple(found)


def _blocker(row: Mapping[str, Any]) -> Blocker:
    """One that may not be seen is called HIDDEN and belongs to no repository."""
    if row["repository"] is None or row["number"] <= 0:
        return Blocker(HIDDEN, BlockerState.UNREADABLE)
    return Blocker(f"{row['repository']['full_name']}#{row['number']}", _state(row))


def _state(row: Mapping[str, Any]) -> BlockerState:
    try:
        return BlockerState.OPEN if is_open(row) else BlockerState.CLOSED
    except ValueError:
        return BlockerState.UNREADABLE


def states(client: Client, wanted: Iterable[tuple[Slug, int]]) -> dict[tuple[Slug, int], BlockerState | PortError]:
    asked = list(dict.fromkeys(wanted))
    return dict(zip(asked, together([partial(_ask, client, *each) for each in asked]), strict=True))


def _ask(client: Client, slug: Slug, number: int) -> BlockerState:
    subject = f"{slug}#{number}"
    try:
        row = client.json(slug, "GET", f"/issues/{number}", subject)
    except (Gone, Refused):
        return BlockerState.UNREADABLE
    with understood(subject):
        return _state(row)


def blockers(found: Waits, known: Mapping[tuple[Slug, int], BlockerState | PortError]) -> tuple[Blocker, ...] | None:
    """None where one of them could not be asked about."""
    if found.native is None:
        return None
    named: list[Blocker] = []
    for slug, number in found.unread:
        state = known.get((slug, number), PortError("not asked"))
        if isinstance(state, PortError):
            return None
        named.append(Blocker(f"{slug}#{number}", state))
    unreadable = (Blocker(words, BlockerState.UNREADABLE) for words in found.named.unreadable)
    return (*found.native, *named, *unreadable)
