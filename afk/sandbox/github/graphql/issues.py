"""Resolve the fields of issues, comments and timeline events."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from afk.sandbox.github.access import association
from afk.sandbox.github.graphql.connection import connection
from afk.sandbox.github.graphql.context import FieldRefused, asking, require
from afk.sandbox.github.graphql.fields import EVENTS, constant, rule, snake
from afk.sandbox.github.graphql.places import present, sort_labels
from afk.sandbox.github.rest.issue_shapes import dependencies_summary, html_path, html_url, sub_issues_summary

if TYPE_CHECKING:
    from afk.sandbox.github.graphql.context import Info
    from afk.sandbox.github.records import Account, Comment, Issue, Repository

Json = dict[str, Any]
ITEM_TYPES = {snake(name).upper(): word for word, name in EVENTS.items()}


def issue_or_none(repo: Repository, number: int, *, pull: bool) -> Issue | None:
    found = repo.issues.get(number)
    gone = found is None or found.deleted or found.moved_to is not None or bool(found.pull) is not pull
    return None if gone else found


@rule("Repository.issue")
def issue(repo: Repository, info: Info, number: int) -> Issue:
    require(info, repo, "issues")
    found = issue_or_none(repo, number, pull=False)
    if found is None:
        raise FieldRefused("NOT_FOUND", f"Could not resolve to an Issue with the number of {number}.")
    return found


@rule("Repository.pullRequest")
def pull_request(repo: Repository, info: Info, number: int) -> Issue:
    require(info, repo, "pull_requests")
    found = issue_or_none(repo, number, pull=True)
    if found is None:
        raise FieldRefused("NOT_FOUND", f"Could not resolve to a PullRequest with the number of {number}.")
    return found


@rule("Repository.issues")
def issues(
    repo: Repository, info: Info, states: list[str] | None = None, labels: list[str] | None = None,
    filterBy: Json | None = None, orderBy: Json | None = None, **arguments: Any,  # noqa: N803 - the schema's names
) -> Json:  # fmt: skip
    """Issues only, oldest first unless asked otherwise; `labels` matches any of them."""
    require(info, repo, "issues")
    narrow = filterBy or {}
    rows = [one for one in repo.issues.values() if not one.deleted and not one.moved_to and not one.pull]
    for wanted in [states, narrow.get("states")]:
        if wanted is not None:
            rows = [one for one in rows if one.state.upper() in wanted]
    for names in [labels, narrow.get("labels")]:
        if names is not None:
            lower = {name.lower() for name in names}
            rows = [one for one in rows if lower & {label.name.lower() for label in one.labels}]
    if narrow.get("since"):
        start = datetime.fromisoformat(narrow["since"])
        rows = [one for one in rows if one.updated_at >= start]
    if narrow.get("createdBy"):
        rows = [one for one in rows if one.author and one.author.login == narrow["createdBy"]]
    order = orderBy or {"field": "CREATED_AT", "direction": "ASC"}
    rows.sort(key=lambda one: (_order_key(one, order["field"]), one.number), reverse=order["direction"] == "DESC")
    return connection(rows, arguments)


def _order_key(one: Issue, field: str) -> Any:
    match field:
        case "COMMENTS":
            return len(one.comments)
        case "UPDATED_AT":
            return one.updated_at
        case _:
            return one.created_at


@rule("Issue.labels", "PullRequest.labels")
def issue_labels(one: Issue, _: Info, **arguments: Any) -> Json:
    return connection(sort_labels(one.labels, arguments["orderBy"]), arguments)


@rule("Issue.comments")
def comments(one: Issue, _: Info, **arguments: Any) -> Json:
    order = arguments.get("orderBy")
    rows = sorted(one.comments, key=lambda c: c.updated_at) if order else list(one.comments)
    if order and order["direction"] == "DESC":
        rows.reverse()
    return connection(rows, arguments)


@rule("Issue.userContentEdits", "IssueComment.userContentEdits")
def edits(one: Issue | Comment, _: Info, **arguments: Any) -> Json:
    return connection(list(reversed(one.edits)), arguments)


@rule("UserContentEdit.createdAt", "UserContentEdit.editedAt", "UserContentEdit.updatedAt")
def edited_at(one: Any, _: Info) -> Any:
    return one.at


@rule("UserContentEdit.deletedAt", "UserContentEdit.deletedBy")
def never_deleted(_: Any, __: Info) -> None:
    return None


@rule("Issue.includesCreatedEdit", "IssueComment.includesCreatedEdit", "IssueComment.isMinimized")
def never(_: Any, __: Info) -> bool:
    return False


def _readable(info: Info, rows: list[Issue]) -> list[Issue]:
    who = asking(info)
    return [one for one in rows if who.forge.access.sees(who.token, one.repo)]


@rule("Issue.blockedBy")
def blocked_by(one: Issue, info: Info, **arguments: Any) -> Json:
    """Closed blockers, too. Those that the viewer cannot read are missing here but counted in the summary."""
    return connection(_by_order(_readable(info, one.blocked_by), arguments["orderBy"]), arguments)


@rule("Issue.blocking")
def blocking(one: Issue, info: Info, **arguments: Any) -> Json:
    return connection(_by_order(_readable(info, one.blocking), arguments["orderBy"]), arguments)


def _by_order(rows: list[Issue], order: Json) -> list[Issue]:
    rows = sorted(rows, key=lambda one: one.id) if order["field"] == "CREATED_AT" else rows
    return rows[::-1] if order["direction"] == "DESC" else rows


@rule("Issue.subIssues")
def sub_issues(one: Issue, info: Info, **arguments: Any) -> Json:
    return connection(_readable(info, one.sub_issues), arguments)


@rule("Issue.parent")
def parent(one: Issue, info: Info) -> Issue | None:
    return next(iter(_readable(info, [one.parent] if one.parent else [])), None)


def _camel(counts: Json) -> Json:
    parts = {name: name.split("_") for name in counts}
    return {words[0] + "".join(word.title() for word in words[1:]): counts[name] for name, words in parts.items()}


@rule("Issue.issueDependenciesSummary")
def dependencies(one: Issue, _: Info) -> Json:
    return _camel(dependencies_summary(one))


@rule("Issue.subIssuesSummary")
def children(one: Issue, _: Info) -> Json:
    return _camel(sub_issues_summary(one))


@rule("Issue.timelineItems")
def timeline(one: Issue, info: Info, **arguments: Any) -> Json:
    who = asking(info)
    rows = [event for event in one.events if who.forge.access.sees_event(who.token, event)]
    wanted = arguments.get("itemTypes")
    if wanted is not None:
        words = {ITEM_TYPES[name] for name in wanted}
        rows = [event for event in rows if event.word in words]
    if arguments.get("since"):
        start = datetime.fromisoformat(arguments["since"])
        rows = [event for event in rows if event.created_at >= start]
    rows = rows[arguments.get("skip") or 0 :]
    made = connection([event.comment or event for event in rows], arguments, updatedAt=one.updated_at)
    return {**made, "filteredCount": len(rows), "pageCount": len(made["nodes"])}


@rule("Issue.state")
def state(one: Issue, _: Info) -> str:
    return one.state.upper()


@rule("Issue.stateReason")
def issue_reason(one: Issue, _: Info, *, enableDuplicate: bool = False) -> str | None:  # noqa: N803 - the schema's name
    reason = constant(one.state_reason)
    return "NOT_PLANNED" if reason == "DUPLICATE" and not enableDuplicate else reason


@rule("Issue.closed", "PullRequest.closed")
def closed(one: Issue, _: Info) -> bool:
    return one.state == "closed"


@rule("Issue.body", "Issue.bodyText", "PullRequest.body", "IssueComment.bodyText")
def body(one: Issue | Comment, _: Info) -> str:
    return one.body or ""


@rule("Issue.url", "PullRequest.url")
def url(one: Issue, info: Info) -> str:
    return html_url(asking(info).forge, one)


@rule("Issue.resourcePath")
def path(one: Issue, _: Info) -> str:
    return html_path(one)


@rule("IssueComment.url")
def comment_url(one: Comment, info: Info) -> str:
    return f"{html_url(asking(info).forge, one.issue)}#issuecomment-{one.id}"


@rule("IssueComment.resourcePath")
def comment_path(one: Comment, _: Info) -> str:
    return f"{html_path(one.issue)}#issuecomment-{one.id}"


@rule("Issue.author", "IssueComment.author", "PullRequest.author")
def author(one: Issue | Comment, info: Info) -> Account | None:
    return present(info, one.author)


@rule("Issue.editor", "IssueComment.editor", "UserContentEdit.editor")
def editor(one: Issue | Comment, info: Info) -> Account | None:
    return present(info, one.editor)


@rule("Issue.authorAssociation", "PullRequest.authorAssociation")
def issue_association(one: Issue, _: Info) -> str:
    return association(one, one.author)


@rule("IssueComment.authorAssociation")
def comment_association(one: Comment, _: Info) -> str:
    return association(one.issue, one.author)


@rule("Issue.viewerDidAuthor", "IssueComment.viewerDidAuthor")
def did_author(one: Issue | Comment, info: Info) -> bool:
    return one.author is asking(info).token.actor


@rule("IssueComment.viewerCanUpdate", "IssueComment.viewerCanDelete")
def can_update_comment(one: Comment, info: Info) -> bool:
    who, repo = asking(info), one.issue.repo
    access = who.forge.access
    return access.permits(who.token, repo, "issues", "write") and access.edits_comment(who.token, one.author, repo)


@rule("Issue.viewerCanUpdate")
def can_update(one: Issue, info: Info) -> bool:
    who = asking(info)
    return _writes(info, one) and who.forge.access.edits(who.token, one)


@rule("Issue.viewerCanClose")
def can_close(one: Issue, info: Info) -> bool:
    who = asking(info)
    return one.state == "open" and _writes(info, one) and who.forge.access.closes(who.token, one)


@rule("Issue.viewerCanReopen")
def can_reopen(one: Issue, info: Info) -> bool:
    who = asking(info)
    return one.state == "closed" and _writes(info, one) and who.forge.access.closes(who.token, one)


@rule("Issue.viewerCanLabel", "PullRequest.viewerCanLabel")
def can_label(one: Issue, info: Info) -> bool:
    who = asking(info)
    return _writes(info, one) and who.forge.access.labels(who.token, one.repo)


def _writes(info: Info, one: Issue) -> bool:
    who = asking(info)
    return who.forge.access.permits(who.token, one.repo, "issues", "write") and not one.repo.archived
