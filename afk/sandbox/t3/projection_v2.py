"""Show all there is to know of one thread, as protocol 2 does."""

from __future__ import annotations

from typing import Any

from afk.sandbox.t3.model import ENDED, Message, Request, Status, Thread, Turn, World


def projection(world: World, it: Thread) -> dict[str, Any]:
    started, timeline = it.started, items(it)
    return {
        "thread": app_thread(it),
        "runs": [run(it, turn) for turn in it.turns],
        "attempts": [attempt(it, turn) for turn in started],
        "nodes": [],
        "subagents": [],
        "providerSessions": _sessions(world, it),
        "providerThreads": [],
        "providerTurns": [provider_turn(it, turn) for turn in started],
        "runtimeRequests": [request(it, asked) for asked in it.requests],
        "messages": [message(it, said) for said in it.messages],
        "plans": [
            {
                "id": plan.id,
                "threadId": it.id,
                "runId": plan.run_id,
                "nodeId": f"node-{plan.run_id}",
                "status": "active",
                "kind": "proposed_plan",
                "markdown": plan.markdown,
            }
            for plan in it.plans
        ],
        "turnItems": timeline,
        "checkpointScopes": [],
        "checkpoints": [
            {
                "id": f"checkpoint-{part.run_id}-{part.count}",
                "threadId": it.id,
                "scopeId": f"scope-{part.run_id}",
                "runId": part.run_id,
                "nodeId": f"node-{part.run_id}",
                "parentCheckpointId": None,
                "ordinalWithinScope": 0,
                "appRunOrdinal": part.count,
                "ref": f"refs/t3/checkpoints/{part.count}",
                "status": part.status,
                "files": part.files,
                "capturedAt": part.completed_at,
            }
            for part in it.checkpoints
        ],
        "contextHandoffs": [],
        "contextTransfers": [],
        "visibleTurnItems": [],
        "updatedAt": it.updated_at,
    }


def thread_read(world: World, it: Thread) -> dict[str, Any]:
    return {"snapshotSequence": world.sequence, "projection": projection(world, it)}


def bounded_read(world: World, it: Thread) -> dict[str, Any]:
    """No thread of a story outgrows the window, so that there is never older history."""
    watermark = len(items(it)) - 1 if it.messages else None
    rest = {"historyCursor": None, "hasMoreHistory": False, "latestLocalTurnOrdinal": watermark}
    return {**thread_read(world, it), **rest}


def history_read(world: World, _: Thread) -> dict[str, Any]:
    return {"snapshotSequence": world.sequence, "items": [], "nextCursor": None, "hasMoreHistory": False}


def app_thread(it: Thread) -> dict[str, Any]:
    return {
        "id": it.id,
        "projectId": it.project_id,
        "title": it.title,
        "providerInstanceId": it.model_selection["instanceId"],
        "modelSelection": it.model_selection,
        "runtimeMode": it.runtime_mode,
        "interactionMode": it.interaction_mode,
        "branch": it.branch,
        "worktreePath": it.worktree_path,
        "activeProviderThreadId": provider_thread_id(it) if it.session else None,
        "lineage": {"parentThreadId": None, "relationshipToParent": None, "rootThreadId": it.id},
        "forkedFrom": None,
        "createdBy": it.created_by,
        "creationSource": it.creation_source,
        "createdAt": it.created_at,
        "updatedAt": it.updated_at,
        "archivedAt": it.archived_at,
        "settledOverride": it.settled,
        "settledAt": it.settled_at,
        "deletedAt": it.deleted_at,
    }


def provider_thread_id(it: Thread) -> str:
    return f"provider-thread-{it.id}"


def _node(turn: Turn) -> str:
    return f"node-{turn.run_id}"


def run(it: Thread, turn: Turn) -> dict[str, Any]:
    return {
        "id": turn.run_id,
        "threadId": it.id,
        "ordinal": turn.ordinal,
        "providerInstanceId": turn.model_selection["instanceId"],
        "modelSelection": turn.model_selection,
        "providerThreadId": provider_thread_id(it) if turn.turn_id else None,
        "userMessageId": turn.message_id,
        "rootNodeId": _node(turn),
        "activeAttemptId": f"attempt-{turn.run_id}" if turn.turn_id and turn.status not in ENDED else None,
        "status": turn.status,
        "requestedAt": turn.requested_at,
        "startedAt": turn.started_at,
        "completedAt": turn.completed_at,
        "checkpointId": None,
        "contextHandoffId": None,
    }


