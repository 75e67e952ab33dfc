"""Run the bot as a process of its own before a simulated Slack, and let it die where a test wants it to."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from afk.adapters.ledger import open_ledger
from afk.core.records import Doorbell, DoorbellKind
from tests.slackbot.conftest import SECRET, free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afk.adapters.ledger import SqlLedger
    from afk.sandbox.slack import SlackServer

ROOT = Path(__file__).parents[2]
RUN = "import sys; from slackbot.main import main; sys.exit(main({http}, {health}))"
# The process kills itself with signal 9 right before or after its `nth` call of a method.
DIES = """
import os, signal
from {module} import {owner}
inner, calls = {owner}.{method}, []
def dying(*given, **named):
    calls.append(1)
    last = len(calls) == {nth}
    if last and "{moment}" == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    done = inner(*given, **named)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)
    return done
{owner}.{method} = dying
"""


@dataclass(frozen=True, slots=True)
class Death:
    module: str
    owner: str
    method: str
    nth: int
    moment: str  # before or after

    @property
    def code(self) -> str:
        return DIES.format(module=self.module, owner=self.owner, method=self.method, nth=self.nth, moment=self.moment)


def until(found: Callable[[], Any], seconds: float = 60) -> Any:
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, "did not come to pass"
        time.sleep(0.02)
    return value


class Place:
    def __init__(self, slack: SlackServer, home: Path) -> None:
        self.slack = slack
        self.room = slack.create_channel("ops")
        self.ada = slack.add_user("ada")
        self.health = free_port()
        self.environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(home),
            "AFK_DATABASE_URL": f"sqlite:///{home}/ledger.db",
            "AFK_SLACK_API_URL": f"{slack.url}/api/",
            "AFK_SLACK_CHANNEL": self.room,
            "AFK_SLACK_OPERATORS": f"{slack.workspace.team.id}:{self.ada}",
            "SLACK_BOT_TOKEN": slack.bot_token(),
            "SLACK_APP_TOKEN": slack.app_token(),
            "SLACK_SIGNING_SECRET": SECRET,
        }

    @contextmanager
    def bot(
        self, http: int | None = None, dies: Death | None = None, health: int = 0, **environment: str
    ) -> Iterator[subprocess.Popen[str]]:
        known = {name: value for name, value in (self.environment | environment).items() if value}
        code = (dies.code if dies else "") + RUN.format(http=http, health=health or self.health)
        command = [sys.executable, "-c", code]
        process = subprocess.Popen(command, env=known, cwd=self.environment["HOME"], stderr=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def healthy(self) -> dict[str, Any]:
        def asked() -> dict[str, Any]:
            try:
                answer = httpx.get(f"http://127.0.0.1:{self.health}/health", timeout=2)
            except httpx.HTTPError:
                return {}
            return answer.json() if answer.status_code == 200 else {}

        return until(asked)

    def metrics(self) -> str:
        return httpx.get(f"http://127.0.0.1:{self.health}/metrics", timeout=10).text

    def rings(self, key: str) -> None:
        with self.ledger() as ledger:
            ledger.ring(Doorbell(key, DoorbellKind.ALARM, datetime.now(UTC), text=f"text of {key}"))  # noqa: TID251

    def ledger(self) -> SqlLedger:
        return open_ledger(self.environment["AFK_DATABASE_URL"])

    def heard(self) -> list[str]:
        return [each["text"].split("\n")[-1] for each in self.slack.messages(self.room)]
