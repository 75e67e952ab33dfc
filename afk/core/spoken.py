"""Read what people say in their own words: the reason for what they do, and what an agent is to hear."""

from __future__ import annotations

from afk.core.text import clean, plain

REASON_MAX = 300
WORDS_MAX = 8_000


def parse_reason(text: str) -> str:
    """One visible line; a long one is cut, for nobody types twice to throw a switch. ValueError where it is empty."""
    reason = plain(text, REASON_MAX)
    if not reason:
        raise ValueError("because needs a reason")
    return reason


def parse_words(text: str) -> str:
    """As it was written, line by line, without what cannot be seen; empty where nothing is left."""
    return clean(text).strip()[:WORDS_MAX]
