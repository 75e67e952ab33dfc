"""Word ntfy's refusals: each has a number of its own beside the HTTP status."""

from __future__ import annotations

import json
from enum import Enum
from typing import Any

from aiohttp import web


class Refusal(Enum):
    """Number, what is said, and the page of the manual that explains it."""

    EMAIL_DISABLED = (40001, "e-mail notifications are not enabled", "config/#e-mail-notifications")
    DELAY_UNREADABLE = (40004, "invalid delay parameter: unable to parse delay", "publish/#scheduled-delivery")
    PRIORITY_INVALID = (40007, "invalid priority parameter", "publish/#message-priority")
    SINCE_INVALID = (40008, "invalid since parameter", "subscribe/api/#fetch-cached-messages")
    TOPIC_INVALID = (40009, "invalid request: topic invalid", "")
    TOPIC_DISALLOWED = (40010, "invalid request: topic name is not allowed", "")
    ATTACHMENTS_DISALLOWED = (40014, "invalid request: attachments not allowed", "config/#attachments")
    JSON_INVALID = (40017, "invalid request: request body must be message JSON", "publish/#publish-as-json")
    ACTIONS_INVALID = (40018, "invalid request: actions invalid", "publish/#action-buttons")
    ICON_INVALID = (40021, "invalid request: icon URL is invalid", "publish/#icons")
    CALLS_DISABLED = (40032, "invalid request: calling is disabled", "config/#phone-calls")
    UNAUTHORIZED = (40101, "unauthorized", "publish/#authentication")
    FORBIDDEN = (40301, "forbidden", "publish/#authentication")
    NOT_FOUND = (40401, "page not found", "")
    ATTACHMENT_TOO_LARGE = (41301, "attachment too large, or bandwidth limit reached", "publish/#limitations")
    TOO_MANY_REQUESTS = (42901, "limit reached: too many requests", "publish/#limitations")
    TOO_MANY_MESSAGES = (42908, "limit reached: daily message quota reached", "publish/#limitations")


class RefusedError(Exception):
    def __init__(self, refusal: Refusal, detail: str = "") -> None:
        super().__init__(refusal.name)
        self.refusal = refusal
        self.detail = detail

    @property
    def response(self) -> web.Response:
        number, message, page = self.refusal.value
        body: dict[str, Any] = {"code": number, "http": number // 100, "error": message}
        if self.detail:
            body["error"] = f"{message}; {self.detail}"
        if page:
            body["link"] = f"https://ntfy.sh/docs/{page}"
        return answer(body, number // 100)


def answer(value: Any, status: int = 200) -> web.Response:
    body = json.dumps(value, separators=(",", ":"), ensure_ascii=False) + "\n"
    headers = {"Content-Type": "application/json", "Access-Control-Allow-Origin": "*"}
    return web.Response(status=status, body=body.encode(), headers=headers)
