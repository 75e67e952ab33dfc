"""Take claims and releases, and refuse every other body."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aiohttp import web

from afk.sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable

CLAIM: dict[str, type] = {
    "action": str, "id": str, "holder": str, "resource": str, "purpose": str, "since": str, "url": str,
    "ttl_seconds": int,
}  # fmt: skip
RELEASE: dict[str, type] = {"action": str, "id": str, "holder": str, "resource": str}
SHAPES: dict[Any, dict[str, type]] = {"claim": CLAIM, "release": RELEASE}


def system_clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a sandbox server is the outside world, which has its own clock


@dataclass(frozen=True, slots=True)
class Held:
    resource: str
    purpose: str
    until: datetime


class PresenceServer(Server):
    def __init__(self, port: int = 0, *, token: str = "", clock: Callable[[], datetime] = system_clock) -> None:
        super().__init__(port)
        self.token = token
        self.clock = clock
        self._held: dict[tuple[str, str], Held] = {}

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_post("/claims", self._take)

    def held(self) -> dict[str, str]:
        """The purpose of each resource that somebody holds at this moment."""
        with self.lock:
            return {one.resource: one.purpose for one in self._held.values() if one.until > self.clock()}

    async def _take(self, request: web.Request) -> web.Response:
        content = await request.read()
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"error": "who are you?"}, status=HTTPStatus.UNAUTHORIZED)
        if request.content_type != "application/json":
            return web.json_response({"error": "not JSON"}, status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            body = json.loads(content)
        except ValueError:
            body = None
        if problem := _problem(body):
            return web.json_response({"error": problem}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
        with self.lock:
            return self._answer(body)

    def _answer(self, body: dict[str, Any]) -> web.Response:
        key = (body["holder"], body["id"])
        if body["action"] == "claim":
            until = self.clock() + timedelta(seconds=body["ttl_seconds"])
            self._held[key] = Held(body["resource"], body["purpose"], until)
            return web.Response(status=HTTPStatus.NO_CONTENT)
        known = self._held.get(key)
        if known is None or known.resource != body["resource"]:
            return web.json_response({"error": "nobody holds that"}, status=HTTPStatus.CONFLICT)
        del self._held[key]
        return web.Response(status=HTTPStatus.NO_CONTENT)


def _problem(body: Any) -> str:
    shape = SHAPES.get(body.get("action")) if isinstance(body, dict) else None
    if shape is None:
        return "no claim and no release"
    if set(body) != set(shape):
        return f"fields: {', '.join(sorted(set(body) ^ set(shape)))}"
    wrong = [name for name, kind in shape.items() if type(body[name]) is not kind or not body[name]]
    return f"values: {', '.join(wrong)}" if wrong else ""
