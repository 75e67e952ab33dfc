"""Answer `/afk`: read what was typed, check who typed it, ask where it matters, do it."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, assert_never

from afk.core import slack_words as words
from afk.operations import RefusedRequest
from slackbot import confirmation, deeds, facts
from slackbot.access import Right, typed_by
from slackbot.grammar import (
    Arm,
    Disarm,
    Help,
    Kill,
    Redispatch,
    Resume,
    Runs,
    Say,
    Status,
    Stop,
    UsageError,
    Why,
    parse,
)

if TYPE_CHECKING:
    from slack_bolt import App

    from slackbot.access import Caller
    from slackbot.bot import Bot
    from slackbot.grammar import Asked, Command, Reading

    Part = dict[str, Any]

COMMAND = "/afk"
HISTORY = 15
LONGEST = 1_800  # of a command that is asked about, as it was typed: it goes into a button


def register(app: App, bot: Bot) -> None:
    @app.command(COMMAND)
    def typed(command: Part, ack: Any) -> None:
        ack(answer(bot, typed_by(command), command.get("text") or "", command["trigger_id"]))


def answer(bot: Bot, caller: Caller, text: str, trigger: str) -> Part:
    """What this person reads at once. The key of what is done comes from the trigger: a repeat is the same command."""
    try:
        command: Command | UsageError = parse(text)
    except UsageError as error:
        command = error
    right = Right.ACT if isinstance(command, deeds.ACTING) else Right.READ
    refusal = bot.access.refusal(caller, right)
    if refusal:
        bot.audits(caller, _verb(command), detail=refusal, refused=True)
        return facts.said(refusal)
    if isinstance(command, UsageError):
        bot.audits(caller, "usage", detail=str(command), refused=True)
        return facts.said(words.shown(str(command)))
    try:
        return _answered(bot, caller, command, text, f"cmd:{trigger}")
    except RefusedRequest as error:
        return facts.said(words.shown(_with_guess(bot, command, str(error))))


def _answered(bot: Bot, caller: Caller, command: Command, text: str, key: str) -> Part:
    match command:
        case Help() | Status() | Why() | Runs():
            bot.audits(caller, _verb(command), _target(command))
            return _look(bot, command)
        case Say():
            return facts.said(words.shown(deeds.perform(bot, caller, command, key)))
        case Kill(at_once=True) | Disarm():
            if not bot.claims(key):
                return facts.said(words.DONE_ALREADY)
            return facts.said(words.shown(deeds.perform(bot, caller, command, key)))
        case Arm() | Kill() | Resume() | Redispatch() | Stop():
            _may_be_asked(bot, caller, command, text)
            bot.audits(caller, f"asked:{_verb(command)}", _target(command))
            danger = isinstance(command, Kill)
            return confirmation.question(deeds.question(command), caller, text, key, bot.now(), danger=danger)
        case _:
            assert_never(command)


def _look(bot: Bot, command: Reading) -> Part:
    operations, now = bot.operations, bot.now()
    match command:
        case Help(verb):
            return facts.said(words.help_text(verb))
        case Status():
            return facts.status(operations.status(now))
        case Why(ref):
            return facts.why(operations.why(ref, now))
        case Runs(ref):
            return facts.history(operations.runs(ref, HISTORY), now)
        case _:
            assert_never(command)


def _may_be_asked(bot: Bot, caller: Caller, command: Asked, text: str) -> None:
    """What would be refused anyway is not asked about."""
    if len(text) > LONGEST:
        raise RefusedRequest(words.usage(f"This is longer than {LONGEST} characters.", "help"))
    repo = _target(command).partition("#")[0]
    if repo and repo not in bot.operations.config.repos:
        refusal = bot.operations.unknown(repo)
        bot.audits(caller, _verb(command), _target(command), refusal, refused=True)
        raise RefusedRequest(refusal)


def _with_guess(bot: Bot, command: Command, refusal: str) -> str:
    repo = _target(command).partition("#")[0]
    known = bot.operations.config.repos
    if not repo or repo in known:
        return refusal
    return words.unknown_repo(refusal, next(iter(get_close_matches(repo, sorted(known), 1, 0.6)), ""))


def _verb(command: Command | UsageError) -> str:
    return "usage" if isinstance(command, UsageError) else type(command).__name__.lower()


def _target(command: Command) -> str:
    match command:
        case Arm(repo=repo) | Disarm(repo=repo):
            return repo
        case Why(ref=ref) | Redispatch(ref=ref) | Stop(ref=ref) | Say(ref=ref):
            return str(ref)
        case Runs(ref=found):
            return str(found or "")
        case Help() | Status() | Kill() | Resume():
            return ""
        case _:
            assert_never(command)
