"""What the schemas of both protocols accept and refuse (2.1 to 2.4, 10.3)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.t3 import commands, schema
from tests.sandbox.t3.client import (
    AT,
    MESSAGE_V2,
    MODEL,
    PROJECT,
    PROJECT_V2,
    THREAD,
    THREAD_V2,
    TURN,
    Client,
    replaced,
    without,
)

if TYPE_CHECKING:
    from collections.abc import Callable

TO_THREAD = {"commandId": "c", "threadId": "t-1"}
PNG = {
    "type": "image",
    "name": "a.png",
    "mimeType": "image/png",
    "sizeBytes": 3,
    "dataUrl": "data:image/png;base64,AAAA",
}
INTERRUPT = {"type": "thread.turn.interrupt", **TO_THREAD, "createdAt": AT}
APPROVAL = {"type": "thread.approval.respond", **TO_THREAD, "requestId": "r", "decision": "accept", "createdAt": AT}
ANSWER = {"type": "thread.user-input.respond", **TO_THREAD, "requestId": "r", "answers": {"Q": "A"}, "createdAt": AT}
BOOTSTRAP = {"prepareWorktree": {"projectCwd": "/data/x", "baseBranch": "master"}}
LEGACY = {"provider": "claudeAgent", "model": "claude-sonnet-4-6", "options": {"effort": "high"}}

ACCEPTED_V1: dict[str, dict[str, Any]] = {
    "project.create": PROJECT,
    "project-without-optionals": without(without(PROJECT, "defaultModelSelection"), "createWorkspaceRootIfMissing"),
    "project-with-null-model": {**PROJECT, "defaultModelSelection": None},
    "project.meta.update": {"type": "project.meta.update", "commandId": "c", "projectId": "p", "faviconPath": None},
    "project.delete": {"type": "project.delete", "commandId": "c", "projectId": "p", "force": True},
    "thread.create": THREAD,
    "thread-without-interaction-mode": without(THREAD, "interactionMode"),
    "thread-with-branch": {**THREAD, "branch": "afk/42", "worktreePath": "/data/wt/42"},
    "thread-in-auto-mode": {**THREAD, "runtimeMode": "auto"},
    "thread.turn.start": TURN,
    "turn-with-empty-text": replaced(TURN, "message.text", ""),
    "turn-with-image": replaced(TURN, "message.attachments", [PNG]),
    "turn-with-nine-images": replaced(TURN, "message.attachments", [PNG] * 9),
    "turn-with-model": {**TURN, "modelSelection": {**MODEL, "options": [{"id": "thinking", "value": True}]}},
    "turn-with-bootstrap": {**TURN, "bootstrap": BOOTSTRAP},
    "turn-with-any-date": {**TURN, "createdAt": "yesterday"},
    "turn-beyond-the-limit": replaced(TURN, "message.text", "x" * 120_001),
    "thread.turn.interrupt": INTERRUPT,
    "interrupt-with-turn": {**INTERRUPT, "turnId": "turn-1"},
    "thread.session.stop": {"type": "thread.session.stop", **TO_THREAD, "createdAt": AT},
    "thread.archive": {"type": "thread.archive", **TO_THREAD},
    "thread.unarchive": {"type": "thread.unarchive", **TO_THREAD},
    "thread.delete": {"type": "thread.delete", **TO_THREAD},
    "thread.approval.respond": APPROVAL,
    "thread.user-input.respond": ANSWER,
    "thread.meta.update": {"type": "thread.meta.update", **TO_THREAD, "title": "New", "branch": None},
    "thread.runtime-mode.set": {"type": "thread.runtime-mode.set", **TO_THREAD, "runtimeMode": "auto", "createdAt": AT},
    "thread.interaction-mode.set": {
        "type": "thread.interaction-mode.set",
        **TO_THREAD,
        "interactionMode": "plan",
        "createdAt": AT,
    },
}


@pytest.mark.parametrize("body", ACCEPTED_V1.values(), ids=ACCEPTED_V1)
def test_v1_command_decodes(body: dict[str, Any]) -> None:
    assert commands.command_v1(body)["type"] == body["type"]


def test_every_v1_command_has_a_row() -> None:
    assert {body["type"] for body in ACCEPTED_V1.values()} == set(commands.V1)


REFUSED_V1 = {
    "no-type": without(TURN, "type"),
    "unknown-type": {**TURN, "type": "thread.turn.begin"},
    "no-command-id": without(TURN, "commandId"),
    "blank-command-id": {**TURN, "commandId": "  "},
    "numeric-thread-id": {**TURN, "threadId": 1},
    "null-thread-id": {**TURN, "threadId": None},
    "no-message": without(TURN, "message"),
    "no-message-id": without(TURN, "message.messageId"),
    "assistant-role": replaced(TURN, "message.role", "assistant"),
    "no-text": without(TURN, "message.text"),
    "null-text": replaced(TURN, "message.text", None),
    "no-attachments": without(TURN, "message.attachments"),
    "null-attachments": replaced(TURN, "message.attachments", None),
    "attachment-no-image": replaced(TURN, "message.attachments", [{**PNG, "mimeType": "text/plain"}]),
    "attachment-too-big": replaced(TURN, "message.attachments", [{**PNG, "sizeBytes": 10 * 2**20 + 1}]),
    "attachment-long-name": replaced(TURN, "message.attachments", [{**PNG, "name": "n" * 256}]),
    "attachment-negative": replaced(TURN, "message.attachments", [{**PNG, "sizeBytes": -1}]),
    "turn-without-runtime-mode": without(TURN, "runtimeMode"),
    "turn-without-interaction-mode": without(TURN, "interactionMode"),
    "turn-in-unknown-mode": {**TURN, "runtimeMode": "yolo"},
    "turn-without-created-at": without(TURN, "createdAt"),
    "turn-with-null-model": {**TURN, "modelSelection": None},
    "turn-with-null-bootstrap": {**TURN, "bootstrap": None},
    "bootstrap-without-base": {**TURN, "bootstrap": {"prepareWorktree": {"projectCwd": "/data/x"}}},
    "thread-without-branch": without(THREAD, "branch"),
    "thread-without-worktree": without(THREAD, "worktreePath"),
    "thread-with-blank-branch": {**THREAD, "branch": " "},
    "thread-without-model": without(THREAD, "modelSelection"),
    "thread-with-blank-model": replaced(THREAD, "modelSelection.model", ""),
    "thread-with-no-slug": replaced(THREAD, "modelSelection.instanceId", "claude agent"),
    "thread-with-bad-option": {**THREAD, "modelSelection": {**MODEL, "options": [{"id": "effort", "value": 3}]}},
    "thread-in-unknown-interaction-mode": {**THREAD, "interactionMode": "chat"},
    "thread-with-null-interaction-mode": {**THREAD, "interactionMode": None},
    "blank-title": {**THREAD, "title": "\n"},
    "project-without-root": without(PROJECT, "workspaceRoot"),
    "project-with-null-flag": {**PROJECT, "createWorkspaceRootIfMissing": None},
    "project-with-text-flag": {**PROJECT, "createWorkspaceRootIfMissing": "yes"},
    "interrupt-with-null-turn": {**INTERRUPT, "turnId": None},
    "interrupt-without-date": without(INTERRUPT, "createdAt"),
    "unknown-decision": {**APPROVAL, "decision": "approve"},
    "later-decision": {**APPROVAL, "decision": "acceptAlways"},
    "answers-as-list": {**ANSWER, "answers": ["A"]},
    "title-and-regeneration": {**ACCEPTED_V1["thread.meta.update"], "regenerateTitle": True},
    "v2-command": MESSAGE_V2,
    "array": [TURN],
    "null": None,
}


@pytest.mark.parametrize("body", REFUSED_V1.values(), ids=REFUSED_V1)
def test_v1_body_that_does_not_decode_is_refused(body: Any) -> None:
    with pytest.raises(schema.Undecodable):
        commands.command_v1(body)


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"type": ', id="half"),
        pytest.param(b'{"type": NaN}', id="nan"),
        pytest.param(b'{"type": "thread.archive", "commandId": "c"}', id="schema"),
    ],
)
def test_undecodable_body_answers_400_with_zero_bytes_and_no_effect(t3: Client, raw: bytes) -> None:
    before = t3.shell()["snapshotSequence"]

    answer = t3.http.post("/api/orchestration/dispatch", headers=t3.headers, content=raw)

    assert (answer.status_code, answer.content) == (400, b"")
    assert t3.shell()["snapshotSequence"] == before


def test_extra_keys_are_ignored_and_ids_are_any_text_once_trimmed(t3: Client) -> None:
    t3.did(THREAD, commandId=" c-2 ", threadId="  not a uuid  ", colour="red")

    assert t3.glance("not a uuid")["title"] == "#42 Fix flaky test"
    assert t3.server.commands[-1].command_id == "c-2"


def test_an_undecodable_command_writes_no_receipt(t3: Client) -> None:
    assert t3.dispatch(without(TURN, "runtimeMode")).status_code == 400

    assert t3.dispatch(TURN).status_code == 200


def test_legacy_model_selection_is_promoted(t3: Client) -> None:
    t3.did(THREAD, commandId="c-2", threadId="t-2", modelSelection=LEGACY)

    assert t3.glance("t-2")["modelSelection"] == {**MODEL, "options": [{"id": "effort", "value": "high"}]}


INTERRUPT_V2 = {"type": "run.interrupt", **TO_THREAD, "runId": "r"}
RESPOND_V2 = {"type": "runtime-request.respond", **TO_THREAD, "requestId": "q"}
ACCEPTED_V2: dict[str, dict[str, Any]] = {
    "thread.create": THREAD_V2,
    "message.dispatch": MESSAGE_V2,
    "message-without-intent": without(MESSAGE_V2, "deliveryIntent"),
    "message-with-null-intent": {**MESSAGE_V2, "deliveryIntent": None},
    "message-steering": {**MESSAGE_V2, "dispatchMode": {"type": "steer_active", "targetRunId": "r"}},
    "run.interrupt": {**INTERRUPT_V2, "reason": "budget"},
    "runtime-request.respond": {**RESPOND_V2, "answers": {"q1": "Postgres"}},
    "respond-always": {**RESPOND_V2, "decision": "acceptAlways"},
    "thread.archive": {"type": "thread.archive", **TO_THREAD},
    "thread.unarchive": {"type": "thread.unarchive", **TO_THREAD},
    "thread.delete": {"type": "thread.delete", **TO_THREAD},
    "thread.metadata.update": {"type": "thread.metadata.update", **TO_THREAD, "title": "New"},
    "thread.runtime-mode.set": {"type": "thread.runtime-mode.set", **TO_THREAD, "runtimeMode": "auto"},
    "thread.interaction-mode.set": {"type": "thread.interaction-mode.set", **TO_THREAD, "interactionMode": "plan"},
    "thread.model-selection.set": {"type": "thread.model-selection.set", **TO_THREAD, "modelSelection": MODEL},
    "provider-session.detach": {"type": "provider-session.detach", **TO_THREAD, "providerSessionId": "s"},
}


@pytest.mark.parametrize("body", ACCEPTED_V2.values(), ids=ACCEPTED_V2)
def test_v2_command_decodes(body: dict[str, Any]) -> None:
    assert commands.command_v2(body)["type"] == body["type"]


def test_every_v2_command_has_a_row() -> None:
    assert {body["type"] for body in ACCEPTED_V2.values()} == set(commands.V2)


REFUSED_V2 = {
    "v1-turn-start": TURN,
    "project-by-dispatch": PROJECT_V2,
    "thread-without-author": without(THREAD_V2, "createdBy"),
    "thread-from-cli": {**THREAD_V2, "creationSource": "cli"},
    "thread-without-interaction-mode": without(THREAD_V2, "interactionMode"),
    "thread-without-branch": without(THREAD_V2, "branch"),
    "message-without-attachments": without(MESSAGE_V2, "attachments"),
    "message-without-mode": without(MESSAGE_V2, "dispatchMode"),
    "message-in-unknown-mode": {**MESSAGE_V2, "dispatchMode": {"type": "now"}},
    "steer-without-target": {**MESSAGE_V2, "dispatchMode": {"type": "steer_active"}},
    "interrupt-without-run": without(INTERRUPT_V2, "runId"),
    "unknown-decision": {**RESPOND_V2, "decision": "approve"},
}


@pytest.mark.parametrize("body", REFUSED_V2.values(), ids=REFUSED_V2)
def test_v2_command_that_does_not_decode_is_refused(body: Any) -> None:
    with pytest.raises(schema.Undecodable):
        commands.command_v2(body)


def test_v2_mutation_that_does_not_decode_answers_400_with_zero_bytes(serve: Callable[..., Client]) -> None:
    answer = serve(protocol=2).post("/api/projects/mutate", without(PROJECT_V2, "title"))

    assert (answer.status_code, answer.content) == (400, b"")


@pytest.mark.parametrize(
    ("key", "given", "decoded"),
    [
        pytest.param(schema.optional_key(schema.text), {}, {}, id="optional-key-absent"),
        pytest.param(schema.optional_key(schema.text), {"k": None}, "k: a string", id="optional-key-null"),
        pytest.param(schema.optional(schema.text), {"k": None}, {}, id="optional-null"),
        pytest.param(schema.nullable(schema.text), {"k": None}, {"k": None}, id="nullable-null"),
        pytest.param(schema.nullable(schema.text), {}, "k is missing", id="nullable-absent"),
        pytest.param(schema.defaulted(schema.text, "d"), {}, {"k": "d"}, id="default-absent"),
        pytest.param(schema.natural, {"k": 3.0}, {"k": 3}, id="whole-float"),
        pytest.param(schema.natural, {"k": 3.5}, "k: a whole", id="fraction"),
        pytest.param(schema.natural, {"k": True}, "k: a whole", id="flag-as-number"),
        pytest.param(schema.one_of(True), {"k": 1}, "k: none of", id="one-as-true"),
    ],
)
def test_key_forms(key: Any, given: dict[str, Any], decoded: dict[str, Any] | str) -> None:
    decode = schema.struct({"k": key})

    if isinstance(decoded, str):
        with pytest.raises(schema.Undecodable, match=re.escape(decoded)):
            decode(given)
    else:
        assert decode(given) == decoded
