"""Show that the table of variables is the promised one, and that a mistyped name is noticed."""

from __future__ import annotations

from dataclasses import fields

import pytest

from afk.core.config import Limits
from afk.variables import VARIABLES, unknown_variables

PROMISED = [
    "AFK_CONFIG",
    "AFK_KILL_SWITCH",
    "AFK_ALLOWLIST",
    "AFK_READY_LABEL",
    "AFK_IN_PROGRESS_LABEL",
    "AFK_HUMAN_LABEL",
    "AFK_BUDGET_USD",
    "AFK_FIX_FORWARD_MAX_ATTEMPTS",
    "AFK_FIX_FORWARD_MAX_SECONDS",
    "AFK_RUN_MAX_SECONDS",
    "AFK_VERDICT_MAX_SECONDS",
    "AFK_STALL_MAX_SECONDS",
    "AFK_ANSWER_MAX_SECONDS",
    "AFK_START_MAX_SECONDS",
    "AFK_CLOSE_DEFER_SECONDS",
    "AFK_RESTARTS_MAX",
    "AFK_NUDGES_MAX",
    "AFK_DATABASE_URL",
    "AFK_DATABASE_URL_FILE",
    "AFK_LOG",
    "AFK_TICK_SECONDS",
    "AFK_REQUEST_SECONDS",
    "AFK_KEEP_QUIET_DAYS",
    "AFK_KEEP_DAYS",
    "AFK_GITHUB_API_URL",
    "AFK_GITHUB_TOKEN",
    "AFK_GITHUB_TOKEN_FILE",
    "AFK_GITHUB_APP_ID",
    "AFK_GITHUB_APP_PRIVATE_KEY_FILE",
    "AFK_FORGEJO_URL",
    "AFK_FORGEJO_TOKEN",
    "AFK_FORGEJO_TOKEN_FILE",
    "AFK_T3_URL",
    "AFK_T3_TOKEN",
    "AFK_T3_TOKEN_FILE",
    "AFK_T3_PUBLIC_URL",
    "AFK_T3_INSTANCE",
    "AFK_T3_MODEL",
    "AFK_T3_WORKSPACE_BASE",
    "AFK_WOODPECKER_URL",
    "AFK_WOODPECKER_TOKEN",
    "AFK_WOODPECKER_TOKEN_FILE",
    "AFK_KUBERNETES_URL",
    "AFK_KUBERNETES_TOKEN_FILE",
    "AFK_KUBERNETES_CA_FILE",
    "SLACK_BOT_TOKEN",
    "SLACK_BOT_TOKEN_FILE",
    "SLACK_APP_TOKEN",
    "SLACK_APP_TOKEN_FILE",
    "SLACK_SIGNING_SECRET",
    "SLACK_SIGNING_SECRET_FILE",
    "AFK_SLACK_API_URL",
    "AFK_SLACK_CHANNEL",
    "AFK_SLACK_OPERATORS",
    "AFK_SLACK_READERS",
    "AFK_DIGEST_AT",
    "AFK_NTFY_URL",
    "AFK_NTFY_TOKEN",
    "AFK_NTFY_TOKEN_FILE",
    "AFK_PRESENCE_URL",
    "AFK_PRESENCE_TOKEN",
    "AFK_PRESENCE_TOKEN_FILE",
]


def test_the_table_names_each_promised_variable_once():
    assert [variable.name for variable in VARIABLES] == PROMISED


@pytest.mark.parametrize("variable", VARIABLES, ids=lambda variable: variable.name)
def test_each_variable_says_what_it_means_what_is_legal_and_what_holds_without_it(variable):
    assert variable.meaning
    assert variable.legal
    assert bool(variable.default) != bool(variable.unset)


def test_what_holds_a_credential_is_marked():
    credentials = {name for name in PROMISED if name.endswith(("_TOKEN", "_SECRET"))} | {"AFK_DATABASE_URL"}

    assert {variable.name for variable in VARIABLES if variable.secret} == credentials


def test_the_defaults_of_the_limits_are_those_of_the_code():
    shown = {variable.name: variable.default for variable in VARIABLES}

    assert all(shown[f"AFK_{limit.name.upper()}"] == str(limit.default) for limit in fields(Limits))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("AFK_KILLSWITCH", "AFK_KILLSWITCH sets nothing. Did you mean AFK_KILL_SWITCH?"),
        ("AFK_ALOWLIST", "AFK_ALOWLIST sets nothing. Did you mean AFK_ALLOWLIST?"),
        ("AFK_SLACK_BOT_TOKEN", "AFK_SLACK_BOT_TOKEN sets nothing. Did you mean SLACK_BOT_TOKEN?"),
        ("AFK_XYZZY", "AFK_XYZZY sets nothing. Unset it."),
        ("AFK_\x1b[2J", "AFK_[2J sets nothing. Unset it."),
    ],
)
def test_a_mistyped_variable_is_noticed(name, line):
    assert unknown_variables({name: "1"}) == (line,)


def test_ours_and_others_are_no_mistakes():
    assert unknown_variables(dict.fromkeys([*PROMISED, "HOME", "SLACK_TOKEN"], "1")) == ()


@pytest.mark.parametrize(
    "name",
    ["AFK_SERVICE_HOST", "AFK_SERVICE_PORT_HTTP", "AFK_PORT", "AFK_BOT_PORT_3000_TCP", "AFK_BOT_PORT_3000_TCP_ADDR"],
)
def test_kubernetes_links_to_a_service_called_afk_are_no_mistakes(name):
    assert unknown_variables({name: "tcp://10.0.0.1:80"}) == ()
