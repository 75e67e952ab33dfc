"""Build the Bolt app: a listener does one thing in the ledger and then acknowledges. It calls nobody before."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

from slack_bolt import App, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from afk import log, wiring
from afk.core import slack_words as words
from afk.core.config import ConfigError
from slackbot import buttons, commands, confirmation, facts, home, replies

if TYPE_CHECKING:
    from slackbot.bot import Bot

# Bolt logs what nobody listens to together with its body, which holds response URLs and a token.
_quiet = logging.getLogger("afk.slack_bolt")
_quiet.setLevel(logging.CRITICAL)


def build(bot: Bot, api_url: str, signing_secret: str = "") -> App:
    """May be called many times in one process, and asks nobody."""
    app = App(
        client=wiring.slack_client(api_url),
        authorize=_installed,
        signing_secret=signing_secret,
        process_before_response=True,
        ignoring_self_events_enabled=False,  # it would have to know who we are; our own filter asks for people's words
        logger=_quiet,
    )
    if app.oauth_flow is not None:
        raise ConfigError("SLACK_CLIENT_ID and SLACK_CLIENT_SECRET would make this an app for everybody: unset them.")
    for part in (commands, confirmation, buttons, replies, home):
        part.register(app, bot)
    app.error(_broken(bot))
    return app


def _installed(**_about: Any) -> AuthorizeResult:
    """One workspace, one token, which the listeners do not need: they call nobody."""
    return AuthorizeResult(enterprise_id=None, team_id=None)


def _broken(bot: Bot) -> Any:
    def failed(error: Exception, body: dict[str, Any]) -> BoltResponse:
        """A command is answered; an event fails, so that Slack sends it again; a button shows Slack's warning mark."""
        if isinstance(error, replies.NotYetError):
            return BoltResponse(status=503, body="")
        reference = bot.clock.new_id()
        trace = "".join(traceback.format_exception(error))
        log.error("listener-broke", f"bot: {reference}", reference=reference, trace=trace)
        if "command" in body:
            return BoltResponse(status=200, body=facts.said(words.shown(words.broken(reference))))
        return BoltResponse(status=500, body="")

    return failed
