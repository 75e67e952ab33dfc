"""Carry out mutations, with the refusals of GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github.graphql.connection import cursor
from afk.sandbox.github.graphql.context import FieldRefused, asking, require
from afk.sandbox.github.graphql.fields import rule
from afk.sandbox.github.graphql.places import find
from afk.sandbox.github.records import Comment, Issue, Label
from afk.sandbox.github.tracker import via

if TYPE_CHECKING:
    from afk.sandbox.github.graphql.context import Info
    from afk.sandbox.github.records import Repository

Json = dict[str, Any]


def _issue(info: Info, number: str) -> Issue:
    found = find(info, number)
    if not isinstance(found, Issue):
        raise FieldRefused("NOT_FOUND", f"Could not resolve to an Issue with the global id of '{number}'.")
    return found


def _allow(info: Info, repo: Repository, *, may: bool) -> None:
    who = asking(info)
    require(info, repo, "issues", "write")
    if repo.archived:
        raise FieldRefused("UNPROCESSABLE", "Repository was archived so is read-only.")
    if not may:
        name = info.field_name[0].upper() + info.field_name[1:]
        text = f"{who.token.actor.login} does not have the correct permissions to execute `{name}`"
        raise FieldRefused("FORBIDDEN", text)


def _payload(given: Json, **facts: Any) -> Json:
    return {"clientMutationId": given.get("clientMutationId"), **facts}


def _body(given: Json) -> str:
    text: str = given["body"]
    if not text.strip():
        raise FieldRefused("UNPROCESSABLE", "Body can't be blank")
    return text


@rule("Mutation.addComment")
def add_comment(_: object, info: Info, input: Json) -> Json:  # noqa: A002 - the schema's name
    who, issue = asking(info), _issue(info, input["subjectId"])
    _allow(info, issue.repo, may=who.forge.access.comments(who.token, issue))
    actor, app = via(who.token)
    made = who.forge.tracker.comment(issue, _body(input), actor, app)
    return _payload(input, subject=issue, commentEdge={"cursor": cursor(made), "node": made})


@rule("Mutation.updateIssueComment")
def update_comment(_: object, info: Info, input: Json) -> Json:  # noqa: A002 - the schema's name
    who, found = asking(info), find(info, input["id"])
    if not isinstance(found, Comment):
        raise FieldRefused("NOT_FOUND", f"Could not resolve to an IssueComment with the global id of '{input['id']}'.")
    repo = found.issue.repo
    _allow(info, repo, may=who.forge.access.edits_comment(who.token, found.author, repo))
    who.forge.tracker.edit_comment(found, _body(input), who.token.actor)
    return _payload(input, issueComment=found)


def _labels(info: Info, issue: Issue, numbers: list[str]) -> list[Label]:
    labels = [find(info, number) for number in numbers]
    for label, number in zip(labels, numbers, strict=True):
        if not isinstance(label, Label) or label.repo is not issue.repo:
            raise FieldRefused("NOT_FOUND", f"Could not resolve to a Label with the global id of '{number}'.")
    return labels


@rule("Mutation.addLabelsToLabelable")
def add_labels(_: object, info: Info, input: Json) -> Json:  # noqa: A002 - the schema's name
    who, issue = asking(info), _issue(info, input["labelableId"])
    _allow(info, issue.repo, may=who.forge.access.labels(who.token, issue.repo))
    actor, app = via(who.token)
    names = [label.name for label in _labels(info, issue, input["labelIds"])]
    who.forge.tracker.label(issue, names, actor, app)
    return _payload(input, labelable=issue)


@rule("Mutation.removeLabelsFromLabelable")
def remove_labels(_: object, info: Info, input: Json) -> Json:  # noqa: A002 - the schema's name
    who, issue = asking(info), _issue(info, input["labelableId"])
    _allow(info, issue.repo, may=who.forge.access.labels(who.token, issue.repo))
    actor, app = via(who.token)
    for label in _labels(info, issue, input["labelIds"]):
        if label in issue.labels:
            who.forge.tracker.unlabel(issue, label, actor, app)
    return _payload(input, labelable=issue)


@rule("Mutation.closeIssue")
def close_issue(_: object, info: Info, input: Json) -> Json:  # noqa: A002 - the schema's name
    who, issue = asking(info), _issue(info, input["issueId"])
    _allow(info, issue.repo, may=who.forge.access.closes(who.token, issue))
    actor, app = via(who.token)
    who.forge.tracker.close(issue, actor, (input.get("stateReason") or "COMPLETED").lower(), app)
    return _payload(input, issue=issue)


@rule("Mutation.reopenIssue")
def reopen_issue(_: object, info: Info, input: Json) -> Json:  # noqa: A002 - the schema's name
    who, issue = asking(info), _issue(info, input["issueId"])
    _allow(info, issue.repo, may=who.forge.access.closes(who.token, issue))
    actor, app = via(who.token)
    who.forge.tracker.reopen(issue, actor, app)
    return _payload(input, issue=issue)
