"""Read what is typed after `/afk` as a typed command.

Pure: knows no repositories and asks nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from afk.core import slack_words as words
from afk.core.durations import LEGAL, parse_duration
from afk.core.model import IssueRef
from afk.core.spoken import parse_reason, parse_words
from afk.core.text import clean, plain

if TYPE_CHECKING:
    from datetime import timedelta

LONGEST = 1_500  # of a command that is asked about: it goes into a button

_DASHES = re.compile(r"^[-\u2010-\u2015]{1,2}(?=\w)")  # phones make one long dash of two
_ASSIGNED = re.compile(r"^(for|because)=(.*)$", re.IGNORECASE | re.DOTALL)
_QUOTES = (
    ('"', '"'),
    ("'", "'"),
    ("\u201c", "\u201d"),
    ("\u201e", "\u201c"),
    ("\u2018", "\u2019"),
    ("\u00ab", "\u00bb"),
)
_TRAILING_SPAN = re.compile(r"\bfor\s+(?:[0-9]+\s?(?:min|m|h|d|w)\s?)+$", re.IGNORECASE)


class UsageError(Exception):
    """What was typed is no command. The text says what is wrong and what to type."""


@dataclass(frozen=True, slots=True)
class Help:
    verb: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    pass


@dataclass(frozen=True, slots=True)
class Why:
    ref: IssueRef


@dataclass(frozen=True, slots=True)
class Runs:
    ref: IssueRef | None = None


@dataclass(frozen=True, slots=True)
class Arm:
    repo: str
    span: timedelta | None = None
    span_words: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class Disarm:
    repo: str
    because: str = ""


@dataclass(frozen=True, slots=True)
class Kill:
    at_once: bool = False  # asks nothing, and interrupts what runs
    because: str = ""


@dataclass(frozen=True, slots=True)
class Resume:
    because: str = ""


@dataclass(frozen=True, slots=True)
class Redispatch:
    ref: IssueRef


@dataclass(frozen=True, slots=True)
class Stop:
    ref: IssueRef


@dataclass(frozen=True, slots=True)
class Say:
    ref: IssueRef
    words: str


Reading = Help | Status | Why | Runs
Asked = Arm | Kill | Resume | Redispatch | Stop  # confirmed first, but for `kill now`
Acting = Asked | Disarm | Say
Command = Reading | Acting


def parse(text: str) -> Command:
    said = clean(words.read(text)).strip()
    verb, _, rest = _spaced(said).partition(" ")
    name, rest = verb.lower(), rest.strip()
    match name:
        case "":
            return Help()
        case "say":
            return _say(said)
        case _ if len(rest) > LONGEST:
            raise UsageError(words.usage(f"This is longer than {LONGEST} characters.", f"help {_meant(name)}".strip()))
        case "help":
            return Help(_meant(rest.lower()))
        case "status" | "resume" | "kill":
            return _switch(name, rest)
        case "why":
            return Why(_ref(name, rest))
        case "redispatch":
            return Redispatch(_ref(name, rest))
        case "stop":
            return Stop(_ref(name, rest))
        case "runs":
            return Runs(_ref(name, rest) if rest else None)
        case "arm":
            return _arm(rest)
        case "disarm":
            repo, rest = _repo(name, rest)
            return Disarm(repo, _because_alone(name, rest))
        case _:
            raise UsageError(words.unknown_verb(name, _meant(name)))


def _spaced(text: str) -> str:
    """Every kind of blank, the no-break ones too, is one space."""
    return " ".join(text.split())


def _meant(word: str) -> str:
    return next(iter(get_close_matches(word.lower(), words.NAMES, 1, 0.6)), "")


def _example(verb: str) -> str:
    return next(example for name, _, example, _ in words.VERBS if name == verb)


def _wrong(problem: str, verb: str) -> UsageError:
    return UsageError(words.usage(problem, _example(verb)))


def _ref(verb: str, text: str) -> IssueRef:
    if not text:
        raise _wrong(f"{verb} needs an issue.", verb)
    try:
        return IssueRef.parse(text)
    except ValueError:
        raise _wrong(f"{plain(text, 80)!r} is no issue: write it as infra#42.", verb) from None


def _repo(verb: str, text: str) -> tuple[str, str]:
    repo, _, rest = text.partition(" ")
    if not repo or _option(repo) in {"for", "because"}:
        raise _wrong(f"{verb} needs a repository.", verb)
    return repo, rest.strip()


def _option(word: str) -> str:
    return _DASHES.sub("", word).lower()


def _arm(text: str) -> Arm:
    repo, rest = _repo("arm", text)
    first, after = _head(rest)
    span_words = ""
    if first == "for":
        span_words, rest = _until_because(after)
    because = _because_alone("arm", rest)
    if _TRAILING_SPAN.search(because) and not span_words:
        raise _wrong("The time comes before the reason.", "arm")
    if first == "for":
        try:
            return Arm(repo, parse_duration(span_words), span_words, because)
        except ValueError:
            said = f"{plain(span_words, 40)!r} is no span of time" if span_words else "for needs a span of time"
            raise _wrong(f"{said}: write one {LEGAL}.", "arm") from None
    return Arm(repo, None, "", because)


def _head(text: str) -> tuple[str, str]:
    """The option that the text begins with, and what follows it. `--for=8h` is `for 8h`."""
    word, _, rest = text.partition(" ")
    bare = _DASHES.sub("", word)
    assigned = _ASSIGNED.match(bare)
    if assigned:
        return assigned[1].lower(), f"{assigned[2]} {rest}".strip()
    return bare.lower(), rest.strip()


def _until_because(text: str) -> tuple[str, str]:
    parts = text.split(" ")
    for index, part in enumerate(parts):
        if _head(part)[0] == "because":
            return _unquoted(" ".join(parts[:index])), " ".join(parts[index:])
    return _unquoted(text), ""


def _because_alone(verb: str, text: str) -> str:
    if not text:
        return ""
    option, reason = _head(text)
    if option != "because":
        raise _wrong(f"{plain(text, 60)!r} is not understood here.", verb)
    try:
        return parse_reason(_unquoted(reason))
    except ValueError as error:
        raise _wrong(f"{error}.", verb) from None


def _switch(verb: str, text: str) -> Status | Resume | Kill:
    if verb == "status":
        if text:
            raise _wrong(f"{plain(text, 60)!r} is not understood here.", verb)
        return Status()
    if verb == "resume":
        return Resume(_because_alone(verb, text))
    option, rest = _head(text)
    at_once = option == "now"
    return Kill(at_once, _because_alone(verb, rest if at_once else text))


def _say(said: str) -> Say:
    """The words keep their lines."""
    parts = said.split(None, 2)
    ref = _ref("say", parts[1] if len(parts) > 1 else "")
    told = parse_words(_unquoted(parts[2].strip())) if len(parts) > 2 else ""  # noqa: PLR2004 - verb, issue, words
    if not told:
        raise _wrong(f"There is nothing to say to {ref}.", "say")
    return Say(ref, told)


def _unquoted(text: str) -> str:
    text = text.strip()
    for opening, closing in _QUOTES:
        inside = text[1:-1]
        if len(text) > 1 and text[0] == opening and text[-1] == closing and not {opening, closing} & set(inside):
            return inside.strip()
    return text
