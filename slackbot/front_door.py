"""Take requests of Slack over HTTP: nothing is read before its signature is found good."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from slack_bolt import BoltRequest, BoltResponse

from afk.pages import PageServer, Visitor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from slack_bolt import App

PATH = "/slack/events"
LARGEST = 1 << 20
SKEW = 300  # seconds; Slack's own figure
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


class FrontDoor(PageServer):
    """It has no page: nothing is told to who has not signed."""

    def __init__(self, address: tuple[str, int], app: App | None, signing_secret: str) -> None:
        self.app = app
        self.verifier = Verifier(signing_secret.encode())
        super().__init__(address, {}, _Visitor)

    def answer(self, body: bytes, headers: Mapping[str, str]) -> BoltResponse:
        if self.app is None:
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


class _Visitor(Visitor):
    server: FrontDoor

    def do_POST(self) -> None:  # noqa: N802 - the name that http.server calls
        with self.server.inside():
            self._take()

    def _take(self) -> None:
        if self.path.partition("?")[0] != PATH:
            self.say(HTTPStatus.NOT_FOUND)
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self.say(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > LARGEST:
            self.say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self.rfile.read(int(length))
            answer = self.server.answer(body, {name.lower(): value for name, value in self.headers.items()})
            kind = answer.headers.get("content-type", ["text/plain;charset=utf-8"])[0]
            self.say(answer.status, answer.body or "", kind)
