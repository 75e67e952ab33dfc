"""Write, change and remove messages of a channel, and tell the app what happened to them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.sandbox.slack.workspace import Channel, User, Workspace

    Tell = Callable[[dict[str, Any], Channel | None], None]


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to say. A draft of a person carries text alone."""

    text: str = ""
    blocks: list[dict[str, Any]] | None = None
    attachments: list[dict[str, Any]] | None = None
    metadata: dict[str, Any] | None = None
    thread_ts: str = ""
    broadcast: bool = False


def as_typed(text: str) -> str:
    """How Slack hands on what a person typed."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Conversations:
    """`tell` receives each event and the channel it belongs to."""

    def __init__(self, workspace: Workspace, tell: Tell) -> None:
        self._workspace = workspace
        self._tell = tell

    def post(self, channel: Channel, author: User, draft: Draft) -> dict[str, Any]:
        ts = self._workspace.new_ts()
        message: dict[str, Any] = {
            "type": "message", "user": author.id, "ts": ts, "team": author.team.id,
            "text": draft.text if author.bot_id else as_typed(draft.text),
        }  # fmt: skip
        message |= self._signature_of(author) if author.bot_id else {"client_msg_id": str(uuid4())}
        blocks = self.stored(draft.blocks) if draft.blocks else [] if author.bot_id else [self._typed(draft.text)]
        kept = {"blocks": blocks, "attachments": draft.attachments, "metadata": draft.metadata}
        message |= {name: copy.deepcopy(held) for name, held in kept.items() if held}
        if draft.thread_ts:
            message |= self._join(channel, author, draft, ts)
        channel.messages[ts] = message
        self.announce(channel, author, {**message, "event_ts": ts})
        return message

    def change(self, channel: Channel, editor: User, message: dict[str, Any], changes: dict[str, Any]) -> None:
        """A key that `changes` lacks keeps what the message had."""
        before = copy.deepcopy(message)
        if "blocks" in changes:
            changes = {**changes, "blocks": self.stored(changes["blocks"])}
        message.update(copy.deepcopy(changes))
        for name in ("blocks", "attachments", "metadata"):
            if name in message and not message[name]:
                del message[name]
        ts = self._workspace.new_ts()
        message["edited"] = {"user": editor.id, "ts": ts}
        what = {"subtype": "message_changed", "message": message, "previous_message": before}
        self.announce(channel, editor, {"type": "message", **what, "hidden": True, "ts": ts, "event_ts": ts})

    def remove(self, channel: Channel, remover: User, message: dict[str, Any]) -> None:
        ts = self._workspace.new_ts()
        if message.get("reply_count"):
            stays = ("ts", "thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply")
            channel.messages[message["ts"]] = {
                "type": "message", "subtype": "tombstone", "text": "This message was deleted.", "user": "USLACKBOT",
                "hidden": True, **{name: message[name] for name in stays},
            }  # fmt: skip
        else:
            del channel.messages[message["ts"]]
            self._leave(channel, message)
        what = {"subtype": "message_deleted", "deleted_ts": message["ts"], "previous_message": message}
        self.announce(channel, remover, {"type": "message", **what, "hidden": True, "ts": ts, "event_ts": ts})

    def announce(self, channel: Channel, author: User, event: dict[str, Any]) -> None:
        host = self._workspace.team.id
        event = copy.deepcopy(event)
        event.pop("metadata", None)
        if channel.shared:
            # `team` is the awkward one: it stays the host's, so that only user_team tells a stranger.
            event |= {"team": host, "user_team": author.team.id, "source_team": author.team.id}
        self._tell({**event, "channel": channel.id, "channel_type": channel.kind}, channel)

    def stored(self, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Slack fills in what was left out, and gives it back filled in."""
        return [self._completed(block, outer=True) for block in copy.deepcopy(blocks)]

    def _completed(self, value: Any, *, outer: bool = False) -> Any:
        if isinstance(value, list):
            return [self._completed(each) for each in value]
        if not isinstance(value, dict):
            return value
        value = {name: self._completed(held) for name, held in value.items()}
        if outer:
            value.setdefault("block_id", uuid4().hex[:5])
        match value.get("type"):
            case "plain_text":
                value.setdefault("emoji", True)
            case "mrkdwn":
                value.setdefault("verbatim", False)
            case "button" | "overflow" | "static_select" | "plain_text_input":
                value.setdefault("action_id", uuid4().hex[:5])
            case _:
                pass
        return value

    def _signature_of(self, author: User) -> dict[str, Any]:
        app = self._workspace.app
        app_id = app.id if author == app.user else f"A{author.bot_id[1:]}"
        profile = {
            "id": author.bot_id, "app_id": app_id, "user_id": author.id, "name": author.name,
            "icons": {}, "deleted": False, "updated": self._workspace.seconds, "team_id": author.team.id,
        }  # fmt: skip
        return {"bot_id": author.bot_id, "app_id": app_id, "bot_profile": profile}

    def _typed(self, text: str) -> dict[str, Any]:
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
        return {"type": "rich_text", "block_id": uuid4().hex[:5], "elements": [section]}

    def _join(self, channel: Channel, author: User, draft: Draft, ts: str) -> dict[str, Any]:
        parent = channel.messages[draft.thread_ts]
        users = parent.get("reply_users", [])
        users = users if author.id in users else [*users, author.id]
        parent |= {
            "thread_ts": parent["ts"], "reply_count": parent.get("reply_count", 0) + 1, "reply_users": users,
            "reply_users_count": len(users), "latest_reply": ts, "is_locked": False, "subscribed": False,
        }  # fmt: skip
        joined = {"thread_ts": parent["ts"], "parent_user_id": parent["user"]}
        return {**joined, "subtype": "thread_broadcast"} if draft.broadcast else joined

    def _leave(self, channel: Channel, message: dict[str, Any]) -> None:
        parent = channel.messages.get(message.get("thread_ts", ""))
        if parent is None:
            return
        left = [each for each in channel.messages.values() if each.get("thread_ts") == parent["ts"] != each["ts"]]
        parent["reply_count"] = len(left)
        parent["reply_users"] = list(dict.fromkeys(each["user"] for each in left))
        parent["reply_users_count"] = len(parent["reply_users"])
        if left:
            parent["latest_reply"] = left[-1]["ts"]
            return
        for name in ("thread_ts", "reply_count", "reply_users", "reply_users_count", "latest_reply"):
            parent.pop(name, None)
