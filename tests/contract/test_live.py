"""The live form of every contract works: it is pointed at simulated servers, and what it did to them is looked at."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from afk.sandbox.t3 import T3Server
from tests.street import REPO, Forgejo, Github
from tests.town import Bells, Pipelines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afk.sandbox.server import Server

ROOT = Path(__file__).parents[2]
READ_ONLY = re.compile(r"GET|POST /graphql|POST /api/(auth|conversations)\.\w+|POST /api/auth/websocket-ticket")


class Neighbours:
    """One of each real system, simulated, with an issue to write to."""

    def __init__(self, home: Path) -> None:
        self.hub, self.forge, self.t3 = Github(), Forgejo(), T3Server(protocol=2).start()
        self.ci, self.bells = Pipelines(home), Bells()
        self.issues = {
            name: forge.opens("A place to write") for name, forge in (("hub", self.hub), ("forge", self.forge))
        }
        hub, forge, ci, bells = (each.environment for each in (self.hub, self.forge, self.ci, self.bells))
        self.commit = self.hub.pushes("Look at this")
        self.environment = {
            "AFK_LIVE_GITHUB_API_URL": hub()["AFK_GITHUB_API_URL"],
            "AFK_LIVE_GITHUB_TOKEN": hub()["AFK_GITHUB_TOKEN"],
            "AFK_LIVE_GITHUB_REPO": REPO,
            "AFK_LIVE_GITHUB_ISSUE": str(self.issues["hub"]),
            "AFK_LIVE_FORGEJO_URL": forge()["AFK_FORGEJO_URL"],
            "AFK_LIVE_FORGEJO_TOKEN": forge()["AFK_FORGEJO_TOKEN"],
            "AFK_LIVE_FORGEJO_REPO": REPO,
            "AFK_LIVE_FORGEJO_ISSUE": str(self.issues["forge"]),
            "AFK_LIVE_T3_URL": self.t3.url,
            "AFK_LIVE_T3_TOKEN": self.t3.issue_token(),
            "AFK_LIVE_WOODPECKER_URL": ci["AFK_WOODPECKER_URL"],
            "AFK_LIVE_WOODPECKER_TOKEN": ci["AFK_WOODPECKER_TOKEN"],
            "AFK_LIVE_WOODPECKER_REPO": REPO,
            "AFK_LIVE_KUBERNETES_URL": ci["AFK_KUBERNETES_URL"],
            "AFK_LIVE_KUBERNETES_TOKEN_FILE": ci["AFK_KUBERNETES_TOKEN_FILE"],
            "AFK_LIVE_KUBERNETES_NAMESPACE": "prod",
            "AFK_LIVE_KUBERNETES_DEPLOYMENT": "api",
            "AFK_LIVE_KUBERNETES_CONTAINER": "app",
            "AFK_LIVE_SLACK_API_URL": bells["AFK_SLACK_API_URL"],
            "AFK_LIVE_SLACK_TOKEN": bells["SLACK_BOT_TOKEN"],
            "AFK_LIVE_SLACK_CHANNEL": bells["AFK_SLACK_CHANNEL"],
            "AFK_LIVE_NTFY_URL": bells["AFK_NTFY_URL"],
            "AFK_LIVE_NTFY_TOKEN": bells["AFK_NTFY_TOKEN"],
        }

    @property
    def servers(self) -> Mapping[str, Server]:
        forges = {"github": self.hub.server, "forgejo": self.forge.server, "t3": self.t3}
        return {**forges, **self.ci.servers, **self.bells.servers}

    def writes(self) -> list[str]:
        lines = [exchange.line for server in self.servers.values() for exchange in server.exchanges]
        return [line for line in lines if not READ_ONLY.match(line)]

    def live(self, **more: str) -> str:
        """`make live`, as an operator types it."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AFK_", "SLACK_", "PYTEST"))}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "tests/contract", "-m", "live", "-rA", "-p", "no:cacheprovider"],
            cwd=ROOT, env={**kept, **self.environment, **more}, capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr
        return done.stdout


@pytest.fixture
def neighbours(tmp_path: Path) -> Iterator[Neighbours]:
    made = Neighbours(tmp_path)
    yield made
    for server in made.servers.values():
        server.stop()


def test_live_mode_reads_every_system_and_writes_nothing(neighbours: Neighbours) -> None:
    said = neighbours.live(AFK_LIVE_COMMIT=neighbours.commit)

    assert {name for name, server in neighbours.servers.items() if server.exchanges} == set(neighbours.servers)
    assert neighbours.writes() == []
    for line in (f"github: read 0 ready and 0 running issues of {REPO}", "woodpecker: ", "kubernetes: "):
        assert line in said


def test_live_mode_writes_where_it_is_allowed_and_takes_it_back(neighbours: Neighbours) -> None:
    said = neighbours.live(AFK_LIVE_WRITES="1")

    for name, forge in (("hub", neighbours.hub), ("forge", neighbours.forge)):
        number = neighbours.issues[name]
        assert (forge.labels_of(number), forge.comments_of(number), forge.is_open(number)) == (set(), [], True)
    assert neighbours.bells.heard()["slack"] == []
    assert f"github: labelled, commented, closed and reopened {REPO}#1, and took it back" in said
    assert "and interrupted its agent" in said
    assert "ntfy takes nothing back" in said
    assert len(neighbours.writes()) > 10
