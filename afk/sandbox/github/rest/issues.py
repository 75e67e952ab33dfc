"""Answer lists of issues and changes to one, and the events that changes left behind."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from afk.sandbox.github.access import Refusal
from afk.sandbox.github.rest import issue_shapes as shapes
from afk.sandbox.github.rest.call import REPO, Answer, Endpoint, forbidden_role, invalid
from afk.sandbox.github.rest.paging import page
from afk.sandbox.github.tracker import via

if TYPE_CHECKING:
    from afk.sandbox.github.records import Event, Issue
    from afk.sandbox.github.rest.call import Call

REASONS = ("completed", "not_planned", "duplicate", "reopened")
SORTS = {"created": "created_at", "updated": "updated_at", "comments": "comments"}


def list_issues(call: Call) -> Answer:
    """Pull requests are issues here, too."""
    enabled(call)
    query = call.query
    state, sort = query.get("state", "open"), query.get("sort", "created")
    if state not in {"open", "closed", "all"} or sort not in SORTS:
        raise invalid("", {"resource": "Issue", "field": "state", "code": "invalid"})
    wanted = {name.lower() for name in query.get("labels", "").split(",") if name}
    since, creator = moment(query.get("since")), query.get("creator")
    rows = [
        one
        for one in living(call)
        if state in {one.state, "all"}
        and wanted <= {label.name.lower() for label in one.labels}
        and (since is None or one.updated_at >= since)
        and (creator is None or (one.author is not None and one.author.login.lower() == creator.lower()))
    ]
    rows.sort(key=lambda one: (_sort_key(one, sort), one.number), reverse=query.get("direction", "desc") == "desc")
    cut, headers = page(call, rows)
    return Answer([shapes.issue(call.forge, one) for one in cut], headers=headers)


def _sort_key(issue: Issue, sort: str) -> Any:
    return len(issue.comments) if sort == "comments" else getattr(issue, SORTS[sort])


def living(call: Call) -> list[Issue]:
    return [one for one in call.repo.issues.values() if not one.deleted and not one.moved_to]


def enabled(call: Call) -> None:
    if not call.repo.has_issues:
        raise Refusal(410, "Issues are disabled for this repo")


def moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise invalid("", {"resource": "Search", "field": "since", "code": "invalid"}) from error
    if found.tzinfo is None:
        raise invalid("", {"resource": "Search", "field": "since", "code": "invalid"})
    return found


def get_issue(call: Call) -> Answer:
    return Answer(shapes.issue(call.forge, call.issue()))


def create_issue(call: Call) -> Answer:
    enabled(call)
    call.writable()
    title = call.text("title")
    if not title:
        raise invalid("", {"resource": "Issue", "field": "title", "code": "missing_field"})
    actor, app = via(call.token)
    issue = call.forge.tracker.open(call.repo, title, call.text("body"), actor, app)
    names = [one["name"] if isinstance(one, dict) else str(one) for one in call.fields.get("labels", [])]
    if call.forge.access.creates_labels(call.token, call.repo):  # silently dropped without push access
        call.forge.tracker.label(issue, names, actor, app)
    return Answer(shapes.issue(call.forge, issue), 201)


def update_issue(call: Call) -> Answer:
    issue, fields = call.issue(), call.fields
    call.writable()
    _check_rights(call, issue)
    title, body, state, reason = (call.text(name) for name in ("title", "body", "state", "state_reason"))
    if state not in {None, "open", "closed"} or reason not in {None, *REASONS}:
        raise invalid("", {"resource": "Issue", "field": "state", "code": "invalid"})
    actor, app = via(call.token)
    if title:
        call.forge.tracker.rename(issue, title, actor, app)
    if "body" in fields:
        call.forge.tracker.edit_body(issue, body, actor)
    if state == "closed":
        call.forge.tracker.close(issue, actor, reason if reason in REASONS[:3] else "completed", app)
    if state == "open":
        call.forge.tracker.reopen(issue, actor, app)
    if "labels" in fields:
        _replace_labels(call, issue)
    return Answer(shapes.issue(call.forge, issue))


def _check_rights(call: Call, issue: Issue) -> None:
    access = call.forge.access
    edits = {"title", "body"} & set(call.fields)
    if edits and not access.edits(call.token, issue):
        raise forbidden_role()
    if not access.closes(call.token, issue):
        raise forbidden_role()


def _replace_labels(call: Call, issue: Issue) -> None:
    """Silently dropped without push access."""
    if not call.forge.access.creates_labels(call.token, call.repo):
        return
    actor, app = via(call.token)
    names = [one["name"] if isinstance(one, dict) else str(one) for one in call.fields["labels"]]
    for label in [one for one in issue.labels if one.name.lower() not in {name.lower() for name in names}]:
        call.forge.tracker.unlabel(issue, label, actor, app)
    call.forge.tracker.label(issue, names, actor, app)


def list_events(call: Call) -> Answer:
    rows = [one for one in _seen(call, call.issue()) if one.word not in shapes.TIMELINE_ONLY]
    cut, headers = page(call, rows)
    return Answer([shapes.event(call.forge, one) for one in cut], headers=headers)


def list_timeline(call: Call) -> Answer:
    cut, headers = page(call, _seen(call, call.issue()))
    return Answer([shapes.timeline_row(call.forge, one) for one in cut], headers=headers)


def _seen(call: Call, issue: Issue) -> list[Event]:
    return [one for one in issue.events if call.forge.access.sees_event(call.token, one)]


def list_repository_events(call: Call) -> Answer:
    """Newest first, each with its issue."""
    events = [event for issue in living(call) for event in _seen(call, issue)]
    rows = sorted((e for e in events if e.word not in shapes.TIMELINE_ONLY), key=lambda e: e.id, reverse=True)
    cut, headers = page(call, rows)
    shown = [{**shapes.event(call.forge, one), "issue": shapes.issue(call.forge, one.issue)} for one in cut]
    return Answer(shown, headers=headers)


def list_blocked_by(call: Call) -> Answer:
    return _others(call, call.issue().blocked_by)


def list_blocking(call: Call) -> Answer:
    return _others(call, call.issue().blocking)


def list_sub_issues(call: Call) -> Answer:
    return _others(call, call.issue().sub_issues)


def _others(call: Call, issues: list[Issue]) -> Answer:
    """Those in repositories that the caller cannot see are left out."""
    seen = [one for one in issues if call.forge.access.sees(call.token, one.repo)]
    cut, headers = page(call, seen)
    return Answer([shapes.issue(call.forge, one) for one in cut], headers=headers)


def get_parent(call: Call) -> Answer:
    parent = call.issue().parent
    if parent is None or not call.forge.access.sees(call.token, parent.repo):
        raise Refusal(404, "Not Found")
    return Answer(shapes.issue(call.forge, parent))


def add_blocked_by(call: Call) -> Answer:
    """Takes the blocker's database id, not its number."""
    issue = call.issue()
    blocker = _by_id(call, call.fields.get("issue_id"))
    _dependency_rights(call)
    if blocker in issue.blocked_by or blocker is issue or len(issue.blocked_by) >= MOST_BLOCKERS:
        raise invalid("", {"resource": "IssueDependency", "field": "issue_id", "code": "invalid"})
    actor, app = via(call.token)
    call.forge.tracker.block(issue, blocker, actor, app)
    return Answer(shapes.issue(call.forge, issue), 201)


