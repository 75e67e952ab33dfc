"""What only Slack's readers see, word for word."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afk.core import slack_words as words
from afk.core.records import Entry, Via

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        pytest.param("plain words", "plain words", id="plain"),
        pytest.param("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d", id="entities"),
        pytest.param("&amp;lt;", "&lt;", id="decoded-once"),
        pytest.param("<https://x.example/a|the page>", "the page (https://x.example/a)", id="labelled-link"),
        pytest.param("<https://x.example>", "https://x.example", id="link"),
        pytest.param("<https://x.example|https://x.example>", "https://x.example", id="link-labelled-as-itself"),
        pytest.param("<@U12345678> in <#C1|ops>", "@U12345678 in #ops", id="person-and-channel"),
        pytest.param("<!here> <!subteam^S1|@team>", "@here @team", id="groups"),
        pytest.param("a < b", "a < b", id="lone-sign"),
    ],
)
def test_what_slack_writes_is_read_as_it_was_typed(typed: str, read: str) -> None:
    assert words.read(typed) == read


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("Hint: afk arm infra", "Hint: /afk arm infra", id="hint-of-the-command-line"),
        pytest.param("Hint: /afk arm infra", "Hint: /afk arm infra", id="hint-of-slack"),
        pytest.param("the afk team", "the afk team", id="no-hint"),
        pytest.param("a\n<!here>", "a\n&lt;!here&gt;", id="line-by-line"),
    ],
)
def test_any_text_is_shown_harmless_with_slacks_own_hints(text: str, shown: str) -> None:
    assert words.shown(text) == shown


@pytest.mark.parametrize(
    ("name", "who"),
    [
        pytest.param("U12345678", "<@U12345678>", id="member"),
        pytest.param("ada", "ada", id="user-of-a-machine"),
        pytest.param("<@U12345678>", "&lt;@U12345678&gt;", id="hostile"),
        pytest.param("U12345678|x", "U12345678|x", id="almost"),
        pytest.param("", "somebody", id="nobody"),
    ],
)
def test_member_is_mentioned_and_anybody_else_named(name: str, who: str) -> None:
    assert words.who(name) == who


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        pytest.param("arm", "ada armed infra, because noise.", id="arm"),
        pytest.param("disarm", "ada disarmed infra, because noise. Nothing new starts there.", id="disarm"),
        pytest.param(
            "kill", "ada threw the kill switch, because noise. No new run and no new turn starts anywhere.", id="kill"
        ),
        pytest.param("resume", "ada released the kill switch, because noise.", id="resume"),
        pytest.param("redispatch", "ada asked for a new attempt at infra.", id="redispatch"),
        pytest.param("stop", "ada asked to stop infra, because noise.", id="stop"),
        pytest.param("say", "ada told the agent of infra “noise”.", id="say"),
        pytest.param("reply", "", id="reply-in-sight-of-all"),
        pytest.param("status", "", id="status"),
        pytest.param("dispatch", "", id="what-a-tick-did"),
    ],
)
def test_changes_are_announced_with_who_and_why(verb: str, said: str) -> None:
    assert words.announcement(Entry(NOON, "ada", Via.CLI, verb, "infra", "noise"), {}) == said


@given(st.lists(st.text("ab", max_size=30), max_size=12), st.integers(30, 200))
def test_lines_within_are_whole_and_fit(lines: list[str], room: int) -> None:
    shown = words.lines_within(lines, room)
    kept = shown.split("\n") if lines else []

    assert len(shown) <= room
    assert kept == lines or (
        kept[-1] == f"… and {len(lines) - len(kept) + 1} more" and kept[:-1] == lines[: len(kept) - 1]
    )


def test_help_about_one_verb_is_one_line() -> None:
    assert (
        words.help_text("stop")
        == "`/afk stop REPO#NUMBER` interrupt a run and end it; or withdraw a re-run, such as `/afk stop infra#42`"
    )
    assert len(words.help_text().split("\n")) == 1 + len(words.VERBS)
    assert words.help_text("nonsense") == words.help_text()
