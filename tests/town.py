"""A street with more neighbours: CI servers, a cluster, and bells. And a person who tells its stories to their end."""

from __future__ import annotations

import os
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from afk import ring, settings, wiring
from afk.sandbox.kubernetes import KubernetesServer
from afk.sandbox.ntfy import NtfyServer
from afk.sandbox.slack import SlackServer
from afk.sandbox.woodpecker import WoodpeckerServer
from tests.street import REPO, Street, later

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from afk.report import Report
    from afk.sandbox.server import Server

DEPLOYED = """stages = ["woodpecker", "kubernetes"]
[repos.infra.kubernetes]
namespace = "prod"
deployment = "api"
container = "app"
"""
ROUNDS = 14
VARIES = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)[0-9a-f]{40}|(?<=/)[0-9]+|(?<=[.-])[0-9a-f]{8}\b")
PAUSES = (0, 11, 22)  # seconds: longer than a deliverer waits after one trouble


def image_of(sha: str) -> str:
    return f"registry.test:5000/acme/api:{sha}"


class Pipelines:
    """Woodpecker builds, Kubernetes rolls out; each may be what goes red."""

    def __init__(self, home: Path) -> None:
        self.woodpecker, self.kubernetes = WoodpeckerServer().start(), KubernetesServer().start()
        self.servers: dict[str, Server] = {"woodpecker": self.woodpecker, "kubernetes": self.kubernetes}
        self.woodpecker.activate(REPO)
        token_file = home / "token"
        token_file.write_text(self.kubernetes.add_service_account("afk"))
        self.kubernetes.allow("afk", "prod")
        self.kubernetes.create_deployment("prod", "api", image_of("0" * 40))
        self.environment = {
            "AFK_WOODPECKER_URL": self.woodpecker.url,
            "AFK_WOODPECKER_TOKEN": self.woodpecker.add_user("afk-bot"),
            "AFK_KUBERNETES_URL": self.kubernetes.url,
            "AFK_KUBERNETES_TOKEN_FILE": str(token_file),
        }
        self.woodpecker.grant("afk-bot", REPO)

    def run(self, sha: str, red: str) -> None:
        number = self.woodpecker.push_pipeline(REPO, sha)
        assert number is not None
        if red == "woodpecker":
            self.woodpecker.finish(REPO, number, "failure", log=["E   assert 1 == 2"])
            return
        self.woodpecker.finish(REPO, number)
        self.kubernetes.roll_out("prod", "api", image_of(sha))
        if red == "kubernetes":
            self.kubernetes.fail_deadline("prod", "api")
        else:
            self.kubernetes.complete("prod", "api")


class Bells:
    """Slack and ntfy, both ringing for the same installation."""

    def __init__(self) -> None:
        self.slack, self.ntfy = SlackServer().start(), NtfyServer().start()
        self.servers: dict[str, Server] = {"slack": self.slack, "ntfy": self.ntfy}
        self.room = self.slack.create_channel("ops")
        self.environment = {
            "AFK_SLACK_API_URL": f"{self.slack.url}/api/",
            "SLACK_BOT_TOKEN": self.slack.bot_token(),
            "SLACK_SIGNING_SECRET": "shh-this-signs-requests",
            "AFK_SLACK_CHANNEL": self.room,
            "AFK_NTFY_URL": f"{self.ntfy.url}/afk",
            "AFK_NTFY_TOKEN": self.ntfy.add_user("afk-bot"),
        }
        self.ntfy.grant("afk-bot", "afk")

    def heard(self) -> dict[str, list[str]]:
        """What each channel shows, oldest first."""
        return {
            "slack": [message["text"].splitlines()[0] for message in self.slack.messages(self.room)],
            "ntfy": [message["title"] for message in self.ntfy.published("afk")],
        }


