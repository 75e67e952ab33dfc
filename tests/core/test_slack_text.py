"""Strangers' words in Slack's mrkdwn do nothing there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afk.core.slack_text import escaped, link, moment

ENTITY = re.compile(r"&(amp|lt|gt);")
SPITEFUL = st.text(alphabet=st.sampled_from([*"<>&|*_~`:!@#^ab1 \n\u200b\u202e\x00\ud800", "🎉"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        pytest.param("Rotate the logs", 50, "Rotate the logs", id="harmless"),
        pytest.param("<!here> <@U1> <#C1>", 50, "&lt;!here&gt; &lt;@U1&gt; &lt;#C1&gt;", id="mentions"),
        pytest.param("&lt;!here&gt;", 50, "&amp;lt;!here&amp;gt;", id="escaped-once-whatever-it-was"),
        pytest.param("<https://evil.example|ok>", 60, "&lt;https\u2236//evil.example|ok&gt;", id="link"),
        pytest.param("*b* ~s~ `c`", 50, "\u2217b\u2217 \u223cs\u223c \u02cbc\u02cb", id="bold-struck-code"),
        pytest.param(
            "_i_ snake_case __init__",
            50,
            "\uff3fi\uff3f snake_case \uff3f\uff3finit\uff3f\uff3f",
            id="italic-at-words-ends-alone",
        ),
        pytest.param("a :tada: at 12:30", 50, "a \u2236tada: at 12:30", id="emoji"),
        pytest.param("> a\n> b", 50, "&gt; a &gt; b", id="lines"),
        pytest.param("ad\u200bmin\u202e", 50, "admin", id="invisible"),
        pytest.param("abcdef", 4, "abc…", id="cut"),
        pytest.param("a&bc", 6, "a…", id="no-entity-is-cut"),
        pytest.param("a&bc", 8, "a&amp;bc", id="an-entity-that-fits"),
        pytest.param("abc", 0, "", id="no-room"),
        pytest.param("&", 0, "", id="no-room-for-an-entity"),
        pytest.param("111<<1_11", 14, "111&lt;&lt;1\uff3f…", id="what-the-cut-makes-the-end-of-a-word"),
    ],
)
def test_text_is_cut_and_then_escaped(text: str, room: int, expected: str) -> None:
    assert escaped(text, room) == expected


@given(SPITEFUL, st.integers(0, 40))
def test_nothing_is_left_that_slack_would_act_upon(text: str, room: int) -> None:
    shown = escaped(text, room)

    assert len(shown) <= room
    assert not re.search(r"[<>*~`\n\x00\u200b\u202e\ud800]|://|:[\w+'-]+:", shown)
    assert "&" not in ENTITY.sub("", shown)
    assert not re.search(r"(?<![^\W_])_|_(?![^\W_])", shown)


@given(SPITEFUL)
def test_no_label_ends_its_link_early(label: str) -> None:
    shown = link("https://t3.example.org/a?b=1&c=2", label)
    whole = re.fullmatch(r"<https://t3\.example\.org/a\?b=1&amp;c=2(?:\|([^<>|]+))?>", shown)

    assert whole
    assert "&" not in ENTITY.sub("", whole[1] or "")


def test_a_label_of_nothing_leaves_the_address() -> None:
    assert link("https://t3.example.org/", "\u200b ") == "<https://t3.example.org/>"


def test_a_label_is_cut_to_its_room() -> None:
    assert link("https://t3.example.org/", "abcdef", 4) == "<https://t3.example.org/|abc…>"


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(datetime(2026, 11, 1, 14, 2, 7, tzinfo=UTC), id="utc"),
        pytest.param(datetime(2026, 11, 1, 16, 2, 7, tzinfo=timezone(timedelta(hours=2))), id="elsewhere"),
    ],
)
def test_a_moment_is_the_readers_own_with_utc_to_fall_back_on(at: datetime) -> None:
    assert moment(at) == "<!date^1793541727^{date_short_pretty} {time}|2026-11-01 14:02 UTC>"
