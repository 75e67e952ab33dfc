"""Say to people in Slack what the bot owes them beside the doorbells."""

from __future__ import annotations

from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, assert_never

from slack_sdk.errors import SlackClientError

from afk.adapters.slack.answers import POST, Method, meaning
from afk.adapters.slack.client import SlackAnswer, SlackClient
from afk.core.records import Place
from afk.core.slack_blocks import metadata
from afk.ports import Refused, Uncertain, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from afk.adapters.slack.pace import Pace
    from afk.core.records import Notice
    from afk.ports import Clock
    from afk.systems import Slack

WHISPER = Method("chat.postEphemeral", Uncertain)
RESPOND = Method("response_url", Uncertain)
HOME = Method("views.publish", Uncertain)
CALLS = (POST, WHISPER, HOME)
_FAILURES = (SlackClientError, OSError, HTTPException, ValueError, LookupError, AttributeError)


class SlackDesk:
    """`pace` is that of the channel where doorbells ring: together they take turns."""

    def __init__(self, settings: Slack, clock: Clock, pace: Pace) -> None:
        self.takes_turn = pace.take
        self._channel = settings.channel
        self._clock = clock
        self._patience = settings.patience
        self._client = SlackClient(settings.bot_token.get_secret_value(), settings.api_url, settings.patience)

    def post(self, notice: Notice) -> None:
        channel, _, ts = notice.target.partition(":")
        words: dict[str, Any] = {"text": notice.text}
        plain_post = {**words, "unfurl_links": False, "unfurl_media": False}
        match notice.place:
            case Place.CHANNEL:
                found = {"metadata": metadata(notice.key)}
                self._call(POST, notice, self._client.chat_postMessage, channel=self._channel, **found, **plain_post)
            case Place.THREAD:
                where = {"channel": channel, "thread_ts": ts}
                self._call(POST, notice, self._client.chat_postMessage, **where, **plain_post)
            case Place.PERSON:
                where = {"channel": channel, "thread_ts": ts, "user": notice.person}
                self._call(WHISPER, notice, self._client.chat_postEphemeral, **where, **words)
            case Place.ANSWER:
                self._call(RESPOND, notice, self._respond, notice, replace=False)
            case Place.INSTEAD:
                self._call(RESPOND, notice, self._respond, notice, replace=True)
            case _:
                assert_never(notice.place)

    def show_home(self, person: str, view: Mapping[str, Any]) -> None:
        try:
            self._client.views_publish(user_id=person, view=dict(view))
        except _FAILURES as failure:
            raise meaning(HOME, person, failure, self._clock.now()) from failure

    def _respond(self, notice: Notice, *, replace: bool) -> None:
        client = SlackAnswer(notice.target, self._patience)
        answer = client.send(text=notice.text, response_type="ephemeral", replace_original=replace)
        said = f"slack: {RESPOND.name} ({notice.key}): {answer.status_code}"
        if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise Unreachable(said)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise Uncertain(said)
        if answer.status_code != HTTPStatus.OK:
            raise Refused(said)

    def _call(self, method: Method, notice: Notice, call: Callable[..., Any], *given: Any, **arguments: Any) -> None:
        if notice.place in {Place.ANSWER, Place.INSTEAD} and not notice.target.startswith(("https://", "http://")):
            raise Refused(f"slack: {method.name} ({notice.key}): there is no address to answer to")
        try:
            call(*given, **arguments)
        except _FAILURES as failure:
            raise meaning(method, notice.key, failure, self._clock.now()) from failure
