"""Answer as a T3 server of either protocol does by the reference, from plain dictionaries."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import SecretStr

from afk.adapters.t3 import T3Executor
from afk.core.model import ForgeKind, Repo, Slug
from afk.ports import ThreadOrder, TurnOrder, Watched
from afk.systems import T3

if TYPE_CHECKING:
    import respx

URL = "http://t3.test:3773"
NOW = datetime(2026, 6, 15, 10, 0, 1, 234_567, tzinfo=UTC)
SENT = datetime(2026, 6, 15, 10, 0, 0, tzinfo=UTC)
REPO = Repo("infra", ForgeKind.GITHUB, Slug("acme", "infra"), ())
MODEL = {"instanceId": "claudeAgent", "model": "claude-sonnet-4-6"}
ROOT = "/data/acme__infra"
ORDER = ThreadOrder("t-1", REPO, "infra#42 Fix flaky test", "m-1", "Implement issue 42")
FOLLOW_UP = TurnOrder("t-1", "m-2", "CI is red")

DISPATCH = "/api/orchestration/dispatch"
SHELL = "/api/orchestration/shell"
SNAPSHOT = "/api/orchestration/snapshot"
THREAD = "/api/orchestration/threads/t-1"
DESCRIPTOR = "/.well-known/t3/environment"
DESCRIBED = {
    "environmentId": "env-1",
    "label": "t3",
    "platform": {"os": "linux", "arch": "x64"},
    "serverVersion": "0.0.45",
    "orchestrationProtocolVersion": 1,
    "capabilities": {},
}
DESCRIBED_V2 = {**DESCRIBED, "serverVersion": "0.1.10", "orchestrationProtocolVersion": 2}
PAGE = httpx.Response(200, html="<!doctype html><title>T3 Code</title>")
REFUSED = httpx.Response(
    500,
    json={
        "_tag": "EnvironmentInternalError",
        "code": "internal_error",
        "reason": "orchestration_dispatch_failed",
        "traceId": "unavailable",
    },
)
NO_THREAD = httpx.Response(
    404,
    json={
        "_tag": "EnvironmentResourceNotFoundError",
        "code": "not_found",
        "reason": "thread_not_found",
        "traceId": "x",
    },
)


class Stopped:
    """A clock that stands."""

    def now(self) -> datetime:
        return NOW

    def new_id(self) -> str:
        return "x"


def settings(url: str = URL, **changes: Any) -> T3:
    given: dict[str, Any] = {
        "url": url,
        "public_url": "https://t3.example.org/",
        "instance": "claudeAgent",
        "model": "claude-sonnet-4-6",
        "workspace_base": "/data",
        "token": SecretStr("secret"),
        **changes,
    }
    return T3(**given)


def executor(**changes: Any) -> T3Executor:
    return T3Executor(settings(**changes), Stopped())


def watched(**changes: Any) -> Watched:
    given: dict[str, Any] = {
        "thread_id": "t-1",
        "message_id": "m-1",
        "before": None,
        "receipt": "5",
        "sent_at": SENT,
        **changes,
    }
    return Watched(**given)


def bodies(route: respx.Route) -> list[Any]:
    return [json.loads(call.request.content) for call in route.calls]


# Protocol 1


def turn(name: str = "turn-1", state: str = "running", **changes: Any) -> dict[str, Any]:
    return {
        "turnId": name,
        "state": state,
        "requestedAt": "2026-06-15T10:00:01.000Z",
        "startedAt": "2026-06-15T10:00:02.000Z",
        "completedAt": None,
        "assistantMessageId": None,
        **changes,
    }


def session(status: str = "running", active: str | None = None, **changes: Any) -> dict[str, Any]:
    return {
        "threadId": "t-1",
        "status": status,
        "providerName": "claudeAgent",
        "providerInstanceId": "claudeAgent",
        "runtimeMode": "full-access",
        "activeTurnId": active,
        "lastError": None,
        "updatedAt": "2026-06-15T10:00:03.000Z",
        **changes,
    }


def row(**changes: Any) -> dict[str, Any]:
    """A thread on the shell."""
    return {
        "id": "t-1",
        "projectId": "p-1",
        "title": "infra#42 Fix flaky test",
        "modelSelection": MODEL,
        "runtimeMode": "full-access",
        "interactionMode": "default",
        "branch": None,
        "worktreePath": None,
        "latestTurn": None,
        "createdAt": "2026-06-15T10:00:00.000Z",
        "updatedAt": "2026-06-15T10:00:01.000Z",
        "archivedAt": None,
        "settledOverride": None,
        "settledAt": None,
        "session": None,
        "latestUserMessageAt": "2026-06-15T10:00:01.000Z",
        "hasPendingApprovals": False,
        "hasPendingUserInput": False,
        "hasActionableProposedPlan": False,
        **changes,
    }


def project(name: str = "p-1", root: str = ROOT) -> dict[str, Any]:
    return {"id": name, "title": "acme/infra", "workspaceRoot": root, "defaultModelSelection": MODEL, "scripts": []}


def shell(*threads: dict[str, Any], projects: tuple[dict[str, Any], ...] = (), sequence: int = 10) -> httpx.Response:
    told = {"snapshotSequence": sequence, "projects": list(projects), "threads": list(threads), "updatedAt": "x"}
    return httpx.Response(200, json=told)


FLAGS = ("latestUserMessageAt", "hasPendingApprovals", "hasPendingUserInput", "hasActionableProposedPlan")


def detail(*messages: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A thread as `/threads/:id` and the old `/snapshot` show it: with bodies, without the shell's flags."""
    bare = {key: value for key, value in row().items() if key not in FLAGS}
    parts = {"messages": list(messages), "activities": [], "proposedPlans": [], "checkpoints": []}
    return {**bare, "deletedAt": None, **parts, **changes}


