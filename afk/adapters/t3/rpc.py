"""Make one Effect RPC request over a socket of its own."""

from __future__ import annotations

import json
import time
from contextlib import closing
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from afk.adapters.t3.fields import Row, record, text
from afk.adapters.t3.wire import Missing
from afk.core.text import plain
from afk.ports import Gone, PortError, Refused, Uncertain, Unexpected, Unreachable

if TYPE_CHECKING:
    from afk.adapters.t3.wire import Wire

PING_EVERY = 5.0
BIGGEST_FRAME = 64 * 2**20  # a shell alone can exceed the library's default
REQUEST = 1


class Rpc:
    def __init__(self, wire: Wire, patience: float, ping_every: float = PING_EVERY) -> None:
        self._wire = wire
        self._patience = patience
        self._ping_every = ping_every

    def call(self, tag: str, payload: Row, subject: str) -> Any:
        """If the socket is lost on the way, once more: the command's id makes sure that it takes effect once."""
        try:
            return self._once(tag, payload, subject)
        except Uncertain:
            return self._once(tag, payload, subject)

    def _once(self, tag: str, payload: Row, subject: str) -> Any:
        what = f"t3: {payload.get('type', tag)} ({subject})"
        with closing(self._socket(what)) as socket:
            try:
                return self._exchange(socket, tag, payload, what)
            except (ConnectionClosed, OSError) as error:
                raise Uncertain(f"{what}: the socket was lost ({type(error).__name__})") from error

    def _socket(self, what: str) -> ClientConnection:
        try:
            return self._connect()
        except InvalidStatus as refused:
            status = refused.response.status_code
        except (OSError, WebSocketException) as error:
            raise Unreachable(f"{what}: no socket ({type(error).__name__})") from error
        if status == HTTPStatus.UNAUTHORIZED:  # tickets are short-lived
            return self._second_socket(what)
        raise _closed_door(what, status)

    def _second_socket(self, what: str) -> ClientConnection:
        try:
            return self._connect()
        except InvalidStatus as refused:
            raise _closed_door(what, refused.response.status_code) from refused
        except (OSError, WebSocketException) as error:
            raise Unreachable(f"{what}: no socket ({type(error).__name__})") from error

    def _connect(self) -> ClientConnection:
        query = urlencode({"orchestrationProtocol": "2", "wsTicket": self._wire.ticket()})
        return connect(
            f"ws{self._wire.url.removeprefix('http')}/ws?{query}",
            proxy=None,  # the environment's proxy must not see the ticket
            open_timeout=min(self._patience, 10),
            close_timeout=1,
            max_size=BIGGEST_FRAME,
            user_agent_header="afk",
        )

    def _exchange(self, socket: ClientConnection, tag: str, payload: Row, what: str) -> Any:
        deadline = time.monotonic() + self._patience
        _send(socket, {"_tag": "Request", "id": REQUEST, "tag": tag, "payload": payload, "headers": []})
        while (left := deadline - time.monotonic()) > 0:
            try:
                frame = record(json.loads(socket.recv(timeout=min(left, self._ping_every))), "a frame")
            except TimeoutError:
                _send(socket, {"_tag": "Ping"})
                continue
            except ValueError as error:
                raise Uncertain(f"{what}: a frame is broken JSON") from error
            match frame.get("_tag"):
                case "Chunk":
                    _send(socket, {"_tag": "Ack", "requestId": frame.get("requestId")})
                case "Exit" if str(frame.get("requestId")) == str(REQUEST):
                    return _outcome(record(frame.get("exit"), "exit"), what)
                case "Defect":
                    raise Unexpected(f"{what}: the server cannot read our frame")
        raise Uncertain(f"{what}: no answer within {self._patience:.0f} s")


def _send(socket: ClientConnection, frame: Row) -> None:
    socket.send(json.dumps(frame))


def _closed_door(what: str, status: int) -> PortError:
    if status in {HTTPStatus.UPGRADE_REQUIRED, HTTPStatus.NOT_FOUND, HTTPStatus.OK}:
        return Missing(f"{what}: {status} instead of a socket")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Unreachable(f"{what}: {status} instead of a socket")
    return Refused(f"{what}: {status} instead of a socket; is the token good?")


def _outcome(exit_: Row, what: str) -> Any:
    if exit_.get("_tag") == "Success":
        return exit_.get("value")
    cause = exit_.get("cause")
    causes = [each for each in (cause if isinstance(cause, list) else [cause]) if isinstance(each, dict)]
    for each in causes:
        if each.get("_tag") == "Fail":  # only this proves that nothing was done
            raise _failure(record(each.get("error"), "error"), what)
    if any(each.get("_tag") == "Die" for each in causes):
        raise Unexpected(f"{what}: the server choked on it")
    raise Uncertain(f"{what}: the server gave up half-way")


def _failure(error: Row, what: str) -> PortError:
    tag, words = text(error, "_tag") or "", plain(text(error, "message") or "", 300)
    if tag == "EnvironmentAuthorizationError":
        scope = plain(str(error.get("requiredScope", "not named")), 80)
        return Refused(f"{what}: the token lacks a scope ({scope})")
    if tag == "OrchestrationV2ThreadNotFoundError":
        return Gone(f"{what}: {words}")
    return Refused(f"{what}: {words or tag or 'refused'}")
