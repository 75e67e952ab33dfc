"""Render people, repositories, labels, issues and their events as the forge's JSON."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from afk.sandbox.forgejo.records import Access, Flavour

if TYPE_CHECKING:
    from afk.sandbox.forgejo.records import Event, Issue, Label, Repository, User
    from afk.sandbox.forgejo.world import World

SERVER_ZONE = timezone(timedelta(hours=2))  # times come in the zone of the server, not in UTC
NEVER = datetime.fromtimestamp(0, UTC)
GHOST_ID = -1


def stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(SERVER_ZONE).isoformat(timespec="seconds")


def user_json(world: World, user: User | None) -> dict[str, Any]:
    """Somebody who was deleted is Ghost, with the id -1."""
    login, number = (user.login, user.id) if user else ("Ghost", GHOST_ID)
    shape = {
        "id": number,
        "login": login,
        "login_name": "",
        "source_id": 0,
        "full_name": "",
        "email": f"{login.lower()}@noreply.forge.test",
        "avatar_url": f"{world.url}/avatars/{number}",
        "html_url": f"{world.url}/{login}",
        "language": "",
        "is_admin": False,
        "last_login": "0001-01-01T00:00:00Z",
        "created": stamp(user.created if user else NEVER),
        "restricted": False,
        "active": False,
        "prohibit_login": False,
        "location": "",
        "website": "",
        "description": "",
        "visibility": "public",
        "followers_count": 0,
        "following_count": 0,
        "starred_repos_count": 0,
        "username": login,
    }
    return shape | ({"pronouns": ""} if world.flavour is Flavour.FORGEJO else {})


def repository_json(world: World, repo: Repository, reader: User | None) -> dict[str, Any]:
    full_name, access = world.full_name(repo), world.access(repo, reader)
    page = f"{world.url}/{full_name}"
    issues = [issue for issue in repo.issues.values() if issue.closed is None]
    return {
        "id": repo.id,
        "owner": user_json(world, world.users[repo.owner_id]),
        "name": repo.name,
        "full_name": full_name,
        "description": "",
        "empty": not repo.commits,
        "private": repo.private,
        "fork": repo.fork,
        "template": False,
        "mirror": repo.mirror,
        "size": 24,
        "language": "",
        "languages_url": f"{world.url}/api/v1/repos/{full_name}/languages",
        "html_url": page,
        "url": f"{world.url}/api/v1/repos/{full_name}",
        "link": "",
        "ssh_url": f"git@forge.test:{full_name}.git",
        "clone_url": f"{page}.git",
        "original_url": "",
        "website": "",
        "stars_count": 0,
        "forks_count": 0,
        "watchers_count": 1,
        "open_issues_count": sum(not issue.is_pull for issue in issues),
        "open_pr_counter": sum(issue.is_pull for issue in issues),
        "release_counter": 0,
        "default_branch": repo.default_branch,
        "archived": repo.archived,
        "created_at": stamp(repo.created),
        "updated_at": stamp(repo.created),
        "archived_at": stamp(NEVER),
        "permissions": {
            "admin": access.allows(Access.ADMIN),
            "push": access.allows(Access.WRITE),
            "pull": access.allows(Access.READ),
        },
        "has_issues": repo.has_issues,
        "internal_tracker": {
            "enable_time_tracker": True,
            "allow_only_contributors_to_track_time": True,
            "enable_issue_dependencies": repo.dependencies,
        },
        "has_wiki": False,
        "has_pull_requests": True,
        "has_projects": False,
        "has_releases": True,
        "has_packages": False,
        "has_actions": True,
        "default_merge_style": "merge",
        "avatar_url": "",
        "internal": False,
        "mirror_interval": "",
        "object_format_name": "sha1",
        "mirror_updated": "0001-01-01T00:00:00Z",
        "repo_transfer": None,
        "topics": [],
    }


def label_json(world: World, label: Label) -> dict[str, Any]:
    if label.repo_id is None:
        home = f"orgs/{world.users[label.org_id].login}" if label.org_id else "orgs"
    else:
        home = f"repos/{world.full_name(world.repositories[label.repo_id])}"
    return {
        "id": label.id,
        "name": label.name,
        "exclusive": label.exclusive,
        "is_archived": False,
        "color": label.color.removeprefix("#"),
        "description": label.description,
        "url": f"{world.url}/api/v1/{home}/labels/{label.id}",
    }


def issue_json(world: World, issue: Issue) -> dict[str, Any]:
    repo = world.repositories[issue.repo_id]
    shape = _bare_issue(
        issue.number, issue.title, "closed" if issue.closed else "open", _meta(world, repo), _page(world, issue)
    )
    shape |= {
        "id": issue.id,
        "url": _api(world, issue),
        "user": user_json(world, world.users.get(issue.author_id)),
        "body": issue.body,
        "ref": issue.ref,
        "labels": [label_json(world, label) for label in sorted(issue.labels, key=lambda label: label.name)],
        "comments": sum(event.type == "comment" for event in issue.events),
        "created_at": stamp(issue.created),
        "updated_at": stamp(issue.updated),
        "closed_at": stamp(issue.closed),
    }
    if issue.is_pull:
        shape["pull_request"] = {"merged": False, "merged_at": None, "draft": False, "html_url": shape["html_url"]}
    if world.flavour is Flavour.GITEA:
        shape |= {"content_version": issue.content_version, "time_estimate": 0}
    return shape


def hidden_issue(world: World, blocker: Issue, *, to_a_writer: bool) -> dict[str, Any]:
    """A blocker the reader may not see: nothing but HIDDEN, or title and state for who may write here."""
    if not to_a_writer:
        return _bare_issue(0, "HIDDEN", "open", None, "")
    repo = world.repositories[blocker.repo_id]
    state = "closed" if blocker.closed else "open"
    shape = _bare_issue(blocker.number, blocker.title, state, _meta(world, repo), _page(world, blocker))
    return shape | {"url": _api(world, blocker), "labels": []}


def comment_json(world: World, issue: Issue, event: Event) -> dict[str, Any]:
    return _event_place(world, issue, event) | {
        "original_author": "",
        "original_author_id": 0,
        "body": event.body,
        "assets": [],
    }


def event_json(world: World, issue: Issue, event: Event) -> dict[str, Any]:
    dependent = event.dependent and world.repositories[event.dependent[0]].issues[event.dependent[1]]
    return _event_place(world, issue, event) | {
        "type": event.type,
        "body": event.body,
        "old_project_id": 0,
        "project_id": 0,
        "old_milestone": None,
        "milestone": None,
        "tracked_time": None,
        "old_title": event.old_title,
        "new_title": event.new_title,
        "old_ref": event.old_ref,
        "new_ref": event.new_ref,
        "ref_issue": None,
        "ref_comment": None,
        "ref_action": "none",
        "ref_commit_sha": event.sha,
        "review_id": 0,
        "label": label_json(world, event.label) if event.label else None,
        "assignee": None,
        "assignee_team": None,
        "removed_assignee": False,
        "resolve_doer": None,
        "dependent_issue": issue_json(world, dependent) if dependent else None,
    }


def _event_place(world: World, issue: Issue, event: Event) -> dict[str, Any]:
    page = _page(world, issue)
    return {
        "id": event.id,
        "html_url": f"{page}#issuecomment-{event.id}",
        "pull_request_url": page if issue.is_pull else "",
        "issue_url": "" if issue.is_pull else page,
        "user": user_json(world, world.users.get(event.user_id)),
        "created_at": stamp(event.at),
        "updated_at": stamp(event.updated or event.at),
    }


def _page(world: World, issue: Issue) -> str:
    kind = "pulls" if issue.is_pull else "issues"
    return f"{world.url}/{world.full_name(world.repositories[issue.repo_id])}/{kind}/{issue.number}"


def _api(world: World, issue: Issue) -> str:
    return f"{world.url}/api/v1/repos/{world.full_name(world.repositories[issue.repo_id])}/issues/{issue.number}"


def _meta(world: World, repo: Repository) -> dict[str, Any]:
    owner = world.users[repo.owner_id].login
    return {"id": repo.id, "name": repo.name, "owner": owner, "full_name": f"{owner}/{repo.name}"}


def _bare_issue(
    number: int, title: str, state: str, repository: dict[str, Any] | None, html_url: str
) -> dict[str, Any]:
    return {
        "id": 0,
        "url": "",
        "html_url": html_url,
        "number": number,
        "user": None,
        "original_author": "",
        "original_author_id": 0,
        "title": title,
        "body": "",
        "ref": "",
        "assets": [],
        "labels": None,
        "milestone": None,
        "assignee": None,
        "assignees": None,
        "state": state,
        "is_locked": False,
        "comments": 0,
        "created_at": stamp(NEVER),
        "updated_at": stamp(NEVER),
        "closed_at": None,
        "due_date": None,
        "pull_request": None,
        "repository": repository,
        "pin_order": 0,
    }
