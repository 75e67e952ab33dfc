"""Judge who released an issue, whether its words still are those that were released, and what must be done first.

The forge records who changes a title, and nothing about a changed body. Who may write may change it, and so may the
author. If the author may not write, the words are believed only while nothing at all has happened to the issue since
the label, which is when their digest is remembered, and later as long as they have that digest.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from afk.adapters.forgejo.blockers import Waits, blockers, states, waits
from afk.adapters.forgejo.client import SYSTEM, understood
from afk.adapters.forgejo.history import GONE, History, events, history
from afk.adapters.forgejo.issue_rows import Person, is_open, issue_row, label_names, moment, person
from afk.adapters.forgejo.people import People
from afk.adapters.http import together
from afk.core.model import Trust, Vetting
from afk.ports import Gone, PortError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from afk.adapters.forgejo.client import Client
    from afk.core.model import Issue, IssueRef, Slug

    Asked = Callable[[Person | None], bool | PortError]


@dataclass(frozen=True, slots=True)
class Case:
    """What was read about one issue."""

    ref: IssueRef
    slug: Slug
    key: str
    title: str
    body: str
    is_open: bool
    is_ready: bool
    author: Person | None
    updated: datetime
    history: History
    waits: Waits

    @property
    def people(self) -> set[tuple[Slug, Person]]:
        """Whose permission decides."""
        acted = [event.by for event in (self.history.release, *self.history.retitled) if event is not None]
        return {(self.slug, one) for one in (self.author, *acted) if one is not None}

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps([self.title, self.body]).encode()).hexdigest()


class Vettings:
    def __init__(self, client: Client, ready: str) -> None:
        self._client = client
        self._ready = ready
        self.people = People(client)

    def read(self, asked: Sequence[tuple[Issue, Slug]]) -> dict[IssueRef, Vetting | PortError]:
        cases = together([partial(self.case, issue, slug) for issue, slug in asked])
        read = [case for case in cases if not isinstance(case, PortError)]
        writers = self.people.may_write(one for case in read for one in case.people)
        known = states(self._client, (one for case in read for one in case.waits.unread))
        return {
            issue.ref: case if isinstance(case, PortError) else self.judge(case, writers, known)
            for (issue, _), case in zip(asked, cases, strict=True)
        }

    def case(self, issue: Issue, slug: Slug) -> Case:
        """The timeline first: what happens while we read then shows in the issue's own time."""
        try:
            found = events(self._client, slug, issue.ref)
        except PortError:
            issue_row(self._client, slug, issue.ref)  # the timeline of a missing issue is a 500
            raise
        row = issue_row(self._client, slug, issue.ref)
        with understood(str(issue.ref)):
            if str(row["id"]) != issue.key:
                raise Gone(f"{SYSTEM}: {issue.ref} is another issue now")
            return Case(
                issue.ref,
                slug,
                str(row["id"]),
                row["title"],
                row["body"] or "",
                is_open(row),
                self._ready in label_names(row),
                person(row["user"]),
                moment(row["updated_at"]),
                history(found, self._ready),
                waits(self._client, slug, issue.ref, row),
            )

    def judge(self, case: Case, writers: Mapping[tuple[Slug, Person], bool | PortError], known: Any) -> Vetting:
        """Everything that could not be asked ends as unknown, and starts nothing."""

        def may_write(one: Person | None) -> bool | PortError:
            return one is not None and writers.get((case.slug, one), PortError(f"{one.login}: not asked"))

        trust, detail = self._trust(case, may_write)
        release = case.history.release
        by = release.by.login if release and release.by else None
        return Vetting(trust, by, release.at if release else None, blockers(case.waits, known), detail)

    def _trust(self, case: Case, may_write: Asked) -> tuple[Trust, str]:
        release = case.history.release
        if release is None or not release.added or not case.is_ready:
            return Trust.UNTRUSTED, "nobody applied the label"
        match may_write(release.by):
            case PortError() as error:
                return Trust.UNKNOWN, str(error)
            case False:
                return Trust.UNTRUSTED, release.name
            case _:
                return self._since(case, may_write)

    def _since(self, case: Case, may_write: Asked) -> tuple[Trust, str]:
        """One change by somebody who may not write is enough, even where another one could not be judged."""
        unknown = ""
        for event in case.history.retitled:
            allowed = may_write(event.by)
            if isinstance(allowed, PortError):
                unknown = str(allowed)
            elif not allowed:
                return Trust.EDITED, event.name
        allowed = may_write(case.author)
        if isinstance(allowed, PortError):
            unknown = str(allowed)
        elif not allowed and not self._are_the_released_words(case):
            return Trust.EDITED, _suspect(case)
        return (Trust.UNKNOWN, unknown) if unknown else (Trust.TRUSTED, "")

    def _are_the_released_words(self, case: Case) -> bool:
        release = case.history.release
        assert release is not None
        key = f"forgejo.released.{case.key}.{release.id}"
        if case.updated <= release.at:
            self._client.memory[key] = case.digest
            return True
        return self._client.memory.get(key) == case.digest


def _suspect(case: Case) -> str:
    name = case.author.login if case.author else GONE
    explained = any(event.touched >= case.updated for event in case.history.later)
    return f"{name}, perhaps: something happened since, and the forge does not say what" if explained else name
