"""Say what an answer of Slack's Web API means, or what its absence does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.error import URLError

from slack_sdk.errors import SlackApiError, SlackClientError

from afk.core.text import plain
from afk.ports import Gone, PortError, Refused, Uncertain, Unreachable

if TYPE_CHECKING:
    from datetime import datetime

NO_WORD = timedelta(seconds=30)  # where Slack says "too fast" and not how long
LONGEST_WAIT = 86_400
_NAME = re.compile(r"[a-z][a-z0-9_.-]{1,99}")
_CREDENTIAL = re.compile(r"x(?:ox[a-z]|app)-[\w.-]*", re.IGNORECASE)
_LEFT = (BrokenPipeError, ConnectionResetError, ConnectionAbortedError)

TOO_FAST = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
# Slack's own words for both: part of what was asked may have been done.
BROKEN = frozenset({"internal_error", "fatal_error", "service_unavailable"})
LATER = frozenset({"request_timeout", "team_added_to_org"})
TOKEN = "set SLACK_BOT_TOKEN to a valid bot token (xoxb-…) of the workspace"  # noqa: S105 - the words of a hint
HINTS = {
    "not_authed": TOKEN,
    "invalid_auth": TOKEN,
    "token_revoked": TOKEN,
    "token_expired": TOKEN,
    "account_inactive": TOKEN,
    "not_allowed_token_type": TOKEN,
    "missing_scope": "add the scope to the app's manifest and install the app again",
    "channel_not_found": "correct AFK_SLACK_CHANNEL, or invite the bot if the channel is private",
    "not_in_channel": "invite the bot to the channel of AFK_SLACK_CHANNEL",
    "is_archived": "unarchive the channel of AFK_SLACK_CHANNEL, or name another",
    "restricted_action": "a workspace setting keeps the bot from posting there: allow it, or name another channel",
    "cant_update_message": "another app posted it: is SLACK_BOT_TOKEN that of another app than before?",
}


@dataclass(frozen=True, slots=True)
class Method:
    """`lost` is what it means when the answer does not arrive, or is no answer."""

    name: str
    lost: type[PortError]


POST = Method("chat.postMessage", Uncertain)  # has no idempotency key
UPDATE = Method("chat.update", Unreachable)  # the same again changes nothing
HISTORY = Method("conversations.history", Unreachable)


def meaning(method: Method, subject: str, error: Exception, now: datetime) -> PortError:
    operation = f"slack: {method.name} ({plain(subject, 100)})"
    if isinstance(error, SlackApiError):
        return _refusal(method, operation, error, now)
    if isinstance(error, SlackClientError):
        return Refused(f"{operation}: slack_sdk refuses to send it ({type(error).__name__})")
    # urllib wraps what goes wrong up to the last byte of the request; one cut off may have been whole all the same.
    if isinstance(error, URLError) and not isinstance(error.reason, _LEFT):
        reason = type(error.reason).__name__ if isinstance(error.reason, Exception) else "URLError"
        return Unreachable(f"{operation}: nobody answers ({reason})")
    return method.lost(f"{operation}: no answer came that can be read ({type(error).__name__})")


def _refusal(method: Method, operation: str, error: SlackApiError, now: datetime) -> PortError:
    status: int = error.response.status_code
    body = error.response.data if isinstance(error.response.data, dict) else {}
    name = body.get("error")
    # The SDK puts its own sentence where JSON is missing; and what repeats our token to us is not repeated.
    if not isinstance(name, str) or not _NAME.fullmatch(name) or _CREDENTIAL.search(name):
        name = ""
    said = f"{operation}: {name or status}{_details(body)}"
    if status == HTTPStatus.TOO_MANY_REQUESTS or name in TOO_FAST:
        return Unreachable(said, now + _wait(error.response.headers))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or name in BROKEN:
        return method.lost(said)
    if status == HTTPStatus.OK and not name:
        return method.lost(f"{operation}: the answer is not Slack's")
    if name in LATER:
        return Unreachable(said)
    if name == "message_not_found":
        return Gone(said)
    hint = HINTS.get(name, "") if name else "does AFK_SLACK_API_URL lead to Slack?"
    return Refused(f"{said}: {hint}" if hint else said)


def _details(body: dict[str, Any]) -> str:
    """What a missing scope or a faulty block is called."""
    metadata = body.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    found = [body.get("needed"), *(messages if isinstance(messages, list) else [])]
    words = [plain(_CREDENTIAL.sub("[secret]", each), 200) for each in found[:4] if isinstance(each, str) and each]
    return f" ({'; '.join(words)})" if words else ""


def _wait(headers: Any) -> timedelta:
    value = next((str(held) for name, held in dict(headers).items() if str(name).lower() == "retry-after"), "")
    if not (value.isascii() and value.isdigit()):
        return NO_WORD
    return timedelta(seconds=min(int(value), LONGEST_WAIT))
