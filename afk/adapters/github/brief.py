"""Ask everything about one issue afresh, right before an agent starts on it.

Only REST shows that an app or an agent applied the label in a person's name, so its events are read here, too.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from afk.adapters.github.answer import understood
from afk.adapters.github.cards import quoted
from afk.adapters.github.cases import FRAGMENTS, Case, Cases
from afk.adapters.github.history import History, Release
from afk.adapters.github.lookups import Found, Lookups
from afk.adapters.github.people import WHO, Act, act, moment
from afk.adapters.github.vetting import vetting
from afk.adapters.http import together
from afk.core.model import Brief, Comment, Trust, Vetting
from afk.ports import Gone, PortError, Unexpected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from afk.adapters.github.client import Client
    from afk.core.model import Issue, Labels, Slug

PAGES_MAX = 20
OURS = "<!-- afk:"  # with a person's token our own comments look like that person's
REMARKS = (
    "fragment Remarks on IssueCommentConnection "
    "{ pageInfo { hasNextPage endCursor } nodes { body createdAt viewerDidAuthor author { ...Who } } }\n"
)


class Briefs:
    def __init__(self, client: Client, labels: Labels) -> None:
        self._client = client
        self._ready = labels.ready
        self._lookups = Lookups(client)

    def read(self, issue: Issue, slug: Slug) -> Brief:
        scope = self._client.scope(slug)
        case, remarks = self._read_case(scope, issue, slug)
        release = case.history.release if isinstance(case.history, History) else None
        found, applied = self._look_up(scope, case, release, remarks)
        vetted = vetting(case, found)
        if vetted.trust is Trust.TRUSTED and release is not None:
            vetted = _weighed(vetted, applied)
        comments = tuple(
            Comment(by.name, by.at, text) for by, text in remarks if by.by and found.writers.get((slug, by.by)) is True
        )
        return Brief(vetted, case.is_open, case.title, case.body, comments)

    def _read_case(self, scope: str, issue: Issue, slug: Slug) -> tuple[Case, list[tuple[Act, str]]]:
        remarks: list[tuple[Act, str]] = []
        node, after = self._page(scope, issue, "...Case", "", FRAGMENTS)
        case = Cases(self._client, self._ready).case(scope, node, issue, slug)
        for _ in range(PAGES_MAX):
            with understood(str(issue.ref)):
                remarks += [_remark(each) for each in node["comments"]["nodes"] if not _is_ours(each)]
            if after is None:
                return case, remarks
            node, after = self._page(scope, issue, "", f", after: {quoted(after)}", WHO)
        raise Unexpected(f"GitHub: {issue.ref}: more than {PAGES_MAX} pages of comments")

    def _page(
        self, scope: str, issue: Issue, fields: str, after: str, fragments: str
    ) -> tuple[Mapping[str, Any], str | None]:
        comments = f"comments(first: 100{after}) {{ ...Remarks }}"
        issue_fields = f"... on Issue {{ {fields} {comments} }}"
        text = f"query AfkBrief($id: ID!) {{ node(id: $id) {{ {issue_fields} }} }}\n{REMARKS}{fragments}"
        node = self._client.query(scope, "AfkBrief", text, {"id": issue.key}).at("node")
        if not node:
            raise Gone(f"GitHub: {issue.ref} is gone")
        with understood(str(issue.ref)):
            page = node["comments"]["pageInfo"]
            return node, page["endCursor"] if page["hasNextPage"] else None

    def _look_up(
        self, scope: str, case: Case, release: Release | None, remarks: list[tuple[Act, str]]
    ) -> tuple[Found, str | PortError]:
        """Permissions and blockers in one query; the one who applied the label over REST, with the event itself."""
        wish = case.wish
        wish.people.update((case.slug, by.by) for by, _ in remarks if by.by and by.by.is_user)
        labeller = release.act.by if release and release.act.by and release.act.by.is_user else None
        if release is None or labeller is None:
            return self._lookups.answer(scope, wish, fresh=True), ""
        wish.people.discard((case.slug, labeller))
        calls: list[Callable[[], Any]] = [
            partial(self._lookups.answer, scope, wish, fresh=True),
            partial(self._lookups.permission, case.slug, labeller),
            partial(self._objection, case, release),
        ]
        found, may_write, objection = together(calls)
        if isinstance(found, PortError):
            raise found
        found.writers[case.slug, labeller] = may_write
        return found, objection

    def _objection(self, case: Case, release: Release) -> str:
        """Empty if a person applied the label and nothing else did; else what speaks against it."""
        tail = f"/issues/{case.issue.ref.number}/events"
        for rows in self._client.pages_backwards(case.slug, tail, str(case.issue.ref)):
            with understood(f"events of {case.issue.ref}"):
                for row in reversed(rows):
                    if row["event"] in {"labeled", "unlabeled"} and self._is_ready(row, release):
                        return _objection(row, release)
        return "REST shows no event of the label"

    def _is_ready(self, row: Mapping[str, Any], release: Release) -> bool:
        """Rows name the label as it was called then."""
        name: str = row["label"]["name"]
        return row["node_id"] == release.id or name.lower() == self._ready.lower()


def _objection(row: Mapping[str, Any], release: Release) -> str:
    person = release.act.by
    actor = row["actor"]
    if row["event"] != "labeled" or actor is None or person is None:
        return "the label was taken off meanwhile"
    if actor["id"] != person.id or actor["type"] != "User" or moment(row["created_at"]) != release.act.at:
        return "somebody else applied the label meanwhile"
    if row["performed_via_github_app"] is not None:
        return f"{person.login} through an app"
    if row.get("intent") is not None:
        return f"an agent in the name of {person.login}"
    return ""


def _weighed(vetted: Vetting, objection: str | PortError) -> Vetting:
    if isinstance(objection, PortError):
        return replace(vetted, trust=Trust.UNKNOWN, detail=str(objection))
    return replace(vetted, trust=Trust.UNTRUSTED, detail=objection) if objection else vetted


def _remark(node: Mapping[str, Any]) -> tuple[Act, str]:
    return act(node, "author", "createdAt"), node["body"]


def _is_ours(node: Mapping[str, Any]) -> bool:
    return bool(node["viewerDidAuthor"]) and node["body"].lstrip().startswith(OURS)
