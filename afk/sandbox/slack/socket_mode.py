"""Speak Socket Mode: hand each payload to one of the open connections and wait for its acknowledgement."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from afk.sandbox.slack.answers import Answer, Problem, Sent

MOST_LINKS = 10
HOST = {"host": "applink-sandbox"}


@dataclass(slots=True, eq=False)
class Link:
    """One WebSocket of the app. `leaving`: told to reconnect; `deaf`: open, but nobody reads it any more."""

    number: int
    socket: web.WebSocketResponse
    request: web.Request
    leaving: bool = False
    deaf: bool = False


@dataclass(slots=True, eq=False)
class Envelope:
    """What was sent on which link, and how long its acknowledgement took (None: none came in time)."""

    id: str
    sent: Sent
    link: int
    acknowledged_after: float | None = None


@dataclass(slots=True)
class Frames:
    """What the app sent that was no timely acknowledgement."""

    late: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    nonsense: list[str] = field(default_factory=list)


class SocketMode:
    def __init__(self, app_id: str, ack_seconds: float) -> None:
        self.links: list[Link] = []
        self.envelopes: list[Envelope] = []
        self.frames = Frames()
        self.grace = 0.1
        # Whether Slack takes an acknowledgement over another connection than the envelope's is unverified.
        self.any_link_acknowledges = False
        self._leaving: set[asyncio.Task[None]] = set()
        self._app_id = app_id
        self._ack_seconds = ack_seconds
        self._tickets: set[str] = set()
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}
        self._opened = 0
        self._turn = 0

    def ticket(self) -> str:
        """A place on the link, good for one connection."""
        ticket = uuid4().hex
        self._tickets.add(ticket)
        return ticket

    async def connect(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401)
        self._tickets.discard(ticket)
        socket = web.WebSocketResponse(autoping=False, timeout=0.1)
        await socket.prepare(request)
        self._opened += 1
        link = Link(self._opened, socket, request)
        if len(self.links) >= MOST_LINKS:
            await self._disconnect(link, "too_many_websockets")
            await socket.close()
            return socket
        self.links.append(link)
        await socket.send_json({
            "type": "hello", "num_connections": len(self.links), "connection_info": {"app_id": self._app_id},
            "debug_info": {**HOST, "build_number": 1, "approximate_connection_time": 18060},
        })  # fmt: skip
        try:
            await self._read(link)
        finally:
            self.links.remove(link)
        return socket

    async def send(self, sent: Sent, payload: dict[str, Any], retry: int = 0, reason: str = "") -> Answer:
        link = self._next_link()
        if link is None:
            return Answer(Problem.CONNECTION_FAILED)
        envelope = Envelope(str(uuid4()), sent, link.number)
        self.envelopes.append(envelope)
        frame = {
            "envelope_id": envelope.id, "type": sent, "payload": payload,
            "accepts_response_payload": sent is not Sent.EVENT,
        }  # fmt: skip
        if sent is Sent.EVENT:
            frame |= {"retry_attempt": retry, "retry_reason": reason}
        future = self._waiting[envelope.id] = asyncio.get_running_loop().create_future()
        began = time.monotonic()
        try:
            await link.socket.send_json(frame)
            answer = await asyncio.wait_for(future, self._ack_seconds)
        except TimeoutError:
            return Answer(Problem.TIMEOUT, seconds=time.monotonic() - began)
        except ConnectionError:
            return Answer(Problem.CONNECTION_FAILED, seconds=time.monotonic() - began)
        finally:
            del self._waiting[envelope.id]
        envelope.acknowledged_after = time.monotonic() - began
        return Answer(payload=answer, seconds=envelope.acknowledged_after)

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come again elsewhere; those who stay are closed after a while."""
        for link in list(self.links):
            await self._disconnect(link, reason)
            if reason == "refresh_requested":
                link.leaving = True
                task = asyncio.get_running_loop().create_task(self._see_off(link))
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)

    async def stop(self) -> None:
        for task in list(self._leaving):
            task.cancel()
        await self.close(1001)

    async def close(self, code: int = 1000) -> None:
        for link in list(self.links):
            await link.socket.close(code=code)

    async def abort(self) -> None:
        """Cut the wires without a word."""
        for link in list(self.links):
            _abort(link)

    async def deafen(self) -> None:
        """Half-open: the TCP connection stands, and nothing is read or ponged on it any more."""
        for link in self.links:
            link.deaf = True

    async def _see_off(self, link: Link) -> None:
        await asyncio.sleep(self.grace)
        await link.socket.close()

    async def _disconnect(self, link: Link, reason: str) -> None:
        await link.socket.send_json({"type": "disconnect", "reason": reason, "debug_info": HOST})

    def _next_link(self) -> Link | None:
        free = [link for link in self.links if not link.leaving]
        self._turn += 1
        return free[self._turn % len(free)] if free else None

    async def _read(self, link: Link) -> None:
        async for message in link.socket:
            if link.deaf:
                continue
            if message.type is WSMsgType.PING:
                await link.socket.pong(message.data)
            elif message.type is WSMsgType.TEXT:
                self._take(link, str(message.data))

    def _take(self, link: Link, text: str) -> None:
        try:
            frame = json.loads(text)
            envelope_id = frame["envelope_id"]
        except (ValueError, KeyError, TypeError):
            self.frames.nonsense.append(text)
            return
        envelope = next((each for each in self.envelopes if each.id == envelope_id), None)
        if envelope is None or (envelope.link != link.number and not self.any_link_acknowledges):
            self.frames.stray.append(envelope_id)
            return
        future = self._waiting.get(envelope_id)
        if future is not None and not future.done():
            payload = frame.get("payload")
            future.set_result(payload if isinstance(payload, dict) else {})
            return
        self.frames.late.append(envelope_id)


def _abort(link: Link) -> None:
    if link.request.transport is not None:
        link.request.transport.abort()
