"""Render commits, branches, statuses and Actions runs as the forge's JSON."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from afk.sandbox.forgejo.records import Access, Flavour
from afk.sandbox.forgejo.shapes import repository_json, stamp, user_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afk.sandbox.forgejo.call import Call
    from afk.sandbox.forgejo.records import Commit, Protection, Repository, Run, Status
    from afk.sandbox.forgejo.world import World


def commit_json(call: Call, repo: Repository, commit: Commit) -> dict[str, Any]:
    """`stat`, `verification` and `files` are there unless the caller turns them off."""
    world = call.world
    api = f"{world.url}/api/v1/repos/{world.full_name(repo)}/git"
    author = world.users.get(commit.author_id)
    signature = {**_signature(world, commit), "date": stamp(commit.date)}
    person = user_json(world, author) if author else None
    verification = {"verified": False, "reason": "gpg.error.not_signed_commit", "signature": "", "signer": None}
    return {
        "url": f"{api}/commits/{commit.sha}",
        "sha": commit.sha,
        "created": stamp(commit.date),
        "html_url": f"{world.url}/{world.full_name(repo)}/commit/{commit.sha}",
        "commit": {
            "url": f"{api}/commits/{commit.sha}",
            "author": signature,
            "committer": signature,
            "message": commit.message,
            "tree": {"url": f"{api}/trees/{commit.sha}", "sha": commit.sha, "created": stamp(commit.date)},
            "verification": verification | {"payload": ""} if _wanted(call, "verification") else None,
        },
        "author": person,
        "committer": person,
        "parents": [
            {"url": f"{api}/commits/{sha}", "sha": sha, "created": "0001-01-01T00:00:00Z"} for sha in commit.parents
        ],
        "files": [{"filename": "README.md", "status": "modified"}] if _wanted(call, "files") else None,
        "stats": {"total": 2, "additions": 1, "deletions": 1} if _wanted(call, "stat") else None,
    }


def branch_json(call: Call, repo: Repository, name: str) -> dict[str, Any]:
    world, commit = call.world, repo.commits[repo.branches[name]]
    protected = name in repo.protections
    author = {**_signature(world, commit), "username": ""}
    shape = {
        "name": name,
        "commit": {
            "id": commit.sha,
            "message": commit.message,
            "url": f"{world.url}/{world.full_name(repo)}/commit/{commit.sha}",
            "author": author,
            "committer": author,
            "verification": None,
            "timestamp": stamp(commit.date),
            "added": None,
            "removed": None,
            "modified": None,
        },
        "protected": protected,
        "required_approvals": 0,
        "enable_status_check": False,
        "status_check_contexts": [],
        "user_can_push": call.access(repo).allows(Access.WRITE) and _lets_push(call, repo.protections.get(name)),
        "user_can_merge": call.access(repo).allows(Access.WRITE),
    }
    admin = call.access(repo).allows(Access.ADMIN)
    return shape | {"effective_branch_protection_name": name if protected and admin else ""}


def _lets_push(call: Call, rule: Protection | None) -> bool:
    return rule is None or (rule.enable_push and (rule.whitelist is None or call.user.login in rule.whitelist))


def protection_json(repo: Repository, name: str) -> dict[str, Any]:
    rule = repo.protections[name]
    return {
        "branch_name": name,
        "rule_name": name,
        "enable_push": rule.enable_push,
        "enable_push_whitelist": rule.whitelist is not None,
        "push_whitelist_usernames": list(rule.whitelist or ()),
        "push_whitelist_teams": [],
        "push_whitelist_deploy_keys": False,
        "enable_merge_whitelist": False,
        "merge_whitelist_usernames": [],
        "merge_whitelist_teams": [],
        "enable_status_check": False,
        "status_check_contexts": [],
        "required_approvals": 0,
        "enable_approvals_whitelist": False,
        "approvals_whitelist_username": [],
        "approvals_whitelist_teams": [],
        "block_on_rejected_reviews": False,
        "block_on_official_review_requests": False,
        "block_on_outdated_branch": False,
        "dismiss_stale_approvals": False,
        "ignore_stale_approvals": False,
        "require_signed_commits": rule.signed,
        "protected_file_patterns": "",
        "unprotected_file_patterns": "",
        "apply_to_admins": False,
        "created_at": stamp(rule.at),
        "updated_at": stamp(rule.at),
    }


def tree_json(
    call: Call, repo: Repository, commit: Commit, paths: Sequence[str], page: int, size: int
) -> dict[str, Any]:
    url = f"{call.world.url}/api/v1/repos/{call.world.full_name(repo)}/git"
    rows = []
    for path in paths[(page - 1) * size : page * size]:
        kind, mode = ("blob", "100644") if path in commit.paths else ("tree", "040000")
        sha = hashlib.sha1(path.encode(), usedforsecurity=False).hexdigest()
        row = {"path": path, "mode": mode, "type": kind, "size": 0, "sha": sha, "url": f"{url}/{kind}s/{sha}"}
        rows.append(row)
    cut = page * size < len(paths)
    shape = {"sha": commit.sha, "url": f"{url}/trees/{commit.sha}", "tree": rows}
    return {**shape, "truncated": cut, "page": page, "total_count": len(paths)}


def status_json(world: World, repo: Repository, status: Status) -> dict[str, Any]:
    return {
        "id": status.id,
        "status": status.state,
        "target_url": status.target_url,
        "description": status.description,
        "url": f"{world.url}/api/v1/repos/{world.full_name(repo)}/statuses/{status.sha}",
        "context": status.context,
        "creator": user_json(world, world.users.get(status.creator_id)),
        "created_at": stamp(status.at),
        "updated_at": stamp(status.at),
    }


def combined_json(call: Call, repo: Repository, sha: str, page: Sequence[Status]) -> dict[str, Any]:
    """`state` and `total_count` speak of the page only; no status at all looks different in the two programs."""
    world = call.world
    home = f"{world.url}/api/v1/repos/{world.full_name(repo)}/commits/{sha}"
    empty = {
        "state": "",
        "sha": "",
        "total_count": 0,
        "statuses": None,
        "repository": None,
        "commit_url": "",
        "url": "",
    }
    filled = {
        "sha": sha,
        "total_count": len(page),
        "statuses": [status_json(world, repo, status) for status in page],
        "repository": repository_json(world, repo, call.user),
    }
    states = [status.state for status in page]
    match world.flavour:
        case Flavour.FORGEJO:
            return {**empty, **filled, "state": _worst(states)} if page else empty
        case Flavour.GITEA:
            return {**filled, "state": _combined(states), "commit_url": home, "url": f"{home}/status"}


def run_json(world: World, repo: Repository, run: Run) -> dict[str, Any]:
    page = f"{world.url}/{world.full_name(repo)}/actions/runs/{run.number}"
    actor = user_json(world, world.users.get(run.actor_id))
    shared = {"id": run.id, "workflow_id": run.workflow, "event": run.event, "status": run.status}
    if world.flavour is Flavour.GITEA:
        status, conclusion = _GITEA_RUN[run.status]
        return shared | {
            "url": page.replace(world.url, f"{world.url}/api/v1/repos", 1),
            "html_url": page,
            "display_title": run.workflow,
            "path": f"{run.workflow}@refs/heads/{run.branch}",
            "run_attempt": 1,
            "run_number": run.number,
            "head_sha": run.sha,
            "head_branch": run.branch,
            "status": status,
            "conclusion": conclusion,
            "actor": actor,
            "trigger_actor": actor,
            "started_at": stamp(run.at),
        }
    if world.released_runs:
        return shared | {
            "title": run.workflow,
            "index_in_repo": run.number,
            "trigger_user": actor,
            "prettyref": run.branch,
            "is_ref_deleted": False,
            "commit_sha": run.sha,
            "trigger_event": run.event,
            "created": stamp(run.at),
            "html_url": page,
        }
    return shared | {
        "name": run.workflow,
        "run_number": run.number,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "url": page,
        "triggering_actor": actor,
    }


def _signature(world: World, commit: Commit) -> dict[str, str]:
    author = world.users.get(commit.author_id)
    login = author.login if author else "gone"
    return {"name": login, "email": f"{login.lower()}@noreply.forge.test"}


def _wanted(call: Call, name: str) -> bool:
    return call.query(name).lower() not in {"false", "0", "off", "no"}


def _worst(states: list[str]) -> str:
    worst = min(states, key=["error", "failure", "warning", "pending", "success"].index)
    return "failure" if worst == "error" else worst


def _combined(states: list[str]) -> str:
    if {"error", "failure"} & set(states):
        return "failure"
    return "success" if states and "pending" not in states else "pending"


_GITEA_RUN = {
    "unknown": ("queued", ""),
    "waiting": ("queued", ""),
    "blocked": ("waiting", ""),
    "running": ("in_progress", ""),
    "success": ("completed", "success"),
    "failure": ("completed", "failure"),
    "cancelled": ("completed", "cancelled"),
    "skipped": ("completed", "skipped"),
}
