"""Serve `/respond/{id}`, and show what an app answers, there or with its acknowledgement."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

from afk.sandbox.slack.conversation import Draft

if TYPE_CHECKING:
    import threading

    from afk.sandbox.slack.short_lived import ResponseUrl
    from afk.sandbox.slack.workspace import Channel
    from afk.sandbox.slack.world import World

Body = dict[str, Any]
PARTS = ("text", "blocks", "attachments", "metadata")


class Responses:
    def __init__(self, world: World, lock: threading.RLock) -> None:
        self._world = world
        self._lock = lock

    async def serve(self, request: web.Request) -> web.Response:
        try:
            said = await _read(request)
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        with self._lock:
            name = request.match_info["id"]
            if error := self._world.short_lived.refusal_of(name):
                return web.json_response({"ok": False, "error": error}, status=404)
            error = self._accept(self._world.short_lived.urls[name], said)
        return web.Response(status=400, text=error) if error else web.Response(text="ok")

    def show(self, url: ResponseUrl, said: Body) -> Body:
        """A new message: for the person alone unless the app says `in_channel`."""
        channel = self._world.workspace.channels[url.channel]
        given = {name: said[name] for name in PARTS if said.get(name)}
        thread_ts = str(said.get("thread_ts") or url.thread_ts)
        if said.get("response_type") == "in_channel":
            known = thread_ts if thread_ts in channel.messages else ""
            draft = Draft(thread_ts=known, **{"text": "", **given})
            return self._world.conversations.post(channel, self._world.workspace.app.user, draft)
        message = {"type": "message", "user": self._world.workspace.app.user.id, "text": "", **given}
        if given.get("blocks"):
            message["blocks"] = self._world.conversations.stored(given["blocks"])
        if thread_ts:
            message["thread_ts"] = thread_ts
        return self._world.workspace.show_privately(url.user, channel.id, message).message

    def fault_in(self, said: Body) -> str:
        if faults := self._world.faults_of(said):
            return f"invalid_blocks: {faults[0]}"
        return "" if any(said.get(name) for name in ("text", "blocks", "attachments")) else "no_text"

    def _accept(self, url: ResponseUrl, said: Body) -> str:
        channel = self._world.workspace.channels[url.channel]
        if _yes(said.get("delete_original")):
            if url.origin:
                self._delete(url, channel)
            return ""
        if fault := self.fault_in(said):
            return fault.partition(":")[0]
        wanted = said.get("replace_original", self._world.replaces_when_not_told)
        # A command has no original: what asks to replace it arrives as one more message.
        if not (_yes(wanted) and self._replace(url, channel, said)):
            self.show(url, said)
        return ""

    def _replace(self, url: ResponseUrl, channel: Channel, said: Body) -> bool:
        changes = {name: said[name] for name in PARTS if name in said} | {"text": said.get("text") or ""}
        changes.setdefault("blocks", [])
        if message := channel.messages.get(url.origin):
            self._world.conversations.change(channel, self._world.workspace.app.user, message, changes)
            return True
        ephemeral = self._world.workspace.ephemeral(url.origin)
        if ephemeral is None:
            return False
        stored = self._world.conversations.stored(changes["blocks"])
        ephemeral.message |= {"text": changes["text"], "blocks": stored}
        return True

    def _delete(self, url: ResponseUrl, channel: Channel) -> None:
        if message := channel.messages.get(url.origin):
            self._world.conversations.remove(channel, self._world.workspace.app.user, message)
        elif ephemeral := self._world.workspace.ephemeral(url.origin):
            ephemeral.gone = True


def _yes(value: Any) -> bool:
    return value in (True, "true")


async def _read(request: web.Request) -> Body:
    text = await request.text()
    if request.content_type == "application/x-www-form-urlencoded":
        text = str((await request.post()).get("payload", ""))
    read = json.loads(text)
    if not isinstance(read, dict):
        raise ValueError("not an object")  # noqa: TRY004 - one way to say unreadable
    return read
