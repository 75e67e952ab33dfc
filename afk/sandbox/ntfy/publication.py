"""Read what a publisher sent: headers or query parameters, and a body that is a message or a file."""

from __future__ import annotations

import contextlib
import json
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import TYPE_CHECKING, Any

from afk.sandbox.ntfy.actions import actions
from afk.sandbox.ntfy.refusals import Refusal, RefusedError

if TYPE_CHECKING:
    from aiohttp import web

MESSAGE_LIMIT = 4096
LARGEST_FILE = 15 * 2**20
EMPTY = "triggered"
PRIORITIES = {"": 0, "min": 1, "low": 2, "default": 3, "high": 4, "max": 5, "urgent": 5} | {
    str(number): number for number in range(1, 6)
}


class Parameters:
    """A header wins over a query parameter; encoded words are decoded."""

    def __init__(self, request: web.Request) -> None:
        self._request = request

    def text(self, *names: str) -> str:
        for name in names:
            value = self._header(name)
            if value:
                return value
        found = (self._request.query.get(name, "").strip() for name in names)
        return next((value for value in found if value), "")

    def words(self, *names: str) -> list[str]:
        return [word.strip() for word in self.text(*names).split(",") if word]

    def yes(self, *names: str, default: bool) -> bool:
        value = self.text(*names).lower()
        return value in {"1", "yes", "true"} if value else default

    def _header(self, name: str) -> str:
        raw = self._request.headers.get(name, "")
        value = raw.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        with contextlib.suppress(HeaderParseError, LookupError, UnicodeError):
            value = str(make_header(decode_header(value))) if "=?" in value else value
        if name == "priority" and _HTTP_PRIORITY.match(value.strip()):
            return ""  # a proxy's RFC 9218 header, not ours
        return value.strip()


def fields(parameters: Parameters) -> dict[str, Any]:
    """What belongs to the message besides its text."""
    if parameters.text("x-email", "x-e-mail", "email", "e-mail", "mail", "e"):
        raise RefusedError(Refusal.EMAIL_DISABLED)
    if parameters.text("x-call", "call"):
        raise RefusedError(Refusal.CALLS_DISABLED)
    if parameters.text("x-delay", "delay", "x-at", "at", "x-in", "in"):
        raise RefusedError(Refusal.DELAY_UNREADABLE)  # messages of the sandbox are never sent later
    icon, buttons = parameters.text("x-icon", "icon"), parameters.text("x-actions", "actions", "action")
    if icon and not re.match(r"https?://", icon):
        raise RefusedError(Refusal.ICON_INVALID)
    markdown = parameters.yes("x-markdown", "markdown", "md", default=False)
    found = {
        "title": parameters.text("x-title", "title", "t"),
        "message": parameters.text("x-message", "message", "m").replace("\\n", "\n"),
        "priority": priority(parameters.text("x-priority", "priority", "prio", "p")),
        "tags": parameters.words("x-tags", "tags", "tag", "ta"),
        "click": parameters.text("x-click", "click"),
        "icon": icon,
        "actions": actions(buttons) if buttons else [],
        "content_type": "text/markdown" if markdown or parameters.text("content-type") == "text/markdown" else "",
    }
    return {name: value for name, value in found.items() if value}


def priority(word: str) -> int:
    if word.strip().lower() not in PRIORITIES:
        raise RefusedError(Refusal.PRIORITY_INVALID)
    return PRIORITIES[word.strip().lower()]


def body_fields(body: bytes, *, file_url: str | None, expires: int) -> dict[str, Any]:
    """Up to 4095 bytes of UTF-8 are the message; 4096 are a file already, where files are allowed at all."""
    if len(body) < MESSAGE_LIMIT and (text := _decoded(body)) is not None:
        return {"message": text.strip()} if body else {}
    if file_url is None:
        raise RefusedError(Refusal.ATTACHMENTS_DISALLOWED)
    if len(body) > LARGEST_FILE:
        raise RefusedError(Refusal.ATTACHMENT_TOO_LARGE)
    is_text = _decoded(body) is not None
    suffix = ".txt" if is_text else ".bin"
    return {
        "attachment": {
            "name": f"attachment{suffix}",
            "type": "text/plain; charset=utf-8" if is_text else "application/octet-stream",
            "size": len(body),
            "expires": expires,
            "url": file_url + suffix,
        },
        "message": f"You received a file: attachment{suffix}",
    }


def json_publication(body: bytes) -> tuple[str, dict[str, Any]]:
    """The topic and the fields of a message published as JSON to the root."""
    try:
        sent = json.loads(body)
    except ValueError:
        sent = None
    if not isinstance(sent, dict) or not isinstance(sent.get("priority", 0), int):
        raise RefusedError(Refusal.JSON_INVALID)
    found = {name: sent.get(name) for name in ("title", "message", "click", "icon", "tags")}
    found["priority"] = priority(str(sent["priority"])) if sent.get("priority") else 0
    found["actions"] = actions(json.dumps(sent["actions"])) if sent.get("actions") else []
    return str(sent.get("topic", "")), {name: value for name, value in found.items() if value}


def _decoded(body: bytes) -> str | None:
    try:
        return body.decode()
    except UnicodeDecodeError:
        return None


_HTTP_PRIORITY = re.compile(r"u=\d,\s*(i|\d)$|u=\d$")
