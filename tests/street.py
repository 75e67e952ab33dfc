"""A street of simulated servers, and AFK's command line in a house on it: everything goes over the wire."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from typer.testing import CliRunner

from afk.cli import app
from afk.sandbox.forgejo import ForgejoServer
from afk.sandbox.github import GithubServer
from afk.sandbox.t3 import T3Server

if TYPE_CHECKING:
    from pathlib import Path

    from afk.sandbox.server import Server

REPO = "acme/infra"
RUNNER = CliRunner()


class Forge(Protocol):
    """What people and CI do on a forge, whichever it is."""

    server: Server

    def environment(self) -> dict[str, str]: ...
    def rules(self) -> str: ...
    def opens(self, title: str, body: str = "") -> int: ...
    def labels(self, number: int, label: str, *, by: str = "ada") -> None: ...
    def unlabels(self, number: int, label: str) -> None: ...
    def labels_of(self, number: int) -> set[str]: ...
    def comments_of(self, number: int) -> list[tuple[str, str]]: ...
    def is_open(self, number: int) -> bool: ...
    def closes(self, number: int) -> None: ...
    def pushes(self, message: str) -> str: ...
    def ci(self, sha: str, *, green: bool) -> None: ...


class Github:
    def __init__(self) -> None:
        self.server = GithubServer().start()
        for login in ("ada", "afk-bot", "mallory"):
            self.server.create_user(login)
        people = {"ada": "write", "afk-bot": "write", "mallory": "triage"}
        self.server.create_repository(REPO, collaborators=people)
        self.server.add_workflow(REPO)

    def environment(self) -> dict[str, str]:
        return {"AFK_GITHUB_API_URL": self.server.url, "AFK_GITHUB_TOKEN": self.server.token_classic("afk-bot")}

    def rules(self) -> str:
        return f'[repos.infra]\nslug = "{REPO}"\n'

    def opens(self, title: str, body: str = "") -> int:
        return self.server.open_issue(REPO, title, body, "ada")

    def labels(self, number: int, label: str, *, by: str = "ada") -> None:
        self.server.label(REPO, number, label, by)

    def unlabels(self, number: int, label: str) -> None:
        self.server.unlabel(REPO, number, label, "ada")

    def labels_of(self, number: int) -> set[str]:
        return set(self.server.labels_of(REPO, number))

    def comments_of(self, number: int) -> list[tuple[str, str]]:
        return self.server.comments_of(REPO, number)

    def is_open(self, number: int) -> bool:
        return self.server.issue(REPO, number).state == "open"

    def closes(self, number: int) -> None:
        self.server.close(REPO, number, "ada")

    def pushes(self, message: str) -> str:
        return self.server.push(REPO, message, "ada")

    def ci(self, sha: str, *, green: bool) -> None:
        run = self.server.run_of(REPO, sha)
        self.server.begin_run(REPO, run)
        if not green:
            self.server.add_step(REPO, run, "test", "pytest", "failure", ["collected 3 items", "E   assert 1 == 2"])
        self.server.finish_run(REPO, run, "success" if green else "failure")


class Forgejo:
    def __init__(self) -> None:
        self.server = ForgejoServer().start()
        for login in ("ada", "afk-bot", "mallory", "acme"):
            self.server.add_user(login)
        self.server.create_repository(REPO)
        self.server.add_collaborator(REPO, "ada", "write")
        self.server.add_collaborator(REPO, "afk-bot", "admin")
        for label in ("ready-for-agent", "agent-in-progress", "ready-for-human"):
            self.server.create_label(REPO, label)

    def environment(self) -> dict[str, str]:
        return {"AFK_FORGEJO_URL": self.server.url, "AFK_FORGEJO_TOKEN": self.server.issue_token("afk-bot")}

    def rules(self) -> str:
        return f'[repos.infra]\nforge = "forgejo"\nslug = "{REPO}"\n'

    def opens(self, title: str, body: str = "") -> int:
        return self.server.open_issue(REPO, "ada", title, body=body)

    def labels(self, number: int, label: str, *, by: str = "ada") -> None:
        self.server.label(REPO, number, label, by=by)

    def unlabels(self, number: int, label: str) -> None:
        self.server.unlabel(REPO, number, label, by="ada")

    def labels_of(self, number: int) -> set[str]:
        return set(self.server.labels_of(REPO, number))

    def comments_of(self, number: int) -> list[tuple[str, str]]:
        return self.server.comments_of(REPO, number)

    def is_open(self, number: int) -> bool:
        return self.server.find(REPO, number).closed is None

    def closes(self, number: int) -> None:
        self.server.close(REPO, number, by="ada")

    def pushes(self, message: str) -> str:
        return self.server.push(REPO, message, by="ada")

    def ci(self, sha: str, *, green: bool) -> None:
        state = "success" if green else "failure"
        self.server.report_status(REPO, sha, "ci / test (push)", state, by="ada", description="pytest")


FORGES = {"github": Github, "forgejo": Forgejo}


@dataclass
class Street:
    """One installation among its neighbours. The ledger file is all that it keeps between two commands."""

    home: Path
    forge: Forge
    t3: T3Server
    environment: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        (self.home / "afk.toml").write_text(self.forge.rules())
        self.environment = {
            "AFK_CONFIG": str(self.home / "afk.toml"),
            "AFK_DATABASE_URL": f"sqlite:///{self.home}/ledger.db",
            "AFK_KILL_SWITCH": "off",
            "AFK_T3_URL": self.t3.url,
            "AFK_T3_TOKEN": self.t3.issue_token(),
            **self.forge.environment(),
        }

    @classmethod
    def at(cls, home: Path, forge: str, protocol: int) -> Street:
        t3 = T3Server(protocol=protocol, auto_start=True, sees_disk=True).start()
        return cls(home, FORGES[forge](), t3)

    @property
    def servers(self) -> dict[str, Server]:
        return {"forge": self.forge.server, "t3": self.t3}

    def close(self) -> None:
        for server in self.servers.values():
            server.stop()

    def afk(self, *words: str, code: int = 0) -> str:
        """Type a command; returns what it prints."""
        foreign = {name: None for name in os.environ if name.startswith(("AFK_", "SLACK_"))}
        result = RUNNER.invoke(app, words, env={**foreign, **self.environment})
        assert result.exit_code == code, f"afk {' '.join(words)}: {result.output}"
        return result.output

    def facts(self, *words: str) -> Any:
        return json.loads(self.afk(*words, "--json"))

    def ticks(self) -> None:
        self.afk("poll")
        self.afk("watch")

    # what happens on the street

    def issue(self, title: str = "Rotate the logs", body: str = "Please.", by: str = "ada") -> int:
        number = self.forge.opens(title, body)
        self.forge.labels(number, "ready-for-agent", by=by)
        return number

    def run(self, number: int) -> dict[str, Any]:
        newest: dict[str, Any] = self.facts("runs", f"infra#{number}")[0]
        return newest

    def agent_pushes(self, number: int, message: str = "Do the work", *, ends: bool = True) -> str:
        run = self.run(number)
        sha = self.forge.pushes(f"{message}\n\nRefs: {REPO}#{number}\nAFK-Run: {run['id']}")
        if ends:
            self.t3.agent_finishes(run["thread_id"], "Done.")
        return sha

    def said_to_agent(self, number: int) -> list[str]:
        return [each.text for each in self.t3.messages(self.run(number)["thread_id"]) if each.role == "user"]

    def set(self, **limits: int) -> None:
        self.environment |= {f"AFK_{name.upper()}": str(value) for name, value in limits.items()}


def later(seconds: float = 1.1) -> None:
    """Let the wall clock move where a limit of one second must pass."""
    time.sleep(seconds)
