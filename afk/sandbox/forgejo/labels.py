"""List and create labels; put them on issues and take them off."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from afk.sandbox.forgejo.answers import answer, cut, not_found, page_of, paged, refuse, refuse_silently
from afk.sandbox.forgejo.records import Access, Label
from afk.sandbox.forgejo.shapes import label_json

if TYPE_CHECKING:
    from afk.sandbox.forgejo.call import Call
    from afk.sandbox.forgejo.records import Repository


def repository_labels(call: Call) -> web.Response:
    return _listed(call, call.repository().labels)


def organization_labels(call: Call) -> web.Response:
    org = call.world.find_user(call.segment("org"))
    if org is None or org.owners is None:
        not_found(call)
    return _listed(call, [label for label in call.world.org_labels if label.org_id == org.id])


def create_label(call: Call) -> web.Response:
    repo = call.repository(Access.WRITE)
    name, color = call.body.get("name"), call.body.get("color")
    if not name or not color:
        field = "Color" if name else "Name"
        refuse(call, HTTPStatus.UNPROCESSABLE_ENTITY, f"[{field}]: Required")
    if not re.fullmatch(r"#?[0-9a-fA-F]{6}|#?[0-9a-fA-F]{3}", color):
        refuse(call, HTTPStatus.UNPROCESSABLE_ENTITY, f"bad color code: {color}")
    exclusive = bool(call.body.get("exclusive")) and "/" in name
    label = Label(call.world.next_id(), name, color, exclusive, repo.id, description=call.body.get("description", ""))
    repo.labels.append(label)
    return answer(label_json(call.world, label), HTTPStatus.CREATED)


def issue_labels(call: Call) -> web.Response:
    return answer([label_json(call.world, label) for label in call.issue(call.repository()).labels])


def add_issue_labels(call: Call) -> web.Response:
    """By name or by id, never both; what does not exist is ignored without a word."""
    repo = call.repository()
    issue = call.issue(repo)
    if not call.access(repo).allows(Access.WRITE):
        refuse(call, HTTPStatus.FORBIDDEN, "write permission is required")
    for label in _chosen(call, repo, call.body.get("labels") or []):
        call.world.put_label(issue, label, call.user)
    return answer([label_json(call.world, label) for label in sorted(issue.labels, key=lambda label: label.name)])


def remove_issue_label(call: Call) -> web.Response:
    """By number only. A label the issue does not have goes just as well; one nobody has does not."""
    repo = call.repository()
    issue = call.issue(repo)
    if not call.access(repo).allows(Access.WRITE):
        refuse_silently(HTTPStatus.FORBIDDEN)
    text = call.segment("id")
    number = int(text) if text.isdecimal() else 0
    everything = [label for one in call.world.repositories.values() for label in one.labels] + call.world.org_labels
    label = next((label for label in everything if label.id == number), None)
    if label is None:
        refuse(call, HTTPStatus.UNPROCESSABLE_ENTITY, f"label does not exist [label_id: {number}]")
    call.world.take_label(issue, label, call.user)
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _chosen(call: Call, repo: Repository, asked: list[Any]) -> list[Label]:
    numbers = [one for one in asked if isinstance(one, int) and not isinstance(one, bool)]
    names = [one for one in asked if isinstance(one, str)]
    if len(numbers) + len(names) < len(asked):
        refuse(call, HTTPStatus.BAD_REQUEST, "a label must be an integer or a string")
    if numbers and names:
        refuse(call, HTTPStatus.BAD_REQUEST, "labels should be an array of strings or integers")
    return [label for label in call.world.labels_for(repo) if label.id in numbers or label.name in names]


def _listed(call: Call, labels: list[Label]) -> web.Response:
    page, limit = page_of(call)
    rows = [label_json(call.world, label) for label in sorted(labels, key=lambda label: label.name)]
    return paged(call, cut(rows, page, limit), len(rows), page, limit)
