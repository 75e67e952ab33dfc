"""State the shape of every command of both protocols."""

from __future__ import annotations

import re
from typing import Any

from afk.sandbox.t3.schema import (
    Decoder,
    Key,
    Undecodable,
    anything,
    array,
    boolean,
    defaulted,
    either,
    natural,
    nullable,
    one_of,
    optional,
    optional_key,
    record,
    struct,
    tagged,
    text,
    trimmed,
)

MAX_IMAGE_BYTES = 10 * 2**20
MAX_DATA_URL = 14_000_000
MAX_NAME = 255

runtime_mode = one_of("approval-required", "auto-accept-edits", "auto", "full-access")
interaction_mode = one_of("default", "plan")
decision_v1 = one_of("accept", "acceptForSession", "decline", "cancel")
decision_v2 = one_of("accept", "acceptForSession", "acceptAlways", "decline", "cancel")
Keys = dict[str, "Decoder | Key"]


def slug(value: Any) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", trimmed(value)):
        raise Undecodable("a slug is wanted")
    return trimmed(value)


def model_selection(value: Any) -> dict[str, Any]:
    """Promote the legacy pair `{provider, model}` and the legacy options object."""
    if isinstance(value, dict) and "instanceId" not in value and "provider" in value:
        value = {**value, "instanceId": value["provider"]}
    if isinstance(value, dict) and isinstance(value.get("options"), dict):
        value = {**value, "options": [{"id": key, "value": item} for key, item in value["options"].items()]}
    option = struct({"id": trimmed, "value": either(boolean, trimmed)})
    shape = struct({"instanceId": slug, "model": trimmed, "options": optional_key(array(option))})
    selection: dict[str, Any] = shape(value)
    return selection


def attachment(value: Any) -> dict[str, Any]:
    image: dict[str, Any] = struct(
        {
            "type": one_of("image"),
            "name": trimmed,
            "mimeType": trimmed,
            "sizeBytes": natural,
            "dataUrl": trimmed,
        }
    )(value)
    too_big = image["sizeBytes"] > MAX_IMAGE_BYTES or len(image["dataUrl"]) > MAX_DATA_URL
    if too_big or len(image["name"]) > MAX_NAME or not image["mimeType"].startswith("image/"):
        raise Undecodable("no attachment of an allowed size and type")
    return image


def _command(**keys: Decoder | Key) -> Decoder:
    return struct({"commandId": trimmed, **keys})


def _of_thread(**keys: Decoder | Key) -> Decoder:
    return _command(threadId=trimmed, **keys)


def _meta_update(value: Any) -> dict[str, Any]:
    decoded: dict[str, Any] = _of_thread(
        title=optional_key(trimmed),
        regenerateTitle=optional_key(one_of(True)),
        modelSelection=optional_key(model_selection),
        branch=optional_key(nullable(trimmed)),
        expectedBranch=optional_key(nullable(trimmed)),
        worktreePath=optional_key(nullable(trimmed)),
    )(value)
    if "title" in decoded and "regenerateTitle" in decoded:
        raise Undecodable("title and regenerateTitle exclude each other")
    return decoded


_NEW_THREAD: Keys = {
    "projectId": trimmed,
    "title": trimmed,
    "modelSelection": model_selection,
    "runtimeMode": runtime_mode,
    "branch": nullable(trimmed),
    "worktreePath": nullable(trimmed),
}
_BOOTSTRAP = struct(
    {
        "createThread": optional_key(struct({**_NEW_THREAD, "interactionMode": interaction_mode, "createdAt": text})),
        "prepareWorktree": optional_key(
            struct(
                {
                    "projectCwd": trimmed,
                    "baseBranch": trimmed,
                    "branch": optional_key(trimmed),
                    "startFromOrigin": optional_key(boolean),
                }
            )
        ),
        "runSetupScript": optional_key(boolean),
    }
)