@dataclass
class Town:
    """`reds` is what each push of the agent breaks, in this order; "" is green."""

    street: Street
    reds: Sequence[str] = ("checks", "")
    pipelines: Pipelines | None = None
    bells: Bells | None = None
    servers: dict[str, Server] = field(init=False)

    def __post_init__(self) -> None:
        street = self.street
        forge = "forgejo" if "AFK_FORGEJO_URL" in street.environment else "github"
        self.servers = {forge: street.forge.server, f"t3 protocol {street.t3.protocol}": street.t3}
        for more in filter(None, (self.pipelines, self.bells)):
            self.servers |= more.servers
            street.environment |= more.environment
        if self.pipelines is not None:
            rules = street.home / "afk.toml"
            rules.write_text(rules.read_text() + DEPLOYED)
        street.afk("arm", "infra")

    @classmethod
    @contextmanager
    def at(cls, home: Path, forge: str, protocol: int, more: str = "") -> Iterator[Town]:
        reds = ("woodpecker", "kubernetes", "") if more == "pipelines" else ("checks", "")
        street = Street.at(home, forge, protocol)
        town = cls(street, reds, Pipelines(home) if more == "pipelines" else None, Bells() if more == "bells" else None)
        try:
            yield town
        finally:
            for server in town.servers.values():
                server.stop()

    def wakes(self) -> None:
        """Whoever left is back."""
        for server in self.servers.values():
            server.start()

    def ticks(self) -> None:
        self.street.ticks()
        if self.bells is not None:
            self.rings()
        self.wakes()

    def rings(self) -> Report:
        """Delivery passes until nothing is in the way any more, or it must wait for minutes. Gives the last one."""
        for seconds in PAUSES:
            report = self._pass(seconds)
            self.wakes()
            if not report.troubles:
                break
        return report

    def _pass(self, seconds: int) -> Report:
        foreign = {name: value for name, value in os.environ.items() if not name.startswith(("AFK_", "SLACK_"))}
        with patch.dict(os.environ, {**foreign, **self.street.environment}, clear=True):
            loaded = settings.load()
        clock = wiring.clock()
        with wiring.ledger(loaded.database_url) as ledger, wiring.ports(loaded, ledger, clock) as ports:
            return ring.deliver(ports, clock.now() + timedelta(seconds=seconds))

    def goes(self, sha: str, red: str) -> None:
        if self.pipelines is not None:
            self.pipelines.run(sha, red)
        else:
            self.street.forge.ci(sha, green=not red)

    def runs(self, number: int) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self.street.facts("runs", f"infra#{number}")
        return found

    def until(self, reached: Callable[[], object]) -> None:
        """Minutes go by until it is so."""
        for minute in range(ROUNDS):
            self.ticks()
            if reached():
                return
            if minute > 1:
                later(0.2)  # who is told to come back in a second must see it pass
        raise AssertionError(f"{ROUNDS} minutes were not enough")

    # stories

    def corrected(self) -> None:
        """The agent pushes until nothing is red any more, and the issue is closed."""
        number, pushed = self.street.issue(), list[str]()

        def over() -> bool:
            runs = self.runs(number)
            if runs and runs[0]["started_at"] and not runs[0]["finished_at"]:
                thread = str(runs[0]["thread_id"])
                told = len(self.street.said_to_agent(number)) == len(pushed) + 1
                if told and self.street.t3.turns(thread)[-1].status == "running":
                    pushed.append(self.street.agent_pushes(number))
                    self.goes(pushed[-1], self.reds[len(pushed) - 1])
            return bool(runs and runs[0]["finished_at"])

        self.until(over)

    def handed_back(self) -> None:
        """A question and its answer, a push that closes the issue and is red, no correction left, a re-run, a stop."""
        self.street.set(fix_forward_max_attempts=0)
        number, t3 = self.street.issue(), self.street.t3
        self.until(lambda: any(run["started_at"] for run in self.runs(number)))
        thread = str(self.runs(number)[0]["thread_id"])
        t3.agent_asks(thread, {"Which region?": ("eu", "us")})
        self.until(lambda: self.runs(number)[0]["state"] == "asked")
        self.street.afk("say", f"infra#{number}", "eu")
        self.until(lambda: [each.status for each in t3.requests(thread)] == ["resolved"])
        self.goes(self.street.agent_pushes(number, f"Do it\n\nCloses #{number}"), "checks")
        self.until(lambda: self.runs(number)[0]["finished_at"])
        self.street.afk("redispatch", f"infra#{number}")
        self.until(lambda: len(self.runs(number)) == 2 and self.runs(number)[0]["started_at"])
        self.street.afk("stop", f"infra#{number}")
        self.until(lambda: self.runs(number)[0]["finished_at"])

    def picture(self) -> dict[str, Any]:
        """All that people and agents see in the end, without what differs from run to run."""
        number, forge, t3 = 1, self.street.forge, self.street.t3
        return {
            "runs": [(run["state"], run["reason"], run["attempt"], run["corrections"]) for run in self.runs(number)],
            "open": forge.is_open(number),
            "labels": sorted(forge.labels_of(number)),
            "comments": sorted(
                (_shape(text.splitlines()[0]), text.count("[x]")) for _, text in forge.comments_of(number)
            ),
            "messages": sorted(
                [_shape(each.text.splitlines()[0]) for each in t3.messages(thread) if each.role == "user"]
                for thread in t3.threads
            ),
            "turns": sorted([turn.status for turn in t3.turns(thread)] for thread in t3.threads),
            "bells": self.bells.heard() if self.bells else {},
        }

    def calls(self, system: str) -> list[tuple[str, int]]:
        """The kinds of call that a system got so far, and how often: what differs between two of a kind is left out."""
        return list(Counter(_shape(exchange.line) for exchange in self.servers[system].exchanges).items())


def _shape(text: str) -> str:
    return VARIES.sub("…", text)
