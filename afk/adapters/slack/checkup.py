"""Look whether Slack takes our tokens, what they may do, and whether the channel can be read. Reads only."""

from __future__ import annotations

from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackClientError

from afk.adapters.slack.answers import HISTORY, TOKEN, Method, meaning
from afk.adapters.slack.client import SYSTEM, SlackClient
from afk.core import checkup
from afk.core.checkup import broken, doubtful, fine
from afk.core.text import plain
from afk.ports import PortError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from slack_sdk.web import SlackResponse

    from afk.core.checkup import Finding
    from afk.ports import Clock
    from afk.systems import Slack

WHO = Method("auth.test", Unreachable)
NEEDED = ("chat:write", "commands", "channels:history", "groups:history")
ADDRESS = "See that AFK_SLACK_API_URL is https://slack.com/api/, and that this machine reaches it"
CHANNEL = "Correct AFK_SLACK_CHANNEL, invite the bot to it, and give the app the scopes of deploy's manifest"
INSTALL = "Add them to the app's manifest, and install the app again"
APP_TOKEN = "Set SLACK_APP_TOKEN to an app-level token (xapp-…) with connections:write"  # noqa: S105 - a hint
OPERATORS = "Set AFK_SLACK_OPERATORS to team:user pairs, such as T123:U456"
_FAILURES = (SlackClientError, OSError, HTTPException, ValueError, LookupError, AttributeError)


def look(settings: Slack, clock: Clock) -> Iterator[Finding]:
    client = SlackClient(settings.bot_token.get_secret_value(), settings.api_url, settings.patience)
    yield from _entry(settings)
    try:
        asked = clock.now()
        answer = _call(WHO, clock, client.auth_test)
        headers = {name.lower(): str(value) for name, value in answer.headers.items()}
        yield from checkup.clock(SYSTEM, headers, asked, clock.now())
    except Unreachable as error:
        yield broken(SYSTEM, "API", str(error), ADDRESS)
        return
    except PortError as error:
        yield broken(SYSTEM, "bot token", str(error), TOKEN[0].upper() + TOKEN[1:])
        return
    yield fine(SYSTEM, "bot token", f"signed in as {_word(answer, 'user')} in {_word(answer, 'team')}")
    yield from _scopes(headers.get("x-oauth-scopes", ""))
    try:
        _call(HISTORY, clock, client.conversations_history, channel=settings.channel, limit=1)
    except PortError as error:
        yield broken(SYSTEM, "channel", str(error), CHANNEL)
    else:
        yield fine(SYSTEM, "channel", f"the bot is in {settings.channel}")


def _call(method: Method, clock: Clock, call: Callable[..., SlackResponse], **arguments: Any) -> SlackResponse:
    try:
        return call(**arguments)
    except _FAILURES as failure:
        raise meaning(method, "checkup", failure, clock.now()) from failure


def _entry(settings: Slack) -> Iterator[Finding]:
    """How commands come in. Trying the app token would open a connection, so its looks must do."""
    if settings.app_token is not None and not settings.app_token.get_secret_value().startswith("xapp-"):
        yield broken(SYSTEM, "app token", "it does not look like one (not shown)", APP_TOKEN)
    elif settings.app_token is not None:
        yield fine(SYSTEM, "app token", "it looks like one; not tried, for that would open a connection")
    if not settings.operators:
        yield doubtful(SYSTEM, "operators", "nobody may act in Slack", OPERATORS)
    else:
        yield fine(SYSTEM, "operators", f"{len(settings.operators)} may act, {len(settings.readers)} more may look")


def _scopes(listed: str) -> Iterator[Finding]:
    held = {scope.strip() for scope in listed.split(",")} - {""}
    if not held:
        yield fine(SYSTEM, "scopes", "Slack does not say which the bot token has")
    elif lacking := [scope for scope in NEEDED if scope not in held]:
        made = broken if "chat:write" in lacking else doubtful
        yield made(SYSTEM, "scopes", f"the bot token lacks {', '.join(lacking)}", INSTALL)
    else:
        yield fine(SYSTEM, "scopes", ", ".join(NEEDED))


def _word(answer: SlackResponse, name: str) -> str:
    return plain(str(answer.get(name) or "?"), 80)
