"""Hear the buttons of doorbells and of the Home tab: one operation each, and then the acknowledgement."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from afk.core import slack_words as words
from afk.core.doorbell import card
from afk.core.identifiers import redispatch_key
from afk.core.model import IssueRef
from afk.core.records import Place
from afk.core.slack_blocks import ACKNOWLEDGE, ANSWER, RERUN, answered
from afk.operations import RefusedRequest
from slackbot import home
from slackbot.access import Right, clicked_by
from slackbot.bot import person
from slackbot.deeds import perform
from slackbot.grammar import Arm, Disarm, Kill, Resume

if TYPE_CHECKING:
    from slack_bolt import App

    from slackbot.access import Caller
    from slackbot.bot import Bot
    from slackbot.grammar import Acting

    Part = dict[str, Any]

LINKS = re.compile(r"^link:")
ANSWERS = re.compile(rf"^{re.escape(ANSWER)}[0-9]+$")
PAGE = re.compile(r"^home:[a-z]+$")


def register(app: App, bot: Bot) -> None:
    @app.action(LINKS)
    def followed(ack: Any) -> None:
        """Slack reports a followed link, too, and shows a warning unless somebody says that it heard."""
        ack()

    @app.action(RERUN)
    def rerun(body: Part, action: Part, ack: Any) -> None:
        _heard(bot, body, action, _rerun)
        ack()

    @app.action(ACKNOWLEDGE)
    def acknowledge(body: Part, action: Part, ack: Any) -> None:
        _heard(bot, body, action, _acknowledge)
        ack()

    @app.action(ANSWERS)
    def answer(body: Part, action: Part, ack: Any) -> None:
        _heard(bot, body, action, _answer)
        ack()

    @app.action(PAGE)
    def on_page(body: Part, action: Part, ack: Any) -> None:
        caller = clicked_by(body)
        bot.shows(caller, _on_page(bot, caller, action, body["trigger_id"]))
        ack()


def _heard(bot: Bot, body: Part, action: Part, do: Any) -> None:
    """What is to be said to the one who clicked, is said once, however often Slack delivers the click."""
    caller = clicked_by(body)
    refusal = bot.access.refusal(caller, Right.ACT)
    text = refusal or do(bot, caller, action.get("value", ""), clicked_at(action, bot.now()))
    if not text:
        bot.wakes()
        return
    new = bot.owes(f"click:{body['trigger_id']}", Place.ANSWER, body.get("response_url", ""), text)
    if refusal and new:
        bot.audits(caller, action["action_id"], action.get("value", ""), refusal, refused=True)


def clicked_at(action: Part, now: datetime) -> datetime:
    """Slack's own time of the click: every delivery of one click has the same, and no other click has."""
    seconds, _, micro = str(action.get("action_ts", "")).partition(".")
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) < 12 and micro.isascii() and micro.isdigit()):  # noqa: PLR2004
        return now
    return datetime.fromtimestamp(int(seconds), UTC).replace(microsecond=int(micro[:6].ljust(6, "0")))


def _rerun(bot: Bot, caller: Caller, value: str, at: datetime) -> str:
    found = _attempt(value)
    if found is None:
        return words.stale_button()
    ref, attempt = found
    try:
        bot.operations.redispatch(ref, person(caller), at, attempt)
    except RefusedRequest as error:
        wish = bot.ledger.wish(redispatch_key(ref, attempt))
        if wish is None:
            return words.shown(str(error))
        own = wish.actor == caller.user and wish.at == at
        return "" if own else words.rerun_by(wish.actor, str(ref))
    return ""


def _attempt(value: str) -> tuple[IssueRef, int] | None:
    ref, _, attempt = value.rpartition("/")
    try:
        return IssueRef.parse(ref), int(attempt)
    except ValueError:
        return None


def _acknowledge(bot: Bot, caller: Caller, value: str, at: datetime) -> str:
    doorbell = bot.operations.acknowledge(value, person(caller), at)
    if doorbell is None:
        return words.stale_button()
    own = doorbell.acknowledged_by == caller.user and doorbell.acknowledged_at == at
    return "" if own else words.acknowledged_already(doorbell.acknowledged_by)


def _answer(bot: Bot, caller: Caller, value: str, at: datetime) -> str:
    """The button names the option by its number; what it says is read from the ledger again."""
    found = answered(value)
    doorbell = bot.ledger.doorbell(found[0]) if found else None
    if found is None or doorbell is None or doorbell.ref is None:
        return words.stale_button()
    key, number = f"answer:{found[0]}", found[1]
    standing = bot.ledger.wish(key)
    if standing is None:
        options = card(doorbell, bot.ledger.run(doorbell.run_id)).options
        if number >= len(options):
            return words.answered_already()
        try:
            done = bot.operations.say(doorbell.ref, options[number], person(caller), at, key)
        except RefusedRequest as error:
            return words.shown(str(error))
        standing = bot.ledger.wish(key)
        if standing is None or (standing.actor, standing.at) == (caller.user, at):
            return words.shown(done)
    own = (standing.actor, standing.at) == (caller.user, at)
    return "" if own else words.answered_by(standing.actor)


def _on_page(bot: Bot, caller: Caller, action: Part, trigger: str) -> str:
    """What the page says first when it is shown again."""
    repo = action.get("value", "")
    todo: dict[str, Acting] = {
        home.ARM: Arm(repo), home.DISARM: Disarm(repo), home.KILL: Kill(), home.RESUME: Resume()
    }  # fmt: skip
    command = todo.get(action["action_id"])
    if command is None:
        return ""
    refusal = bot.access.refusal(caller, Right.ACT)
    if refusal:
        bot.audits(caller, action["action_id"], repo, refusal, refused=True)
        return refusal
    key = f"click:{trigger}"
    if not bot.claims(key):
        return ""
    try:
        return words.shown(perform(bot, caller, command, key))
    except RefusedRequest as error:
        return words.shown(str(error))
