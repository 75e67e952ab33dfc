"""Read from an issue's timeline who released it, who retitled it since, and what else happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afk.adapters.forgejo.client import understood
from afk.adapters.forgejo.issue_rows import Person, moment, person

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from afk.adapters.forgejo.client import Client
    from afk.core.model import IssueRef, Slug

ADDED = "1"  # the body of a label event; of one that took it off, it is empty
GONE = "an account that is gone"


@dataclass(frozen=True, slots=True)
class Event:
    id: int
    type: str
    by: Person | None  # None: the account is gone
    at: datetime
    touched: datetime  # when it was written or last changed
    label: str = ""
    added: bool = False
    sha: str = ""

    @property
    def name(self) -> str:
        return self.by.login if self.by else GONE


def events(client: Client, slug: Slug, ref: IssueRef, since: datetime | None = None) -> list[Event]:
    """Oldest first. The count beside a page is its own length: only an empty page is the end."""
    params = {"since": since.isoformat()} if since else {}
    path = f"/repos/{slug}/issues/{ref.number}/timeline"
    return [event for page in client.pages(path, str(ref), params, counted=False) for event in _read(page, ref)]


def _read(page: Sequence[Mapping[str, Any]], ref: IssueRef) -> Iterator[Event]:
    with understood(f"timeline of {ref}"):
        for row in page:
            label = row["label"] if row["type"] == "label" else None
            yield Event(
                row["id"],
                row["type"],
                person(row["user"]),
                moment(row["created_at"]),
                moment(row["updated_at"]),
                label["name"] if label else "",
                row["body"] == ADDED,
                row["ref_commit_sha"] or "",
            )


@dataclass(frozen=True, slots=True)
class History:
    release: Event | None = None  # the last event of the ready label, whether it was put on or taken off
    retitled: tuple[Event, ...] = ()  # since the release; in the same second counts as since
    later: tuple[Event, ...] = ()  # everything since the release


def history(found: Sequence[Event], ready: str) -> History:
    place = max((n for n, event in enumerate(found) if event.type == "label" and event.label == ready), default=None)
    if place is None:
        return History()
    release = found[place]
    retitled = tuple(event for event in found if event.type == "change_title" and event.at >= release.at)
    return History(release, retitled, tuple(found[place + 1 :]))
