"""Show that a system which an enrolled repository needs is asked for by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from afk.core.config import Config
from afk.core.model import ForgeKind, KubernetesTarget, Repo, Slug, StageKind
from afk.environment import Environment
from afk.requirements import missing

T3 = {"AFK_T3_URL": "http://t3", "AFK_T3_TOKEN": "t"}
GITHUB = {"AFK_GITHUB_TOKEN": "t"}
EVERYTHING = {
    **T3,
    **GITHUB,
    "AFK_FORGEJO_URL": "http://f",
    "AFK_FORGEJO_TOKEN": "t",
    "AFK_WOODPECKER_URL": "http://w",
    "AFK_WOODPECKER_TOKEN": "t",
    "AFK_KUBERNETES_URL": "http://k",
}


def repo(name: str = "infra", forge: ForgeKind = ForgeKind.GITHUB, *stages: StageKind) -> Repo:
    return Repo(name, forge, Slug("owner", name), stages, KubernetesTarget("n", "d", "c"))


def gaps(environ: dict[str, str], *repos: Repo) -> tuple[str, ...]:
    return missing(Config(repos={repo.name: repo for repo in repos}), Environment(environ, Path("/work")), "afk.toml")


def test_nothing_enrolled_needs_nothing():
    assert gaps({}) == ()


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({**T3, **GITHUB}, id="tokens"),
        pytest.param({"AFK_T3_URL": "http://t3", "AFK_T3_TOKEN_FILE": "f", **GITHUB}, id="token file"),
        pytest.param({**T3, "AFK_GITHUB_APP_ID": "7", "AFK_GITHUB_APP_PRIVATE_KEY_FILE": "f"}, id="app"),
    ],
)
def test_a_github_repository_needs_t3_and_github(given):
    assert gaps(given, repo()) == ()


@pytest.mark.parametrize(
    ("repos", "unset", "line"),
    [
        pytest.param(
            [repo()],
            "AFK_T3_URL",
            "afk.toml: repository infra (enrolled) needs AFK_T3_URL: set it, or take out what needs it.",
            id="no executor",
        ),
        pytest.param(
            [repo(), repo("web"), repo("api")],
            "AFK_T3_TOKEN",
            "afk.toml: repository infra and 2 more (enrolled) needs AFK_T3_TOKEN or AFK_T3_TOKEN_FILE: "
            "set it, or take out what needs it.",
            id="no token for the executor",
        ),
        pytest.param(
            [repo()],
            "AFK_GITHUB_TOKEN",
            "afk.toml: repository infra (forge github) needs AFK_GITHUB_TOKEN or AFK_GITHUB_APP_ID with "
            "AFK_GITHUB_APP_PRIVATE_KEY_FILE: set it, or take out what needs it.",
            id="no token for GitHub",
        ),
        pytest.param(
            [repo(), repo("notes", ForgeKind.FORGEJO)],
            "AFK_FORGEJO_URL",
            "afk.toml: repository notes (forge forgejo) needs AFK_FORGEJO_URL: set it, or take out what needs it.",
            id="no Forgejo",
        ),
        pytest.param(
            [repo("notes", ForgeKind.FORGEJO)],
            "AFK_FORGEJO_TOKEN",
            "afk.toml: repository notes (forge forgejo) needs AFK_FORGEJO_TOKEN: set it, or take out what needs it.",
            id="no token for Forgejo",
        ),
        pytest.param(
            [repo("infra", ForgeKind.GITHUB, StageKind.WOODPECKER)],
            "AFK_WOODPECKER_URL",
            "afk.toml: repository infra (stage woodpecker) needs AFK_WOODPECKER_URL: set it, or take out what "
            "needs it.",
            id="no Woodpecker",
        ),
        pytest.param(
            [repo("infra", ForgeKind.GITHUB, StageKind.WOODPECKER)],
            "AFK_WOODPECKER_TOKEN",
            "afk.toml: repository infra (stage woodpecker) needs AFK_WOODPECKER_TOKEN: set it, or take out what "
            "needs it.",
            id="no token for Woodpecker",
        ),
        pytest.param(
            [repo("infra", ForgeKind.GITHUB, StageKind.KUBERNETES)],
            "AFK_KUBERNETES_URL",
            "afk.toml: repository infra (stage kubernetes) needs AFK_KUBERNETES_URL or KUBERNETES_SERVICE_HOST: "
            "set it, or take out what needs it.",
            id="no cluster",
        ),
    ],
)
def test_a_gap_names_the_repository_and_the_variable(repos, unset, line):
    assert gaps(EVERYTHING, *repos) == ()
    assert gaps({**EVERYTHING, unset: " "}, *repos) == (line,)


def test_the_own_cluster_serves_the_stage_kubernetes():
    in_cluster = {**T3, **GITHUB, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}

    assert gaps(in_cluster, repo("infra", ForgeKind.GITHUB, StageKind.KUBERNETES)) == ()


def test_a_bot_token_alone_makes_no_slack():
    assert gaps({"SLACK_BOT_TOKEN": "xoxb-1"}) == (
        "SLACK_BOT_TOKEN needs AFK_SLACK_CHANNEL: set it, or unset SLACK_BOT_TOKEN for no Slack.",
        "SLACK_BOT_TOKEN needs SLACK_APP_TOKEN or SLACK_SIGNING_SECRET: set it, or unset SLACK_BOT_TOKEN for no Slack.",
    )


@pytest.mark.parametrize("mode", ["SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET"])
def test_slack_needs_a_channel_and_one_mode(mode):
    assert gaps({"SLACK_BOT_TOKEN": "xoxb-1", "AFK_SLACK_CHANNEL": "C1", mode: "s"}) == ()


def test_slack_settings_without_the_bots_token_serve_a_process_without_slack():
    assert gaps({"AFK_SLACK_CHANNEL": "C1", "AFK_SLACK_OPERATORS": "T1:U1"}) == ()
