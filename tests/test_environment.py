"""Show when a variable counts as not set."""

from __future__ import annotations

from pathlib import Path

import pytest

from afk.core.config_values import parse_url
from afk.environment import Environment


def env(**variables: str) -> Environment:
    return Environment(variables, Path("/srv/afk"))


@pytest.mark.parametrize("blank", [{}, {"AFK_T3_URL": ""}, {"AFK_T3_URL": " \n"}], ids=["unset", "empty", "blank"])
def test_a_blank_text_is_not_set(blank):
    assert (env(**blank).has("AFK_T3_URL"), env(**blank).optional("AFK_T3_URL", parse_url)) == (False, None)


def test_a_blank_text_takes_its_default():
    assert env(AFK_T3_MODEL=" ").text("AFK_T3_MODEL") == "claude-sonnet-4-6"


def test_a_blank_safety_setting_stays_blank():
    assert (env(AFK_KILL_SWITCH="").raw("AFK_KILL_SWITCH"), env().raw("AFK_KILL_SWITCH")) == ("", "on")


@pytest.mark.parametrize(("text", "path"), [("key.pem", "/srv/afk/key.pem"), ("/run/key.pem", "/run/key.pem")])
def test_a_path_is_read_from_the_working_directory(text, path):
    assert env(AFK_T3_TOKEN_FILE=text).path("AFK_T3_TOKEN_FILE") == Path(path)


def test_an_unreadable_value_is_found_and_counts_as_none():
    environment = env(AFK_T3_URL="t3", AFK_T3_TOKEN_FILE="a\x00b", AFK_T3_TOKEN="a b")

    read = (
        environment.text("AFK_T3_URL", parse_url),
        environment.path("AFK_T3_TOKEN_FILE"),
        environment.secret("AFK_T3_TOKEN"),
    )

    assert read == ("", None, None)
    assert environment.found.problems == [
        (
            "AFK_T3_URL is 't3', but must be a URL http(s)://host[:port][/path], without user, password, query "
            "and fragment. "
            "Correct it, then run `afk doctor`."
        ),
        (
            "AFK_T3_TOKEN_FILE is 'ab', but must be the path of a file, absolute or from the working directory. "
            "Correct it, then run `afk doctor`."
        ),
        "AFK_T3_TOKEN holds a value (not shown) that must be printable ASCII without spaces. Copy it again.",
    ]


def test_neither_variables_nor_secrets_are_in_its_repr():
    environment = env(AFK_T3_TOKEN="sesame")

    assert "sesame" not in repr(environment) + repr(environment.secret("AFK_T3_TOKEN"))
