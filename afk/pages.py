"""Serve a few pages about a process on a port of its own: for probes, for Prometheus, for people with curl."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Page = Callable[[], tuple[int, "dict[str, Any] | str"]]

EVERYWHERE = ""  # every address of this machine: a container is reached from outside
SILENCE = 10  # seconds that a client may say nothing
TEXT = "text/plain; version=0.0.4; charset=utf-8"  # Prometheus' own


class Visitor(BaseHTTPRequestHandler):
    server: PageServer
    timeout = SILENCE
    server_version, sys_version = "afk", ""

    def do_GET(self) -> None:
        page = self.server.pages.get(self.path.partition("?")[0])
        if page is None:
            self.say(HTTPStatus.NOT_FOUND)
            return
        status, told = page()
        if isinstance(told, str):
            self.say(status, told, TEXT)
        else:
            self.say(status, json.dumps(told, indent=2) + "\n", "application/json")

    def say(self, status: int, text: str = "", kind: str = "text/plain;charset=utf-8") -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_about: Any) -> None:
        """A request line may hold what is nobody's business."""


class PageServer(ThreadingHTTPServer):
    """`pages`: a path, and what says status and facts, or text."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], pages: Mapping[str, Page], visitor: type[Visitor] = Visitor) -> None:
        self.pages = pages
        self.in_flight = 0
        self._lock = Lock()
        super().__init__(address, visitor)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def start(self) -> None:
        Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, name="pages", daemon=True).start()

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