def remove_blocked_by(call: Call) -> Answer:
    issue = call.issue()
    blocker = _by_id(call, call.number("issue_id"))
    _dependency_rights(call)
    if blocker not in issue.blocked_by:
        raise Refusal(404, "Not Found")
    actor, app = via(call.token)
    call.forge.tracker.unblock(issue, blocker, actor, app)
    return Answer(shapes.issue(call.forge, issue))


def _dependency_rights(call: Call) -> None:
    call.writable()
    if not call.forge.access.labels(call.token, call.repo):
        raise forbidden_role()


def _by_id(call: Call, number: object) -> Issue:
    for repo in call.forge.world.repositories.values():
        for issue in repo.issues.values():
            if issue.id == number and not issue.deleted and call.forge.access.sees(call.token, repo):
                return issue
    raise Refusal(404, "Not Found")


MOST_BLOCKERS = 50
ISSUE = f"{REPO}/issues/{{number}}"
READ, WRITE = ("issues", "read"), ("issues", "write")
ENDPOINTS = (
    Endpoint("GET", f"{REPO}/issues", "issues/issues#list-repository-issues", list_issues, READ),
    Endpoint("POST", f"{REPO}/issues", "issues/issues#create-an-issue", create_issue, WRITE, content=True),
    Endpoint("GET", f"{REPO}/issues/events", "issues/events#list-issue-events-for-a-repository", list_repository_events, READ),  # noqa: E501 - one row of a table
    Endpoint("GET", ISSUE, "issues/issues#get-an-issue", get_issue, READ),
    Endpoint("PATCH", ISSUE, "issues/issues#update-an-issue", update_issue, WRITE),
    Endpoint("GET", f"{ISSUE}/events", "issues/events#list-issue-events", list_events, READ),
    Endpoint("GET", f"{ISSUE}/timeline", "issues/timeline#list-timeline-events-for-an-issue", list_timeline, READ),
    Endpoint("GET", f"{ISSUE}/dependencies/blocked_by", "issues/issue-dependencies#list-dependencies-an-issue-is-blocked-by", list_blocked_by, READ),  # noqa: E501 - one row of a table
    Endpoint("POST", f"{ISSUE}/dependencies/blocked_by", "issues/issue-dependencies#add-a-dependency-an-issue-is-blocked-by", add_blocked_by, WRITE),  # noqa: E501 - one row of a table
    Endpoint("DELETE", f"{ISSUE}/dependencies/blocked_by/{{issue_id}}", "issues/issue-dependencies#remove-dependency-an-issue-is-blocked-by", remove_blocked_by, WRITE),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{ISSUE}/dependencies/blocking", "issues/issue-dependencies#list-dependencies-an-issue-is-blocking", list_blocking, READ),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{ISSUE}/parent", "issues/sub-issues#get-parent-issue", get_parent, READ),
    Endpoint("GET", f"{ISSUE}/sub_issues", "issues/sub-issues#list-sub-issues", list_sub_issues, READ),
)  # fmt: skip