def thread(*messages: dict[str, Any], sequence: int = 12, **changes: Any) -> httpx.Response:
    return httpx.Response(200, json={"snapshotSequence": sequence, "thread": detail(*messages, **changes)})


def said(name: str, text: str = "x", role: str = "user", **changes: Any) -> dict[str, Any]:
    return {
        "id": name,
        "role": role,
        "text": text,
        "attachments": [],
        "turnId": None,
        "streaming": False,
        "createdAt": "2026-06-15T10:00:01.000Z",
        "updatedAt": "2026-06-15T10:00:01.000Z",
        **changes,
    }


def asked(request: str = "req-1", turn_id: str | None = "turn-1", *questions: dict[str, Any]) -> dict[str, Any]:
    payload = {"requestId": request, "questions": list(questions or (question(),))}
    told = {"id": f"a-{request}", "tone": "info", "kind": "user-input.requested", "summary": "User input requested"}
    return {**told, "payload": payload, "turnId": turn_id}


def resolved(request: str = "req-1", kind: str = "user-input.resolved") -> dict[str, Any]:
    told = {"id": f"r-{request}", "tone": "info", "kind": kind, "summary": "", "turnId": "turn-1"}
    return {**told, "payload": {"requestId": request, "answers": {}}}


def wants_leave(request: str = "req-1", turn_id: str | None = "turn-1") -> dict[str, Any]:
    payload = {"requestId": request, "requestKind": "command", "detail": "rm -rf build"}
    told = {"id": "a", "tone": "approval", "kind": "approval.requested", "summary": "Command approval requested"}
    return {**told, "payload": payload, "turnId": turn_id}


def question(name: str = "q1", text: str = "Which database?", *labels: str) -> dict[str, Any]:
    options = [{"label": label, "description": label} for label in labels or ("Postgres", "SQLite")]
    return {"id": name, "header": "DB", "question": text, "options": options, "multiSelect": False}


# Protocol 2


def row_v2(run: str | None = None, status: str = "idle", **changes: Any) -> dict[str, Any]:
    return {
        "id": "t-1",
        "projectId": "p-1",
        "title": "infra#42 Fix flaky test",
        "providerInstanceId": "claudeAgent",
        "modelSelection": MODEL,
        "latestRunId": run,
        "latestRunRequestedAt": None,
        "activeRunId": None,
        "status": status,
        "lastError": None,
        "pendingRuntimeRequest": None,
        "itemCount": 1,
        "createdAt": "2026-06-15T10:00:00.000Z",
        "updatedAt": "2026-06-15T10:00:01.000Z",
        "archivedAt": None,
        "deletedAt": None,
        **changes,
    }


def shell_v2(*threads: dict[str, Any], archived: Any = (), projects: Any = (), sequence: int = 10) -> httpx.Response:
    told = {"schemaVersion": 1, "snapshotSequence": sequence, "projects": list(projects), "threads": list(threads)}
    return httpx.Response(200, json={**told, "archivedThreads": list(archived)})


def run(name: str, status: str, message: str, ordinal: int = 1) -> dict[str, Any]:
    at = {"requestedAt": "2026-06-15T10:00:01.000Z", "startedAt": None, "completedAt": None}
    return {"id": name, "threadId": "t-1", "ordinal": ordinal, "userMessageId": message, "status": status, **at}


def projection(
    *runs: dict[str, Any], sequence: int = 12, about: dict[str, Any] | None = None, **parts: Any
) -> httpx.Response:
    told = {
        "thread": {**row_v2(), **(about or {})},
        "runs": list(runs),
        "messages": [],
        "runtimeRequests": [],
        "turnItems": [],
        "providerTurns": [],
        "providerSessions": [],
        **parts,
    }
    return httpx.Response(200, json={"snapshotSequence": sequence, "projection": told})
