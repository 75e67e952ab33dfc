"""Render Woodpecker's records as its JSON: unix seconds, and 0 for what has not happened."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from afk.sandbox.woodpecker.records import Pipeline, Repository, Step, User, Workflow


def seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment else 0


def user_json(user: User) -> dict[str, Any]:
    return {
        "id": user.id,
        "forge_id": 1,
        "login": user.login,
        "email": f"{user.login}@people.test",
        "avatar_url": "",
        "admin": user.admin,
        "org_id": 1,
    }


def repository_json(repo: Repository) -> dict[str, Any]:
    return {
        "id": repo.id,
        "forge_id": 1,
        "forge_remote_id": str(1000 + repo.id),
        "org_id": 1,
        "owner": repo.owner,
        "name": repo.name,
        "full_name": repo.full_name,
        "forge_url": f"https://forge.test/{repo.full_name}",
        "clone_url": f"https://forge.test/{repo.full_name}.git",
        "clone_url_ssh": f"git@forge.test:{repo.full_name}.git",
        "default_branch": repo.branch,
        "pr_enabled": True,
        "timeout": 60,
        "visibility": repo.visibility,
        "private": repo.visibility == "private",
        "trusted": {"network": False, "volumes": False, "security": False},
        "require_approval": "forks",
        "approval_allowed_users": [],
        "active": repo.active,
        "allow_pr": True,
        "allow_deploy": False,
        "config_file": "",
        "cancel_previous_pipeline_events": list(repo.cancel_previous),
        "netrc_trusted": [],
    }


def pipeline_json(repo: Repository, pipeline: Pipeline, *, with_workflows: bool) -> dict[str, Any]:
    """Rows of a list have no workflows; a single pipeline has."""
    shape: dict[str, Any] = {
        "id": pipeline.id,
        "number": pipeline.number,
        "author": pipeline.author,
        "parent": pipeline.parent,
        "event": pipeline.event,
        "event_reason": None,
        "status": pipeline.status,
        "errors": [_error(message) for message in pipeline.errors] or None,
        "created": seconds(pipeline.created),
        "updated": seconds(pipeline.updated),
        "started": seconds(pipeline.started),
        "finished": seconds(pipeline.finished),
        "deploy_to": "",
        "deploy_task": "",
        "commit": pipeline.commit,
        "branch": pipeline.branch,
        "rerun_count": pipeline.rerun_count,
        "ref": f"refs/heads/{pipeline.branch}",
        "refspec": "",
        "author_avatar": "",
        "forge_url": f"https://forge.test/{repo.full_name}/commit/{pipeline.commit}",
        "reviewed_by": pipeline.reviewed_by,
        "reviewed": seconds(pipeline.reviewed),
        "version": "",
        "title": "",
        "message": pipeline.message,
        "timestamp": seconds(pipeline.created),
        "sender": pipeline.author,
        "author_email": f"{pipeline.author}@people.test",
    }
    why = pipeline.cancellation
    if why is not None:
        told = {
            "canceled_by_user": why.canceled_by_user,
            "superseded_by": why.superseded_by,
            "canceled_by_step": why.canceled_by_step,
        }
        shape["cancel_info"] = {name: value for name, value in told.items() if value}
    if with_workflows and pipeline.workflows:
        shape["workflows"] = [_workflow(pipeline, one) for one in pipeline.workflows]
    return shape


def log_json(step: Step) -> list[dict[str, Any]] | None:
    """Each line in base64; a step without a log has `null`."""
    lines = [
        {
            "id": step.id * 10_000 + index,
            "step_id": step.id,
            "time": index,
            "line": index,
            "data": base64.b64encode(text.encode()).decode(),
            "type": 0,
        }
        for index, text in enumerate(step.log)
    ]
    return lines or None


def _workflow(pipeline: Pipeline, one: Workflow) -> dict[str, Any]:
    shape = {"id": one.id, "pipeline_id": pipeline.id, "pid": one.pid, "name": one.name, "state": one.state}
    shape |= _present(error=one.error, started=seconds(one.started), finished=seconds(one.finished))
    return shape | {"children": [_step(pipeline, one, step) for step in one.steps]}


def _step(pipeline: Pipeline, one: Workflow, step: Step) -> dict[str, Any]:
    shape = {
        "id": step.id,
        "uuid": f"00000000-0000-4000-8000-{step.id:012}",
        "pipeline_id": pipeline.id,
        "pid": step.pid,
        "ppid": one.pid,
        "name": step.name,
        "state": step.state,
        "exit_code": step.exit_code,
        "type": "clone" if step.name == "clone" else "commands",
    }
    return shape | _present(error=step.error, started=seconds(step.started), finished=seconds(step.finished))


def _present(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _error(message: str) -> dict[str, Any]:
    return {"type": "compiler", "message": message, "is_warning": False, "data": None}
