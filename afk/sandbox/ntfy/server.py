"""Answer as ntfy does, to publishers and to readers."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from aiohttp import web

from afk.sandbox.ntfy.publication import EMPTY, Parameters, body_fields, fields, json_publication
from afk.sandbox.ntfy.reading import Message, since, wanted
from afk.sandbox.ntfy.refusals import Refusal, RefusedError, answer
from afk.sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CACHED_FOR = 12 * 3600
GLANCE = 0.02
EVERYONE = "*"
DISALLOWED = frozenset({"docs", "static", "file", "app", "metrics", "account", "settings", "signup", "login", "v1"})


class Access(StrEnum):
    """What a line of the access list gives."""

    READ_WRITE = "read-write"
    READ_ONLY = "read-only"
    WRITE_ONLY = "write-only"
    DENY = "deny-all"

    @property
    def reads(self) -> bool:
        return self in {Access.READ_WRITE, Access.READ_ONLY}

    @property
    def writes(self) -> bool:
        return self in {Access.READ_WRITE, Access.WRITE_ONLY}


@dataclass(frozen=True, slots=True)
class Entry:
    login: str
    topic: str
    access: Access


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a sandbox server is the outside world, which has its own clock


class NtfyServer(Server):
    def __init__(
        self,
        port: int = 0,
        *,
        default_access: str = "deny-all",
        attachments: bool = False,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        super().__init__(port)
        self.default_access = Access(default_access)
        self.attachments = attachments
        self.clock = clock
        self.tokens: dict[str, str] = {}
        self.admins: set[str] = set()
        self.entries: list[Entry] = []
        self.messages: list[Message] = []
        self.requests_left: int | None = None
        self.messages_left: int | None = None

    def add_user(self, login: str, *, admin: bool = False) -> str:
        """The answer is an access token; only an admin needs no entry in the access list."""
        with self.lock:
            if admin:
                self.admins.add(login)
            token = "tk_" + "".join(secrets.choice(_LETTERS) for _ in range(29))
            self.tokens[token] = login
            return token

    def revoke_token(self, token: str) -> None:
        with self.lock:
            del self.tokens[token]

    def grant(self, login: str, topic: str, access: str = "read-write") -> None:
        """`*` is everyone, and in a topic any letters."""
        with self.lock:
            self.entries.insert(0, Entry(login, topic, Access(access)))

    def allow_requests(self, count: int | None) -> None:
        """After so many more requests comes 429; None lifts the limit."""
        with self.lock:
            self.requests_left = count

    def allow_messages(self, count: int | None) -> None:
        """The rest of the day's quota."""
        with self.lock:
            self.messages_left = count

    def published(self, topic: str) -> list[Message]:
        with self.lock:
            return [dict(one) for one in self.messages if one["topic"] == topic]

    def routes(self, router: web.UrlDispatcher) -> None:
        for route in ROUTES:
            router.add_route(route.method, route.path, self._handler(route))

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.read()
            try:
                with self.lock:
                    login = self._login(request)
                    self._count_request()
                    made = route.answer(self, request, body, login)
                if isinstance(made, web.Response):
                    return made
                return await self._stream(request, made)
            except RefusedError as refused:
                return refused.response

        return handle

    def _login(self, request: web.Request) -> str | None:
        """A wrong token is refused even where nobody needs one, a password always (nobody has one here)."""
        kind, _, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() not in {"bearer", "basic"}:
            return None
        login = self.tokens.get(secret.strip()) if kind.lower() == "bearer" else None
        if login is None:
            raise RefusedError(Refusal.UNAUTHORIZED)
        return login

    def _count_request(self) -> None:
        if self.requests_left == 0:
            raise RefusedError(Refusal.TOO_MANY_REQUESTS)
        self.requests_left = None if self.requests_left is None else self.requests_left - 1

    def access(self, login: str | None, topic: str) -> Access:
        """A person's own entry comes before everyone's, everyone's before the default."""
        if login in self.admins:
            return Access.READ_WRITE
        for name in (login, EVERYONE):
            for entry in self.entries:
                if entry.login == name and fnmatchcase(topic, entry.topic):
                    return entry.access
        return self.default_access

    def publish(self, topic: str, login: str | None, found: dict[str, Any], *, cached: bool = True) -> web.Response:
        if not self.access(login, topic).writes:
            raise RefusedError(Refusal.FORBIDDEN)
        if self.messages_left == 0:
            raise RefusedError(Refusal.TOO_MANY_MESSAGES)
        self.messages_left = None if self.messages_left is None else self.messages_left - 1
        now = self.now()
        identity = "".join(secrets.choice(_LETTERS) for _ in range(12))
        message: Message = {"id": identity, "time": now}
        message |= {"expires": now + CACHED_FOR} if cached else {}
        message |= {"event": "message", "topic": topic, "message": EMPTY, **found}
        if cached:
            self.messages.append(message)
        return answer(message)

    def now(self) -> int:
        return int(self.clock().timestamp())

    def cached(self, topics: list[str]) -> list[Message]:
        return [one for one in self.messages if one["topic"] in topics and one["expires"] > self.now()]

    async def _stream(self, request: web.Request, topics: list[str]) -> web.StreamResponse:
        """`open` first, then what was asked for, then whatever comes, until the reader leaves."""
        parameters = Parameters(request)
        fits = wanted(parameters)
        stream = web.StreamResponse(headers={"Content-Type": NDJSON})
        with self.lock:
            known = self.cached(topics)
            lines = [one for one in since(parameters, known, now=self.now(), poll=False) if fits(one)]
        await stream.prepare(request)
        opened = {"id": "open00000000", "time": self.now(), "event": "open", "topic": ",".join(topics)}
        for rounds in itertools.count():
            for line in [opened, *lines] if rounds == 0 else lines:
                await stream.write(_line(line))
            await asyncio.sleep(GLANCE)
            with self.lock:
                fresh = self.cached(topics)[len(known) :]
            known, lines = [*known, *fresh], [one for one in fresh if fits(one)]
        return stream


