"""Serve T3's HTTP routes and its socket, in either protocol."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aiohttp import web

from afk.sandbox.server import Exchange, Server
from afk.sandbox.t3 import projection_v2, render_v1, render_v2
from afk.sandbox.t3.access import OPERATE, READ, Access, Denied, bad_request
from afk.sandbox.t3.decider import InvalidCommand
from afk.sandbox.t3.engine import Engine
from afk.sandbox.t3.logins import Logins, read_json
from afk.sandbox.t3.methods import Methods
from afk.sandbox.t3.quirks import Quirks
from afk.sandbox.t3.receipts import Refusal
from afk.sandbox.t3.render_v1 import Window
from afk.sandbox.t3.rpc import Connection
from afk.sandbox.t3.schema import Undecodable
from afk.sandbox.t3.story import Story

if TYPE_CHECKING:
    from afk.sandbox.t3.model import Thread, World

PROTOCOL_HEADER = "x-t3-orchestration-protocol"
VERSIONS = {1: "0.0.45", 2: "0.1.10"}
WEB_APP = '<!doctype html><html><head><title>T3 Code</title></head><body><div id="root"></div></body></html>'
UPGRADE_REQUIRED = 426
BIGGEST_FRAME = 64 * 2**20

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class T3Server(Story, Server):
    """`announce_protocol`: True tells the descriptor the truth, False leaves it out, a number is told as it stands."""

    def __init__(
        self,
        port: int = 0,
        *,
        protocol: int = 1,
        server_version: str | None = None,
        announce_protocol: bool | int = True,
        auto_start: bool = False,
        start_after_reads: int = 0,
        sees_disk: bool = False,
        quirks: Quirks | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),  # noqa: TID251 - stories pass their own
    ) -> None:
        super().__init__(port)
        self.protocol = protocol
        self.server_version = server_version or VERSIONS[protocol]
        self.announce_protocol = announce_protocol
        self.quirks = quirks or Quirks()
        self.access = Access(clock)
        self.engine = Engine(
            clock, self.quirks, auto_start=auto_start, start_after_reads=start_after_reads, sees_disk=sees_disk
        )
        self.engine.provider.protocol = protocol
        self._logins = Logins(self.access, self.lock, clock)
        self._methods = Methods(self.engine, self.lock)
        self._connections: list[Connection] = []

    @property
    def environment_id(self) -> str:
        return self.engine.world.environment_id

    def upgrade_to(self, protocol: int, server_version: str | None = None) -> None:
        """Come back as the other protocol: state is imported, receipts and sessions are not."""
        with self.lock:
            self._lose_sessions((), "The server was upgraded")
            self.protocol = self.engine.provider.protocol = protocol
            self.server_version = server_version or VERSIONS[protocol]
            self.engine.receipts.forget()
        self.cut_sockets()

    def restart(self, survivors: Iterable[str] = (), error: str = "The server was restarted") -> None:
        """Sessions of other threads than the survivors do not come back."""
        with self.lock:
            self._lose_sessions(tuple(survivors), error)
        self.cut_sockets()

    def cut_sockets(self) -> None:
        async def cut() -> None:
            for connection in tuple(self._connections):
                connection.cut()

        if self._connections:
            self.run_on_loop(cut)

    def routes(self, router: web.UrlDispatcher) -> None:
        served: list[tuple[str, str, Handler]] = [
            ("GET", "/.well-known/t3/environment", self._descriptor),
            ("GET", "/api/auth/session", self._logins.session),
            ("POST", "/oauth/token", self._logins.token),
            ("POST", "/api/auth/browser-session", self._logins.browser_session),
            ("POST", "/api/auth/websocket-ticket", self._logins.ticket),
            ("GET", "/api/orchestration/snapshot", self._snapshot),
            ("GET", "/api/orchestration/shell", self._shell),
            ("GET", "/api/orchestration/threads/{thread_id}", self._thread_read),
            ("GET", "/api/orchestration/threads/{thread_id}/bounded", self._bounded),
            ("GET", "/api/orchestration/threads/{thread_id}/history", self._history),
            ("POST", "/api/orchestration/dispatch", self._dispatch),
            ("GET", "/api/projects", self._projects),
            ("POST", "/api/projects/mutate", self._mutate),
            ("GET", "/ws", self._socket),
            ("*", "/{anything:.*}", self._anything),
        ]
        for method, path, handler in served:
            router.add_route(method, path, self._guarded(handler))

    @staticmethod
    def _guarded(handler: Handler) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except Denied as denied:
                return web.json_response(denied.body, status=denied.status)
            except Undecodable:
                return web.Response(status=400)
            except InvalidCommand:
                return web.json_response(bad_request("invalid_command").body, status=400)

        return answer

    # Who is there

    async def _descriptor(self, _: web.Request) -> web.Response:
        told: dict[str, Any] = {
            "environmentId": self.environment_id,
            "label": "t3-afk",
            "platform": {"os": "linux", "arch": "x64"},
            "serverVersion": self.server_version,
        }
        if self.announce_protocol is not False:
            told["orchestrationProtocolVersion"] = (
                self.protocol if self.announce_protocol is True else self.announce_protocol
            )
        return web.json_response({**told, "capabilities": {"repositoryIdentity": True}})

    # Reads

    def _read(self, request: web.Request, show: Callable[[World], Any]) -> web.Response:
        """Check the caller, show the state, and let the simulated time of reads pass."""
        if self.protocol > 1 and request.headers.get(PROTOCOL_HEADER) != str(self.protocol):
            return self._incompatible()
        self._logins.login(request, READ)
        with self.lock:
            answer = web.json_response(show(self.engine.view()))
            self.engine.provider.was_read()
        return answer

    def _incompatible(self) -> web.Response:
        body = {
            "code": "orchestration_protocol_incompatible",
            "message": f"Update this client to one that supports orchestration protocol {self.protocol}.",
            "orchestrationProtocolVersion": self.protocol,
        }
        return web.json_response(body, status=UPGRADE_REQUIRED)

    async def _snapshot(self, request: web.Request) -> web.Response:
        if self.protocol > 1:
            return await self._anything(request)
        return self._read(request, lambda world: render_v1.snapshot(world, self.quirks))

    async def _shell(self, request: web.Request) -> web.Response:
        if self.protocol == 1 and self.quirks.shell_missing:
            return self._missing()
        if self.protocol == 1:
            return self._read(request, lambda world: render_v1.shell(world, self.quirks))
        return self._read(request, render_v2.shell)

    async def _thread_read(self, request: web.Request) -> web.Response:
        if self.protocol > 1:
            return self._read(request, lambda world: projection_v2.thread_read(world, _thread(world, request)))
        if self.quirks.thread_missing:
            return self._missing()
        window = _window(request)
        return self._read(request, lambda world: render_v1.thread_read(world, _thread(world, request), window))

    async def _bounded(self, request: web.Request) -> web.Response:
        if self.protocol == 1:
            return await self._anything(request)
        return self._read(request, lambda world: projection_v2.bounded_read(world, _thread(world, request)))

    async def _history(self, request: web.Request) -> web.Response:
        if self.protocol == 1:
            return await self._anything(request)
        return self._read(request, lambda world: projection_v2.history_read(world, _thread(world, request)))

    async def _projects(self, request: web.Request) -> web.Response:
        if self.protocol == 1:
            return await self._anything(request)
        self._logins.login(request, READ)
        with self.lock:
            return web.json_response(render_v2.projects(self.engine.world))

    # Commands

    async def _dispatch(self, request: web.Request) -> web.Response:
        if self.protocol > 1:
            return self._incompatible() if self.quirks.gone_status == UPGRADE_REQUIRED else web.Response(status=404)
        self._logins.login(request, OPERATE)
        body = await read_json(request)
        with self.lock:
            try:
                return web.json_response({"sequence": self.engine.dispatch_v1(body, over_socket=False)})
            except Refusal:
                tag = {"_tag": "EnvironmentInternalError", "code": "internal_error"}
                reason = {"reason": "orchestration_dispatch_failed", "traceId": "unavailable"}
                return web.json_response({**tag, **reason}, status=500)

    async def _mutate(self, request: web.Request) -> web.Response:
        if self.protocol == 1:
            return web.Response(status=404)
        self._logins.login(request, OPERATE)
        body = await read_json(request)
        with self.lock:
            try:
                project_id = self.engine.mutate_v2(body)
            except Refusal as refusal:
                raise InvalidCommand(str(refusal)) from refusal
            return web.json_response(render_v2.project(self.engine.world.projects[project_id]))

    # The socket, and whatever else

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if self.protocol > 1 and request.query.get("orchestrationProtocol") != str(self.protocol):
            return self._incompatible()
        ticket = request.query.get("wsTicket")
        with self.lock:
            login = (
                self._logins.login(request)
                if ticket is None
                else self.access.admit(ticket, once=self.quirks.tickets_work_once)
            )
        socket = web.WebSocketResponse(max_msg_size=BIGGEST_FRAME)
        connection = Connection(
            socket, request, login, lambda: self._methods.of_protocol(self.protocol), self.faults, self._record
        )
        self._connections.append(connection)
        try:
            await socket.prepare(request)
            await connection.serve()
        finally:
            self._connections.remove(connection)
        return socket

    def _record(self, tag: str, payload: Any, *, status: int) -> None:
        """List a request of the socket like any other: its line is `RPC <tag>`."""
        with self.lock:
            self.exchanges.append(Exchange("RPC", tag, "", {}, json.dumps(payload).encode(), status))

    def _missing(self) -> web.Response:
        return self._web_app() if self.quirks.missing_is_html else web.Response(status=404)

    async def _anything(self, request: web.Request) -> web.Response:
        return self._web_app() if request.method == "GET" else web.Response(status=404)

    @staticmethod
    def _web_app() -> web.Response:
        return web.Response(text=WEB_APP, content_type="text/html")


def _thread(world: World, request: web.Request) -> Thread:
    thread = world.threads.get(request.match_info["thread_id"])
    if thread is None or thread.deleted_at is not None:
        tag = {"_tag": "EnvironmentResourceNotFoundError", "code": "not_found"}
        raise Denied(404, {**tag, "reason": "thread_not_found", "traceId": "unavailable"})
    return thread


def _window(request: web.Request) -> Window | None:
    limit, cursor = request.query.get("turnLimit"), request.query.get("beforeCursor")
    if limit is None and cursor is None:
        return None
    for part in (limit, cursor):
        if part is not None and not (part.isascii() and part.isdigit() and int(part) >= 1):
            raise Undecodable("no window")
    return Window(int(limit) if limit else None, int(cursor) if cursor else None)
