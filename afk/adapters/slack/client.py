"""Speak to Slack itself: past every proxy that a shell profile names, following no redirect, and counted.

The SDK would take a proxy out of the environment, and follow a redirect with the token in its hands.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    UnknownHandler,
)

from slack_sdk import WebClient, WebhookClient
from slack_sdk.webhook import WebhookResponse

from afk.traffic import exchange

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.request import Request

SYSTEM = "Slack"
TIMEOUT = 5  # seconds

_quiet = logging.getLogger("afk.slack_sdk")  # what goes wrong is raised; the SDK would log it as well
_quiet.setLevel(logging.CRITICAL)


class SlackClient(WebClient):
    """It does not post again after a lost answer, as the SDK's own retry handlers would."""

    def __init__(self, token: str | None, api_url: str, patience: int = TIMEOUT) -> None:
        super().__init__(token, base_url=api_url, timeout=min(TIMEOUT, patience), retry_handlers=[], logger=_quiet)
        self.proxy = None

    def _perform_urllib_http_request_internal(self, url: str, req: Request) -> dict[str, Any]:
        with _asked(req, self.timeout, urlsplit(url).path) as answer:
            return {"status": answer.status, "headers": answer.headers, "body": _text(answer)}


class SlackAnswer(WebhookClient):
    """Answers one interaction. Its address is a credential, so that no log names it."""

    def __init__(self, url: str, patience: int) -> None:
        super().__init__(url, timeout=min(TIMEOUT, patience), retry_handlers=[], logger=_quiet)

    def _perform_http_request_internal(self, url: str, req: Request) -> WebhookResponse:
        with _asked(req, self.timeout, "response_url") as answer:
            return WebhookResponse(
                url=url, status_code=answer.status, body=_text(answer), headers=dict(answer.headers.items())
            )


@contextmanager
def _asked(request: Request, seconds: float, path: str) -> Iterator[Any]:
    with exchange(SYSTEM, "POST", path) as seen:
        try:
            answer = _opener.open(request, timeout=seconds)
        except HTTPError as error:
            seen.answered(error.code, {})
            raise
        with answer:
            seen.answered(answer.status, {})
            yield answer


def _text(answer: Any) -> str:
    text: str = answer.read().decode(answer.headers.get_content_charset() or "utf-8")
    return text


def _straight() -> OpenerDirector:
    """Without those handlers of the standard opener that know proxies, redirects and files."""
    opener = OpenerDirector()
    for handler in (UnknownHandler, HTTPHandler, HTTPSHandler, HTTPDefaultErrorHandler, HTTPErrorProcessor):
        opener.add_handler(handler())
    return opener


_opener = _straight()