def _publish(server: NtfyServer, request: web.Request, body: bytes, login: str | None) -> web.Response:
    topic = _topic(request.match_info["topic"])
    parameters = Parameters(request)
    if not server.access(login, topic).writes:
        raise RefusedError(Refusal.FORBIDDEN)
    found = fields(parameters)
    file_url = f"{server.url}/file/{secrets.token_hex(6)}" if server.attachments else None
    found |= body_fields(body, file_url=file_url, expires=server.now() + CACHED_FOR // 4)
    return server.publish(topic, login, found, cached=parameters.yes("x-cache", "cache", default=True))


def _publish_json(server: NtfyServer, _request: web.Request, body: bytes, login: str | None) -> web.Response:
    topic, found = json_publication(body)
    return server.publish(_topic(topic), login, found)


def _read(server: NtfyServer, request: web.Request, _body: bytes, login: str | None) -> web.Response | list[str]:
    """With `poll=1` what is cached, at once; without it a stream that does not end."""
    topics = [_topic(name) for name in request.match_info["topic"].split(",")]
    if not all(server.access(login, topic).reads for topic in topics):
        raise RefusedError(Refusal.FORBIDDEN)
    parameters = Parameters(request)
    poll = parameters.yes("x-poll", "poll", "po", default=False)
    fits = wanted(parameters)
    found = since(parameters, server.cached(topics), now=server.now(), poll=poll)
    if not poll:
        return topics
    body = b"".join(_line(one) for one in found if fits(one))
    return web.Response(body=body, headers={"Content-Type": NDJSON, "Access-Control-Allow-Origin": "*"})


def _may_read(server: NtfyServer, request: web.Request, _body: bytes, login: str | None) -> web.Response:
    if not server.access(login, _topic(request.match_info["topic"])).reads:
        raise RefusedError(Refusal.FORBIDDEN)
    return answer({"success": True})


def _health(_server: NtfyServer, _request: web.Request, _body: bytes, _login: str | None) -> web.Response:
    return answer({"healthy": True})


def _missing(_server: NtfyServer, _request: web.Request, _body: bytes, _login: str | None) -> web.Response:
    raise RefusedError(Refusal.NOT_FOUND)


def _topic(name: str) -> str:
    if not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", name):
        raise RefusedError(Refusal.TOPIC_INVALID)
    if name in DISALLOWED:
        raise RefusedError(Refusal.TOPIC_DISALLOWED)
    return name


def _line(message: Message) -> bytes:
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


NDJSON = "application/x-ndjson; charset=utf-8"
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    answer: Callable[[NtfyServer, web.Request, bytes, str | None], web.Response | list[str]]


ROUTES = (
    Route("GET", "/v1/health", _health),
    Route("POST", "/", _publish_json),
    Route("PUT", "/", _publish_json),
    Route("POST", "/{topic}", _publish),
    Route("PUT", "/{topic}", _publish),
    Route("GET", "/{topic}/json", _read),
    Route("GET", "/{topic}/auth", _may_read),
    Route("*", "/{rest:.*}", _missing),
)
