"""Pass on what operators write under a doorbell: to its agent, or to the next attempt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.core import slack_words as words
from afk.core.records import DeliveryState, Place
from afk.core.spoken import parse_words
from afk.operations import RefusedRequest
from slackbot.access import Right, said_by
from slackbot.bot import person
from slackbot.notices import NAME

if TYPE_CHECKING:
    from slack_bolt import App

    from slackbot.bot import Bot

    Part = dict[str, Any]

WRITTEN = frozenset({None, "file_share", "thread_broadcast"})  # others are edits, deletions, joins


class NotYetError(Exception):
    """Nobody can say yet whom these words are for: Slack is to deliver them again."""


def register(app: App, bot: Bot) -> None:
    @app.event("message")
    def said(body: Part, ack: Any) -> None:
        heard(bot, body)
        ack()


def heard(bot: Bot, body: Part) -> None:
    """Every answer has the key of the message: Slack may deliver it again, and a first try may have failed halfway."""
    event = body["event"]
    if not _is_reply(event):
        return
    channel, ts = event["channel"], event["ts"]
    thread = f"{channel}:{event['thread_ts']}"
    doorbell = bot.ledger.doorbell_at(NAME, thread)
    if doorbell is None:
        if _may_be_ours(bot):
            raise NotYetError
        return
    caller, key = said_by(body), f"turn:{channel}:{ts}"
    refusal = bot.access.refusal(caller, Right.ACT)
    if refusal:
        if bot.owes(key, Place.PERSON, thread, refusal, caller.user):
            bot.audits(caller, "reply", str(doorbell.ref or ""), refusal, refused=True)
        return
    if doorbell.ref is None:
        bot.owes(key, Place.PERSON, thread, words.nobody_listens(), caller.user)
        return
    text = parse_words(words.read(event.get("text") or ""))
    try:
        done = bot.operations.say(doorbell.ref, text, person(caller), bot.now(), key, in_thread=True)
    except RefusedRequest as error:
        bot.owes(key, Place.PERSON, thread, words.shown(str(error)), caller.user)
    else:
        bot.owes(key, Place.THREAD, thread, words.shown(done))


def _may_be_ours(bot: Bot) -> bool:
    """A doorbell is on its way whose place nobody knows yet: the answer to its post was lost, or has not come."""
    return any(sent is not None and sent.state is DeliveryState.SENDING for _, sent in bot.ledger.outbox(NAME))


def _is_reply(event: Part) -> bool:
    """Of a person, below another message. The bot's own words and those of other bots are not."""
    under = event.get("thread_ts")
    written = event.get("subtype") in WRITTEN and not event.get("bot_id") and event.get("user")
    return bool(written and under and under != event.get("ts") and event.get("channel"))
