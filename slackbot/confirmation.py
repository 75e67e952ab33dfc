"""Ask before something is done: once, for two minutes, by the person who typed it.

The button carries the command as it was typed; the claim that makes it single is in the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from afk.core import slack_words as words
from afk.core.records import Place
from afk.core.text import plain
from afk.operations import RefusedRequest
from slackbot import deeds, facts
from slackbot.access import Right, clicked_by
from slackbot.grammar import Kill, UsageError, parse

if TYPE_CHECKING:
    from slack_bolt import App

    from slackbot.access import Caller
    from slackbot.bot import Bot

    Part = dict[str, Any]

LASTS = timedelta(minutes=2)
VALUE = 2_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a Confirm button carries."""

    key: str
    user: str
    until: datetime
    text: str

    @property
    def value(self) -> str:
        return "|".join((self.key, self.user, str(int(self.until.timestamp())), self.text))

    @classmethod
    def read(cls, value: str) -> Asked | None:
        key, _, rest = value.partition("|")
        user, _, rest = rest.partition("|")
        until, _, text = rest.partition("|")
        if not (key and user and until.isascii() and until.isdigit()):
            return None
        return cls(key, user, datetime.fromtimestamp(int(until), UTC), text)


def question(text: str, caller: Caller, typed: str, key: str, now: datetime, *, danger: bool) -> Part:
    """`text` is escaped already."""
    asked = Asked(key, caller.user, now + LASTS, typed)
    confirm = _button("Confirm", words.CONFIRM, asked.value) | {"style": "danger" if danger else "primary"}
    buttons = [confirm, _button("Cancel", words.CANCEL, asked.value)]
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
    return facts.said(text) | {"blocks": [section, {"type": "actions", "elements": buttons}]}


def register(app: App, bot: Bot) -> None:
    @app.action(words.CONFIRM)
    def confirmed(body: Part, action: Part, ack: Any) -> None:
        settle(bot, body, action.get("value", ""), cancelled=False)
        ack()

    @app.action(words.CANCEL)
    def cancelled(body: Part, action: Part, ack: Any) -> None:
        settle(bot, body, action.get("value", ""), cancelled=True)
        ack()


def settle(bot: Bot, body: Part, value: str, *, cancelled: bool) -> None:
    """The first click claims the question, whatever it says; later ones find nothing left to do."""
    caller, asked, url = clicked_by(body), Asked.read(value), body.get("response_url", "")
    if asked is None:
        return
    if caller.user != asked.user:
        if bot.owes(f"click:{body['trigger_id']}", Place.ANSWER, url, words.NOT_YOURS):
            bot.audits(caller, "confirm", detail=words.NOT_YOURS, refused=True)
    elif bot.claims(asked.key):
        text = words.CANCELLED if cancelled else _outcome(bot, caller, asked)
        bot.owes(f"{asked.key}:said", Place.INSTEAD, url, text)


def _outcome(bot: Bot, caller: Caller, asked: Asked) -> str:
    """Escaped words about what was done, or why not."""
    refusal = bot.access.refusal(caller, Right.ACT)
    if refusal:
        bot.audits(caller, "confirm", detail=refusal, refused=True)
        return refusal
    if bot.now() > asked.until:
        return words.EXPIRED
    try:
        command = parse(asked.text)
        if not isinstance(command, deeds.ASKED) or (isinstance(command, Kill) and command.at_once):
            return words.stale_button()
        return words.shown(deeds.perform(bot, caller, command, asked.key))
    except (RefusedRequest, UsageError) as error:
        return words.shown(str(error))


def _button(shown: str, action_id: str, value: str) -> Part:
    assert len(value) <= VALUE
    return {
        "type": "button",
        "text": {"type": "plain_text", "text": shown, "emoji": False},
        "action_id": action_id,
        "value": value,
        "accessibility_label": plain(shown, 75),
    }
