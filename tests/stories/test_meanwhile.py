"""The world does not stand still while a tick looks at it: whatever happens between two of its calls, the end is the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from afk.adapters.ledger import open_ledger
from afk.core.model import IssueRef, Labels, ThreadStatus
from afk.core.run import Outcome
from tests.crashes import fused
from tests.house import ADA, INFRA_42, House, a_repo, wiped

if TYPE_CHECKING:
    from collections.abc import Iterator

LEDGER = open_ledger("sqlite://")
LABELS = Labels()
SETTLED = 8  # minutes


@dataclass
class Meanwhile:
    """Just before one of the calls that a tick makes, something happens outside."""

    act: Callable[[], object]
    at: int = -1
    calls: list[str] = field(default_factory=list)

    @contextmanager
    def through(self, call: str) -> Iterator[None]:
        number = len(self.calls)
        self.calls.append(call)
        if number == self.at:
            self.act()
        yield


def in_flight(house: House) -> None:
    house.a_run()
    house.watch()


def sent_back(house: House) -> None:
    """CI was red, and the agent is at work on the correction."""
    in_flight(house)
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.watch()
    assert house.world.thread_of(INFRA_42).status is ThreadStatus.RUNNING


def pushes_and_ends(house: House) -> None:
    house.pushed_and_ended()


def asks(house: House) -> None:
    house.world.agent_asks(INFRA_42, "Which region?")


def vanishes(house: House) -> None:
    house.world.thread_vanishes(INFRA_42)


def is_closed(house: House) -> None:
    house.world.person_closes(INFRA_42)


def loses_its_label(house: House) -> None:
    house.world.person_unlabels(INFRA_42, LABELS.in_progress)


STORIES: dict[str, tuple[Callable[[House], None], Callable[[House], None], Outcome, int, list[str]]] = {
    # story: how it stands, what happens, how it ends, messages to agents, doorbells
    "pushes": (in_flight, pushes_and_ends, Outcome.DONE, 1, ["done"]),
    "pushes the correction": (sent_back, pushes_and_ends, Outcome.DONE, 2, ["done"]),
    "asks": (in_flight, asks, Outcome.DONE, 1, ["question", "done"]),
    "vanishes": (in_flight, vanishes, Outcome.DONE, 2, ["done"]),
    "is closed": (in_flight, is_closed, Outcome.STOPPED, 1, []),
    "is closed in the correction": (sent_back, is_closed, Outcome.STOPPED, 2, []),
    "loses its label": (in_flight, loses_its_label, Outcome.STOPPED, 1, []),
}


def tell(name: str, at: int = -1) -> tuple[House, list[str]]:
    """One minute in which it happens, and those in which everything settles."""
    begin, act, *_ = STORIES[name]
    house = House.ready(ledger=wiped(LEDGER))
    house.an_issue()
    begin(house)
    plain = house.ports
    meanwhile = Meanwhile(lambda: act(house), at)
    house.ports = fused(plain, meanwhile)
    house.minute()
    house.ports = plain
    for _ in range(SETTLED):
        goes_on(house)
        house.minute()
        if not house.ledger.live():
            break
    house.minute()
    return house, meanwhile.calls


def goes_on(house: House) -> None:
    """Agents answer, push and end; CI is green for the newest push."""
    thread = house.world.thread_of(INFRA_42)
    if house.run().outcome is not None or thread.gone:
        return
    if thread.status is ThreadStatus.ASKING and house.rings():
        house.operations.say(INFRA_42, "eu", ADA, house.world.now(), "the-answer")
    elif thread.status is ThreadStatus.RUNNING:
        house.pushed_and_ended()
    elif commits := house.world.projects["infra"].commits:
        house.world.ci_goes_green("infra", commits[-1].sha)


@pytest.mark.parametrize("name", STORIES)
def test_what_happens_between_two_calls_is_seen_as_it_is(name: str) -> None:
    _, _, outcome, messages, bells = STORIES[name]
    _, calls = tell(name)
    assert "executor.fleet" in calls

    wrong = {}
    for at, call in enumerate(calls):
        house, _ = tell(name, at)
        seen = (house.run().outcome, told(house), house.rings(), house.ledger.live())
        if seen != (outcome, messages, bells, ()):
            wrong[at, call] = seen[:3]
    assert wrong == {}


def kills(house: House) -> None:
    house.operations.kill(ADA, house.world.now(), "trying the brake")


def disarms(house: House) -> None:
    for repo in house.config.repos:
        house.operations.disarm(repo, ADA, house.world.now())


def three_are_ready() -> House:
    repos = [a_repo(name) for name in ("infra", "web", "db")]
    house = House.ready(*repos, ledger=wiped(LEDGER))
    for repo in repos:
        house.an_issue(IssueRef(repo.name, 42))
    return house


def one_is_red() -> House:
    house = House.ready(ledger=wiped(LEDGER))
    house.a_run()
    house.watch()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    return house


def told(house: House) -> int:
    return sum(len(thread.messages) for thread in house.world.threads.values())


def claimed(house: House) -> int:
    return len(house.ledger.history(None, 10))


Does = Callable[[House], object]
SWITCHES: dict[str, tuple[Does, Callable[[], House], Does, Callable[[House], int], list[str]]] = {
    # what is thrown, how it stands, in which tick, what must not grow, the calls that were on their way
    "kill, while three start": (kills, three_are_ready, House.poll, told, ["executor.open"] * 3),
    "disarm, while three start": (disarms, three_are_ready, House.poll, claimed, ["ledger.claim"] * 3),
    "kill, before a correction": (kills, one_is_red, House.watch, told, ["executor.send"]),
}


@pytest.mark.parametrize(("throw", "begin", "tick", "count", "under_way"), SWITCHES.values(), ids=SWITCHES)
def test_switch_holds_from_the_moment_it_is_thrown(
    throw: Does, begin: Callable[[], House], tick: Does, count: Callable[[House], int], under_way: list[str]
) -> None:
    """Thrown just before any call of a tick, it is too late for that very call and for no other."""

    def more(at: int) -> tuple[list[str], int]:
        house, before = begin(), [0]
        plain = house.ports

        def act() -> None:
            house.ports = plain
            throw(house)
            before.append(count(house))

        meanwhile = Meanwhile(act, at)
        house.ports = fused(plain, meanwhile)
        tick(house)
        return meanwhile.calls, count(house) - before[-1]

    calls, _ = more(-1)
    after = [(calls[at], grown) for at in range(len(calls)) if (grown := more(at)[1])]
    assert after == [(call, 1) for call in under_way]
