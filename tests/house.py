"""Tell stories about AFK in verbs: the whole product on a ledger and a world in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from afk import poll, ring, watch
from afk.adapters.ledger import SqlLedger, open_ledger, tables
from afk.adapters.memory import World
from afk.core.config import Config, Limits
from afk.core.model import ForgeKind, IssueRef, Repo, Slug, StageKind
from afk.core.records import Via
from afk.operations import Operations, Person

if TYPE_CHECKING:
    from afk.core.run import Run
    from afk.ports import Ledger, Ports
    from afk.report import Report

ADA = Person("ada", Via.CLI)
HOSTS = frozenset({"ci.example", "t3.example", "tracker.example"})  # those that links may open
INFRA_42 = IssueRef("infra", 42)


def a_repo(name: str = "infra", stages: tuple[StageKind, ...] = (StageKind.CHECKS,)) -> Repo:
    return Repo(name, ForgeKind.GITHUB, Slug("acme", name), stages)


def wiped(ledger: SqlLedger) -> SqlLedger:
    """An empty ledger without the cost of a new one, for tests that need thousands."""
    with ledger._writing() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.execute(table.delete())
    return ledger


@dataclass
class House:
    """One installation. `ports` may be wrapped by a test; the ticks go through it."""

    world: World
    ledger: Ledger
    config: Config
    ports: Ports = field(init=False)

    def __post_init__(self) -> None:
        self.ports = self.world.ports(self.ledger)

    @classmethod
    def empty(cls, *repos: Repo, ledger: Ledger | None = None, limits: Limits | None = None) -> House:
        repos = repos or (a_repo(),)
        config = Config(limits or Limits(), repos={repo.name: repo for repo in repos}, kill_switch=False, hosts=HOSTS)
        house = cls(World(), ledger or open_ledger("sqlite://"), config)
        for repo in repos:
            house.world.enrol(repo, "ada")
        return house

    @classmethod
    def ready(cls, *repos: Repo, ledger: Ledger | None = None, limits: Limits | None = None) -> House:
        house = cls.empty(*repos, ledger=ledger, limits=limits)
        for name in house.config.repos:
            house.operations.arm(name, ADA, house.world.now())
        return house

    @property
    def operations(self) -> Operations:
        return Operations(self.ports.ledger, self.config)

    def limit(self, **limits: int) -> None:
        self.config = replace(self.config, limits=replace(self.config.limits, **limits))

    def deployment_switch(self, *, on: bool) -> None:
        self.config = replace(self.config, kill_switch=on)

    # ticks

    def poll(self) -> Report:
        return poll.tick(self.ports, self.config, self.world.now())

    def watch(self, times: int = 1) -> Report:
        for _ in range(times - 1):
            watch.tick(self.ports, self.config, self.world.now())
        return watch.tick(self.ports, self.config, self.world.now())

    def deliver(self) -> Report:
        return ring.deliver(self.ports, self.world.now())

    def minute(self) -> None:
        """Everything that happens in a minute: a poll, a watch, a delivery."""
        self.world.passes(minutes=1)
        self.poll()
        self.watch()
        self.deliver()

    # shortcuts of stories

    def an_issue(self, ref: IssueRef = INFRA_42, **about: str) -> IssueRef:
        self.world.open_issue(ref, **about)
        self.world.label_ready(ref)
        return ref

    def a_run(self, ref: IssueRef = INFRA_42, **about: str) -> Run:
        self.an_issue(ref, **about)
        self.poll()
        return self.run(ref)

    def run(self, ref: IssueRef = INFRA_42) -> Run:
        return self.ledger.latest([ref])[ref]

    def push(self, ref: IssueRef = INFRA_42, message: str = "Do the work") -> str:
        return self.world.agent_pushes(ref, self.run(ref).id, message)

    def pushed_and_ended(self, ref: IssueRef = INFRA_42) -> str:
        sha = self.push(ref)
        self.world.agent_ends(ref)
        return sha

    def labels(self, ref: IssueRef = INFRA_42) -> set[str]:
        return self.world.ticket(ref).labels

    def rings(self) -> list[str]:
        """The kinds of all doorbells in the channel, in order."""
        return [each.card.kind.value for each in self.world.rings]
