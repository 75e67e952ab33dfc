"""Answer `chat.*`: post, change and remove what the app says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from afk.sandbox.slack.blocks import ALL_TEXT, characters_of
from afk.sandbox.slack.call import Refusal
from afk.sandbox.slack.conversation import Draft

if TYPE_CHECKING:
    from afk.sandbox.slack.call import Call
    from afk.sandbox.slack.workspace import Channel

CUT_AT = 40_000
# Slack documents truncation for every method, and refuses longer updates and ephemerals all the same.
REFUSED_AT = 4000
METADATA_BYTES = 8000
EVENT_TYPE = re.compile(r"[A-Za-z0-9_.-]{1,255}")
Body = dict[str, Any]


def post_message(call: Call) -> Body:
    channel = call.channel(by_name=True)
    _writable(call, channel)
    draft = _draft(call, channel)
    call.pace(f"post:{channel.id}", "posts")
    cut = len(draft.text) > CUT_AT
    workspace = call.world.workspace
    message = call.world.conversations.post(channel, workspace.app.user, draft)
    body = {"ok": True, "channel": channel.id, "ts": message["ts"], "message": message}
    if not cut:
        return body
    message["text"] = message["text"][:CUT_AT]
    return {**body, "warning": "message_truncated", "response_metadata": {"warnings": ["message_truncated"]}}


def update(call: Call) -> Body:
    channel = call.channel()
    message = _own(call, channel, call.needed("ts"), "cant_update_message")
    if channel.archived:
        raise Refusal("is_archived")
    changes = _given(call)
    if not changes:
        raise Refusal("no_text")
    if len(changes.get("text", "")) > REFUSED_AT:
        raise Refusal("msg_too_long")
    _checked(call, {**message, **changes})
    call.pace("chat.update", "updates")
    call.world.conversations.change(channel, call.world.workspace.app.user, message, changes)
    return {"ok": True, "channel": channel.id, "ts": message["ts"], "text": message["text"], "message": message}


def delete(call: Call) -> Body:
    channel = call.channel()
    message = _own(call, channel, call.needed("ts"), "cant_delete_message")
    call.pace("chat.delete", "updates")
    call.world.conversations.remove(channel, call.world.workspace.app.user, message)
    return {"ok": True, "channel": channel.id, "ts": message["ts"]}


def post_ephemeral(call: Call) -> Body:
    channel, user = call.channel(by_name=True), call.needed("user")
    _writable(call, channel)
    if user not in channel.members:
        raise Refusal("user_not_in_channel")
    draft = _draft(call, channel)
    if len(draft.text) > REFUSED_AT:
        raise Refusal("msg_too_long")
    call.pace(f"post:{channel.id}", "posts")
    stored = call.world.conversations.stored(draft.blocks or [])
    message: Body = {"type": "message", "user": call.world.workspace.app.user.id, "text": draft.text}
    message |= {"blocks": stored} if stored else {}
    message |= {"thread_ts": draft.thread_ts} if draft.thread_ts else {}
    shown = call.world.workspace.show_privately(user, channel.id, message)
    return {"ok": True, "message_ts": shown.message["ts"]}


def get_permalink(call: Call) -> Body:
    channel, ts = call.channel(), call.needed("message_ts")
    message = channel.messages.get(ts)
    if message is None:
        raise Refusal("message_not_found")
    link = f"https://{call.world.workspace.team.domain}.slack.com/archives/{channel.id}/p{ts.replace('.', '')}"
    parent = message.get("thread_ts", ts)
    link += "" if parent == ts else f"?thread_ts={parent}&cid={channel.id}"
    return {"ok": True, "channel": channel.id, "permalink": link}


def _writable(call: Call, channel: Channel) -> None:
    if channel.archived:
        raise Refusal("is_archived")
    if not call.joined(channel) and "chat:write.public" not in call.token.scopes:
        raise Refusal("not_in_channel")


def _own(call: Call, channel: Channel, ts: str, error: str) -> Body:
    message = channel.messages.get(ts)
    if message is None or message.get("subtype") == "tombstone":
        raise Refusal("message_not_found")
    if message["user"] != call.world.workspace.app.user.id:
        raise Refusal(error)
    return message


def _draft(call: Call, channel: Channel) -> Draft:
    given = _given(call)
    if not any(given.get(name) for name in ("text", "blocks", "attachments")):
        raise Refusal("no_text")
    _checked(call, given)
    thread_ts = call.text("thread_ts")
    parent = channel.messages.get(thread_ts) if thread_ts else None
    # An unknown or a reply's thread_ts: Slack's own answer is unverified, and this the strictest it documents.
    if thread_ts and (parent is None or parent.get("thread_ts", thread_ts) != thread_ts):
        raise Refusal("cannot_reply_to_message")
    return Draft(thread_ts=thread_ts, broadcast=call.flag("reply_broadcast"), **{"text": "", **given})


def _given(call: Call) -> Body:
    """The parts of a message the call names. What it leaves out is absent, and an empty list is a wish."""
    given: Body = {"text": call.text("text")} if "text" in call.args else {}
    if markdown := call.text("markdown_text"):
        if given or "blocks" in call.args:
            raise Refusal("markdown_text_conflict")
        given = {"text": markdown}
    blocks = call.structure("blocks", list, "invalid_blocks_format")
    attachments = call.structure("attachments", list, "invalid_attachments")
    metadata = call.structure("metadata", dict, "invalid_metadata_format")
    if metadata:
        _check_metadata(metadata)
    parts = {"blocks": blocks, "attachments": attachments, "metadata": metadata}
    return given | {name: held for name, held in parts.items() if held is not None}


def _checked(call: Call, message: Body) -> None:
    if faults := call.world.faults_of({name: message[name] for name in ("text", "blocks") if name in message}):
        metadata = {"messages": [f"[ERROR] {each}" for each in faults]}
        raise Refusal("invalid_blocks", errors=faults, response_metadata=metadata)
    if characters_of(message.get("blocks", [])) > ALL_TEXT:
        raise Refusal("msg_blocks_too_long")


def _check_metadata(metadata: Body) -> None:
    kind, payload = metadata.get("event_type"), metadata.get("event_payload")
    if set(metadata) != {"event_type", "event_payload"} or not isinstance(payload, dict):
        raise Refusal("invalid_metadata_format")
    if not isinstance(kind, str) or not EVENT_TYPE.fullmatch(kind):
        raise Refusal("invalid_metadata_schema")
    if len(str(payload).encode()) > METADATA_BYTES:
        raise Refusal("metadata_too_large")
