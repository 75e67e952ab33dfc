"""Run one simulated system as a real server on loopback, in a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web

from afk.sandbox.faults import Fault, Faults, Trouble

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

NEVER = 3600.0


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it arrived, and the status it was answered with (0: never answered)."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    status: int

    @property
    def line(self) -> str:
        return f"{self.method} {self.path}"


class Server:
    """A subclass adds its routes in `routes` and keeps its state in itself.

    Handlers run one at a time on the server's own event loop. Code of other threads that reads or changes the state
    (the verbs of a story) does so under `self.lock`; handlers hold it while they run.
    """

    def __init__(self, port: int = 0) -> None:
        self.lock = threading.RLock()
        self.faults = Faults()
        self.latency = 0.0
        self.exchanges: list[Exchange] = []
        self._port = port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None
        self._leaves = False

    def routes(self, router: web.UrlDispatcher) -> None:
        raise NotImplementedError

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> Self:
        """Listen; a server that was stopped, or left, comes back on the same port with the state it had."""
        if self._thread is not None and not self._leaves:
            return self
        self.stop()
        ready = threading.Event()
        failure: list[BaseException] = []

        def live() -> None:
            loop = asyncio.new_event_loop()
            try:
                loop.run_until_complete(self._listen())
                self._loop = loop
            except BaseException as error:  # noqa: BLE001 - handed to the thread that asked
                failure.append(error)
                ready.set()
                return
            ready.set()
            loop.run_forever()
            loop.run_until_complete(self._close())
            loop.close()

        self._thread = threading.Thread(target=live, name=type(self).__name__, daemon=True)
        self._thread.start()
        ready.wait()
        if failure:
            raise failure[0]
        return self

    def stop(self) -> None:
        """Refuse connections from now on; the state stays."""
        if self._loop is None or self._thread is None:
            return
        if not self._leaves:  # else it stops by itself
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop = self._thread = None
        self._leaves = False

    def run_on_loop(self, work: Callable[[], Awaitable[Any]]) -> Any:
        """Do something on the server's own loop (push a frame, close a socket) and wait for it."""
        if self._loop is None:
            raise RuntimeError(f"{type(self).__name__} is not running")

        async def call() -> Any:
            return await work()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(timeout=30)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def _listen(self) -> None:
        app = web.Application(middlewares=[self._meet], client_max_size=64 * 2**20)
        self.routes(app.router)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @web.middleware
    async def _meet(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        body = await request.read()
        status = 0
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            fault = self.faults.take(f"{request.method} {request.path}")
            response = await (self._suffer(fault, request, handler) if fault else self._serve(request, handler))
            status = response.status
        finally:
            exchange = Exchange(request.method, request.path, request.query_string, dict(request.headers), body, status)
            with self.lock:
                self.exchanges.append(exchange)
        return response

    async def _serve(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as refusal:
            return web.Response(status=refusal.status, headers=refusal.headers, body=refusal.text)

    async def _suffer(
        self, fault: Fault, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        match fault.trouble:
            case Trouble.SLOW:
                await asyncio.sleep(fault.seconds)
                return await self._serve(request, handler)
            case Trouble.TIMEOUT:
                await asyncio.sleep(NEVER)
            case Trouble.TIMEOUT_AFTER:
                await self._serve(request, handler)
                await asyncio.sleep(NEVER)
            case Trouble.DROP_BEFORE:
                return _cut(request)
            case Trouble.DROP_AFTER:
                await self._serve(request, handler)
                return _cut(request)
            case Trouble.LEAVES:
                return await self._leave(request, await self._serve(request, handler))
            case Trouble.STATUS:
                return _answer(fault)
            case Trouble.STATUS_AFTER:
                await self._serve(request, handler)
                return _answer(fault)
            case Trouble.INVALID_JSON:
                return web.Response(text='{"half": ', content_type="application/json")
            case Trouble.TRUNCATED:
                return await _halve(request, await self._serve(request, handler))
        raise AssertionError(fault)

    async def _leave(self, request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """Nobody gets in any more before the answer goes out, and it goes out whole."""
        self._leaves = True
        if self._runner is not None:
            for site in tuple(self._runner.sites):
                await site.stop()
        if not response.prepared:
            response.force_close()
            await response.prepare(request)
            await response.write_eof()
        asyncio.get_running_loop().stop()
        return response


def _answer(fault: Fault) -> web.Response:
    kind = fault.headers.get("Content-Type", "application/json")
    headers = {name: value for name, value in fault.headers.items() if name != "Content-Type"}
    return web.Response(status=fault.status, text=fault.body, headers=headers, content_type=kind)


def _cut(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=499)


async def _halve(request: web.Request, whole: web.StreamResponse) -> web.StreamResponse:
    body = whole.body if isinstance(whole, web.Response) and isinstance(whole.body, bytes) else b"{}"
    half = web.StreamResponse(status=whole.status, headers={"Content-Type": "application/json"})
    half.content_length = len(body)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()
    return half
