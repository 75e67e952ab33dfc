"""Spans of time as people write and read them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from afk.core.durations import LEGAL, parse_duration
from afk.core.wording import duration


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("30min", timedelta(minutes=30)),
        ("8h", timedelta(hours=8)),
        ("2d", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
        ("1h30m", timedelta(minutes=90)),
        ("1h 30m", timedelta(minutes=90)),
        (" 8 H ", timedelta(hours=8)),
        ("365d", timedelta(days=365)),
    ],
)
def test_span_is_read(text: str, span: timedelta) -> None:
    assert parse_duration(text) == span


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        *((text, "is not a span of time") for text in ("", "8", "h", "-8h", "8.5h", "8h!", "8 hours", "next week", "\uff18h", "9" * 6 + "d")),
        *((text, "is out of range") for text in ("0h", "0m0d", "366d", "99999w", "52w2d")),
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_the_legal_forms(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as refused:
        parse_duration(text)

    assert str(refused.value) == f"{text!r} {problem}: write one {LEGAL}"


def test_refusal_of_a_long_text_is_short() -> None:
    with pytest.raises(ValueError, match="is not a span") as refused:
        parse_duration("x" * 10_000)

    assert len(str(refused.value)) < 150


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (-5, "0 s"), (59.9, "59 s"), (60, "1 min"), (3_599, "59 min 59 s"), (3_600, "1 h"), (3_661, "1 h 1 min"), (86_400, "1 d"), (90_061, "1 d 1 h")],
)  # fmt: skip
def test_duration_is_said_in_two_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text
