"""Post doorbells in a Slack channel, find them again, and keep them true."""

from __future__ import annotations

from datetime import timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackClientError

from afk.adapters.slack.answers import HISTORY, POST, UPDATE, Method, meaning
from afk.adapters.slack.client import SlackClient
from afk.adapters.slack.pace import Pace
from afk.core.slack_blocks import message, metadata
from afk.ports import Gone, Uncertain, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import datetime

    from slack_sdk.web import SlackResponse

    from afk.core.doorbell import Card
    from afk.ports import Clock
    from afk.systems import Slack

CLOCKS_DIFFER = timedelta(seconds=5)
PAGE = 200
MOST_PAGES = 25
# AttributeError: what slack_sdk makes of an answer that is JSON and no object.
_FAILURES = (SlackClientError, OSError, HTTPException, ValueError, LookupError, AttributeError)


class SlackChannel:
    """`hosts` are those that a doorbell may link to, as `known_url` wants them."""

    name = "slack"
    updates = True

    def __init__(
        self,
        settings: Slack,
        clock: Clock,
        *,
        hosts: Collection[str],
        pace: Pace | None = None,
    ) -> None:
        self._channel = settings.channel
        self._clock = clock
        self._hosts = hosts
        self.pace = pace or Pace()
        self._quiet_until: datetime | None = None
        self._client = SlackClient(settings.bot_token.get_secret_value(), settings.api_url, settings.patience)

    def ring(self, key: str, card: Card) -> str:
        self.pace.wait()
        answer = self._call(
            POST,
            key,
            self._client.chat_postMessage,
            channel=self._channel,
            **message(key, card, self._hosts),
            unfurl_links=False,
            unfurl_media=False,
        )
        channel, ts = answer.get("channel"), answer.get("ts")
        if not isinstance(channel, str) or not isinstance(ts, str):
            raise Uncertain(f"slack: {POST.name} ({key}): the answer does not say which message it is")
        return f"{channel}:{ts}"

    def find(self, key: str, since: datetime) -> str | None:
        wanted = metadata(key)
        oldest = f"{(since - CLOCKS_DIFFER).timestamp():.6f}"
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            answer = self._call(
                HISTORY,
                key,
                self._client.conversations_history,
                channel=self._channel,
                oldest=oldest,
                include_all_metadata=True,
                limit=PAGE,
                cursor=cursor,
            )
            found = next((each["ts"] for each in _messages(key, answer) if each.get("metadata") == wanted), None)
            if found is not None:
                return f"{self._channel}:{found}"
            cursor = _next_page(key, answer)
            if cursor is None:
                return None
        raise Unexpected(f"slack: {HISTORY.name} ({key}): more than {PAGE * MOST_PAGES} messages since {since}")

    def update(self, key: str, reference: str, card: Card) -> None:
        channel, _, ts = reference.partition(":")
        if not channel or not ts:
            raise Gone(f"slack: {UPDATE.name} ({key}): {reference!r} names no message of this channel")
        shown = message(key, card, self._hosts)
        self._call(UPDATE, key, self._client.chat_update, channel=channel, ts=ts, **shown)

    def _call(self, method: Method, key: str, call: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
        self._respect_quiet(method, key)
        try:
            return call(**arguments)
        except _FAILURES as failure:
            error = meaning(method, key, failure, self._clock.now())
            if isinstance(error, Unreachable) and error.until is not None:
                self._quiet_until = error.until
            raise error from failure

    def _respect_quiet(self, method: Method, key: str) -> None:
        """One "too fast" counts for every call: whoever goes on asking is made to wait longer."""
        until = self._quiet_until
        if until is not None and self._clock.now() < until:
            raise Unreachable(
                f"slack: {method.name} ({key}): Slack asked for a pause until {until:%H:%M:%S} UTC", until
            )


def _messages(key: str, answer: SlackResponse) -> list[dict[str, Any]]:
    messages = answer.get("messages")
    if not isinstance(messages, list) or not all(isinstance(each, dict) and "ts" in each for each in messages):
        raise Unexpected(f"slack: {HISTORY.name} ({key}): the answer lists no messages")
    return messages


def _next_page(key: str, answer: SlackResponse) -> str | None:
    rest = answer.get("response_metadata")
    cursor = rest.get("next_cursor") if isinstance(rest, dict) else None
    if cursor:
        return str(cursor)
    if answer.get("has_more"):
        raise Unexpected(f"slack: {HISTORY.name} ({key}): there is more, and no way to it")
    return None
