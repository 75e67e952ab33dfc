"""Tell which issues block which, hiding those the reader may not see."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from afk.sandbox.forgejo.answers import answer, cut, not_found, page_of, refuse
from afk.sandbox.forgejo.records import Access
from afk.sandbox.forgejo.shapes import hidden_issue, issue_json

if TYPE_CHECKING:
    from aiohttp import web

    from afk.sandbox.forgejo.call import Call
    from afk.sandbox.forgejo.records import Issue


def dependencies(call: Call) -> web.Response:
    """What this issue waits for. There is no total: page until a page is short."""
    repo = call.repository()
    if not repo.dependencies:
        not_found(call)
    issue = call.issue(repo)
    page, limit = page_of(call)
    blockers = [call.world.repositories[home].issues[number] for home, number in issue.blockers]
    writer = call.access(repo).allows(Access.WRITE)
    return answer([_seen(call, blocker, writer=writer) for blocker in cut(blockers, page, limit)])


def blocks(call: Call) -> web.Response:
    """What waits for this issue; those the reader may not see are left out."""
    repo = call.repository()
    issue = call.issue(repo)
    page, limit = page_of(call)
    waiting = [
        other
        for home in call.world.repositories.values()
        for other in home.issues.values()
        if (repo.id, issue.number) in other.blockers
    ]
    readable = [
        issue_json(call.world, other)
        for other in cut(waiting, page, limit)
        if call.access(call.world.repositories[other.repo_id]).allows(Access.READ)
    ]
    return answer(readable)


def add_dependency(call: Call) -> web.Response:
    issue, blocker = _pair(call)
    key = (blocker.repo_id, blocker.number)
    if key in issue.blockers or (issue.repo_id, issue.number) in blocker.blockers:
        refuse(call, HTTPStatus.INTERNAL_SERVER_ERROR, "")
    call.world.add_blocker(issue, blocker, call.user)
    return answer(issue_json(call.world, issue), HTTPStatus.CREATED)


def remove_dependency(call: Call) -> web.Response:
    """It answers 201 as well."""
    issue, blocker = _pair(call)
    key = (blocker.repo_id, blocker.number)
    if key not in issue.blockers:
        refuse(call, HTTPStatus.INTERNAL_SERVER_ERROR, "")
    issue.blockers.remove(key)
    call.world.record(issue, call.user, "remove_dependency").dependent = key
    return answer(issue_json(call.world, issue), HTTPStatus.CREATED)


def _pair(call: Call) -> tuple[Issue, Issue]:
    repo = call.repository()
    issue = call.issue(repo)
    other = call.world.find_repository(str(call.body.get("owner", "")), str(call.body.get("repo", "")))
    blocker = other.issues.get(call.body.get("index", 0)) if other else None
    if other is None or blocker is None or not call.access(other).allows(Access.READ):
        not_found(call)
    if not repo.dependencies or not call.access(repo).allows(Access.WRITE):
        not_found(call)
    return issue, blocker


def _seen(call: Call, blocker: Issue, *, writer: bool) -> dict[str, Any]:
    if call.access(call.world.repositories[blocker.repo_id]).allows(Access.READ):
        return issue_json(call.world, blocker)
    return hidden_issue(call.world, blocker, to_a_writer=writer)
