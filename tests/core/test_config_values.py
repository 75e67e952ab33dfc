"""Show which texts a setting takes, and the exact line about each that it does not."""

from __future__ import annotations

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afk.core import config_values as values
from afk.core.config import ConfigError
from afk.core.model import Labels, Slug

TODO = "Correct it, then run `afk doctor`."
SWITCH = "1/true/yes/on or 0/false/no/off"
LIMIT = "a whole number from 0 to 1000000000"
ALLOWLIST = "a comma-separated list of owner/name, without wildcards; empty: no repository"
OPERATORS = "a comma-separated list of team:user identifiers such as T123:U456; empty: nobody"
LABEL = "a label of 1 to 50 characters without commas and control characters, different from the other two"
HIDDEN = "a value that looks like a credential (not shown)"


def refused(parse, *arguments) -> str:
    with pytest.raises(ConfigError) as error:
        parse(*arguments)
    return str(error.value)


@pytest.mark.parametrize(
    ("text", "on"),
    [(word, True) for word in ("1", "true", "YES", "On", " on\n")]
    + [(word, False) for word in ("0", "False", "no", "OFF", "\toff ")],
)
def test_a_switch_reads_in_any_case(text, on):
    assert values.parse_switch(text, "AFK_KILL_SWITCH") is on


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("  \n", "empty", id="blank"),
        pytest.param("maybe", "'maybe'", id="another word"),
        pytest.param("2", "'2'", id="another number"),
        pytest.param("off\x1b[2J;", "'off[2J;'", id="control characters"),
        pytest.param("x" * 200, f"'{'x' * 59}…'", id="long"),
        pytest.param("ghp_0000", HIDDEN, id="a token in the wrong place"),
    ],
)
def test_an_unreadable_switch_is_never_guessed(text, said):
    line = refused(values.parse_switch, text, "AFK_KILL_SWITCH")

    assert line == f"AFK_KILL_SWITCH is {said}, but must be {SWITCH}. {TODO}"


@pytest.mark.parametrize(("text", "seconds"), [("10", 10), (" 60 ", 60), ("3600", 3_600)])
def test_a_tick_takes_its_time(text, seconds):
    assert values.parse_tick_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "9", "3601", "60.0", "-60", "1m", "99999999999"])
def test_ticks_too_close_for_prefect_are_refused(text):
    line = refused(values.parse_tick_seconds, text)

    assert line.startswith("AFK_TICK_SECONDS is ")
    assert line.endswith(f", but must be a whole number of seconds from 10 to 3600. {TODO}")


@pytest.mark.parametrize("text", ["0", "121", "2.5", "soon"])
def test_an_answer_is_waited_for_within_reason(text):
    line = refused(values.parse_request_seconds, text, "AFK_REQUEST_SECONDS")

    assert line.endswith(f", but must be a whole number of seconds from 1 to 120. {TODO}")
    assert (values.parse_request_seconds(" 1 ", ""), values.parse_request_seconds("120", "")) == (1, 120)


@pytest.mark.parametrize("text", ["0", "3651", "a week"])
def test_history_is_kept_for_a_day_at_least(text):
    line = refused(values.parse_days, text, "AFK_KEEP_DAYS")

    assert line == f"AFK_KEEP_DAYS is '{text}', but must be a whole number of days from 1 to 3650. {TODO}"
    assert values.parse_days("1", "AFK_KEEP_DAYS") == 1


