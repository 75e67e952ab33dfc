"""Post what happened to the app's request URL, signed the way Slack signs."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import urlencode

import aiohttp

from afk.sandbox.slack.answers import Answer, Problem, Sent

FORM = "application/x-www-form-urlencoded"


def sign(body: str, secret: str, timestamp: int | None = None) -> dict[str, str]:
    """The app checks against its own system clock, whatever time it is in the story."""
    at = int(time.time()) if timestamp is None else timestamp
    mac = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(at), "X-Slack-Signature": f"v0={mac}"}


def written(sent: Sent, payload: dict[str, Any]) -> tuple[str, str]:
    """The body and its content type."""
    match sent:
        case Sent.COMMAND:
            return urlencode(payload), FORM
        case Sent.CLICK:
            return urlencode({"payload": json.dumps(payload)}), FORM
        case Sent.EVENT:
            return json.dumps(payload), "application/json"


class RequestUrl:
    """Commands, clicks and events all go to this one address."""

    def __init__(self, url: str, secret: str, ack_seconds: float) -> None:
        self.url = url
        self._secret = secret
        self._timeout = aiohttp.ClientTimeout(total=ack_seconds)

    async def send(self, sent: Sent, payload: dict[str, Any], retry: int = 0, reason: str = "") -> Answer:
        body, kind = written(sent, payload)
        headers = {
            **sign(body, self._secret), "Content-Type": kind, "Accept": "*/*",
            "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        }  # fmt: skip
        if retry:
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        began = time.monotonic()
        try:
            async with (
                aiohttp.ClientSession(timeout=self._timeout) as session,
                session.post(self.url, data=body.encode(), headers=headers, allow_redirects=False) as response,
            ):
                text = await response.text()
        except TimeoutError:
            return Answer(Problem.HTTP_TIMEOUT, seconds=time.monotonic() - began)
        except (aiohttp.ClientError, OSError):
            return Answer(Problem.CONNECTION_FAILED, seconds=time.monotonic() - began)
        took, no_retry = time.monotonic() - began, response.headers.get("X-Slack-No-Retry") == "1"
        if response.status // 100 != 2:  # noqa: PLR2004 - the class of statuses that succeed
            return Answer(Problem.HTTP_ERROR, status=response.status, seconds=took, no_retry=no_retry)
        return Answer(payload=_read(text, response.content_type), status=response.status, seconds=took)

    async def verify(self, token: str) -> bool:
        """What saving the URL in the app's settings does: the challenge must come back."""
        challenge = hashlib.sha256(token.encode()).hexdigest()
        asked = {"token": token, "challenge": challenge, "type": "url_verification"}
        answer = await self.send(Sent.EVENT, asked)
        return answer.ok and challenge in {answer.payload.get("challenge"), answer.payload.get("text")}


def _read(text: str, content_type: str) -> dict[str, Any]:
    """A command may be answered with a message as JSON, or with plain words."""
    if content_type != "application/json":
        return {"text": text} if text else {}
    try:
        read = json.loads(text)
    except ValueError:
        return {"text": text}
    return read if isinstance(read, dict) else {}
