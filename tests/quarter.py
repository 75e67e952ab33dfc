"""A street with everything at once: GitHub's issues, Woodpecker's CI, a cluster, and two channels that ring."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afk import ring, settings, wiring
from afk.sandbox.kubernetes import KubernetesServer
from afk.sandbox.ntfy import NtfyServer
from afk.sandbox.slack import SlackServer
from afk.sandbox.t3 import T3Server
from afk.sandbox.woodpecker import WoodpeckerServer
from tests.street import REPO, Github, Street

if TYPE_CHECKING:
    from pathlib import Path

    from afk.sandbox.server import Server

RULES = f"""
[repos.infra]
slug = "{REPO}"
stages = ["woodpecker", "kubernetes"]

[repos.infra.kubernetes]
namespace = "prod"
deployment = "api"
container = "app"
"""


class Plant(Github):
    """Commits land on GitHub; Woodpecker builds them, and the cluster rolls them out."""

    def __init__(self, home: Path) -> None:
        super().__init__()
        self.woodpecker = WoodpeckerServer().start()
        self.cluster = KubernetesServer().start()
        self.home = home
        self.woodpecker.activate(REPO)
        (home / "cluster-token").write_text(self.cluster.add_service_account("afk"))
        self.cluster.allow("afk", "prod")
        self.cluster.create_deployment("prod", "api", _image("0" * 40))

    def environment(self) -> dict[str, str]:
        token = self.woodpecker.add_user("afk-bot")
        self.woodpecker.grant("afk-bot", REPO)
        return super().environment() | {
            "AFK_WOODPECKER_URL": self.woodpecker.url,
            "AFK_WOODPECKER_TOKEN": token,
            "AFK_KUBERNETES_URL": self.cluster.url,
            "AFK_KUBERNETES_TOKEN_FILE": str(self.home / "cluster-token"),
        }

    def rules(self) -> str:
        return RULES

    def ci(self, sha: str, *, green: bool) -> None:
        number = self.woodpecker.push_pipeline(REPO, sha)
        assert number is not None
        self.woodpecker.finish(REPO, number, "success" if green else "failure", log=["E   assert 1 == 2"])
        if green:
            self.cluster.roll_out("prod", "api", _image(sha))
            self.cluster.complete("prod", "api")


@dataclass
class Quarter(Street):
    slack: SlackServer = field(default_factory=lambda: SlackServer().start())
    ntfy: NtfyServer = field(default_factory=lambda: NtfyServer().start())

    @classmethod
    def at_large(cls, home: Path) -> Quarter:
        return cls(home, Plant(home), T3Server(auto_start=True, sees_disk=True).start())

    def __post_init__(self) -> None:
        super().__post_init__()
        self.room = self.slack.create_channel("ops")
        token = self.ntfy.add_user("afk-bot")
        self.ntfy.grant("afk-bot", "afk")
        self.environment |= {
            "SLACK_BOT_TOKEN": self.slack.bot_token(),
            "SLACK_APP_TOKEN": self.slack.app_token(),
            "AFK_SLACK_API_URL": f"{self.slack.url}/api/",
            "AFK_SLACK_CHANNEL": self.room,
            "AFK_SLACK_OPERATORS": "T1:U1",
            "AFK_NTFY_URL": f"{self.ntfy.url}/afk",
            "AFK_NTFY_TOKEN": token,
        }

    @property
    def servers(self) -> dict[str, Server]:
        assert isinstance(self.forge, Plant)
        plant = {"woodpecker": self.forge.woodpecker, "kubernetes": self.forge.cluster}
        return super().servers | plant | {"slack": self.slack, "ntfy": self.ntfy}

    def ticks(self) -> None:
        super().ticks()
        loaded = settings.load(self.environment)
        clock = wiring.clock()
        with wiring.ledger(loaded.database_url) as ledger, wiring.ports(loaded, ledger, clock) as ports:
            ring.deliver(ports, clock.now())

    def rung(self) -> dict[str, list[str]]:
        """What arrived on each channel."""
        return {
            "slack": [message["text"] for message in self.slack.messages(self.room)],
            "ntfy": [message["message"] for message in self.ntfy.published("afk")],
        }


def _image(sha: str) -> str:
    return f"registry.test:5000/acme/api:{sha}"
