"""Serve the page on which a person looks at the simulated workspace and takes part in it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiohttp import web

from afk.sandbox.slack.seen import Seen

if TYPE_CHECKING:
    from afk.sandbox.slack.server import SlackServer

Body = dict[str, Any]
FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/mrkdwn.js": ("mrkdwn.js", "text/javascript"),
    "/page.js": ("page.js", "text/javascript"),
}
POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:"


class Page:
    def __init__(self, server: SlackServer) -> None:
        self._server = server

    def routes(self, router: web.UrlDispatcher) -> None:
        for path in FILES:
            router.add_get(path, self._file)
        router.add_get("/sandbox/state", self._state)
        router.add_post("/sandbox/act", self._act)

    async def _file(self, request: web.Request) -> web.Response:
        name, kind = FILES[request.path]
        text = Path(__file__).with_name(name).read_text(encoding="utf-8")
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        return web.Response(text=text, content_type=kind, charset="utf-8", headers=headers)

    async def _state(self, request: web.Request) -> web.Response:
        with self._server.lock:
            return web.json_response(self.state(request.query.get("channel", ""), request.query.get("user", "")))

    def state(self, channel: str, user: str) -> Body:
        """What that person sees; without a name the first one there is."""
        workspace = self._server.workspace
        people = [each for each in workspace.users.values() if not each.bot_id]
        user = user if user in workspace.users else people[0].id if people else ""
        channel = channel if channel in workspace.channels else next(iter(workspace.channels), "")
        home, modals = workspace.homes.get(user), workspace.modals.get(user)
        return {
            "team": {"id": workspace.team.id, "name": workspace.team.name},
            "app": {"name": workspace.app.name, "user": workspace.app.user.id, "reached": self._reached()},
            "commands": list(self._server.world.settings.commands),
            "users": [{"id": each.id, "name": each.name, "team": each.team.name, "bot": bool(each.bot_id)}
                      for each in workspace.users.values()],
            "channels": [{"id": each.id, "name": each.name, "private": each.private, "shared": each.shared}
                         for each in workspace.channels.values()],
            "user": user, "channel": channel,
            "messages": self._threads(user, channel) if channel else [],
            "home": home.view if home else None, "modal": modals[-1].view if modals else None,
        }  # fmt: skip

    def _reached(self) -> str:
        if self._server.request_url.url:
            return "signed HTTP"
        links = len(self._server.socket.links)
        return f"Socket Mode, {links} connected" if links else "not connected"

    def _threads(self, user: str, channel: str) -> list[Body]:
        every = self._server.human.sees(user, channel)
        tops = [each for each in every if each.get("thread_ts", each["ts"]) == each["ts"]]
        known = {each["ts"] for each in tops}
        # A private answer inside a thread whose parent is gone still has to be somewhere.
        tops = [each for each in every if each in tops or each["thread_ts"] not in known]
        return [{**top, "replies": [each for each in every if each.get("thread_ts") == top["ts"] != each["ts"]]}
                for top in tops]  # fmt: skip

    async def _act(self, request: web.Request) -> web.Response:
        if request.content_type != "application/json":
            return web.Response(status=415)
        asked = await request.json()
        try:
            seen = await asyncio.to_thread(self._do, asked)
        except KeyError as error:
            return web.json_response({"error": f"there is no {error}"}, status=400)
        except (LookupError, ValueError) as error:
            return web.json_response({"error": str(error)}, status=409)
        return web.json_response({"warning": seen.warning, "dialog": seen.dialog, "errors": seen.errors})

    def _do(self, asked: Body) -> Seen:
        """The verbs block until the app has answered, so they run beside the server's loop."""
        human, user = self._server.human, asked["user"]
        match asked["verb"]:
            case "types":
                return human.types(user, asked["text"], asked["channel"], thread_ts=asked.get("thread_ts", ""))
            case "clicks":
                return human.clicks(user, asked["ts"], asked["action_id"], value=asked.get("value"))
            case "confirms":
                return human.confirms(user)
            case "declines":
                human.declines(user)
                return Seen()
            case "opens_home":
                return human.opens_home(user)
            case "submits":
                return human.submits(user, asked["values"])
            case "dismisses":
                human.dismisses(user)
                return Seen()
            case unknown:
                raise ValueError(f"nobody knows how to {unknown}")
