"""Show how each outside system is configured, and what contradicts itself."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
from pydantic import SecretStr

from afk import systems
from afk.environment import Environment

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
READERS = [
    systems.github,
    systems.forgejo,
    systems.t3,
    systems.woodpecker,
    systems.kubernetes,
    systems.slack,
    systems.ntfy,
]


def read(reader, **variables: str) -> object:
    environment = Environment(variables, Path("/srv/afk"))
    system = reader(environment)
    assert environment.found.problems == []
    return system


def problems(reader, **variables: str) -> list[str]:
    environment = Environment(variables, Path("/srv/afk"))
    reader(environment)
    return environment.found.problems


@pytest.mark.parametrize("reader", READERS)
def test_a_system_that_nobody_configured_is_none(reader):
    assert read(reader) is None


def test_github_takes_a_token():
    assert read(systems.github, AFK_GITHUB_TOKEN="t") == systems.Github("https://api.github.com", SecretStr("t"))


def test_github_takes_an_app_at_another_address():
    github = read(
        systems.github,
        AFK_GITHUB_API_URL="https://ghe.example/api/v3/",
        AFK_GITHUB_APP_ID="7",
        AFK_GITHUB_APP_PRIVATE_KEY_FILE="app.pem",
    )

    assert github == systems.Github("https://ghe.example/api/v3", None, "7", Path("/srv/afk/app.pem"))


def test_github_with_token_and_app_is_refused():
    assert problems(
        systems.github, AFK_GITHUB_TOKEN="t", AFK_GITHUB_APP_ID="7", AFK_GITHUB_APP_PRIVATE_KEY_FILE="app.pem"
    ) == [
        "AFK_GITHUB_TOKEN and AFK_GITHUB_APP_ID are both set: unset one of them, for nobody can say which is meant.",
        (
            "AFK_GITHUB_TOKEN and AFK_GITHUB_APP_PRIVATE_KEY_FILE are both set: "
            "unset one of them, for nobody can say which is meant."
        ),
    ]


def test_half_a_github_app_is_refused():
    assert problems(systems.github, AFK_GITHUB_APP_ID="7") == [
        "AFK_GITHUB_APP_ID is set, but AFK_GITHUB_APP_PRIVATE_KEY_FILE is not: set both, or neither."
    ]
    assert problems(systems.github, AFK_GITHUB_APP_PRIVATE_KEY_FILE="app.pem") == [
        "AFK_GITHUB_APP_PRIVATE_KEY_FILE is set, but AFK_GITHUB_APP_ID is not: set both, or neither."
    ]


def test_forgejo_and_woodpecker_take_address_and_token():
    assert read(systems.forgejo, AFK_FORGEJO_URL="https://git.example/", AFK_FORGEJO_TOKEN="t") == systems.Forgejo(
        "https://git.example", SecretStr("t")
    )
    assert read(
        systems.woodpecker, AFK_WOODPECKER_URL="https://ci.example/", AFK_WOODPECKER_TOKEN="t"
    ) == systems.Woodpecker("https://ci.example", SecretStr("t"))


def test_t3_has_defaults_for_all_but_address_and_token():
    assert read(systems.t3, AFK_T3_URL="http://t3:3773/", AFK_T3_TOKEN="t") == systems.T3(
        "http://t3:3773", "http://t3:3773", "claudeAgent", "claude-sonnet-4-6", "/data", SecretStr("t")
    )


def test_t3_takes_its_own_words():
    t3 = read(
        systems.t3,
        AFK_T3_URL="http://t3",
        AFK_T3_PUBLIC_URL="https://t3.example/",
        AFK_T3_TOKEN_FILE="/run/t3",
        AFK_T3_INSTANCE="codex",
        AFK_T3_MODEL="gpt-9",
        AFK_T3_WORKSPACE_BASE="~/afk/",
    )

    assert t3 == systems.T3("http://t3", "https://t3.example", "codex", "gpt-9", "~/afk", None, Path("/run/t3"))


def test_t3_with_two_tokens_is_refused():
    assert problems(systems.t3, AFK_T3_URL="http://t3", AFK_T3_TOKEN="t", AFK_T3_TOKEN_FILE="f") == [
        "AFK_T3_TOKEN and AFK_T3_TOKEN_FILE are both set: unset one of them, for nobody can say which is meant."
    ]


@pytest.mark.parametrize(
    ("host", "url"),
    [("10.0.0.1", "https://10.0.0.1:6443"), ("fd00::1", "https://[fd00::1]:6443")],
    ids=["IPv4", "IPv6"],
)
def test_kubernetes_is_the_cluster_that_afk_runs_in(host, url):
    kubernetes = read(systems.kubernetes, KUBERNETES_SERVICE_HOST=host, KUBERNETES_SERVICE_PORT="6443")

    assert kubernetes == systems.Kubernetes(url, SERVICE_ACCOUNT / "token", SERVICE_ACCOUNT / "ca.crt")


def test_the_service_accounts_token_goes_to_no_other_cluster():
    kubernetes = read(systems.kubernetes, KUBERNETES_SERVICE_HOST="10.0.0.1", AFK_KUBERNETES_URL="https://k8s.example")

    assert kubernetes == systems.Kubernetes("https://k8s.example", None, None)


def test_files_of_ones_own_replace_the_service_accounts():
    kubernetes = read(
        systems.kubernetes,
        KUBERNETES_SERVICE_HOST="10.0.0.1",
        AFK_KUBERNETES_TOKEN_FILE="/run/token",
        AFK_KUBERNETES_CA_FILE="ca.pem",
    )

    assert kubernetes == systems.Kubernetes("https://10.0.0.1:443", Path("/run/token"), Path("/srv/afk/ca.pem"))


def test_an_unreadable_cluster_address_does_not_fall_back_to_the_own_cluster():
    environment = Environment({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "AFK_KUBERNETES_URL": "k8s"}, Path("/srv/afk"))

    assert systems.kubernetes(environment) is None
    assert len(environment.found.problems) == 1


def test_slack_takes_both_modes_and_operators():
    slack = read(
        systems.slack,
        SLACK_BOT_TOKEN="xoxb-1",
        SLACK_APP_TOKEN="xapp-1",
        SLACK_SIGNING_SECRET="s",
        AFK_SLACK_CHANNEL="C1",
        AFK_SLACK_OPERATORS="T1:U1",
        AFK_SLACK_READERS="T1:U2,T1:U3",
        AFK_DIGEST_AT="08:30",
        AFK_SLACK_API_URL="http://127.0.0.1:9/api/",
    )

    assert slack == systems.Slack(
        "http://127.0.0.1:9/api/",
        SecretStr("xoxb-1"),
        "C1",
        frozenset({("T1", "U1")}),
        SecretStr("xapp-1"),
        SecretStr("s"),
        frozenset({("T1", "U2"), ("T1", "U3")}),
        time(8, 30),
    )


def test_slack_without_operators_obeys_nobody():
    slack = read(systems.slack, SLACK_BOT_TOKEN="xoxb-1", AFK_SLACK_CHANNEL="C1", SLACK_APP_TOKEN="xapp-1")

    assert slack == systems.Slack(
        "https://slack.com/api/", SecretStr("xoxb-1"), "C1", frozenset(), SecretStr("xapp-1"), None
    )


def test_exchanged_slack_tokens_are_refused_unseen():
    assert problems(systems.slack, SLACK_BOT_TOKEN="xapp-1", SLACK_APP_TOKEN="xoxb-1") == [
        (
            "SLACK_BOT_TOKEN holds a token (not shown) of the kind xapp-…, which belongs in SLACK_APP_TOKEN: "
            "move it there."
        ),
        (
            "SLACK_APP_TOKEN holds a token (not shown) of the kind xoxb-…, which belongs in SLACK_BOT_TOKEN: "
            "move it there."
        ),
    ]


@pytest.mark.parametrize(
    ("token", "secret"), [({}, None), ({"AFK_NTFY_TOKEN": "t"}, SecretStr("t"))], ids=["open", "token"]
)
def test_ntfy_takes_a_topic_and_perhaps_a_token(token, secret):
    assert read(systems.ntfy, AFK_NTFY_URL="https://ntfy.sh/afk-1/", **token) == systems.Ntfy(
        "https://ntfy.sh/afk-1", secret
    )


@pytest.mark.parametrize("reader", READERS)
def test_an_unreadable_url_or_token_is_found_even_where_the_rest_is_missing(reader):
    broken = {f"AFK_{name}_URL": "nowhere" for name in ("FORGEJO", "T3", "WOODPECKER", "KUBERNETES", "NTFY")}
    broken |= {"AFK_GITHUB_API_URL": "nowhere", "AFK_SLACK_API_URL": "nowhere"}

    assert [problem.split(" is ")[1][:9] for problem in problems(reader, **broken)] == ["'nowhere'"]
