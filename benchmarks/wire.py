"""Count and time the requests of a tick over the wire, beside the shape that the prototype had, in one run."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
from pydantic import SecretStr

from afk import poll, watch, wiring
from afk.core.checklist import checklist
from afk.core.config import Config
from afk.core.identifiers import message_id, thread_id
from afk.core.model import Board, ForgeKind, Repo, Slug, StageKind
from afk.core.records import Entry, Via
from afk.core.run import Evidence, Phase, Run, Turn, TurnKind
from afk.operations import Operations, Person
from afk.ports import ThreadOrder
from afk.sandbox.github import GithubServer
from afk.sandbox.t3 import T3Server
from afk.settings import Settings
from afk.systems import T3, Github
from benchmarks.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.core.model import Issue
    from afk.ports import Ports

REPOS, EACH = 100, 3
LATENCY = 0.08
AT_MOST = 12
TIMES = 30
READY = "ready-for-agent"
ADA = Person("ada", Via.CLI)


@dataclass(slots=True)
class Town:
    """Many repositories with ready issues; in `busy` ones somebody trusted released them."""

    github: GithubServer
    t3: T3Server
    settings: Settings

    @classmethod
    def of(cls, *, by: str) -> Town:
        github, t3 = GithubServer().start(), T3Server(auto_start=True, sees_disk=True).start()
        for login in ("ada", "mallory", "afk-bot"):
            github.create_user(login)
        repos = {}
        for place in range(REPOS):
            name = f"repo{place:03}"
            people = {"ada": "write", "mallory": "triage", "afk-bot": "write"}
            github.create_repository(f"acme/{name}", collaborators=people)
            github.add_workflow(f"acme/{name}")
            github.label(f"acme/{name}", github.open_issue(f"acme/{name}", "First", "", "ada"), READY, "ada")
            github.close(f"acme/{name}", 1, "ada")
            for _ in range(EACH):
                number = github.open_issue(f"acme/{name}", "Another", "Please do it.", "ada")
                github.label(f"acme/{name}", number, READY, by)
            repos[name] = Repo(name, ForgeKind.GITHUB, Slug("acme", name), (StageKind.CHECKS,))
        systems = {
            "github": Github(github.url, SecretStr(github.token_classic("afk-bot"))),
            "t3": T3(t3.url, t3.url, "claudeAgent", "claude-sonnet-4-6", "/data", SecretStr(t3.issue_token())),
        }
        return cls(github, t3, Settings(Config(repos=repos, kill_switch=False), "sqlite://", **systems))

    def requests(self) -> int:
        return len(self.github.exchanges) + len(self.t3.exchanges)

    def slow(self, seconds: float) -> None:
        self.github.latency = self.t3.latency = seconds

    def close(self) -> None:
        self.github.stop()
        self.t3.stop()


@dataclass(frozen=True, slots=True)
class Cost:
    requests: int
    seconds: float


def cost(town: Town, work: Callable[[], object]) -> Cost:
    before, begin = town.requests(), time.perf_counter()
    work()
    return Cost(town.requests() - before, time.perf_counter() - begin)


def measure() -> list[Figure]:
    return [*_polls(), *_watches()]


def _polls() -> list[Figure]:
    """Nobody trusted released the issues, so every one is vetted and none starts."""
    town = Town.of(by="mallory")
    clock = wiring.clock()
    with wiring.ledger("sqlite://") as ledger, wiring.ports(town.settings, ledger, clock) as ports:
        config = town.settings.config
        off = cost(town, lambda: poll.tick(ports, Config(repos=config.repos), clock.now()))
        for name in config.repos:
            Operations(ledger, config).arm(name, ADA, clock.now())
        town.slow(LATENCY)
        first = cost(town, lambda: poll.tick(ports, config, clock.now()))
        shape = cost(town, lambda: _prototype_poll(town))
    town.close()
    return [
        Figure("requests of a tick that is off", f"{off.requests}", "0", off.requests == 0),
        Figure(
            "requests per poll, 100 repositories, 300 ready issues",
            f"{first.requests}",
            "≤ 12",
            first.requests <= AT_MOST,
        ),
        Figure("its wall time with 80 ms per answer", f"{first.seconds:.2f} s", "≤ 1 s", first.seconds <= 1),
        _ratio("the prototype's shape: requests", shape, first),
    ]


def _watches() -> list[Figure]:
    """Every repository has a run in flight, pushed and pending, and everybody has been told so."""
    town = Town.of(by="ada")
    clock = wiring.clock()
    with wiring.ledger("sqlite://") as ledger, wiring.ports(town.settings, ledger, clock) as ports:
        config = town.settings.config
        boards = ports.tracker.boards(list(config.repos.values()))
        for name, board in boards.items():
            assert isinstance(board, Board)
            _in_flight(town, ports, name, board.ready[0])
        for _ in range(6):
            watch.tick(ports, config, clock.now())  # reads the bodies that changed, a few per tick
        town.slow(LATENCY)
        steady = cost(town, lambda: watch.tick(ports, config, clock.now()))
        assert len(ledger.live()) == REPOS
        shape = cost(town, lambda: _prototype_watch(town))
    town.close()
    return [
        Figure("requests per watch, 100 runs in flight", f"{steady.requests}", "≤ 12", steady.requests <= AT_MOST),
        Figure("its wall time with 80 ms per answer", f"{steady.seconds:.2f} s", "≤ 1 s", steady.seconds <= 1),
        _ratio("the prototype's shape: requests", shape, steady),
    ]


def _in_flight(town: Town, ports: Ports, name: str, issue: Issue) -> None:
    now = ports.clock.now()
    run_id = f"{name}-bench"
    thread = thread_id(run_id, 1)
    order = ThreadOrder(thread, town.settings.config.repos[name], "Bench", message_id(run_id, 1), "Work.")
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
    told = replace(run, checklist=checklist(run))
    assert ports.ledger.claim(told, Entry(now, "bench", Via.CLI, "start"), {})


def _ratio(what: str, shape: Cost, ours: Cost) -> Figure:
    times = shape.requests / ours.requests
    shown = f"{shape.requests} in {shape.seconds:.0f} s, {times:.0f} times ours"
    return Figure(
        what, shown, "≥ 30 times" if shape.requests > 2 * REPOS else "", shape.requests <= 2 * REPOS or times >= TIMES
    )


def _prototype_poll(town: Town) -> None:
    """One list per repository, one timeline per ready issue, one after another."""
    with _client(town) as client:
        for slug in (repo.slug for repo in town.settings.config.repos.values()):
            issues = client.get(f"/repos/{slug}/issues", params={"labels": READY, "state": "open"}).json()
            for issue in issues:
                client.get(f"/repos/{slug}/issues/{issue['number']}/timeline")


def _prototype_watch(town: Town) -> None:
    """One snapshot and one CI query per run, one after another."""
    bearer = {"Authorization": f"Bearer {town.settings.t3.token.get_secret_value()}"}  # type: ignore[union-attr]
    with _client(town) as client, httpx.Client(base_url=town.t3.url, headers=bearer) as t3:
        for slug in (repo.slug for repo in town.settings.config.repos.values()):
            t3.get("/api/orchestration/snapshot")
            client.get(f"/repos/{slug}/commits/main/check-runs")


def _client(town: Town) -> httpx.Client:
    token = town.settings.github.token.get_secret_value()  # type: ignore[union-attr]
    return httpx.Client(base_url=town.github.url, headers={"Authorization": f"Bearer {token}", "User-Agent": "shape"})
