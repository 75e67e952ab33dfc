"""Ask everything about one issue afresh, right before an agent starts on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.adapters.forgejo.blockers import states
from afk.adapters.forgejo.client import rows, understood
from afk.adapters.forgejo.issue_rows import Person, moment, person
from afk.core.model import Brief, Comment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.forgejo.client import Client
    from afk.adapters.forgejo.vetting import Vettings
    from afk.core.model import Issue, Slug

OURS = "<!-- afk:"  # with a person's token our own comments look like that person's


class Briefs:
    def __init__(self, client: Client, vettings: Vettings) -> None:
        self._client = client
        self._vettings = vettings

    def read(self, issue: Issue, slug: Slug) -> Brief:
        case = self._vettings.case(issue, slug)
        said = self._said(slug, issue)
        wanted = case.people | {(slug, by) for by, _ in said}
        writers = self._vettings.people.may_write(wanted, fresh=True)
        vetting = self._vettings.judge(case, writers, states(self._client, case.waits.unread))
        comments = tuple(comment for by, comment in said if writers[slug, by] is True)
        return Brief(vetting, case.is_open, case.title, case.body, comments)

    def _said(self, slug: Slug, issue: Issue) -> Sequence[tuple[Person, Comment]]:
        """The forge gives all comments at once."""
        response = self._client.below(slug, "GET", f"/issues/{issue.ref.number}/comments", str(issue.ref))
        found = rows(response, str(issue.ref))
        me = self._client.me()
        with understood(f"comments on {issue.ref}"):
            read = [(by, row) for row in found if (by := person(row["user"])) is not None]
            return [(by, _comment(by, row)) for by, row in read if not (by.id == me and _is_ours(row))]


def _comment(by: Person, row: Mapping[str, Any]) -> Comment:
    return Comment(by.login, moment(row["created_at"]), row["body"] or "")


def _is_ours(row: Mapping[str, Any]) -> bool:
    return bool((row["body"] or "").lstrip().startswith(OURS))
