"""Take requests of Slack over HTTP: nothing is read before its signature is found good."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from slack_bolt import BoltRequest, BoltResponse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from slack_bolt import App

PATH = "/slack/events"
LARGEST = 1 << 20
SKEW = 300  # seconds; Slack's own figure
SILENCE = 10  # seconds that a client may say nothing
_TIMESTAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")
_SSL_CHECK = re.compile(rb"(?:^|&)ssl_check=1(?:&|$)")


class UnreadableError(Exception):
    """The body is signed, and no body of Slack's."""


@dataclass(frozen=True, slots=True)
class Verifier:
    secret: bytes

    def __post_init__(self) -> None:
        if not self.secret.strip():
            raise ValueError("the signing secret is empty")

    def accepts(self, timestamp: str, signature: str, body: bytes, now: float) -> bool:
        if not (_TIMESTAMP.fullmatch(timestamp) and _SIGNATURE.fullmatch(signature)):
            return False
        if abs(now - int(timestamp)) > SKEW:
            return False
        signed = b"v0:" + timestamp.encode() + b":" + body
        expected = "v0=" + hmac.new(self.secret, signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected, signature)


def parsed(body: bytes, content_type: str) -> dict[str, Any]:
    """What Bolt would read, but for a form that merely contains the word `payload`, which Bolt throws away."""
    try:
        text = body.decode()
        if content_type.partition(";")[0].strip().lower() == "application/json":
            found = json.loads(text)
        else:
            form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=100))
            found = json.loads(form["payload"]) if "payload" in form and "command" not in form else form
    except (ValueError, RecursionError):
        raise UnreadableError from None
    if not isinstance(found, dict) or not found:
        raise UnreadableError
    return found


class FrontDoor(ThreadingHTTPServer):
    """`pages` are what may be read without a signature: a path, and what says status and body."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        address: tuple[str, int],
        app: App | None = None,
        signing_secret: str = "",
        pages: Mapping[str, Callable[[], tuple[int, dict[str, Any]]]] | None = None,
    ) -> None:
        self.app = app
        self.verifier = Verifier(signing_secret.encode()) if app is not None or signing_secret else None
        self.pages = pages or {}
        self.in_flight = 0
        self._lock = Lock()
        super().__init__(address, _Visitor)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="front door", daemon=True).start()

    def drain(self, patience: float = 3.0) -> None:
        """Nobody new comes in; who is inside is answered."""
        self.shutdown()
        until = time.monotonic() + patience
        while self.in_flight and time.monotonic() < until:
            time.sleep(0.01)
        self.server_close()

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self._lock:
            self.in_flight += 1
        try:
            yield
        finally:
            with self._lock:
                self.in_flight -= 1

    def handle_error(self, *_about: Any) -> None:
        """A client that went away is its own affair."""

    def answer(self, body: bytes, headers: Mapping[str, str]) -> BoltResponse:
        if self.app is None or self.verifier is None:
            return BoltResponse(status=HTTPStatus.NOT_FOUND)
        timestamp, signature = (headers.get(f"x-slack-{name}", "") for name in ("request-timestamp", "signature"))
        if not self.verifier.accepts(timestamp, signature, body, time.time()):
            probe = _SSL_CHECK.search(body) is not None  # Slack probes the certificate; nothing is done for it
            return BoltResponse(status=HTTPStatus.OK if probe else HTTPStatus.UNAUTHORIZED)
        try:
            payload = parsed(body, headers.get("content-type", ""))
        except UnreadableError:
            return BoltResponse(status=HTTPStatus.BAD_REQUEST)
        told = {name: value for name, value in headers.items() if name.startswith("x-slack-retry")}
        # In this mode Bolt takes the payload as it is, and does not verify what was verified here.
        return self.app.dispatch(BoltRequest(body=payload, headers=dict(told), mode="socket_mode"))


class _Visitor(BaseHTTPRequestHandler):
    server: FrontDoor
    timeout = SILENCE
    server_version, sys_version = "afk", ""

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self._say(HTTPStatus.NOT_FOUND)
            return
        status, facts = page()
        self._say(status, json.dumps(facts, indent=2) + "\n", "application/json")

    def do_POST(self) -> None:
        with self.server.inside():
            self._take()

    def _take(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self._say(HTTPStatus.NOT_FOUND)
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self._say(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > LARGEST:
            self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self.rfile.read(int(length))
            answer = self.server.answer(body, {name.lower(): value for name, value in self.headers.items()})
            kind = answer.headers.get("content-type", ["text/plain;charset=utf-8"])[0]
            self._say(answer.status, answer.body or "", kind)

    def _say(self, status: int, text: str = "", kind: str = "text/plain;charset=utf-8") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_about: Any) -> None:
        """A request line may hold what is nobody's business."""
