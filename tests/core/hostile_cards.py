"""Make cards that mean harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from afk.core.doorbell import STATES, Card, Stamp
from afk.core.records import DoorbellKind

if TYPE_CHECKING:
    from random import Random

HOSTS = frozenset({"t3.example.org", "tracker.example.org"})
WORDS = (
    "<!here>", "<!channel|x>", "<@U0001>", "<#C1>", "<https://evil.example|Open thread>", "https://evil.example/",
    "mailto:a@evil.example", "@here", "&lt;!here&gt;", "&", "&&&&", "<", ">", ">>>", "|", "*bold*", "_it_", "~s~",
    "`c`", "```", ":tada:", "\u202ereversed", "\u200b", "\ufeff", "\x00", "\x1b[31m", "\ud800", "\u2028", "\n", "\r\n> q",
    "\t", " ", "🎉", "snake_case", "<!date^0^{date}|now>", "a" * 80, "&" * 700, "<" * 900, "\u3164", "ok", "fix it", "%7C",
)  # fmt: skip
URLS = (
    "", "https://t3.example.org/env/1", "https://tracker.example.org/i/42?a=1&b=2", "https://evil.example/",
    "https://t3.example.org/a|b>c<d", "javascript:alert(1)", "https://t3.example.org@evil.example/", "not a url",
    "http://t3.example.org/", "https://t3.example.org/\u202e", "https://t3.example.org/" + "&" * 470, "<!here>",
    "https://t3.example.org/" + "x" * 4_000, "https://[::1", "https://t3.example.org/\n", "https://t3.example.org/{`^}",
)  # fmt: skip


def words(chance: Random, most: int) -> str:
    return chance.choice(("", " ", "x")).join(chance.choice(WORDS) for _ in range(chance.randint(0, most)))


def hostile_card(chance: Random) -> Card:
    kind = chance.choice(list(DoorbellKind))
    mark, state = STATES[kind] if chance.random() < 0.9 else (words(chance, 3), words(chance, 3))
    stamps = [
        Stamp(
            words(chance, 2),
            words(chance, 5),
            datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=chance.randint(0, 9999)),
        )
        for _ in range(chance.choice((0, 0, 1, 2, 9)))
    ]
    return Card(
        key=words(chance, 4), kind=kind, mark=mark, state=state, subject=words(chance, 2), title=words(chance, 12),
        why=words(chance, 20), facts=words(chance, 8), thread_url=chance.choice(URLS), issue_url=chance.choice(URLS),
        ci_url=chance.choice(URLS), rerun=words(chance, 3), acknowledge=chance.random() < 0.5,
        options=tuple(words(chance, 5) for _ in range(chance.choice((0, 0, 2, 4, 40)))), stamps=tuple(stamps),
        sequel=words(chance, 8),
    )  # fmt: skip
