"""Show an issue's timeline; list, write and edit its comments."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from aiohttp import web

from afk.sandbox.forgejo.answers import answer, cut, not_found, page_of, refuse, refuse_silently
from afk.sandbox.forgejo.records import Access
from afk.sandbox.forgejo.shapes import comment_json, event_json

if TYPE_CHECKING:
    from afk.sandbox.forgejo.call import Call
    from afk.sandbox.forgejo.records import Event, Issue, Repository

CODE = "code"


def timeline(call: Call) -> web.Response:
    """A page is cut first and filtered after; its count is its own length, and an empty one is `null`."""
    repo = call.repository()
    issue = _issue_or_500(call, repo)
    page, limit = page_of(call)
    rows = [
        event_json(call.world, issue, event) for event in cut(_between(call, issue), page, limit) if _shown(call, event)
    ]
    headers = {"X-Total-Count": str(len(rows)), "Access-Control-Expose-Headers": "X-Total-Count"}
    return answer(rows or None, headers=headers)


def comments(call: Call) -> web.Response:
    """All of them at once: `page` and `limit` mean nothing here."""
    issue = call.issue(call.repository())
    found = [event for event in _between(call, issue) if event.type == "comment"]
    rows = [comment_json(call.world, issue, event) for event in found]
    headers = {"X-Total-Count": str(len(rows)), "Access-Control-Expose-Headers": "X-Total-Count"}
    return answer(rows, headers=headers)


def write_comment(call: Call) -> web.Response:
    repo = call.repository()
    _must_not_be_archived(call, repo)
    body = _body(call)
    issue = _issue_or_500(call, repo)
    event = call.world.record(issue, call.user, "comment")
    event.body = body
    return answer(comment_json(call.world, issue, event), HTTPStatus.CREATED)


def comment(call: Call) -> web.Response:
    return answer(comment_json(call.world, *_comment(call, call.repository())))


def edit_comment(call: Call) -> web.Response:
    repo = call.repository()
    issue, event = _comment(call, repo)
    _must_not_be_archived(call, repo)
    body = _body(call)
    if event.user_id != call.user.id and not call.access(repo).allows(Access.WRITE):
        refuse_silently(HTTPStatus.FORBIDDEN)
    event.body, event.updated = body, call.world.now()
    return answer(comment_json(call.world, issue, event))


def delete_comment(call: Call) -> web.Response:
    repo = call.repository()
    issue, event = _comment(call, repo)
    _must_not_be_archived(call, repo)
    if event.user_id != call.user.id and not call.access(repo).allows(Access.WRITE):
        refuse_silently(HTTPStatus.FORBIDDEN)
    issue.events.remove(event)
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _issue_or_500(call: Call, repo: Repository) -> Issue:
    found = call.find_issue(repo)
    if found is None:
        refuse(call, HTTPStatus.INTERNAL_SERVER_ERROR, "")
    return found


def _comment(call: Call, repo: Repository) -> tuple[Issue, Event]:
    number = call.segment("id")
    everything = ((issue, event) for issue in repo.issues.values() for event in issue.events)
    found = next((one for one in everything if str(one[1].id) == number and one[1].type == "comment"), None)
    if found is None:
        not_found(call)
    return found


def _body(call: Call) -> str:
    body = call.body.get("body")
    if not isinstance(body, str) or not body:
        refuse(call, HTTPStatus.UNPROCESSABLE_ENTITY, "[Body]: Required")
    return body


def _must_not_be_archived(call: Call, repo: Repository) -> None:
    if repo.archived:
        refuse(call, HTTPStatus.LOCKED, f"[repository: {repo.id}] is archived")


def _between(call: Call, issue: Issue) -> list[Event]:
    since, before = call.moment("since"), call.moment("before")
    return [
        event
        for event in sorted(issue.events, key=lambda event: (event.at, event.id))
        if (since is None or (event.updated or event.at) >= since)
        and (before is None or (event.updated or event.at) <= before)
    ]


def _shown(call: Call, event: Event) -> bool:
    if event.type == CODE:
        return False
    source = call.world.repositories.get(event.ref_repo_id)
    return source is None or call.access(source).allows(Access.READ)
