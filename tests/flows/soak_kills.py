"""Kill what runs the flows in the middle of ticks, at points chosen by chance, while a story goes on over the wire.

`make soak` runs this. AFK_SEED repeats a choice, AFK_KILLS makes it shorter.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from afk import ring, settings, wiring
from afk.adapters.ledger import open_ledger
from afk.sandbox.ntfy import NtfyServer
from tests.flows.conftest import History, a_prefect_server, free_port, until
from tests.flows.installation import TICK, Flows, Neighbours, deploy, keep_doing, wait_for
from tests.street import Street

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SEED = int(os.environ.get("AFK_SEED", "0")) or random.SystemRandom().randrange(1, 1_000_000)
KILLS = int(os.environ.get("AFK_KILLS", "20"))
PATIENCE = 240.0
LATENCY = 0.05  # a kill falls into the calls, not only between them


@pytest.fixture
def say(capfd: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    def told(text: str) -> None:
        with capfd.disabled():
            print(text, flush=True)

    return told


@pytest.fixture
def neighbours(tmp_path: Path) -> Iterator[Neighbours]:
    street = Street.at(tmp_path, "github", 1)
    ntfy = NtfyServer(default_access="read-write").start()
    street.environment["AFK_NTFY_URL"] = f"{ntfy.url}/doorbells"
    street.afk("arm", "infra")
    for server in (street.forge.server, street.t3):
        server.latency = LATENCY
    yield Neighbours(street, ntfy, issues=4 + KILLS // 5)
    street.close()
    ntfy.stop()


@pytest.mark.parametrize("kind", ["serve", "worker", "serve and the server"])
def test_whatever_is_killed_everything_happens_once_and_the_schedule_goes_on(
    neighbours: Neighbours, tmp_path: Path, say: Callable[[str], None], kind: str
) -> None:
    chance, port, home = random.Random(f"{SEED} {kind}"), free_port(), tmp_path / "prefect"
    say(f"{kind}: seed {SEED}, {KILLS} kills")
    home.mkdir()
    history = History(f"http://127.0.0.1:{port}/api")
    environment = {
        **neighbours.street.environment,
        "PREFECT_API_URL": history.url,
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "AFK_TICK_SECONDS": TICK,
    }
    flows = Flows(kind.partition(" ")[0], home, environment, tmp_path / "flows.log")
    troubles: list[BaseException] = []
    with ExitStack() as up:
        up.callback(flows.stop)
        up.callback(keep_doing(neighbours.act, troubles))
        server = up.enter_context(a_prefect_server(home, port))
        if flows.kind == "worker":
            deploy(home, history.url)
        for number in range(1, KILLS + 1):
            flows.start()
            say(f"  {number}: killed {strike(chance, neighbours, flows)}")
            if kind.endswith("server"):
                server.kill()
                server.wait()
                server = up.enter_context(a_prefect_server(home, port))
        flows.start()  # nobody else helps: it finds what was left
        wait_for(lambda: bool(troubles) or neighbours.done, "the end of the story", 1_200.0)
        assert not troubles, troubles
        goes_on(history)
        if flows.kind == "worker":
            deliver(neighbours.street)
        everything_happened_once(neighbours)
    say("  every issue is closed; threads, turns, comments and doorbells once each; the schedule goes on")


def strike(chance: random.Random, neighbours: Neighbours, flows: Flows) -> str:
    """After so many requests to the outside, or so long after a tick's process began."""
    if chance.random() < 0.3:
        delay = chance.uniform(0, 4)
        wait_for(lambda: bool(flows.ticks), "a tick", PATIENCE)
        time.sleep(delay)
        flows.kill()
        return f"{delay:.2f} s after a tick's process began"
    count = chance.randint(1, 12)
    goal = neighbours.requests + count
    wait_for(lambda: neighbours.requests >= goal, f"{count} requests", PATIENCE)
    time.sleep(chance.uniform(0, LATENCY))
    latest, ticks = neighbours.latest, len(flows.ticks)
    flows.kill()
    return f"at request {count} ({latest}), {ticks} ticks under way"


def goes_on(history: History) -> None:
    """Two more ticks of each kind end by themselves, and none that ran before is left."""
    for name in ("poll", "watch"):
        deployment = history.deployment(name)
        ended = len(history.runs_of(deployment, state={"type": {"any_": ["COMPLETED"]}}))
        until(
            lambda ended=ended, deployment=deployment: len(
                history.runs_of(deployment, state={"type": {"any_": ["COMPLETED"]}})
            ) >= ended + 2,
            f"two more {name} ticks", PATIENCE,
        )  # fmt: skip


def deliver(street: Street) -> None:
    """What the bot does beside workers."""
    loaded, clock = settings.load(street.environment), wiring.clock()
    with wiring.ledger(loaded.database_url) as ledger, wiring.ports(loaded, ledger, clock) as ports:
        ring.deliver(ports, clock.now())


def everything_happened_once(neighbours: Neighbours) -> None:
    street = neighbours.street
    with open_ledger(street.environment["AFK_DATABASE_URL"]) as ledger:
        runs = ledger.history(None, 1_000)
        until(lambda: not ledger.outbox("ntfy"), "the doorbells", PATIENCE)
    assert sorted(run.ref.number for run in runs) == neighbours.opened
    assert {run.outcome.value if run.outcome else "in flight" for run in runs} == {"done"}
    assert len(street.t3.threads) == len(neighbours.opened)
    for thread in street.t3.threads:
        told = [each.text for each in street.t3.messages(thread) if each.role == "user"]
        assert Counter(told).most_common(1)[0][1] == 1
        assert len(told) == neighbours.pushed[thread]
    reds = sum(1 for place, _ in enumerate(neighbours.opened, 1) if place % 2 == 0)
    assert sum(neighbours.pushed.values()) == len(neighbours.opened) + reds
    for number in neighbours.opened:
        (comment,) = street.forge.comments_of(number)
        assert "- [x] Done" in comment[1]
    rung = Counter(each["title"] for each in neighbours.ntfy.published("doorbells"))
    assert len(rung) == len(neighbours.opened)
    assert set(rung.values()) == {1}, rung
