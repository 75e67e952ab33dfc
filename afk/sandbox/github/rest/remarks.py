"""Answer comments and labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github.access import Refusal, not_found
from afk.sandbox.github.rest import issue_shapes as shapes
from afk.sandbox.github.rest.call import REPO, Answer, Endpoint, forbidden_role, invalid
from afk.sandbox.github.rest.issues import ISSUE, READ, WRITE, living, moment
from afk.sandbox.github.rest.paging import page
from afk.sandbox.github.tracker import via

if TYPE_CHECKING:
    from afk.sandbox.github.records import Comment, Issue, Label
    from afk.sandbox.github.rest.call import Call

LONGEST_BODY = 65536
LONGEST_LABEL = 50
LONGEST_DESCRIPTION = 100
HEX_DIGITS = 6


def list_comments(call: Call) -> Answer:
    """Ascending by id."""
    since = moment(call.query.get("since"))
    rows = [one for one in call.issue().comments if since is None or one.updated_at >= since]
    cut, headers = page(call, rows)
    return Answer([shapes.comment(call.forge, one) for one in cut], headers=headers)


def list_repository_comments(call: Call) -> Answer:
    since = moment(call.query.get("since"))
    rows = [one for issue in living(call) for one in issue.comments if since is None or one.updated_at >= since]
    by_update = call.query.get("sort") == "updated"
    rows.sort(key=lambda one: (one.updated_at, one.id) if by_update else (one.created_at, one.id))
    if call.query.get("direction") == "desc":
        rows.reverse()
    cut, headers = page(call, rows)
    return Answer([shapes.comment(call.forge, one) for one in cut], headers=headers)


def create_comment(call: Call) -> Answer:
    issue = call.issue()
    call.writable()
    body = _body(call)
    if not call.forge.access.comments(call.token, issue):
        raise Refusal(403, "Unable to create comment because issue is locked.")
    actor, app = via(call.token)
    made = call.forge.tracker.comment(issue, body, actor, app)
    shape = shapes.comment(call.forge, made)
    return Answer(shape, 201, {"Location": shape["url"]})


def _body(call: Call) -> str:
    body = call.text("body")
    if body is None or not body.strip():
        raise invalid("", {"resource": "IssueComment", "field": "body", "code": "missing_field"})
    if len(body) > LONGEST_BODY:
        too_long = f"body is too long (maximum is {LONGEST_BODY} characters)"
        raise invalid("", {"resource": "IssueComment", "field": "data", "code": "unprocessable", "message": too_long})
    return body


def get_comment(call: Call) -> Answer:
    return Answer(shapes.comment(call.forge, _comment(call)))


def _comment(call: Call) -> Comment:
    number = call.number("comment_id")
    for issue in living(call):
        for comment in issue.comments:
            if comment.id == number:
                return comment
    raise not_found()


def update_comment(call: Call) -> Answer:
    comment = _comment(call)
    call.writable()
    body = _body(call)
    if not call.forge.access.edits_comment(call.token, comment.author, call.repo):
        raise forbidden_role()
    call.forge.tracker.edit_comment(comment, body, call.token.actor)
    return Answer(shapes.comment(call.forge, comment))


def delete_comment(call: Call) -> Answer:
    comment = _comment(call)
    call.writable()
    if not call.forge.access.edits_comment(call.token, comment.author, call.repo):
        raise forbidden_role()
    call.forge.tracker.delete_comment(comment)
    return Answer(status=204)


def list_repository_labels(call: Call) -> Answer:
    return _labels(call, list(call.repo.labels.values()))


def _labels(call: Call, labels: list[Label]) -> Answer:
    cut, headers = page(call, labels)
    return Answer([shapes.label(call.forge, one) for one in cut], headers=headers)


def get_label(call: Call) -> Answer:
    found = call.repo.labels.get(call.params["name"].lower())
    if found is None:
        raise not_found()
    return Answer(shapes.label(call.forge, found))


def create_label(call: Call) -> Answer:
    call.writable()
    if not call.forge.access.creates_labels(call.token, call.repo):
        raise not_found()
    name, color = call.text("name"), call.text("color") or "ededed"
    if not name or len(name) > LONGEST_LABEL:
        raise invalid("", {"resource": "Label", "field": "name", "code": "missing_field"})
    if name.lower() in call.repo.labels:
        raise invalid("", {"resource": "Label", "field": "name", "code": "already_exists"})
    if len(color) != HEX_DIGITS or set(color.lower()) - set("0123456789abcdef"):
        raise invalid("", {"resource": "Label", "field": "color", "code": "invalid"})
    description = call.text("description")
    if description is not None and len(description) > LONGEST_DESCRIPTION:
        raise invalid("", {"resource": "Label", "field": "description", "code": "invalid"})
    made = call.forge.world.create_label(call.repo, name, color.lower(), description)
    return Answer(shapes.label(call.forge, made), 201)


def list_issue_labels(call: Call) -> Answer:
    return _labels(call, call.issue().labels)


def add_labels(call: Call) -> Answer:
    """A name that the repository lacks becomes a label, if the caller may write."""
    issue, names = _labelling(call)
    _create_missing(call, names)
    actor, app = via(call.token)
    call.forge.tracker.label(issue, names, actor, app)
    return Answer([shapes.label(call.forge, one) for one in issue.labels])


def set_labels(call: Call) -> Answer:
    issue, names = _labelling(call)
    _create_missing(call, names)
    actor, app = via(call.token)
    for label in [one for one in issue.labels if one.name.lower() not in {name.lower() for name in names}]:
        call.forge.tracker.unlabel(issue, label, actor, app)
    call.forge.tracker.label(issue, names, actor, app)
    return Answer([shapes.label(call.forge, one) for one in issue.labels])


def remove_label(call: Call) -> Answer:
    issue = call.issue()
    _label_rights(call)
    found = next((one for one in issue.labels if one.name.lower() == call.params["name"].lower()), None)
    if found is None:
        raise Refusal(404, "Label does not exist")
    actor, app = via(call.token)
    call.forge.tracker.unlabel(issue, found, actor, app)
    return Answer([shapes.label(call.forge, one) for one in issue.labels])


def remove_all_labels(call: Call) -> Answer:
    issue = call.issue()
    _label_rights(call)
    actor, app = via(call.token)
    for label in list(issue.labels):
        call.forge.tracker.unlabel(issue, label, actor, app)
    return Answer(status=204)


def _labelling(call: Call) -> tuple[Issue, list[str]]:
    issue = call.issue()
    _label_rights(call)
    given: Any = call.body.get("labels") if isinstance(call.body, dict) else call.body
    if not isinstance(given, list):
        raise invalid("No subschema in 'anyOf' matched.")
    names: list[Any] = [one.get("name") if isinstance(one, dict) else one for one in given]
    if not all(name and isinstance(name, str) for name in names):
        raise invalid("", {"resource": "Label", "field": "name", "code": "invalid"})
    return issue, names


def _label_rights(call: Call) -> None:
    call.writable()
    if not call.forge.access.labels(call.token, call.repo):
        raise forbidden_role()


def _create_missing(call: Call, names: list[str]) -> None:
    missing = [name for name in names if name.lower() not in call.repo.labels]
    if missing and not call.forge.access.creates_labels(call.token, call.repo):
        error = {"resource": "Repository", "field": "label", "code": "unauthorized"}
        raise Refusal(403, "You do not have permission to create labels on this repository.", errors=[error])


COMMENT = f"{REPO}/issues/comments/{{comment_id}}"
ENDPOINTS = (
    Endpoint("GET", f"{REPO}/issues/comments", "issues/comments#list-issue-comments-for-a-repository", list_repository_comments, READ),  # noqa: E501 - one row of a table
    Endpoint("GET", COMMENT, "issues/comments#get-an-issue-comment", get_comment, READ),
    Endpoint("PATCH", COMMENT, "issues/comments#update-an-issue-comment", update_comment, WRITE),
    Endpoint("DELETE", COMMENT, "issues/comments#delete-an-issue-comment", delete_comment, WRITE),
    Endpoint("GET", f"{ISSUE}/comments", "issues/comments#list-issue-comments", list_comments, READ),
    Endpoint("POST", f"{ISSUE}/comments", "issues/comments#create-an-issue-comment", create_comment, WRITE, content=True),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{REPO}/labels", "issues/labels#list-labels-for-a-repository", list_repository_labels, READ),
    Endpoint("POST", f"{REPO}/labels", "issues/labels#create-a-label", create_label, WRITE),
    Endpoint("GET", f"{REPO}/labels/{{name}}", "issues/labels#get-a-label", get_label, READ),
    Endpoint("GET", f"{ISSUE}/labels", "issues/labels#list-labels-for-an-issue", list_issue_labels, READ),
    Endpoint("POST", f"{ISSUE}/labels", "issues/labels#add-labels-to-an-issue", add_labels, WRITE),
    Endpoint("PUT", f"{ISSUE}/labels", "issues/labels#set-labels-for-an-issue", set_labels, WRITE),
    Endpoint("DELETE", f"{ISSUE}/labels", "issues/labels#remove-all-labels-from-an-issue", remove_all_labels, WRITE),
    Endpoint("DELETE", f"{ISSUE}/labels/{{name}}", "issues/labels#remove-a-label-from-an-issue", remove_label, WRITE),
)  # fmt: skip