V1: dict[str, Decoder] = {
    "project.create": _command(
        projectId=trimmed,
        title=trimmed,
        workspaceRoot=trimmed,
        createWorkspaceRootIfMissing=optional_key(boolean),
        defaultModelSelection=optional_key(nullable(model_selection)),
        createdAt=text,
    ),
    "project.meta.update": _command(
        projectId=trimmed,
        title=optional_key(trimmed),
        workspaceRoot=optional_key(trimmed),
        defaultModelSelection=optional_key(nullable(model_selection)),
        defaultThreadEnvMode=optional_key(nullable(one_of("local", "worktree"))),
        faviconPath=optional_key(nullable(trimmed)),
        scripts=optional_key(array(anything)),
    ),
    "project.delete": _command(projectId=trimmed, force=optional_key(boolean)),
    "thread.create": _of_thread(**_NEW_THREAD, interactionMode=defaulted(interaction_mode, "default"), createdAt=text),
    "thread.turn.start": _of_thread(
        message=struct({"messageId": trimmed, "role": one_of("user"), "text": text, "attachments": array(attachment)}),
        runtimeMode=runtime_mode,
        interactionMode=interaction_mode,
        createdAt=text,
        modelSelection=optional_key(model_selection),
        titleSeed=optional_key(trimmed),
        bootstrap=optional_key(_BOOTSTRAP),
        sourceProposedPlan=optional_key(struct({"threadId": trimmed, "planId": trimmed})),
    ),
    "thread.turn.interrupt": _of_thread(createdAt=text, turnId=optional_key(trimmed)),
    "thread.session.stop": _of_thread(createdAt=text, onlyIfSettled=optional_key(boolean)),
    "thread.archive": _of_thread(),
    "thread.unarchive": _of_thread(),
    "thread.delete": _of_thread(),
    "thread.approval.respond": _of_thread(requestId=trimmed, decision=decision_v1, createdAt=text),
    "thread.user-input.respond": _of_thread(requestId=trimmed, answers=record, createdAt=text),
    "thread.meta.update": _meta_update,
    "thread.runtime-mode.set": _of_thread(runtimeMode=runtime_mode, createdAt=text),
    "thread.interaction-mode.set": _of_thread(interactionMode=interaction_mode, createdAt=text),
}
command_v1 = tagged("type", V1)

_CREATION: Keys = {
    "createdBy": one_of("user", "agent", "system"),
    "creationSource": one_of("web", "mobile", "mcp", "provider", "server"),
}
_DISPATCH_MODE = tagged(
    "type",
    {
        "start_immediately": struct({}),
        "queue_after_active": struct({}),
        "defer_start": struct({}),
        "steer_active": struct({"targetRunId": trimmed}),
        "restart_active": struct({"targetRunId": trimmed}),
    },
)

V2: dict[str, Decoder] = {
    "thread.create": _of_thread(**_NEW_THREAD, **_CREATION, interactionMode=interaction_mode),
    "message.dispatch": _of_thread(
        **_CREATION,
        messageId=trimmed,
        text=text,
        attachments=array(attachment),
        modelSelection=optional(model_selection),
        titleSeed=optional(trimmed),
        deliveryIntent=optional(one_of("auto", "steer", "restart")),
        dispatchMode=_DISPATCH_MODE,
    ),
    "run.interrupt": _of_thread(runId=trimmed, reason=optional(text), holdQueue=optional(boolean)),
    "runtime-request.respond": _of_thread(requestId=trimmed, decision=optional(decision_v2), answers=optional(record)),
    "thread.archive": _of_thread(),
    "thread.unarchive": _of_thread(),
    "thread.delete": _of_thread(),
    "thread.metadata.update": _of_thread(
        title=optional(trimmed),
        regenerateTitle=optional(boolean),
        branch=optional_key(nullable(trimmed)),
        worktreePath=optional_key(nullable(trimmed)),
    ),
    "thread.runtime-mode.set": _of_thread(runtimeMode=runtime_mode),
    "thread.interaction-mode.set": _of_thread(interactionMode=interaction_mode),
    "thread.model-selection.set": _of_thread(modelSelection=model_selection),
    "provider-session.detach": _of_thread(providerSessionId=trimmed, reason=optional(text)),
}
command_v2 = tagged("type", V2)

mutation_v2 = tagged(
    "type",
    {
        "project.create": _command(
            projectId=trimmed,
            title=trimmed,
            workspaceRoot=trimmed,
            createWorkspaceRootIfMissing=optional(boolean),
            defaultModelSelection=optional(model_selection),
        ),
        "project.update": _command(
            projectId=trimmed,
            title=optional(trimmed),
            workspaceRoot=optional(trimmed),
            defaultModelSelection=optional_key(nullable(model_selection)),
            defaultThreadEnvMode=optional_key(nullable(one_of("local", "worktree"))),
        ),
        "project.delete": _command(projectId=trimmed, force=optional(boolean)),
    },
)

launch_v2 = _of_thread(
    projectId=trimmed,
    title=trimmed,
    modelSelection=model_selection,
    runtimeMode=runtime_mode,
    interactionMode=interaction_mode,
    creationSource=optional(_CREATION["creationSource"]),  # type: ignore[arg-type]
    workspaceStrategy=tagged(
        "type",
        {
            "root": struct({"branch": optional(trimmed)}),
            "existing_worktree": struct({"worktreePath": trimmed, "branch": optional(trimmed)}),
            "worktree": struct({"baseRef": trimmed, "branch": optional(trimmed), "startFromOrigin": optional(boolean)}),
        },
    ),
    initialMessage=optional(struct({"messageId": trimmed, "text": text, "attachments": array(attachment)})),
)
