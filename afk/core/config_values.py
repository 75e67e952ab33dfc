"""Read one configured value, or say which values are legal."""

from __future__ import annotations

import re
from datetime import time
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from afk.core.config import ConfigError, same_repository
from afk.core.model import Labels, Slug

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST = 1_000_000_000  # seconds: 31 years, which still adds up to a date

SWITCH = "1/true/yes/on or 0/false/no/off"
LIMIT = f"a whole number from 0 to {MOST}"
TICK_SECONDS = "a whole number of seconds from 10 to 3600"
REQUEST_SECONDS = "a whole number of seconds from 1 to 120"
DAYS = "a whole number of days from 1 to 3650"
LABEL = "a label of 1 to 50 characters without commas and control characters, different from the other two"
ALLOWLIST = "a comma-separated list of owner/name, without wildcards; empty: no repository"
OPERATORS = "a comma-separated list of team:user identifiers such as T123:U456; empty: nobody"
TIME_OF_DAY = "a time of day in UTC from 00:00 to 23:59, such as 08:00"
URL = "a URL http(s)://host[:port][/path], without user, password, query and fragment"
SLACK_API_URL = "a URL http(s)://host[:port][/path] that ends in /api/"
DATABASE_URL = "sqlite:////path/to/file or postgresql+psycopg://user:password@host/database"
SECRET = "printable ASCII without spaces"  # noqa: S105 - says what a secret looks like
TEXT = "1 to 200 printable characters"
APP_ID = "the app's number or its client ID"
CHANNEL = "a channel ID such as C0123456789, not its name"
LOG = "text or json"
WORKSPACE = "a path on T3's machine that begins with / or ~/"

JSON_LOG = "json"
LOGS = ("text", JSON_LOG)

_ON = frozenset({"1", "true", "yes", "on"})
_OFF = frozenset({"0", "false", "no", "off"})
_LABEL_MAX = 50
_TEXT_MAX = 200
_SHOWN_MAX = 60
_CREDENTIAL = re.compile(r"gh[a-z]_|github_pat_|xox[a-z]-|xapp-|eyJ|-----BEGIN|@")
_OPERATOR = re.compile(r"([TE][A-Z0-9_]+):([UW][A-Z0-9_]+)")
_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9.])?|[0-9A-Fa-f:.]+")
_APP_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_CHANNEL = re.compile(r"[CGD][A-Za-z0-9_-]{1,63}")
_WORKSPACE = re.compile(r"(/|~/).{0,199}|~")
_SQLITE = re.compile(r"sqlite(\+pysqlite)?:///(?!:memory:).+")
_POSTGRES = re.compile(
    r"(postgres|postgresql|postgresql\+psycopg)://([^@\s]*@)?(\[[0-9A-Fa-f:.]+\]|[^\s:/@?\[\]]*)(:[0-9]{1,5})?/[^\s/?]+(\?\S*)?"
)


def refusal(where: str, value: object, legal: str, todo: str = "Correct it, then run `afk doctor`.") -> ConfigError:
    return ConfigError(f"{where} is {shown(value)}, but must be {legal}. {todo}")