@pytest.mark.parametrize(("text", "limit"), [("0", 0), ("007", 7), (" 42 ", 42), ("1000000000", 1_000_000_000)])
def test_a_limit_is_a_whole_number(text, limit):
    assert values.parse_limit(text, "AFK_BUDGET_USD") == limit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("-1", "'-1'", id="negative"),
        pytest.param("+1", "'+1'", id="sign"),
        pytest.param("1.5", "'1.5'", id="fraction"),
        pytest.param("1e3", "'1e3'", id="exponent"),
        pytest.param("1_000", "'1_000'", id="underscore"),
        pytest.param("nan", "'nan'", id="nan"),
        pytest.param("inf", "'inf'", id="infinite"),
        pytest.param("true", "'true'", id="switch"),
        pytest.param("٣", "'٣'", id="digit of another script"),
        pytest.param("1000000001", "'1000000001'", id="too large"),
        pytest.param("9" * 5000, f"'{'9' * 59}…'", id="more digits than Python converts"),
    ],
)
def test_an_unreadable_limit_is_refused(text, said):
    line = refused(values.parse_limit, text, "AFK_BUDGET_USD")

    assert line == f"AFK_BUDGET_USD is {said}, but must be {LIMIT}. {TODO}"


@pytest.mark.parametrize(
    ("text", "slugs"),
    [
        pytest.param("", (), id="empty is nobody"),
        pytest.param(" , ", (), id="only commas"),
        pytest.param("owner/infra", (Slug("owner", "infra"),), id="one"),
        pytest.param(" owner/infra ,\n o/w.b-c_d,", (Slug("owner", "infra"), Slug("o", "w.b-c_d")), id="white space"),
        pytest.param("owner/infra,Owner/Infra", (Slug("Owner", "Infra"),), id="twice the same repository"),
    ],
)
def test_an_allowlist_names_repositories(text, slugs):
    assert values.parse_allowlist(text) == slugs


@pytest.mark.parametrize(
    "entry", ["*", "owner/*", "*/*", "infra", "owner/", "/infra", "a/b/c", "owner/in fra", "o;w/b"]
)
def test_an_allowlist_with_anything_else_is_refused_whole(entry):
    line = refused(values.parse_allowlist, f"owner/web, {entry}")

    assert line == f"AFK_ALLOWLIST is '{entry}', but must be {ALLOWLIST}. {TODO}"


def test_operators_are_pairs_of_team_and_user():
    assert values.parse_operators(" T123:U456, T123:W7 ,E9:U456,") == {("T123", "U456"), ("T123", "W7"), ("E9", "U456")}


def test_no_operators_are_nobody():
    assert values.parse_operators("") == frozenset()


@pytest.mark.parametrize("entry", ["*", "*:*", "U456", "T123:*", "T123", "T123:", "U456:T123", "T1:U2:U3", "alice"])
def test_an_operator_that_is_no_pair_is_refused(entry):
    line = refused(values.parse_operators, f"T1:U1,{entry}")

    assert line == f"AFK_SLACK_OPERATORS is '{entry}', but must be {OPERATORS}. {TODO}"


@pytest.mark.parametrize(
    ("text", "read"),
    [("08:00", time(8)), (" 23:59 ", time(23, 59)), ("00:00", time(0))],
    ids=["morning", "last", "first"],
)
def test_time_of_day_is_read(text, read):
    assert values.parse_time_of_day(text, "AFK_DIGEST_AT") == read


@pytest.mark.parametrize(
    "text", ["8:00", "24:00", "08:60", "08", "08:00:00", "8am", "08:00 UTC", "\u0660\u0668:00", "off"]
)
def test_time_of_day_that_is_none_is_refused(text):
    line = refused(lambda given: values.parse_time_of_day(given, "AFK_DIGEST_AT"), text)

    assert line == (
        f"AFK_DIGEST_AT is '{text}', but must be a time of day in UTC from 00:00 to 23:59, such as 08:00. {TODO}"
    )


def test_labels_are_read_without_the_space_around_them():
    assert values.parse_labels(" go ", "in progress", "x" * 50) == Labels("go", "in progress", "x" * 50)


