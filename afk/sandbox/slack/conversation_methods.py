"""Answer `conversations.*` and `reactions.add`: read channels and threads, join, react."""

from __future__ import annotations

import base64
import binascii
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from afk.sandbox.slack.call import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.sandbox.slack.call import Call
    from afk.sandbox.slack.workspace import Channel

MOST = 999
USUAL = 100
EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")
Body = dict[str, Any]


def history(call: Call) -> Body:
    channel = _member_of(call)
    newest_first = [
        message
        for message in reversed(channel.messages.values())
        if message.get("thread_ts", message["ts"]) == message["ts"] or message.get("subtype") == "thread_broadcast"
    ]
    found = [message for message in newest_first if _within(call, message["ts"]) and _settled(call, message["ts"])]
    page, cursor = _page(call, found, lambda message: message["ts"])
    body: Body = {"ok": True, "messages": [_as_read(call, each) for each in page], "has_more": bool(cursor)}
    body |= {"pin_count": 0, "channel_actions_ts": None, "channel_actions_count": 0}
    return body | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def replies(call: Call) -> Body:
    channel, ts = _member_of(call), call.needed("ts")
    asked = channel.messages.get(ts)
    if asked is None:
        raise Refusal("thread_not_found")
    parent = asked.get("thread_ts", ts)
    thread = [each for each in channel.messages.values() if each.get("thread_ts", each["ts"]) == parent]
    found = [
        each for each in thread if each["ts"] == parent or (_within(call, each["ts"]) and _settled(call, each["ts"]))
    ]
    page, cursor = _page(call, found, lambda message: message["ts"])
    body: Body = {"ok": True, "messages": [_as_read(call, each) for each in page], "has_more": bool(cursor)}
    return body | ({"response_metadata": {"next_cursor": cursor}} if cursor else {})


def info(call: Call) -> Body:
    return {"ok": True, "channel": _described(call, call.readable_channel("read"))}


def listed(call: Call) -> Body:
    kinds = (call.text("types") or "public_channel").split(",")
    if set(kinds) - {"public_channel", "private_channel", "im", "mpim"}:
        raise Refusal("invalid_types")
    for kind, scope in (("public_channel", "channels:read"), ("private_channel", "groups:read")):
        if kind in kinds:
            call.needs(scope)
    seen = [
        channel
        for channel in call.world.workspace.channels.values()
        if ("private_channel" if channel.private else "public_channel") in kinds
        and (not channel.private or call.joined(channel))
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    page, cursor = _page(call, seen, lambda channel: channel.id)
    channels = [_described(call, channel) for channel in page]
    return {"ok": True, "channels": channels, "response_metadata": {"next_cursor": cursor}}


def join(call: Call) -> Body:
    channel = call.channel()
    if channel.private:
        raise Refusal("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refusal("is_archived")
    joined = call.joined(channel)
    channel.members.add(call.world.workspace.app.user.id)
    body = {"ok": True, "channel": _described(call, channel)}
    warning = {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    return body | (warning if joined else {})


def add_reaction(call: Call) -> Body:
    channel, ts, name = call.channel(), call.text("timestamp"), call.needed("name")
    if not ts:
        raise Refusal("no_item_specified")
    if ts not in channel.messages:
        raise Refusal("message_not_found")
    if not EMOJI.fullmatch(name):
        raise Refusal("invalid_name")
    me, reactions = call.world.workspace.app.user.id, channel.messages[ts].setdefault("reactions", [])
    held = next((each for each in reactions if each["name"] == name), None)
    if held is None:
        reactions.append({"name": name, "users": [me], "count": 1})
    elif me in held["users"]:
        raise Refusal("already_reacted")
    else:
        held["users"].append(me)
        held["count"] += 1
    return {"ok": True}


def _member_of(call: Call) -> Channel:
    channel = call.readable_channel("history")
    if not call.joined(channel):
        raise Refusal("not_in_channel")
    return channel


def _within(call: Call, ts: str) -> bool:
    oldest, latest, at = call.moment("oldest"), call.moment("latest"), Decimal(ts)
    if call.flag("inclusive") and ts in {oldest, latest}:
        return True
    return (not oldest or at > Decimal(oldest)) and (not latest or at < Decimal(latest))


def _settled(call: Call, ts: str) -> bool:
    """What was posted a moment ago may not have reached history yet."""
    now = call.world.workspace.now - call.world.history_lag
    return not call.world.history_lag or Decimal(ts) <= Decimal(str(now.timestamp()))


def _as_read(call: Call, message: Body) -> Body:
    if call.flag("include_all_metadata"):
        return message
    return {name: held for name, held in message.items() if name != "metadata"}


def _page(call: Call, found: list[Any], name_of: Callable[[Any], str]) -> tuple[list[Any], str]:
    limit = call.number("limit", USUAL)
    if not 1 <= limit <= MOST:
        raise Refusal("invalid_limit")
    start = 0
    if cursor := call.text("cursor"):
        try:
            mark = base64.b64decode(cursor, validate=True).decode().removeprefix("next:")
        except (binascii.Error, ValueError):
            raise Refusal("invalid_cursor") from None
        start = next((index for index, each in enumerate(found) if name_of(each) == mark), -1)
        if start < 0:
            raise Refusal("invalid_cursor")
    rest = found[start + limit :]
    cursor = base64.b64encode(f"next:{name_of(rest[0])}".encode()).decode() if rest else ""
    return found[start : start + limit], cursor


def _described(call: Call, channel: Channel) -> Body:
    return {
        "id": channel.id, "name": channel.name, "name_normalized": channel.name, "created": channel.created,
        "is_channel": not channel.private, "is_group": channel.private, "is_im": False, "is_mpim": False,
        "is_private": channel.private, "is_archived": channel.archived, "is_general": False,
        "is_shared": channel.shared, "is_ext_shared": channel.shared, "is_org_shared": False,
        "is_member": call.joined(channel), "num_members": len(channel.members), "unlinked": 0,
        "creator": call.world.workspace.app.user.id, "context_team_id": call.world.workspace.team.id,
        "topic": {"value": "", "creator": "", "last_set": 0}, "purpose": {"value": "", "creator": "", "last_set": 0},
        "previous_names": [],
    }  # fmt: skip
