"""Resolve the fields of timeline events and of the pull requests that they lead to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github import git
from afk.sandbox.github.graphql.context import asking
from afk.sandbox.github.graphql.fields import EVENTS, constant, rule, snake
from afk.sandbox.github.graphql.places import present
from afk.sandbox.github.rest.issue_shapes import html_url

if TYPE_CHECKING:
    from afk.sandbox.github.graphql.context import Info
    from afk.sandbox.github.records import Event, Issue, Label, Repository


for _event in {*EVENTS.values()} - {"IssueComment"}:
    rule(f"{_event}.actor")(lambda event, info: present(info, event.actor))


@rule("ClosedEvent.stateReason", "ReopenedEvent.stateReason")
def event_reason(one: Event, _: Info) -> str | None:
    return constant(one.state_reason)


@rule("LabeledEvent.label", "UnlabeledEvent.label")
def event_label(event: Event, _: Info) -> Label | None:
    return event.label


@rule("LabeledEvent.labelable", "UnlabeledEvent.labelable", "ReferencedEvent.subject", "RenamedTitleEvent.subject")
@rule("CrossReferencedEvent.target", "ConnectedEvent.source")
def event_issue(event: Event, _: Info) -> Issue:
    return event.issue


@rule("ConnectedEvent.subject", "BlockedByAddedEvent.blockingIssue", "BlockedByRemovedEvent.blockingIssue")
@rule("BlockingAddedEvent.blockedIssue", "BlockingRemovedEvent.blockedIssue")
@rule("SubIssueAddedEvent.subIssue", "ParentIssueAddedEvent.parent")
def event_source(event: Event, _: Info) -> Issue | None:
    return event.source


@rule("RenamedTitleEvent.currentTitle")
def current_title(event: Event, _: Info) -> str:
    return event.renamed_to


@rule("RenamedTitleEvent.previousTitle")
def previous_title(event: Event, _: Info) -> str:
    return event.renamed_from


@rule("TransferredEvent.fromRepository")
def from_repository(event: Event, _: Info) -> Repository | None:
    return event.from_repo


@rule("ClosedEvent.closer")
def closer(event: Event, _: Info) -> Any:
    return event.commit or event.closer


@rule("ClosedEvent.url", "CrossReferencedEvent.url")
def event_url(event: Event, info: Info) -> str:
    return f"{html_url(asking(info).forge, event.issue)}#event-{event.id}"


@rule("ReferencedEvent.commitRepository")
def commit_repository(event: Event, _: Info) -> Repository:
    assert event.commit is not None, event.id
    return event.commit.repo


@rule("ReferencedEvent.isDirectReference")
def direct(_: Event, __: Info) -> bool:
    return True  # it would be false for a mention in a comment on the commit


@rule("ReferencedEvent.isCrossRepository", "CrossReferencedEvent.isCrossRepository", "ConnectedEvent.isCrossRepository")
def crosses(event: Event, _: Info) -> bool:
    other = event.commit or event.source
    return other is not None and other.repo is not event.issue.repo


@rule("CrossReferencedEvent.referencedAt")
def referenced_at(event: Event, _: Info) -> Any:
    return event.created_at


@rule("CrossReferencedEvent.willCloseTarget")
def will_close(event: Event, _: Info) -> bool:
    source, mine = event.source, (event.issue.repo.full_name.lower(), event.issue.number)
    return source is not None and source.pull is not None and mine in git.closings(source.body or "", source.repo)


@rule("PullRequest.merged")
def merged(one: Issue, _: Info) -> bool:
    return one.pull is not None and one.pull.merged_at is not None


@rule("PullRequest.mergedAt", "PullRequest.mergeCommit", "PullRequest.baseRefName", "PullRequest.headRefName")
def pull_field(one: Issue, info: Info) -> Any:
    names = {"baseRefName": "base", "headRefName": "head"}
    return getattr(one.pull, names.get(info.field_name) or snake(info.field_name))


@rule("PullRequest.state")
def pull_state(one: Issue, info: Info) -> str:
    return "MERGED" if merged(one, info) else one.state.upper()
