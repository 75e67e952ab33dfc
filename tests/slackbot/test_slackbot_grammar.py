"""What may be typed after `/afk`, and what is answered to anything else."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from afk.cli import people
from afk.core import slack_words as words
from afk.core.model import IssueRef
from slackbot.grammar import (
    Arm,
    Disarm,
    Help,
    Kill,
    Redispatch,
    Resume,
    Runs,
    Say,
    Status,
    Stop,
    UsageError,
    Why,
    parse,
)

INFRA_42 = IssueRef("infra", 42)
HOURS = timedelta(hours=8)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", Help(), id="nothing"),
        pytest.param("help arm", Help("arm"), id="help-about-a-verb"),
        pytest.param("help amr", Help("arm"), id="help-about-a-slip"),
        pytest.param("  STATUS ", Status(), id="any-case"),
        pytest.param("why infra#42", Why(INFRA_42), id="why"),
        pytest.param("runs", Runs(), id="runs"),
        pytest.param("runs infra#42", Runs(INFRA_42), id="runs-of-an-issue"),
        pytest.param("arm infra", Arm("infra"), id="arm"),
        pytest.param("arm infra for 8h", Arm("infra", HOURS, "8h"), id="arm-for-a-time"),
        pytest.param(
            "arm infra for 1h 30m because release week",
            Arm("infra", timedelta(minutes=90), "1h 30m", "release week"),
            id="arm-for-a-time-because",
        ),
        pytest.param("arm infra because we can", Arm("infra", None, "", "we can"), id="arm-because"),
        pytest.param(
            'arm infra --for 8h --because "release week"', Arm("infra", HOURS, "8h", "release week"), id="as-in-a-shell"
        ),
        pytest.param(
            "arm infra \u2014for=8h \u2014because=\u201crelease week\u201d",
            Arm("infra", HOURS, "8h", "release week"),
            id="as-a-phone-types-it",
        ),
        pytest.param("arm\u00a0infra\u00a0for\u00a08h", Arm("infra", HOURS, "8h"), id="no-break-spaces"),
        pytest.param("ar\u200bm infra", Arm("infra"), id="invisible-signs"),
        pytest.param("arm for-real", Arm("for-real"), id="repository-that-begins-like-an-option"),
        pytest.param(
            "arm infra because don't ask", Arm("infra", None, "", "don't ask"), id="an-apostrophe-is-no-quotation-mark"
        ),
        pytest.param("arm infra because it's 'it'", Arm("infra", None, "", "it's 'it'"), id="quotation-marks-inside"),
        pytest.param("disarm infra", Disarm("infra"), id="disarm"),
        pytest.param("disarm infra because noisy", Disarm("infra", "noisy"), id="disarm-because"),
        pytest.param("kill", Kill(), id="kill"),
        pytest.param("kill now", Kill(at_once=True), id="kill-now"),
        pytest.param("kill --now because outage", Kill(at_once=True, because="outage"), id="kill-now-because"),
        pytest.param("kill because now is bad", Kill(because="now is bad"), id="now-in-the-reason"),
        pytest.param("resume because over", Resume("over"), id="resume"),
        pytest.param("redispatch payload-api#42", Redispatch(IssueRef("payload-api", 42)), id="redispatch"),
        pytest.param("stop infra#42", Stop(INFRA_42), id="stop"),
        pytest.param("say infra#42 use eu", Say(INFRA_42, "use eu"), id="say"),
        pytest.param('say infra#42 "use eu"', Say(INFRA_42, "use eu"), id="say-in-quotation-marks"),
        pytest.param("say infra#42 one\n  two", Say(INFRA_42, "one\n  two"), id="say-on-two-lines"),
        pytest.param(
            "say infra#42 a &lt; b &amp;&amp; <https://x.example|see> <@U12345678>",
            Say(INFRA_42, "a < b && see (https://x.example) @U12345678"),
            id="what-slack-makes-of-words",
        ),
    ],
)
def test_command_is_read(text: str, expected: object) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("amr infra", "'amr' is no command. Did you mean arm? Hint: /afk help arm", id="slip"),
        pytest.param("xyzzy", "'xyzzy' is no command. Hint: /afk help", id="nonsense"),
        pytest.param(
            "arm", "arm needs a repository. Hint: /afk arm infra for 8h because release week", id="arm-nothing"
        ),
        pytest.param("arm for 8h", "arm needs a repository.", id="arm-without-repository"),
        pytest.param("arm infra for", "for needs a span of time: write one such as 30m, 8h", id="for-nothing"),
        pytest.param("arm infra for ever", "'ever' is no span of time: write one such as 30m, 8h, 2d", id="for-ever"),
        pytest.param("arm infra for 0h", "'0h' is no span of time", id="for-no-time"),
        pytest.param("arm infra 8h", "'8h' is not understood here.", id="time-without-for"),
        pytest.param("arm infra because of x for 8h", "The time comes before the reason.", id="time-after-the-reason"),
        pytest.param("arm infra because", "because needs a reason.", id="because-nothing"),
        pytest.param("kill infra", "'infra' is not understood here. Hint: /afk kill", id="kill-something"),
        pytest.param("status infra", "'infra' is not understood here. Hint: /afk status", id="status-of-something"),
        pytest.param("stop", "stop needs an issue. Hint: /afk stop infra#42", id="stop-nothing"),
        pytest.param("stop 42", "'42' is no issue: write it as infra#42. Hint: /afk stop infra#42", id="no-repository"),
        pytest.param("redispatch infra#42 now", "'infra#42 now' is no issue", id="more-than-an-issue"),
        pytest.param("say infra#42", "There is nothing to say to infra#42.", id="say-nothing"),
        pytest.param('say infra#42 ""', "There is nothing to say to infra#42.", id="say-nothing-in-quotation-marks"),
        pytest.param("arm infra because " + "x" * 1_500, "This is longer than 1500 characters.", id="too-long"),
    ],
)
def test_anything_else_is_answered_with_what_to_type(text: str, said: str) -> None:
    with pytest.raises(UsageError) as wrong:
        parse(text)

    assert str(wrong.value).startswith(said)
    assert "Hint: /afk " in str(wrong.value)


PIECES = st.sampled_from([*words.NAMES, "infra", "infra#42", "for", "--for=", "8h", "because", "now", '"', "&lt;", "<", "|", "\n"])  # fmt: skip


@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=8).map(" ".join)))
def test_whatever_is_typed_is_a_command_or_a_usage_line(text: str) -> None:
    command = None
    with suppress(UsageError):
        command = parse(text)
    if command is None:
        with pytest.raises(UsageError, match="Hint: /afk "):
            parse(text)
    else:
        assert type(command).__name__.lower() in words.NAMES


@pytest.mark.parametrize(("verb", "example"), [(name, example) for name, _, example, _ in words.VERBS])
def test_examples_in_the_help_are_read_as_their_verb(verb: str, example: str) -> None:
    assert type(parse(example)).__name__.lower() == verb


def test_verbs_are_those_of_the_command_line() -> None:
    """Ticks, processes and care of the installation are the operator's own, and have modules of their own."""
    there = set(typer.main.get_command(people.app).commands)  # type: ignore[attr-defined]

    assert set(words.NAMES) - {"help"} == there
