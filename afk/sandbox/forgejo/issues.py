"""List, search, show and edit issues."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from afk.sandbox.forgejo.answers import answer, cut, page_of, paged, refuse, refuse_silently
from afk.sandbox.forgejo.records import Access, Flavour
from afk.sandbox.forgejo.shapes import issue_json

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aiohttp import web

    from afk.sandbox.forgejo.call import Call
    from afk.sandbox.forgejo.records import Issue, Repository

SEARCH_PAGE = 20


def issues(call: Call) -> web.Response:
    """Every label named must be there, but a name this repository does not have filters nothing."""
    repo = call.repository()
    named = _names(call)
    wanted = {label.id for label in repo.labels if label.name in named}
    found = [issue for issue in _matching(call, repo.issues.values()) if wanted <= {label.id for label in issue.labels}]
    page, limit = page_of(call)
    return _page(call, found, page, limit)


def search(call: Call) -> web.Response:
    """Any of the labels named will do; names nobody has filter nothing."""
    world, named = call.world, _names(call)
    repositories = _searched(call)
    known = [label for repo in world.repositories.values() for label in repo.labels] + world.org_labels
    wanted = {label.id for label in known if label.name in named}
    everything = [issue for repo in repositories for issue in repo.issues.values()]
    found = [
        issue for issue in _matching(call, everything) if not wanted or wanted & {label.id for label in issue.labels}
    ]
    page, limit = page_of(call, SEARCH_PAGE)
    return _page(call, found, page, limit)


def issue(call: Call) -> web.Response:
    return answer(issue_json(call.world, call.issue(call.repository())))


def edit_issue(call: Call) -> web.Response:
    """The answer is 201, and there is no reason for closing."""
    repo = call.repository()
    edited = call.issue(repo)
    if edited.author_id != call.user.id and not call.access(repo).allows(Access.WRITE):
        refuse_silently(HTTPStatus.FORBIDDEN)
    version = call.body.get("content_version")
    if call.world.flavour is Flavour.GITEA and version not in {None, edited.content_version}:
        refuse(call, HTTPStatus.CONFLICT, "the issue was changed by somebody else")
    _edit_text(call, edited)
    state = call.body.get("state")
    if state is not None and not call.world.change_state(edited, call.user, closed=state == "closed"):
        message = "cannot close this issue because it still has open dependencies"
        refuse(call, HTTPStatus.PRECONDITION_FAILED, message)
    return answer(issue_json(call.world, edited), HTTPStatus.CREATED)


def _edit_text(call: Call, edited: Issue) -> None:
    title, body, ref = (call.body.get(name) for name in ("title", "body", "ref"))
    if title:
        call.world.retitle(edited, call.user, title)
    if body is not None:
        edited.body, edited.updated = body, call.world.now()
        edited.content_version += 1
    if ref is not None and ref != edited.ref:
        event = call.world.record(edited, call.user, "change_issue_ref")
        event.old_ref, event.new_ref, edited.ref = edited.ref, ref, ref


def _names(call: Call) -> set[str]:
    return {name for name in call.query("labels").split(",") if name}


def _searched(call: Call) -> list[Repository]:
    readable = [repo for repo in call.world.repositories.values() if call.access(repo).allows(Access.READ)]
    owner = call.query("owner")
    if not owner:
        return readable
    found = call.world.find_user(owner)
    if found is None:
        refuse(call, HTTPStatus.BAD_REQUEST, f"user does not exist [uid: 0, name: {owner}]")
    return [repo for repo in readable if repo.owner_id == found.id]


def _matching(call: Call, candidates: Iterable[Issue]) -> list[Issue]:
    """Pull requests are among the issues unless `type` says otherwise; the newest come first."""
    state, kind = call.query("state"), call.query("type")
    since, before = call.moment("since"), call.moment("before")
    found = [
        one
        for one in candidates
        if (state == "all" or (one.closed is not None) == (state == "closed"))
        and (kind not in {"issues", "pulls"} or one.is_pull == (kind == "pulls"))
        and (since is None or one.updated >= since)
        and (before is None or one.updated <= before)
    ]
    return sorted(found, key=lambda one: (one.created, one.id), reverse=True)


def _page(call: Call, found: list[Issue], page: int, limit: int) -> web.Response:
    rows = [issue_json(call.world, one) for one in cut(found, page, limit)]
    return paged(call, rows, len(found), page, limit)
