"""Build a town of repositories with ready issues, on simulated servers, for ticks to be measured in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from afk.core.checklist import checklist
from afk.core.config import Config
from afk.core.identifiers import message_id, thread_id
from afk.core.model import ForgeKind, Repo, Slug, StageKind
from afk.core.records import Entry, Via
from afk.core.run import Evidence, Phase, Run, Turn, TurnKind
from afk.operations import Person
from afk.ports import ThreadOrder
from afk.sandbox.github import GithubServer
from afk.sandbox.t3 import T3Server
from afk.settings import Settings
from afk.systems import T3, Github

if TYPE_CHECKING:
    from pathlib import Path

    from afk.core.model import Issue
    from afk.ports import Ports

READY = "ready-for-agent"
ADA = Person("ada", Via.CLI)


@dataclass
class Behind:
    """A clock that is late, until it is set right."""

    hours: int = 1

    def __call__(self) -> datetime:
        return datetime.now(UTC) - timedelta(hours=self.hours)  # noqa: TID251 - the forge's own time


@dataclass
class Town:
    """What happens before the forge's clock catches up is old news afterwards."""

    github: GithubServer
    t3: T3Server
    repos: dict[str, Repo]
    clock: Behind

    @classmethod
    def of(cls, repos: int, each: int, *, by: str, busy: int = 0) -> Town:
        """Issues released by `by`; in the first `busy` repositories by ada, who may write. A tenth is blocked."""
        town = cls.empty()
        for place in range(repos):
            name = f"repo{place:03}"
            town.add(name, each, "ada" if place < busy else by, blocked=place % 10 == 9)  # noqa: PLR2004 - each tenth
        return town

    @classmethod
    def empty(cls) -> Town:
        clock = Behind()
        town = cls(GithubServer(clock=clock), T3Server(auto_start=True, sees_disk=True), {}, clock)
        town.github.start()
        town.t3.start()
        for login in ("ada", "mallory", "afk-bot"):
            town.github.create_user(login)
        return town

    def add(self, name: str, issues: int, by: str, *, blocked: bool) -> None:
        slug = f"acme/{name}"
        people = {"ada": "write", "mallory": "triage", "afk-bot": "write"}
        self.github.create_repository(slug, collaborators=people)
        self.github.add_workflow(slug)
        self.github.label(slug, self.github.open_issue(slug, "First", "", "ada"), READY, "ada")
        self.github.unlabel(slug, 1, READY, "ada")
        for _ in range(issues):
            body = "Blocked by #1" if blocked else "Please do it."
            number = self.github.open_issue(slug, "Another", body, "ada")
            self.github.label(slug, number, READY, "ada" if blocked else by)
        self.repos[name] = Repo(name, ForgeKind.GITHUB, Slug("acme", name), (StageKind.CHECKS,))

    def environment(self, home: Path) -> dict[str, str]:
        """What an operator of this town would set."""
        github, t3 = self.settings.github, self.settings.t3
        assert github is not None
        assert github.token is not None
        assert t3 is not None
        assert t3.token is not None
        rules = "".join(f'[repos.{name}]\nslug = "{repo.slug}"\n' for name, repo in self.repos.items())
        (home / "afk.toml").write_text(rules)
        return {
            "AFK_CONFIG": str(home / "afk.toml"),
            "AFK_DATABASE_URL": f"sqlite:///{home}/ledger.db",
            "AFK_KILL_SWITCH": "off",
            "AFK_GITHUB_API_URL": github.api_url,
            "AFK_GITHUB_TOKEN": github.token.get_secret_value(),
            "AFK_T3_URL": t3.url,
            "AFK_T3_TOKEN": t3.token.get_secret_value(),
        }

    def catches_up(self) -> None:
        """An hour later."""
        self.clock.hours = 0

    @cached_property
    def settings(self) -> Settings:
        github = Github(self.github.url, SecretStr(self.github.token_classic("afk-bot")))
        t3 = T3(self.t3.url, self.t3.url, "claudeAgent", "claude-sonnet-4-6", "/data", SecretStr(self.t3.issue_token()))
        return Settings(Config(repos=self.repos, kill_switch=False), "sqlite://", github=github, t3=t3)

    def requests(self) -> int:
        return len(self.github.exchanges) + len(self.t3.exchanges)

    def slow(self, seconds: float) -> None:
        self.github.latency = self.t3.latency = seconds

    def close(self) -> None:
        self.github.stop()
        self.t3.stop()


def put_in_flight(town: Town, ports: Ports, name: str, issue: Issue) -> None:
    """A run that was pushed and waits for CI, and everybody was told so."""
    now = ports.clock.now()
    run_id = f"{name}-bench"
    thread = thread_id(run_id, 1)
    order = ThreadOrder(thread, town.repos[name], "Bench", message_id(run_id, 1), "Work.")
    turn = Turn(1, TurnKind.FIRST, 1, "Work.", now, sent_at=now, receipt=ports.executor.open(order))
    sha = town.github.push(f"acme/{name}", f"Work\n\nRefs: acme/{issue.ref}\nAFK-Run: {run_id}", "ada")
    town.t3.agent_finishes(thread, "Done.")
    run = Run(
        id=run_id,
        ref=issue.ref,
        attempt=1,
        issue_key=issue.key,
        title=issue.title,
        url=issue.url,
        claimed_at=now - timedelta(minutes=1),
        started_at=now,
        thread_id=thread,
        comment_id="1",
        commit=sha,
        commit_at=now,
        judged_commit=sha,
        turns=(turn,),
        evidence=(Evidence(Phase.PUSHED, now, seen=True, detail=sha),),
    )
    told = replace(run, checklist=checklist(run, frozenset()))
    assert ports.ledger.claim(told, Entry(now, "bench", Via.CLI, "start"), {})