@pytest.mark.parametrize(
    ("label", "said"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("  ", "empty", id="blank"),
        pytest.param("x" * 51, f"'{'x' * 51}'", id="too long"),
        pytest.param("a,b", "'a,b'", id="comma"),
        pytest.param("a\nb", "'ab'", id="two lines"),
        pytest.param("a\u202eb", "'ab'", id="turned around"),
    ],
)
def test_a_label_that_no_forge_takes_is_refused(label, said):
    line = refused(values.parse_labels, "go", label, "help")

    assert line == f"AFK_IN_PROGRESS_LABEL is {said}, but must be {LABEL}. {TODO}"


def test_two_labels_that_differ_in_case_only_are_the_same():
    line = refused(values.parse_labels, "go", "busy", "Go")

    assert line == f"AFK_HUMAN_LABEL is 'Go', but must be {LABEL}. It is the label of AFK_READY_LABEL: name another."


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (values.parse_text, " claude-opus[1m] ", "claude-opus[1m]"),
        (values.parse_app_id, "123456", "123456"),
        (values.parse_app_id, "Iv23.aBc", "Iv23.aBc"),
        (values.parse_channel, "C0123456789", "C0123456789"),
        (values.parse_workspace, "/data/", "/data"),
        (values.parse_workspace, "/", "/"),
        (values.parse_workspace, "~/work", "~/work"),
        (values.parse_workspace, "~", "~"),
    ],
)
def test_a_name_is_taken_as_it_is_spelt(parse, text, value):
    assert parse(text, "X") == value


@pytest.mark.parametrize(
    ("parse", "text", "legal"),
    [
        pytest.param(values.parse_text, "a" * 201, "1 to 200 printable characters", id="long text"),
        pytest.param(values.parse_text, "a\x00b", "1 to 200 printable characters", id="text with a nought"),
        pytest.param(values.parse_app_id, "my app", "the app's number or its client ID", id="app"),
        pytest.param(values.parse_channel, "#ops", "a channel ID such as C0123456789, not its name", id="channel name"),
        pytest.param(values.parse_workspace, "data", "a path on T3's machine that begins with / or ~/", id="relative"),
        pytest.param(
            values.parse_workspace, "~you", "a path on T3's machine that begins with / or ~/", id="a stranger's"
        ),
    ],
)
def test_a_name_of_another_shape_is_refused(parse, text, legal):
    assert refused(parse, text, "X") == f"X is {values.shown(text)}, but must be {legal}. {TODO}"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (True, "true"),
        (False, "false"),
        (-3, "-3"),
        (1.5, "1.5"),
        (float("nan"), "nan"),
        (float("inf"), "a number beyond reason"),
        pytest.param(1 << 40_000, "a number beyond reason", id="more digits than Python prints"),
        ([1], "a list"),
        ({"a": 1}, "a table"),
        (None, "a date or time"),
    ],
)
def test_a_value_is_shown_as_the_file_spells_it(value, said):
    assert values.shown(value) == said


@pytest.mark.parametrize(
    ("word", "said"),
    [("stage", "Did you mean stages?"), ("STAGES", "Did you mean stages?"), ("zzz", ""), ("s" * 100_000, "")],
)
def test_a_mistyped_word_finds_the_right_one(word, said):
    assert values.did_you_mean(word, ("stages", "slug")) == said


PARSERS = [
    values.parse_switch,
    values.parse_limit,
    values.parse_allowlist,
    values.parse_operators,
    values.parse_label,
    values.parse_url,
    values.parse_slack_api_url,
    values.parse_database_url,
    values.parse_secret,
    values.parse_text,
    values.parse_app_id,
    values.parse_channel,
    values.parse_workspace,
]


def lines(parse, text) -> tuple[str, ...]:
    try:
        parse(text, "X")
    except ConfigError as error:
        return error.problems
    return ()


@given(st.sampled_from(PARSERS), st.text(st.characters(codec=None)) | st.text("htps:/@[]?#\\.,:*0Aa\n "))
def test_any_text_is_a_value_or_one_line(parse, text):
    told = lines(parse, text)

    assert all(line.isprintable() and line.startswith("X ") for line in told)
    assert len(told) <= 1
