"""Speak Effect RPC on one socket: requests, chunks that wait for their Ack, exits, pings."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import WSMsgType, web

from afk.sandbox.faults import Fault, Faults, Trouble
from afk.sandbox.t3.access import Denied, Login
from afk.sandbox.t3.schema import Undecodable

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

NEVER = 3600.0


class Failed(Exception):
    """A typed failure, which proves that nothing was done."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error.get("message", error["_tag"]))
        self.error = error


@dataclass(frozen=True, slots=True)
class Method:
    scope: str
    call: Callable[[Any], Any] | None = None
    stream: Callable[[Any], AsyncIterator[list[Any]]] | None = None


class Recorder(Protocol):
    def __call__(self, tag: str, payload: Any, *, status: int) -> None: ...


class Connection:
    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        login: Login,
        methods: Callable[[], Mapping[str, Method]],
        faults: Faults,
        record: Recorder,
    ) -> None:
        self.socket = socket
        self.request = request
        self._login = login
        self._methods = methods
        self._faults = faults
        self._record = record
        self._acks: dict[Any, asyncio.Event] = {}
        self._tasks: dict[Any, asyncio.Task[None]] = {}

    async def serve(self) -> None:
        try:
            async for frame in self.socket:
                if frame.type is WSMsgType.TEXT:
                    await self._receive(frame.data)
        finally:
            for task in self._tasks.values():
                task.cancel()

    def cut(self) -> None:
        """Lose the connection without a closing handshake."""
        if self.request.transport is not None:
            self.request.transport.abort()

    async def _receive(self, data: str) -> None:
        try:
            frame = json.loads(data)
            tag = frame["_tag"]
        except (ValueError, KeyError, TypeError):
            await self._send({"_tag": "Defect", "defect": "Invalid frame"})
            return
        match tag:
            case "Ping":
                await self._send({"_tag": "Pong"})
            case "Request":
                await self._begin(frame)
            case "Ack" if frame.get("requestId") in self._acks:
                self._acks[frame["requestId"]].set()
            case "Interrupt" if frame.get("requestId") in self._tasks:
                self._tasks[frame["requestId"]].cancel()
                await self._exit(frame["requestId"], cause={"_tag": "Interrupt"})
            case "Ack" | "Interrupt" | "Eof":
                return
            case _:
                await self._send({"_tag": "Defect", "defect": f"Unknown frame {tag}"})

    async def _begin(self, frame: dict[str, Any]) -> None:
        well_formed = isinstance(frame.get("tag"), str) and isinstance(frame.get("headers"), list)
        if not well_formed or not isinstance(frame.get("id"), int | str) or "payload" not in frame:
            await self._send({"_tag": "Defect", "defect": "Invalid Request frame"})
            return
        task = asyncio.create_task(self._answer(frame["id"], frame["tag"], frame["payload"]))
        self._tasks[frame["id"]] = task
        task.add_done_callback(lambda _: self._tasks.pop(frame["id"], None))

    async def _answer(self, name: Any, tag: str, payload: Any) -> None:
        fault = self._faults.take(f"RPC {tag}")
        if fault is not None and not await self._survives(fault, name, tag, payload):
            return
        await self._run(name, tag, payload)

    async def _survives(self, fault: Fault, name: Any, tag: str, payload: Any) -> bool:
        """Let the trouble happen; True where the request is served all the same."""
        match fault.trouble:
            case Trouble.SLOW:
                await asyncio.sleep(fault.seconds)
                return True
            case Trouble.TIMEOUT | Trouble.TIMEOUT_AFTER | Trouble.DROP_BEFORE | Trouble.DROP_AFTER:
                if fault.trouble in (Trouble.TIMEOUT_AFTER, Trouble.DROP_AFTER):
                    await self._run(name, tag, payload, silent=True)
                else:
                    self._record(tag, payload, status=0)
                if fault.trouble in (Trouble.DROP_BEFORE, Trouble.DROP_AFTER):
                    self.cut()
                await asyncio.sleep(NEVER)
            case Trouble.STATUS | Trouble.STATUS_AFTER:
                if fault.trouble is Trouble.STATUS_AFTER:
                    await self._run(name, tag, payload, silent=True)
                else:
                    self._record(tag, payload, status=fault.status)
                await self._exit(name, cause=_cause(fault))
            case Trouble.INVALID_JSON:
                self._record(tag, payload, status=0)
                await self.socket.send_str('{"half": ')
            case Trouble.TRUNCATED:
                await self._run(name, tag, payload, silent=True)
                await self.socket.send_str('{"_tag":"Exit","requestId":')
                self.cut()
        return False

    async def _run(self, name: Any, tag: str, payload: Any, *, silent: bool = False) -> None:
        status, value, cause = 200, None, None
        try:
            method = self._method(tag)
            self._login.require(method.scope)
            if method.stream is not None:
                self._record(tag, payload, status=200)
                await self._stream(name, method.stream(payload))
                return
            assert method.call is not None
            value = method.call(payload)
        except Failed as failed:
            status, cause = 400, {"_tag": "Fail", "error": failed.error}
        except Denied as denied:
            scope = denied.body["requiredScope"]
            error = {"_tag": "EnvironmentAuthorizationError", "message": f"Scope {scope} is required."}
            status, cause = 403, {"_tag": "Fail", "error": {**error, "requiredScope": scope}}
        except Undecodable as error:
            status, cause = 400, {"_tag": "Die", "defect": str(error)}
        self._record(tag, payload, status=0 if silent else status)
        if not silent:
            await self._exit(name, value=value, cause=cause)

    def _method(self, tag: str) -> Method:
        method = self._methods().get(tag)
        if method is None:
            raise Undecodable(f"Unknown request tag: {tag}")
        return method

    async def _stream(self, name: Any, chunks: AsyncIterator[list[Any]]) -> None:
        acknowledged = self._acks[name] = asyncio.Event()
        try:
            async for values in chunks:
                await self._send({"_tag": "Chunk", "requestId": name, "values": values})
                await acknowledged.wait()
                acknowledged.clear()
        finally:
            del self._acks[name]

    async def _exit(self, name: Any, *, value: Any = None, cause: dict[str, Any] | None = None) -> None:
        succeeded = {"_tag": "Success", "value": value}
        exit_ = succeeded if cause is None else {"_tag": "Failure", "cause": [cause]}
        await self._send({"_tag": "Exit", "requestId": name, "exit": exit_})

    async def _send(self, frame: dict[str, Any]) -> None:
        if not self.socket.closed:
            await self.socket.send_str(json.dumps(frame))


def _cause(fault: Fault) -> dict[str, Any]:
    """A status is a defect; a body that is a tagged error is that failure."""
    try:
        error = json.loads(fault.body)
    except ValueError:
        error = None
    if isinstance(error, dict) and "_tag" in error:
        return {"_tag": "Fail", "error": error}
    return {"_tag": "Die", "defect": fault.body or f"status {fault.status}"}
