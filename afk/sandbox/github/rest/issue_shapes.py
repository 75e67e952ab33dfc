"""Shape issues, comments, labels and their events as REST shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github.access import association
from afk.sandbox.github.checks import when
from afk.sandbox.github.rest.shapes import maybe_app, maybe_user, user

if TYPE_CHECKING:
    from afk.sandbox.github.forge import Forge
    from afk.sandbox.github.records import Comment, Event, Issue, Label

Json = dict[str, Any]
REACTIONS = ("+1", "-1", "laugh", "hooray", "confused", "heart", "rocket", "eyes")
TIMELINE_ONLY = ("commented", "cross-referenced")  # the list of events leaves these out
PERCENT = 100


def label(forge: Forge, one: Label) -> Json:
    return {
        "id": one.id,
        "node_id": one.node_id,
        "url": f"{forge.url}/repos/{one.repo.full_name}/labels/{one.name}",
        "name": one.name,
        "color": one.color,
        "default": one.name in {"bug", "documentation", "duplicate", "enhancement", "question", "invalid"},
        "description": one.description,
    }


def _reactions(url: str) -> Json:
    return {"url": f"{url}/reactions", "total_count": 0, **dict.fromkeys(REACTIONS, 0)}


def issue(forge: Forge, one: Issue) -> Json:
    repo_url = f"{forge.url}/repos/{one.repo.full_name}"
    url, page = f"{repo_url}/issues/{one.number}", html_url(forge, one)
    parent = {} if one.parent is None else {"parent_issue_url": _url(forge, one.parent)}
    return {
        "url": url,
        "repository_url": repo_url,
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": page,
        "id": one.id,
        "node_id": one.node_id,
        "number": one.number,
        "title": one.title,
        "user": maybe_user(forge, one.author),
        "labels": [label(forge, each) for each in one.labels],
        "state": one.state,
        "locked": one.locked,
        "assignee": None,
        "assignees": [],
        "milestone": None,
        "comments": len(one.comments),
        "created_at": when(one.created_at),
        "updated_at": when(one.updated_at),
        "closed_at": when(one.closed_at),
        "author_association": association(one, one.author),
        "active_lock_reason": None,
        "type": None,
        "sub_issues_summary": sub_issues_summary(one),
        "issue_dependencies_summary": dependencies_summary(one),
        **parent,
        **(_pull(repo_url, page, one) if one.pull else {}),
        "body": one.body,
        "closed_by": maybe_user(forge, one.closed_by),
        "reactions": _reactions(url),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": maybe_app(forge, one.via_app),
        "state_reason": one.state_reason,
    }


def _url(forge: Forge, one: Issue) -> str:
    return f"{forge.url}/repos/{one.repo.full_name}/issues/{one.number}"


def _pull(repo_url: str, page: str, one: Issue) -> Json:
    merged = one.pull.merged_at if one.pull else None
    links = {"html_url": page, "diff_url": f"{page}.diff", "patch_url": f"{page}.patch", "merged_at": when(merged)}
    return {"draft": False, "pull_request": {"url": f"{repo_url}/pulls/{one.number}", **links}}


def html_url(forge: Forge, one: Issue) -> str:
    return f"{forge.world.site}{html_path(one)}"


def html_path(one: Issue) -> str:
    return f"/{one.repo.full_name}/{'pull' if one.pull else 'issues'}/{one.number}"


def sub_issues_summary(one: Issue) -> Json:
    total, done = len(one.sub_issues), sum(child.state == "closed" for child in one.sub_issues)
    return {"total": total, "completed": done, "percent_completed": PERCENT * done // total if total else 0}


def dependencies_summary(one: Issue) -> Json:
    """The plain counts are of open issues, the totals of all."""
    return {
        "blocked_by": sum(other.state == "open" for other in one.blocked_by),
        "total_blocked_by": len(one.blocked_by),
        "blocking": sum(other.state == "open" for other in one.blocking),
        "total_blocking": len(one.blocking),
    }


def comment(forge: Forge, one: Comment) -> Json:
    repo_url = f"{forge.url}/repos/{one.issue.repo.full_name}"
    url = f"{repo_url}/issues/comments/{one.id}"
    return {
        "url": url,
        "html_url": f"{html_url(forge, one.issue)}#issuecomment-{one.id}",
        "issue_url": f"{repo_url}/issues/{one.issue.number}",
        "id": one.id,
        "node_id": one.node_id,
        "user": maybe_user(forge, one.author),
        "created_at": when(one.created_at),
        "updated_at": when(one.updated_at),
        "body": one.body,
        "author_association": association(one.issue, one.author),
        "reactions": _reactions(url),
        "performed_via_github_app": maybe_app(forge, one.via_app),
    }


def event(forge: Forge, one: Event) -> Json:
    """A row of `/events`. There is no author association on it, whatever some clients hope for."""
    repo_url = f"{forge.url}/repos/{one.issue.repo.full_name}"
    commit_url = f"{forge.url}/repos/{one.commit.repo.full_name}/commits/{one.commit.sha}" if one.commit else None
    return {
        "id": one.id,
        "node_id": one.node_id,
        "url": f"{repo_url}/issues/events/{one.id}",
        "actor": maybe_user(forge, one.actor),
        "event": one.word,
        "commit_id": one.commit.sha if one.commit else None,
        "commit_url": commit_url,
        "created_at": when(one.created_at),
        **_details(one),
        "performed_via_github_app": maybe_app(forge, one.via_app),
    }


def _details(one: Event) -> Json:
    match one.word:
        case "labeled" | "unlabeled":
            return {"label": {"name": one.label_name, "color": one.label_color}, "intent": one.intent}
        case "renamed":
            return {"rename": {"from": one.renamed_from, "to": one.renamed_to}}
        case _:
            return {}


def timeline_row(forge: Forge, one: Event) -> Json:
    match one.word:
        case "commented":
            assert one.comment is not None, one.id
            shape = comment(forge, one.comment)
            return {**shape, "event": "commented", "actor": shape["user"]}
        case "cross-referenced":
            assert one.source is not None, one.id
            source = {"type": "issue", "issue": issue(forge, one.source)}
            times = {"created_at": when(one.created_at), "updated_at": when(one.created_at)}
            return {
                "event": one.word,
                "actor": user(forge, one.actor) if one.actor else None,
                **times,
                "source": source,
            }
        case "closed" | "reopened":
            return {**event(forge, one), "state_reason": one.state_reason}
        case _:
            return event(forge, one)
