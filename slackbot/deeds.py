"""Do what a person asked for, and say what to ask them first."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from afk.core import slack_words as words
from slackbot.bot import person
from slackbot.grammar import Arm, Disarm, Kill, Redispatch, Resume, Say, Stop

if TYPE_CHECKING:
    from slackbot.access import Caller
    from slackbot.bot import Bot
    from slackbot.grammar import Acting, Asked

ASKED = (Arm, Kill, Resume, Redispatch, Stop)  # `kill now` is done at once all the same
ACTING = (*ASKED, Disarm, Say)


def perform(bot: Bot, caller: Caller, command: Acting, key: str) -> str:
    """Do it, and say what was done. Raises `RefusedRequest`."""
    operations, who, now = bot.operations, person(caller), bot.now()
    match command:
        case Arm(repo, span, _, because):
            done = operations.arm(repo, who, now, now + span if span else None, because)
        case Disarm(repo, because):
            done = operations.disarm(repo, who, now, because)
        case Kill(at_once, because):
            done = operations.kill(who, now, key, stop_all=at_once, because=because)
        case Resume(because):
            done = operations.resume(who, now, because)
        case Redispatch(ref):
            done = operations.redispatch(ref, who, now)
        case Stop(ref):
            done = operations.stop(ref, who, now, key)
        case Say(ref, told):
            done = operations.say(ref, told, who, now, key)
        case _:
            assert_never(command)
    bot.wakes()
    return done


def question(command: Asked) -> str:
    match command:
        case Arm(repo, _, span, because):
            return words.arm_question(repo, span, because)
        case Kill(_, because):
            return words.kill_question(because)
        case Resume(because):
            return words.resume_question(because)
        case Redispatch(ref):
            return words.redispatch_question(str(ref))
        case Stop(ref):
            return words.stop_question(str(ref))
        case _:
            assert_never(command)
