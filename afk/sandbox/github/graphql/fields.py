"""Resolve a field: by its own rule if it has one, else by the record's attribute of that name."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from afk.sandbox.github import ci_records, records
from afk.sandbox.github.checks import when

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.sandbox.github.graphql.context import Info
    from afk.sandbox.github.records import Repository

RULES: dict[tuple[str, str], Callable[..., Any]] = {}
ATTRIBUTES = {"id": "node_id", "databaseId": "id", "fullDatabaseId": "id", "oid": "sha", "nameWithOwner": "full_name"}
EVENTS = {
    "labeled": "LabeledEvent",
    "unlabeled": "UnlabeledEvent",
    "closed": "ClosedEvent",
    "reopened": "ReopenedEvent",
    "renamed": "RenamedTitleEvent",
    "referenced": "ReferencedEvent",
    "cross-referenced": "CrossReferencedEvent",
    "connected": "ConnectedEvent",
    "transferred": "TransferredEvent",
    "blocked_by_added": "BlockedByAddedEvent",
    "blocked_by_removed": "BlockedByRemovedEvent",
    "blocking_added": "BlockingAddedEvent",
    "blocking_removed": "BlockingRemovedEvent",
    "sub_issue_added": "SubIssueAddedEvent",
    "parent_issue_added": "ParentIssueAddedEvent",
    "commented": "IssueComment",
}


def rule(*places: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give fields (`Type.field`) a rule; it is called with the record, the info and the arguments."""

    def keep(resolver: Callable[..., Any]) -> Callable[..., Any]:
        for place in places:
            owner, _, name = place.partition(".")
            RULES[owner, name] = resolver
        return resolver

    return keep


def resolve(source: Any, info: Info, **arguments: Any) -> Any:
    special = RULES.get((info.parent_type.name, info.field_name))
    value = special(source, info, **arguments) if special else plain(source, info.field_name)
    if isinstance(value, datetime):
        return when(value)
    return value


def plain(source: Any, name: str) -> Any:
    if isinstance(source, dict):
        return source.get(name)
    value = getattr(source, ATTRIBUTES.get(name) or snake(name))
    return value.value if isinstance(value, StrEnum) else value


def snake(name: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()


def constant(word: str | None) -> str | None:
    return None if word is None else word.replace("-", "_").upper()


def type_name(value: Any, _info: object, _abstract: object) -> str:
    match value:
        case records.Account():
            return value.kind.value
        case records.Issue():
            return "PullRequest" if value.pull else "Issue"
        case records.Event():
            return EVENTS[value.word]
        case records.Comment():
            return "IssueComment"
        case ci_records.Status():
            return "StatusContext"
        case records.Edit():
            return "UserContentEdit"
        case _:
            return type(value).__name__


def home_of(value: Any) -> Repository | None:
    """The repository whose access decides about the record; None: it is public."""
    match value:
        case records.Repository():
            return value
        case records.Comment() | records.Event():
            return value.issue.repo
        case ci_records.CheckRun():
            return value.suite.repo
        case ci_records.WorkflowRun():
            return value.workflow.repo
        case records.Issue() | records.Label() | records.Commit() | ci_records.CheckSuite() | ci_records.Workflow():
            return value.repo
        case _:
            return None
