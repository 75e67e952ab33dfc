"""`afk doctor` and the systems beside the forge and T3: CI, channels, and GitHub as an App."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.kubernetes import KubernetesServer
from afk.sandbox.ntfy import NtfyServer
from afk.sandbox.slack import SlackServer
from afk.sandbox.woodpecker import WoodpeckerServer
from tests.street import REPO, Street

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from afk.sandbox.server import Server

SHA = "0123456789abcdef0123456789abcdef01234567"
RULES = f"""
[repos.infra]
slug = "{REPO}"
stages = ["checks", "woodpecker", "kubernetes"]
[repos.infra.kubernetes]
namespace = "live"
deployment = "infra"
container = "app"
"""


class Town(Street):
    """The street with every other system that AFK can be configured for."""

    def settle(self) -> None:
        (self.home / "afk.toml").write_text(RULES)
        self.woodpecker, self.kubernetes = WoodpeckerServer().start(), KubernetesServer().start()
        self.slack, self.ntfy = SlackServer().start(), NtfyServer(default_access="deny-all").start()
        self.channel = self.slack.create_channel("doorbells")
        self.woodpecker.activate(REPO)
        self.kubernetes.create_deployment("live", "infra", f"registry.test/infra:{SHA}")
        (self.home / "kubernetes-token").write_text(self.kubernetes.add_service_account("afk"))
        self.kubernetes.allow("afk", "live")
        self.environment |= {
            "AFK_WOODPECKER_URL": self.woodpecker.url,
            "AFK_WOODPECKER_TOKEN": self.woodpecker.add_user("afk"),
            "AFK_KUBERNETES_URL": self.kubernetes.url,
            "AFK_KUBERNETES_TOKEN_FILE": str(self.home / "kubernetes-token"),
            "SLACK_BOT_TOKEN": self.slack.bot_token(),
            "SLACK_APP_TOKEN": self.slack.app_token(),
            "AFK_SLACK_API_URL": f"{self.slack.url}/api/",
            "AFK_SLACK_CHANNEL": self.channel,
            "AFK_SLACK_OPERATORS": "T1:U1",
            "AFK_NTFY_URL": f"{self.ntfy.url}/hidden-topic",
            "AFK_NTFY_TOKEN": self.ntfy.add_user("afk"),
        }
        self.woodpecker.grant("afk", REPO)
        self.ntfy.grant("afk", "hidden-topic")

    @property
    def others(self) -> tuple[Server, ...]:
        return self.woodpecker, self.kubernetes, self.slack, self.ntfy

    def close(self) -> None:
        super().close()
        for server in self.others:
            server.stop()

    def doctor(self, code: int) -> list[dict[str, str]]:
        facts = json.loads(self.afk("doctor", "--json", code=code))
        found: list[dict[str, str]] = facts["findings"]
        return found

    def set(self, **variables: Any) -> None:
        self.environment |= variables


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    made = Town.at(tmp_path, "github", 1)
    assert isinstance(made, Town)
    made.settle()
    yield made
    made.close()


def told(found: list[dict[str, str]], system: str) -> Mapping[str, tuple[str, str]]:
    """By subject: level and what is so."""
    return {each["subject"]: (each["level"], each["what"]) for each in found if each["system"] == system}


def test_town_in_order_could_run(town: Town) -> None:
    found = town.doctor(0)

    assert told(found, "Woodpecker") == {REPO: ("ok", "active; its default branch is main")}
    assert told(found, "Kubernetes") == {"infra": ("ok", f"its deployment runs registry.test/infra:{SHA}")}
    assert {subject: level for subject, (level, _) in told(found, "Slack").items()} == dict.fromkeys(
        ("app token", "operators", "clock", "bot token", "scopes", "channel"), "ok"
    )
    assert {subject: level for subject, (level, _) in told(found, "ntfy").items()} == {"clock": "ok", "topic": "ok"}


def test_bot_is_looked_over_with_what_the_bot_has(town: Town) -> None:
    """It holds no token of the forge, T3 or CI, and a network may keep it from them: none of that is a fault."""
    whole = dict(town.environment)
    town.set(**{name: "" for name in whole if re.search("GITHUB|T3_TOKEN|WOODPECKER_TOKEN|KUBERNETES", name)})
    before = len(town.kubernetes.exchanges)

    found = json.loads(town.afk("doctor", "--bot", "--json"))["findings"]

    assert {each["system"] for each in found} == {"settings", "ledger", "Slack", "ntfy"}
    assert told(found, "Slack")["channel"][0] == "ok"
    town.environment = whole
    town.afk("doctor", "--bot")
    assert len(town.kubernetes.exchanges) == before
    town.set(SLACK_BOT_TOKEN="")
    (fault,) = [
        each
        for each in json.loads(town.afk("doctor", "--bot", "--json", code=1))["findings"]
        if each["level"] == "fail"
    ]
    assert fault["what"] == "Slack is not configured"


def test_others_are_only_read(town: Town) -> None:
    town.doctor(0)

    assert {each.line for server in town.others for each in server.exchanges} == {
        f"GET /api/repos/lookup/{REPO}",
        "GET /apis/apps/v1/namespaces/live/deployments/infra",
        "POST /api/auth.test",
        "POST /api/conversations.history",
        "GET /hidden-topic/auth",
    }
    assert town.slack.messages(town.channel) == []


def enrol_without_deployment(town: Town) -> None:
    (town.home / "afk.toml").write_text(f'[repos.infra]\nslug = "{REPO}"\n')


def test_stage_that_nobody_uses_is_not_asked(town: Town) -> None:
    enrol_without_deployment(town)

    found = town.doctor(0)

    assert [told(found, system) for system in ("Woodpecker", "Kubernetes")] == [
        {"server": ("ok", "not asked: no enrolled repository has the stage woodpecker")},
        {"cluster": ("ok", "not asked: no enrolled repository has the stage kubernetes")},
    ]
    assert town.woodpecker.exchanges == town.kubernetes.exchanges == []


def write_token(town: Town, text: str) -> None:
    (town.home / "kubernetes-token").write_text(text)


def html(server: Server) -> None:
    kind = {"Content-Type": "text/html"}
    server.faults.add(Fault(Trouble.STATUS, times=None, status=200, headers=kind, body="<html>sign in</html>"))


FAULTS = [
    pytest.param(lambda town: town.set(AFK_WOODPECKER_TOKEN="nobody-gave-this"), "Woodpecker", REPO, "fail", "401", "personal token", id="woodpecker-wrong-token"),
    pytest.param(lambda town: town.woodpecker.deactivate(REPO), "Woodpecker", REPO, "fail", "is not active there", "Activate it", id="woodpecker-inactive"),
    pytest.param(lambda town: town.woodpecker.repositories.clear(), "Woodpecker", REPO, "fail", "not activated, or the token may not pull", "Activate it", id="woodpecker-unknown"),
    pytest.param(lambda town: town.woodpecker.stop(), "Woodpecker", REPO, "fail", "nobody answers", "AFK_WOODPECKER_URL", id="woodpecker-down"),
    pytest.param(lambda town: html(town.woodpecker), "Woodpecker", REPO, "fail", "text/html", "Activate it", id="woodpecker-html"),
    pytest.param(lambda town: write_token(town, "nobody-gave-this"), "Kubernetes", "infra", "fail", "401", "service account", id="kubernetes-wrong-token"),
    pytest.param(lambda town: town.kubernetes.take_rights("afk"), "Kubernetes", "infra", "fail", "403", "get deployments", id="kubernetes-without-rights"),
    pytest.param(lambda town: town.kubernetes.delete_deployment("live", "infra"), "Kubernetes", "infra", "fail", "404", "Correct namespace, deployment", id="kubernetes-deployment-gone"),
    pytest.param(lambda town: town.kubernetes.roll_out("live", "infra", "registry.test/infra:latest"), "Kubernetes", "infra", "fail", "does not say which commit", "tag be the commit", id="kubernetes-tag-without-commit"),
    pytest.param(lambda town: (town.home / "kubernetes-token").unlink(), "Kubernetes", "infra", "fail", "token file cannot be read", "service account", id="kubernetes-token-file-missing"),
    pytest.param(lambda town: town.set(AFK_KUBERNETES_CA_FILE=str(town.home / "afk.toml")), "Kubernetes", "cluster", "fail", "CA file cannot be used", "AFK_KUBERNETES_CA_FILE", id="kubernetes-bad-authority"),
    pytest.param(lambda town: town.kubernetes.stop(), "Kubernetes", "infra", "fail", "nobody answers", "AFK_KUBERNETES_URL", id="kubernetes-down"),
    pytest.param(lambda town: town.slack.revoke(town.environment["SLACK_BOT_TOKEN"]), "Slack", "bot token", "fail", "token_revoked", "Set SLACK_BOT_TOKEN", id="slack-revoked-token"),
    pytest.param(lambda town: town.set(SLACK_BOT_TOKEN=town.slack.bot_token(("commands",))), "Slack", "scopes", "fail", "lacks chat:write", "install the app again", id="slack-may-not-write"),
    pytest.param(lambda town: town.set(SLACK_BOT_TOKEN=town.slack.bot_token(("chat:write", "channels:history", "groups:history"))), "Slack", "scopes", "warn", "lacks commands", "install the app again", id="slack-without-commands"),
    pytest.param(lambda town: town.slack.remove_app(town.channel), "Slack", "channel", "fail", "not_in_channel", "invite the bot", id="slack-not-invited"),
    pytest.param(lambda town: town.set(AFK_SLACK_CHANNEL="C0NOWHERE"), "Slack", "channel", "fail", "channel_not_found", "Correct AFK_SLACK_CHANNEL", id="slack-unknown-channel"),
    pytest.param(lambda town: town.set(SLACK_APP_TOKEN="planted-but-no-app-token"), "Slack", "app token", "fail", "does not look like one", "connections:write", id="slack-no-app-token"),
    pytest.param(lambda town: town.set(AFK_SLACK_OPERATORS=""), "Slack", "operators", "warn", "nobody may act", "team:user", id="slack-nobody-may-act"),
    pytest.param(lambda town: town.slack.stop(), "Slack", "API", "fail", "nobody answers", "AFK_SLACK_API_URL", id="slack-down"),
    pytest.param(lambda town: html(town.slack), "Slack", "API", "fail", "auth.test", "AFK_SLACK_API_URL", id="slack-html"),
    pytest.param(lambda town: town.set(AFK_NTFY_TOKEN="nobody-gave-this"), "ntfy", "token", "fail", "refused as wrong", "AFK_NTFY_TOKEN", id="ntfy-wrong-token"),
    pytest.param(lambda town: town.ntfy.grant("afk", "hidden-topic", "write-only"), "ntfy", "topic", "warn", "may not be read", "read and write", id="ntfy-may-not-read"),
    pytest.param(lambda town: html(town.ntfy), "ntfy", "topic", "fail", "not as ntfy does", "AFK_NTFY_URL", id="ntfy-html"),
    pytest.param(lambda town: town.ntfy.faults.add(Fault(Trouble.STATUS, times=None, status=200, body='{"ok": true}')), "ntfy", "topic", "fail", "not as ntfy does", "AFK_NTFY_URL", id="ntfy-other-json"),
    pytest.param(lambda town: town.ntfy.stop(), "ntfy", "topic", "fail", "nobody answers", "AFK_NTFY_URL", id="ntfy-down"),
]  # fmt: skip


@pytest.mark.parametrize(("plant", "system", "subject", "level", "what", "todo"), FAULTS)
def test_planted_fault_is_named_with_its_mend(
    town: Town, plant: Callable[[Town], object], system: str, subject: str, level: str, what: str, todo: str
) -> None:
    plant(town)

    found = town.doctor(1 if level == "fail" else 0)

    (line,) = [each for each in found if (each["system"], each["subject"], each["level"]) == (system, subject, level)]
    assert what in line["what"]
    assert todo in line["todo"]
    assert "hidden-topic" not in str(found)
    assert "planted-but" not in str(found)


# GitHub as an App

EVERYTHING = {"contents": "read", "issues": "write", "checks": "read", "actions": "read", "statuses": "read"}


class App:
    """The App of this installation of AFK, and what it was granted."""

    def __init__(self, town: Town, granted: Mapping[str, str]) -> None:
        self.github: Any = town.forge.server
        made = self.github.create_app("afk-app", "acme", granted)
        self.number: int = self.github.install_app("afk-app", "acme")
        self.key = town.home / "key.pem"
        self.key.write_text(made.private_key)
        del town.environment["AFK_GITHUB_TOKEN"]
        town.set(AFK_GITHUB_APP_ID=str(made.id), AFK_GITHUB_APP_PRIVATE_KEY_FILE=str(self.key))


def test_app_with_every_permission_could_run(town: Town) -> None:
    App(town, EVERYTHING)

    found = told(town.doctor(0), "GitHub")

    assert found["App"] == ("ok", "signed in as afk-app")
    assert found["installation for acme"] == ("ok", "may read the code, and read and write issues")


def test_app_that_may_see_no_ci_is_told_so(town: Town) -> None:
    App(town, {"contents": "read", "issues": "write"})

    found = town.doctor(1)

    assert told(found, "GitHub")["installation for acme"][0] == "warn"
    assert [each["todo"] for each in found if "its CI cannot be read" in each["what"]] == [
        "Let the token read Actions and Commit statuses, or the App Checks"
    ]


def test_app_that_may_only_read_issues_cannot_run(town: Town) -> None:
    App(town, EVERYTHING | {"issues": "read"})

    assert told(town.doctor(1), "GitHub")["installation for acme"] == ("fail", "it lacks issues: write")


def test_app_that_is_installed_nowhere_cannot_run(town: Town) -> None:
    app = App(town, EVERYTHING)
    app.github.uninstall_app(app.number)

    found = told(town.doctor(1), "GitHub")

    assert found["installation for acme"] == ("fail", "the App is installed in none of its repositories")


def test_suspended_app_cannot_run(town: Town) -> None:
    app = App(town, EVERYTHING)
    app.github.suspend_installation(app.number)

    assert any("suspended" in each["what"] for each in town.doctor(1) if each["level"] == "fail")


@pytest.mark.parametrize("content", ["no key at all", None], ids=["no-key", "no-file"])
def test_app_key_that_does_not_sign_is_told(town: Town, content: str | None) -> None:
    app = App(town, EVERYTHING)
    app.key.unlink()
    if content is not None:
        app.key.write_text(content)

    level, what = told(town.doctor(1), "GitHub")["App"]

    assert (level, "does not sign" in what) == ("fail", True)


def test_app_that_github_does_not_know_is_told(town: Town) -> None:
    App(town, EVERYTHING)
    town.set(AFK_GITHUB_APP_ID="999999")

    level, what = told(town.doctor(1), "GitHub")["App"]

    assert (level, "its signature is refused" in what) == ("fail", True)
