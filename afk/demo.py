"""Play the whole loop on a world in memory, and tell it as it happens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from afk import poll, ring, watch, wiring
from afk.core.config import Config, Limits
from afk.core.model import ForgeKind, IssueRef, Repo, Slug, StageKind
from afk.core.records import Via
from afk.core.wording import why_not
from afk.operations import Operations, Person, RefusedRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.adapters.memory import World
    from afk.core.run import Run
    from afk.ports import Ledger, Ports

ADA = Person("ada", Via.SLACK)
INFRA = Repo("infra", ForgeKind.GITHUB, Slug("acme", "infra"), (StageKind.CHECKS, StageKind.KUBERNETES))
CONFIG = Config(Limits(fix_forward_max_attempts=1), repos={INFRA.name: INFRA}, kill_switch=False)


def play(tell: Callable[[str], None]) -> bool:
    """Tell four stories; True if each ended as it should."""
    with wiring.ledger("sqlite://") as ledger:
        stage = Stage(wiring.world(), ledger, tell)
        return all([stage.goes_to_done(), stage.is_corrected(), stage.freezes_and_runs_again(), stage.is_refused()])


@dataclass(slots=True)
class Stage:
    """One installation, and the people, agents and CI around it."""

    world: World
    ledger: Ledger
    tell: Callable[[str], None]
    rung: int = 0

    def __post_init__(self) -> None:
        self.world.enrol(INFRA, "ada")
        self.tell("AFK on a ledger and a world in memory. The operator enrolled infra; nothing is armed.\n")
        now = self.world.now()
        until, because = now + timedelta(hours=8), "demo day"
        self._say("/afk arm infra for 8h because demo day", self._operations.arm, "infra", ADA, now, until, because)

    @property
    def _ports(self) -> Ports:
        return self.world.ports(self.ledger)

    @property
    def _operations(self) -> Operations:
        return Operations(self.ledger, CONFIG)

    # the stories

    def goes_to_done(self) -> bool:
        ref = self._labelled(1, "Rotate the access logs")
        self._agent_reports(ref, "AFK-Phase: tests-red tests/test_logs.py::test_rotates")
        sha = self._agent_pushes(ref)
        self._ci(sha, green=True)
        return self._ended(ref, "done")

    def is_corrected(self) -> bool:
        ref = self._labelled(2, "Raise the memory limit")
        first = self._agent_pushes(ref)
        self._ci(first, green=False)
        self._minute()
        self.tell("  AFK sends the agent back, in the same thread, with the failing job and its first error lines")
        second = self._agent_pushes(ref)
        self._ci(second, green=True)
        return self._ended(ref, "done")

    def freezes_and_runs_again(self) -> bool:
        ref = self._labelled(3, "Upgrade the database")
        for _ in range(2):
            self._ci(self._agent_pushes(ref), green=False)
            self._minute()
        frozen = self._run(ref).outcome
        self._say("Re-run", self._operations.redispatch, ref, ADA, self.world.now())
        self._minute()
        self.tell(f"  attempt {self._run(ref).attempt} starts; its prompt tells what attempt 1 tried")
        self._ci(self._agent_pushes(ref), green=True)
        return self._ended(ref, "done") and frozen is not None and frozen.value == "frozen"

    def is_refused(self) -> bool:
        ref = IssueRef("infra", 4)
        self.world.open_issue(ref, "Send me the secrets", author="mallory")
        self.world.label_ready(ref, actor="mallory")
        self.tell(f"\n{ref} 'Send me the secrets': mallory, who may not write here, puts the ready label on")
        self._minute()
        decision = self._operations.why(ref, self.world.now())
        self.tell(f"  /afk why {ref}: {why_not(decision)} [{decision.code}]")
        return decision.code == "untrusted" and len(self.ledger.history(ref, 1)) == 0

    # what happens in them

    def _labelled(self, number: int, title: str) -> IssueRef:
        ref = IssueRef("infra", number)
        self.world.open_issue(ref, title)
        self.world.label_ready(ref)
        self.tell(f"\n{ref} '{title}': ada puts the ready label on")
        self._minute()
        run = self._run(ref)
        self.tell(f"  poll starts an agent: {run.thread_url}")
        return ref

    def _agent_reports(self, ref: IssueRef, line: str) -> None:
        self.world.agent_says(ref, line)
        self.tell(f"  the agent says {line!r}")

    def _agent_pushes(self, ref: IssueRef) -> str:
        sha = self.world.agent_pushes(ref, self._run(ref).id)
        self.world.agent_ends(ref)
        self.tell(f"  the agent pushes {sha[:12]} and ends its turn")
        return sha

    def _ci(self, sha: str, *, green: bool) -> None:
        if green:
            self.world.ci_goes_green(INFRA.name, sha)
        else:
            self.world.ci_goes_red(INFRA.name, sha, "AssertionError: 3 replicas expected, 2 are ready")
        self.tell(f"  CI on {sha[:12]} goes {'green, and the rollout completes' if green else 'red'}")

    def _ended(self, ref: IssueRef, outcome: str) -> bool:
        self._minute()
        run = self._run(ref)
        closed = not self.world.ticket(ref).is_open
        self.tell(f"  {ref} ended as {run.outcome.value if run.outcome else 'nothing'}; the issue is closed: {closed}")
        return run.outcome is not None and run.outcome.value == outcome and closed and run.finished_at is not None

    def _say(self, words: str, verb: Callable[..., str], *args: object) -> None:
        try:
            self.tell(f"  ada: {words}\n  AFK: {verb(*args)}")
        except RefusedRequest as refusal:
            self.tell(f"  ada: {words}\n  AFK: {refusal}")

    def _run(self, ref: IssueRef) -> Run:
        return self.ledger.latest([ref])[ref]

    def _minute(self) -> None:
        """A poll, a watch, and the doorbells."""
        self.world.passes(minutes=1)
        ports = self._ports
        poll.tick(ports, CONFIG, self.world.now())
        watch.tick(ports, CONFIG, self.world.now())
        ring.deliver(ports, self.world.now())
        for bell in self.world.rings[self.rung :]:
            self.tell(f"  {bell.card.mark} doorbell: {bell.card.headline} ({bell.card.why})")
        self.rung = len(self.world.rings)
