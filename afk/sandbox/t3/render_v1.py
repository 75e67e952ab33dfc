"""Show the environment as protocol 1 does."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afk.sandbox.t3.model import Activity, Message, Project, Session, Status, Thread, Turn, World

if TYPE_CHECKING:
    from afk.sandbox.t3.quirks import Quirks

MAX_MESSAGES = 2000
MAX_ACTIVITIES = 500
MAX_CHECKPOINTS = 500
TURN_STATES = {
    Status.RUNNING: "running",
    Status.COMPLETED: "completed",
    Status.INTERRUPTED: "interrupted",
    Status.CANCELLED: "interrupted",
    Status.FAILED: "error",
}


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a thread that was asked for: some turns, and those before a cursor."""

    turns: int | None = None
    before: int | None = None


def project(it: Project) -> dict[str, Any]:
    return {
        "id": it.id,
        "title": it.title,
        "workspaceRoot": it.workspace_root,
        "repositoryIdentity": None,
        "defaultModelSelection": it.model_selection,
        "defaultThreadEnvMode": it.thread_env_mode,
        "faviconPath": it.favicon_path,
        "scripts": it.scripts,
        "createdAt": it.created_at,
        "updatedAt": it.updated_at,
    }


def turn(it: Turn) -> dict[str, Any]:
    return {
        "turnId": it.turn_id,
        "state": TURN_STATES[it.status],
        "requestedAt": it.requested_at,
        "startedAt": it.started_at,
        "completedAt": it.completed_at,
        "assistantMessageId": it.assistant_message_id,
    }


def session(it: Session, thread: Thread) -> dict[str, Any]:
    return {
        "threadId": thread.id,
        "status": it.status,
        "providerName": it.instance,
        "providerInstanceId": it.instance,
        "runtimeMode": thread.runtime_mode,
        "activeTurnId": it.active_turn_id,
        "lastError": it.last_error,
        "updatedAt": it.updated_at,
    }


def _core(it: Thread) -> dict[str, Any]:
    return {
        "id": it.id,
        "projectId": it.project_id,
        "title": it.title,
        "modelSelection": it.model_selection,
        "runtimeMode": it.runtime_mode,
        "interactionMode": it.interaction_mode,
        "branch": it.branch,
        "worktreePath": it.worktree_path,
        "latestTurn": turn(it.started[-1]) if it.started else None,
        "createdAt": it.created_at,
        "updatedAt": it.updated_at,
        "archivedAt": it.archived_at,
        "settledOverride": it.settled,
        "settledAt": it.settled_at,
        "session": session(it.session, it) if it.session else None,
    }


def shell_thread(it: Thread) -> dict[str, Any]:
    return {
        **_core(it),
        "latestUserMessageAt": it.latest_user_message_at,
        "hasPendingApprovals": any(request.kind != "user_input" for request in it.pending),
        "hasPendingUserInput": any(request.kind == "user_input" for request in it.pending),
        "hasActionableProposedPlan": bool(it.plans),
    }


def in_shell(it: Thread, quirks: Quirks) -> bool:
    return it.deleted_at is None and (it.archived_at is None or quirks.shell_lists_archived)


def shell(world: World, quirks: Quirks) -> dict[str, Any]:
    return {
        "snapshotSequence": world.sequence,
        "projects": [project(it) for it in world.projects.values() if it.deleted_at is None],
        "threads": [shell_thread(it) for it in world.threads.values() if in_shell(it, quirks)],
        "updatedAt": world.now(),
    }


def snapshot(world: World, quirks: Quirks) -> dict[str, Any]:
    """Deleted rows are in it; what was said and done is not, except in the oldest builds."""
    bodies: dict[str, list[Any]] = {"messages": [], "proposedPlans": [], "activities": [], "checkpoints": []}
    return {
        "snapshotSequence": world.sequence,
        "projects": [{**project(it), "deletedAt": it.deleted_at} for it in world.projects.values()],
        "threads": [
            detail(it) if quirks.full_snapshot else {**_core(it), "deletedAt": it.deleted_at, **bodies}
            for it in world.threads.values()
        ],
        "updatedAt": world.now(),
    }


def detail(it: Thread, window: Window | None = None) -> dict[str, Any]:
    shown = window_of(it, window or Window())
    ids = {part.turn_id for part in shown}
    runs = {part.run_id for part in shown}
    whole = window is None
    messages = [message(part) for part in it.messages if whole or part.run_id in runs]
    activities = [activity(part) for part in it.activities if whole or part.turn_id in ids]
    checkpoints = [
        {
            "turnId": part.turn_id,
            "checkpointTurnCount": part.count,
            "checkpointRef": f"refs/t3/checkpoints/{_b64url(it.id)}/turn/{part.count}",
            "status": part.status,
            "files": part.files,
            "assistantMessageId": part.assistant_message_id,
            "completedAt": part.completed_at,
        }
        for part in it.checkpoints
        if whole or part.turn_id in ids
    ]
    return {
        **_core(it),
        "deletedAt": it.deleted_at,
        "messages": messages[-MAX_MESSAGES:],
        "proposedPlans": [
            {"id": plan.id, "turnId": plan.turn_id, "planMarkdown": plan.markdown, "createdAt": plan.created_at}
            for plan in it.plans
        ],
        "activities": activities[-MAX_ACTIVITIES:],
        "checkpoints": checkpoints[-MAX_CHECKPOINTS:],
    }


def window_of(it: Thread, window: Window) -> list[Turn]:
    turns = [part for part in it.turns if window.before is None or part.ordinal < window.before]
    return turns if window.turns is None else turns[-window.turns :]


def thread_read(world: World, it: Thread, window: Window | None) -> dict[str, Any]:
    read: dict[str, Any] = {"snapshotSequence": world.sequence, "thread": detail(it, window)}
    if window is not None:
        shown = window_of(it, window)
        more = bool(shown) and shown[0].ordinal > 1
        cursor = str(shown[0].ordinal) if more else None
        read["page"] = {"beforeCursor": cursor, "hasMore": more, "snapshotSequence": world.sequence}
    return read


def message(it: Message) -> dict[str, Any]:
    return {
        "id": it.id,
        "role": it.role,
        "text": it.text,
        "attachments": it.attachments,
        "turnId": it.turn_id,
        "streaming": False,
        "createdAt": it.created_at,
        "updatedAt": it.updated_at,
    }


def activity(it: Activity) -> dict[str, Any]:
    return {
        "id": it.id,
        "tone": it.tone,
        "kind": it.kind,
        "summary": it.summary,
        "payload": it.payload,
        "turnId": it.turn_id,
        "sequence": it.sequence,
        "createdAt": it.created_at,
    }


def shell_item(world: World, sequence: int, project_id: str | None, thread_id: str | None, quirks: Quirks) -> Any:
    """One item of the shell's subscription: the state now, under the sequence of the change."""
    if project_id is not None:
        it = world.projects[project_id]
        if it.deleted_at is not None:
            return {"kind": "project-removed", "sequence": sequence, "projectId": it.id}
        return {"kind": "project-upserted", "sequence": sequence, "project": project(it)}
    assert thread_id is not None
    changed = world.threads[thread_id]
    if not in_shell(changed, quirks):
        return {"kind": "thread-removed", "sequence": sequence, "threadId": changed.id}
    return {"kind": "thread-upserted", "sequence": sequence, "thread": shell_thread(changed)}


def _b64url(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
