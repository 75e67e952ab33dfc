"""Show the environment, and its threads at a glance, as protocol 2 does."""

from __future__ import annotations

from typing import Any

from afk.sandbox.t3.model import Project, Status, Thread, World
from afk.sandbox.t3.projection_v2 import app_thread, items
from afk.sandbox.t3.render_v1 import project as shell_project

SCHEMA_VERSION = 1


def project(it: Project) -> dict[str, Any]:
    return {
        "id": it.id,
        "title": it.title,
        "workspaceRoot": it.workspace_root,
        "defaultModelSelection": it.model_selection,
        "defaultThreadEnvMode": it.thread_env_mode,
        "scripts": it.scripts,
        "createdAt": it.created_at,
        "updatedAt": it.updated_at,
        "deletedAt": it.deleted_at,
    }


def projects(world: World) -> dict[str, Any]:
    return {
        "projects": [project(it) for it in world.projects.values() if it.deleted_at is None],
        "updatedAt": world.now(),
    }


def shell_thread(it: Thread) -> dict[str, Any]:
    latest = it.turns[-1] if it.turns else None
    active, current = it.open_turn, it.open_turn or latest
    failed = latest is not None and latest.status is Status.FAILED
    request = it.pending[0] if it.pending else None
    said = it.messages[-1] if it.messages else None
    return {
        **app_thread(it),
        "latestRunId": latest.run_id if latest else None,
        "latestRunRequestedAt": latest.requested_at if latest else None,
        "latestRunStartedAt": latest.started_at if latest else None,
        "latestRunCompletedAt": latest.completed_at if latest else None,
        "activeRunId": active.run_id if active else None,
        "status": current.status if current else "idle",
        "lastError": latest.error if failed and latest else None,
        "lastErrorClass": "provider_error" if failed else None,
        "pendingRuntimeRequest": request and {"id": request.id, "kind": request.kind, "createdAt": request.created_at},
        "latestVisibleMessage": said
        and {"id": said.id, "role": said.role, "text": said.text, "updatedAt": said.updated_at},
        "latestUserMessageAt": it.latest_user_message_at,
        "hasActionableProposedPlan": bool(it.plans),
        "pendingBackgroundTasks": [],
        "itemCount": len(items(it)),
        "visibleItemCount": len(items(it)),
    }


def shell(world: World) -> dict[str, Any]:
    live = [it for it in world.threads.values() if it.deleted_at is None]
    return {
        "schemaVersion": SCHEMA_VERSION,
        "snapshotSequence": world.sequence,
        "projects": [shell_project(it) for it in world.projects.values() if it.deleted_at is None],
        "threads": [shell_thread(it) for it in live if it.archived_at is None],
        "archivedThreads": [shell_thread(it) for it in live if it.archived_at is not None],
    }


def shell_item(world: World, sequence: int, project_id: str | None, thread_id: str | None) -> dict[str, Any]:
    if project_id is not None:
        it = world.projects[project_id]
        if it.deleted_at is not None:
            return {"kind": "project.removed", "sequence": sequence, "projectId": it.id}
        return {"kind": "project.updated", "sequence": sequence, "project": shell_project(it)}
    assert thread_id is not None
    changed = world.threads[thread_id]
    if changed.deleted_at is not None:
        return {"kind": "thread.removed", "sequence": sequence, "location": "active", "threadId": changed.id}
    place = "active" if changed.archived_at is None else "archive"
    return {"kind": "thread.updated", "sequence": sequence, "location": place, "thread": shell_thread(changed)}
