"""What people say in their own words is read alike, whichever door they use."""

from __future__ import annotations

import pytest

from afk.core.spoken import REASON_MAX, WORDS_MAX, parse_reason, parse_words


def test_reason_is_one_visible_line() -> None:
    assert parse_reason(" release\n\tweek\x1b[2J\u202e ") == "release week[2J"
    assert parse_reason("x" * (REASON_MAX + 1)) == "x" * (REASON_MAX - 1) + "…"


@pytest.mark.parametrize("text", ["", " \u200b\x1b\n"])
def test_reason_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="because needs a reason"):
        parse_reason(text)


def test_words_for_an_agent_keep_their_lines_and_lose_what_cannot_be_seen() -> None:
    assert parse_words("\r\nuse eu\x1b]0;owned\x07\r\n  not us\u200b\n") == "use eu]0;owned\n  not us"
    assert len(parse_words("x" * (WORDS_MAX + 1))) == WORDS_MAX
    assert parse_words("\x1b \u200b") == ""
