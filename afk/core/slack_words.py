"""Say what only Slack's readers see: questions, refusals, announcements, help. All of it is escaped mrkdwn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afk.core.slack_text import escaped, moment
from afk.core.spoken import REASON_MAX
from afk.core.text import clean, plain
from afk.core.wording import ENDLESS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from afk.core.records import Armed, Entry

ROOM = 3_000  # of one text; Slack advises 4,000
NAME, WORDS = 80, 160
_MORE = 24  # what it takes to say how many lines are missing

# Verb, how it is written, an example, what it does: in the order in which people need them.
VERBS = (
    ("status", "status", "status", "what is armed, running and waiting"),
    ("why", "why REPO#NUMBER", "why infra#42", "why an issue does not start"),
    ("runs", "runs [REPO#NUMBER]", "runs infra#42", "the history, newest first"),
    ("arm", "arm REPO [for TIME] [because …]", "arm infra for 8h because release week", "let agents start there"),
    ("disarm", "disarm REPO [because …]", "disarm infra", "start nothing new there; a run in flight goes on"),
    ("kill", "kill [now] [because …]", "kill because outage", "no new run, no new turn; `now` interrupts what runs"),
    ("resume", "resume [because …]", "resume", "release the kill switch"),
    ("redispatch", "redispatch REPO#NUMBER", "redispatch infra#42", "a new attempt at an issue whose run ended"),
    ("stop", "stop REPO#NUMBER", "stop infra#42", "interrupt a run and end it; or withdraw a re-run"),
    ("say", "say REPO#NUMBER WORDS", "say infra#42 use the other bucket", "tell the agent, or answer its question"),
    ("help", "help [VERB]", "help arm", "this list"),
)
NAMES = tuple(name for name, *_ in VERBS)

_CLI_HINT = re.compile(rf"(?<![\w/`-])afk (?=(?:{'|'.join(NAMES)})\b)")
_USER_ID = re.compile(r"[UW][A-Z0-9]{7,20}")
_ENTITY = re.compile(r"&(?:lt|gt|amp);")
_MARKUP = re.compile(r"<([^<>\n]*)>")
_READ = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}


def shown(text: str, room: int = ROOM) -> str:
    """Any text, line by line, so that nothing in it does anything. Hints name the slash command."""
    lines: list[str] = []
    for line in clean(text).split("\n"):
        lines.append(escaped(_CLI_HINT.sub("/afk ", line), room))
        room -= len(lines[-1]) + 1
        if room <= 1:
            break
    return "\n".join(lines)


def read(text: str) -> str:
    """What a person typed, as plain words: Slack writes links, mentions and three signs in its own way."""
    return _ENTITY.sub(lambda found: _READ[found[0]], _MARKUP.sub(_spelt, text))


def _spelt(found: re.Match[str]) -> str:
    target, _, label = found[1].partition("|")
    match target[:1]:
        case "@" | "#":
            return f"{target[0]}{label or target[1:]}"
        case "!":
            return label or f"@{target[1:]}"
        case _:
            return f"{label} ({target})" if label and label != target else target


def who(name: str) -> str:
    """A member of the workspace by mention, anybody else by name."""
    return f"<@{name}>" if _USER_ID.fullmatch(name) else escaped(name, NAME) or "somebody"


# Refusals


def not_allowed(team: str, user: str) -> str:
    pair = f"{plain(team, 40) or 'unknown'}:{plain(user, 40) or 'unknown'}"
    return shown(f"Nothing was done: {pair} may not do this. Hint: ask the operator to add it to AFK_SLACK_OPERATORS")


def shared_channel() -> str:
    return "Nothing was done: AFK listens to nobody in a channel that is shared with another organisation."


def may_read_only(team: str, user: str) -> str:
    return not_allowed(team, user) + " You may ask: /afk status, /afk why, /afk runs."


def usage(problem: str, hint: str) -> str:
    return f"{problem} Hint: /afk {hint}"


def unknown_verb(verb: str, meant: str) -> str:
    what = f"{plain(verb, 40)!r} is no command."
    return usage(f"{what} Did you mean {meant}?" if meant else what, f"help {meant}".strip())


def unknown_repo(said: str, meant: str) -> str:
    return f"{said} Did you mean {meant}?" if meant else said


def broken(reference: str) -> str:
    return f"Something went wrong, and nothing was done. Hint: try again, or look for {reference} in the bot's log"


# Questions before something is done

CONFIRM, CANCEL = "confirm", "cancel"


def arm_question(repo: str, span: str, because: str) -> str:
    how_long = f"for {span}" if span else ENDLESS
    return shown(f"Arm {repo} {how_long}{_because(because)}? Agents may start there.")


def kill_question(because: str) -> str:
    return shown(f"Throw the kill switch{_because(because)}? No new run and no new turn starts anywhere.")


def resume_question(because: str) -> str:
    return shown(f"Release the kill switch{_because(because)}? Armed repositories start again.")


def redispatch_question(ref: str) -> str:
    return shown(f"Start a new attempt at {ref}? It gets a fresh conversation.")


def stop_question(ref: str) -> str:
    return shown(f"Stop {ref}? Its turn is interrupted, and the run ends; a re-run that has not started is withdrawn.")


DONE_ALREADY = "This very command was carried out already."
CANCELLED = "Cancelled. Nothing was done."
EXPIRED = "This question is older than two minutes, and nothing was done. Hint: type the command again"
NOT_YOURS = "Somebody else was asked this. Nothing was done."


def _because(reason: str) -> str:
    return f", because {plain(reason, REASON_MAX)}" if reason else ""


# Answers to clicks and replies


def acknowledged_already(actor: str) -> str:
    return f"{who(actor)} has taken this up already."


def answered_already() -> str:
    return "This question is answered already, or no longer asked."


def answered_by(actor: str) -> str:
    return f"{who(actor)} has answered this already."


def rerun_by(actor: str, ref: str) -> str:
    return f"{who(actor)} asked for a new attempt at {shown(ref, NAME)} already."


def stale_button() -> str:
    return "This button belongs to a message that AFK does not know. Nothing was done. Hint: /afk status"


def nobody_listens() -> str:
    return "No agent works on this, so nobody would read it. Hint: /afk say infra#42 your words"


# What the channel hears when a person changes something


def announcement(entry: Entry, armed: Mapping[str, Armed]) -> str:
    """One line, or nothing for what needs no telling."""
    target, reason = shown(entry.target, NAME), shown(_because(entry.detail), REASON_MAX + 20)
    match entry.verb:
        case "arm":
            did = f"armed {target}{_until(entry, armed)}{reason}"
        case "disarm":
            did = f"disarmed {target}{reason}. Nothing new starts there"
        case "kill":
            did = f"threw the kill switch{reason}. No new run and no new turn starts anywhere"
        case "resume":
            did = f"released the kill switch{reason}"
        case "redispatch":
            did = f"asked for a new attempt at {target}"
        case "withdraw":
            did = f"withdrew the re-run of {target}"
        case "stop":
            did = f"asked to stop {target}{reason}"
        case "say":
            did = f"told the agent of {target} “{escaped(entry.detail, WORDS)}”"
        case _:
            return ""
    return f"{who(entry.actor)} {did}."


def _until(entry: Entry, armed: Mapping[str, Armed]) -> str:
    """The audit log does not keep it; the switch does, unless it was changed again."""
    standing = armed.get(entry.target)
    same = standing is not None and standing.at == entry.at and standing.by == entry.actor
    return f" until {moment(standing.until)}" if standing is not None and same and standing.until else ""


# Help


def help_text(verb: str = "") -> str:
    rows = [row for row in VERBS if row[0] == verb] or list(VERBS)
    lines = [f"`/afk {how}` {what}, such as `/afk {example}`" for _, how, example, what in rows]
    return "\n".join(lines if len(rows) == 1 else ["What AFK understands:", *lines])


def lines_within(lines: Iterable[str], room: int) -> str:
    """As many whole lines as fit, and how many did not."""
    every, kept = list(lines), list[str]()
    for index, line in enumerate(every):
        left = len(every) - index
        room -= len(line) + 1
        if room < (0 if left == 1 else _MORE):
            return "\n".join([*kept, f"… and {left} more"])
        kept.append(line)
    return "\n".join(kept)
