"""Hold the Socket Mode connection: connect, say whether it lives, and let go without losing an acknowledgement."""

from __future__ import annotations

import time
from threading import Lock
from typing import TYPE_CHECKING, Any

from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler

if TYPE_CHECKING:
    from slack_bolt import App

PING = 5.0  # seconds; with Slack's default of 10 a half-open connection is noticed after 40 and more


class Line:
    def __init__(self, app: App, app_token: str, ping_interval: float = PING) -> None:
        self._ping = ping_interval
        self._handler: Any = SocketModeHandler(app, app_token, ping_interval=ping_interval)
        self._client = self._handler.client
        self._client.proxy = None  # the SDK takes one out of the environment
        self._in_flight = 0
        self._lock = Lock()
        listeners = self._client.socket_mode_request_listeners
        self._inner: Any = listeners[0]
        listeners[0] = self._counted

    def connect(self) -> None:
        self._handler.connect()

    @property
    def is_alive(self) -> bool:
        """Connected, and heard from lately: a half-open connection says nothing any more."""
        session = self._client.current_session
        if session is None or not self._client.is_connected():
            return False
        heard = getattr(session, "last_ping_pong_time", None)
        return heard is None or time.time() - heard < 4 * self._ping

    def drain(self, patience: float = 3.0) -> None:
        """The SDK closes the socket before its listeners are done, and their acknowledgements are lost: so we wait.

        It then takes up to 4 s to let go: it reads on for 3, and looks at its queue once a second.
        """
        until = time.monotonic() + patience
        while self._in_flight and time.monotonic() < until:
            time.sleep(0.01)
        self._handler.close()

    def _counted(self, client: Any, request: Any) -> None:
        with self._lock:
            self._in_flight += 1
        try:
            self._inner(client, request)
        finally:
            with self._lock:
                self._in_flight -= 1