def shown(value: object) -> str:
    """A value as an error may repeat it: short, on one line, and no credential."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            text = printable(value)
            return _quoted(text) if text.strip() else "empty"
        case int() | float():
            return "a number beyond reason" if abs(value) > MOST**2 else str(value)
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"


def printable(text: str) -> str:
    return "".join(filter(str.isprintable, text))


def did_you_mean(word: str, legal: Iterable[str]) -> str:
    close = get_close_matches(word[:_SHOWN_MAX].lower(), {name.lower(): name for name in legal}, n=1)
    return next((f"Did you mean {name}?" for name in legal if close and name.lower() == close[0]), "")


def parse_switch(text: str, source: str) -> bool:
    word = text.strip().lower()
    if word in _ON or word in _OFF:
        return word in _ON
    raise refusal(source, text, SWITCH)


def parse_limit(text: str, source: str) -> int:
    return _whole(text, source, range(MOST + 1), LIMIT)


def parse_tick_seconds(text: str, source: str = "AFK_TICK_SECONDS") -> int:
    return _whole(text, source, range(10, 3_601), TICK_SECONDS)


def parse_request_seconds(text: str, source: str) -> int:
    return _whole(text, source, range(1, 121), REQUEST_SECONDS)


def parse_days(text: str, source: str) -> int:
    return _whole(text, source, range(1, 3_651), DAYS)


def _whole(text: str, source: str, values: range, legal: str) -> int:
    digits = text.strip()
    if not re.fullmatch(r"[0-9]{1,10}", digits) or int(digits) not in values:
        raise refusal(source, text, legal)
    return int(digits)


def parse_slug(text: str, source: str, legal: str = "owner/name") -> Slug:
    try:
        return Slug.parse(text)
    except ValueError:
        raise refusal(source, text, legal) from None


def parse_allowlist(text: str, source: str = "AFK_ALLOWLIST") -> tuple[Slug, ...]:
    slugs = (parse_slug(entry, source, ALLOWLIST) for entry in _entries(text))
    return tuple({same_repository(slug): slug for slug in slugs}.values())


def parse_operators(text: str, source: str = "AFK_SLACK_OPERATORS") -> frozenset[tuple[str, str]]:
    operators = set()
    for entry in _entries(text):
        pair = _OPERATOR.fullmatch(entry)
        if not pair:
            raise refusal(source, entry, OPERATORS)
        operators.add((pair[1], pair[2]))
    return frozenset(operators)


def parse_time_of_day(text: str, source: str) -> time:
    found = _TIME_OF_DAY.fullmatch(text.strip())
    if found is None:
        raise refusal(source, text, TIME_OF_DAY)
    return time(int(found[1]), int(found[2]))


def parse_label(text: str, source: str) -> str:
    label = text.strip()
    if not 0 < len(label) <= _LABEL_MAX or "," in label or not label.isprintable():
        raise refusal(source, text, LABEL)
    return label


def parse_labels(ready: str, in_progress: str, human: str) -> Labels:
    """The three labels from the texts of their variables."""
    sources = ("AFK_READY_LABEL", "AFK_IN_PROGRESS_LABEL", "AFK_HUMAN_LABEL")
    labels = [parse_label(text, source) for text, source in zip((ready, in_progress, human), sources, strict=True)]
    first: dict[str, str] = {}
    for source, label in zip(sources, labels, strict=True):
        other = first.setdefault(label.casefold(), source)  # forges ignore the case of a label
        if other != source:
            raise refusal(source, label, LABEL, f"It is the label of {other}: name another.")
    return Labels(*labels)


def parse_url(text: str, source: str) -> str:
    """A base URL without its trailing slash."""
    url = text.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise refusal(source, url, URL) from None
    is_clean = url.isascii() and url.isprintable() and not re.search(r"[ @?#\\]", url)
    if not is_clean or parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or port == 0:
        raise refusal(source, url, URL)
    return url.rstrip("/")


def parse_slack_api_url(text: str, source: str) -> str:
    url = parse_url(text, source)
    if not url.endswith("/api"):
        raise refusal(source, text, SLACK_API_URL)
    return f"{url}/"


def parse_database_url(text: str, source: str = "AFK_DATABASE_URL") -> str:
    url = text.strip()
    if not url.isprintable() or not (_SQLITE.fullmatch(url) or _POSTGRES.fullmatch(url)):
        raise ConfigError(
            f"{source} is a value (not shown, it may hold a password) that is no such URL: it must be {DATABASE_URL}. "
            f"Correct it, or unset it for a SQLite file under the user's data directory."
        )
    return url


def parse_secret(text: str, source: str) -> str:
    secret = text.strip()
    if not secret or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ConfigError(f"{source} holds a value (not shown) that must be {SECRET}. Copy it again.")
    return secret


def parse_text(text: str, source: str) -> str:
    words = text.strip()
    if not 0 < len(words) <= _TEXT_MAX or not words.isprintable():
        raise refusal(source, text, TEXT)
    return words


def parse_app_id(text: str, source: str) -> str:
    return _matching(_APP_ID, text, source, APP_ID)


def parse_channel(text: str, source: str) -> str:
    return _matching(_CHANNEL, text, source, CHANNEL)


def parse_log(text: str, source: str) -> str:
    form = text.strip().lower()
    if form not in LOGS:
        raise refusal(source, text, LOG)
    return form


def parse_workspace(text: str, source: str) -> str:
    path = _matching(_WORKSPACE, text, source, WORKSPACE)
    return path.rstrip("/") or "/"


def _matching(pattern: re.Pattern[str], text: str, source: str, legal: str) -> str:
    word = text.strip()
    if not pattern.fullmatch(word) or not word.isprintable():
        raise refusal(source, text, legal)
    return word


def _entries(text: str) -> tuple[str, ...]:
    return tuple(entry.strip() for entry in text.split(",") if entry.strip())


def _quoted(text: str) -> str:
    if _CREDENTIAL.search(text):
        return "a value that looks like a credential (not shown)"
    return f"'{text}'" if len(text) <= _SHOWN_MAX else f"'{text[: _SHOWN_MAX - 1]}…'"