def attempt(it: Thread, turn: Turn) -> dict[str, Any]:
    return {
        "id": f"attempt-{turn.run_id}",
        "runId": turn.run_id,
        "attemptOrdinal": 1,
        "rootNodeId": _node(turn),
        "providerInstanceId": turn.model_selection["instanceId"],
        "providerThreadId": provider_thread_id(it),
        "providerTurnId": turn.turn_id,
        "reason": "initial",
        "status": turn.status,
        "startedAt": turn.started_at,
        "completedAt": turn.completed_at,
    }


def provider_turn(it: Thread, turn: Turn) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": turn.turn_id,
        "providerThreadId": provider_thread_id(it),
        "nodeId": _node(turn),
        "runAttemptId": f"attempt-{turn.run_id}",
        "nativeTurnRef": None,
        "ordinal": turn.ordinal,
        "status": turn.status,
        "startedAt": turn.started_at,
        "completedAt": turn.completed_at,
    }
    if turn.usage is not None:
        shown["tokenUsage"] = turn.usage
    return shown


def request(it: Thread, asked: Request) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": asked.id,
        "nodeId": f"node-{asked.id}",
        "providerTurnId": asked.turn_id,
        "nativeRequestRef": None,
        "kind": asked.kind,
        "status": asked.status,
        "responseCapability": {"type": "live", "providerSessionId": it.session.id if it.session else ""},
        "createdAt": asked.created_at,
        "resolvedAt": asked.resolved_at,
    }
    if asked.decision is not None:
        shown["decision"] = asked.decision
    if asked.answers is not None:
        shown["answers"] = asked.answers
    return shown


def message(it: Thread, said: Message) -> dict[str, Any]:
    return {
        "createdBy": "user" if said.role == "user" else "agent",
        "creationSource": it.creation_source if said.role == "user" else "provider",
        "id": said.id,
        "threadId": it.id,
        "runId": said.run_id,
        "nodeId": f"node-{said.run_id}" if said.run_id else None,
        "role": said.role,
        "text": said.text,
        "attachments": said.attachments,
        "streaming": False,
        "createdAt": said.created_at,
        "updatedAt": said.updated_at,
    }


def items(it: Thread) -> list[dict[str, Any]]:
    """The timeline: what was said, what was asked, what failed."""
    timeline = [(said.created_at, _said(it, said)) for said in it.messages]
    timeline += [(asked.created_at, _asked(asked)) for asked in it.requests]
    timeline += [(turn.completed_at or "", _failed(turn)) for turn in it.turns if turn.status is Status.FAILED]
    timeline.sort(key=lambda entry: entry[0])
    providers = {turn.run_id: turn.turn_id for turn in it.turns}
    return [
        {
            "threadId": it.id,
            "nodeId": f"node-{item['runId']}",
            "providerThreadId": provider_thread_id(it),
            "providerTurnId": providers.get(item["runId"]),
            "nativeItemRef": None,
            "parentItemId": None,
            "ordinal": ordinal,
            "title": None,
            "startedAt": at,
            "completedAt": at,
            "updatedAt": at,
            **item,
        }
        for ordinal, (at, item) in enumerate(timeline)
    ]


def _said(it: Thread, said: Message) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": f"item-{said.id}",
        "runId": said.run_id,
        "status": "completed",
        "messageId": said.id,
        "text": said.text,
        "attachments": said.attachments,
    }
    if said.role == "user":
        author = {"createdBy": "user", "creationSource": it.creation_source}
        return {**item, **author, "type": "user_message", "inputIntent": said.intent}
    return {**item, "type": "assistant_message", "streaming": False}


def _asked(asked: Request) -> dict[str, Any]:
    status = "waiting" if asked.status == "pending" else "completed"
    item: dict[str, Any] = {"id": f"item-{asked.id}", "runId": asked.run_id, "status": status, "requestId": asked.id}
    if asked.kind == "user_input":
        return {**item, "type": "user_input_request", "questions": asked.questions}
    return {**item, "type": "approval_request", "requestKind": asked.kind, "prompt": asked.detail}


def _failed(turn: Turn) -> dict[str, Any]:
    failure = {"class": "provider_error", "message": turn.error or "Turn failed", "code": None, "retryable": None}
    item = {"id": f"item-error-{turn.run_id}", "runId": turn.run_id, "status": "failed"}
    return {**item, "type": "error", "failure": failure}


def _sessions(world: World, it: Thread) -> list[dict[str, Any]]:
    if it.session is None:
        return []
    return [
        {
            "id": it.session.id,
            "driver": it.session.instance,
            "providerInstanceId": it.session.instance,
            "status": it.session.status,
            "cwd": world.working_directory(it),
            "model": it.model_selection["model"],
            "createdAt": it.session.created_at,
            "updatedAt": it.session.updated_at,
            "lastError": it.session.last_error,
        }
    ]
