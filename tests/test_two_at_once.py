"""Two processes poll and two watch one ledger and one world: never two runs in a repository, never two of one effect."""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
import traceback
from collections import Counter
from contextlib import suppress
from multiprocessing.managers import BaseManager
from typing import TYPE_CHECKING, Any

import pytest

from afk import poll, ring, watch
from afk.adapters.ledger import open_ledger
from afk.core.model import IssueRef, StageKind, ThreadStatus
from afk.core.run import Outcome
from afk.ports import Ports
from tests.house import House, a_repo
from tests.postgres import DATABASES

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from afk.core.config import Config
    from afk.ports import Ledger

ROUNDS = 1_000 if os.environ.get("AFK_SOAK") else 200
REPOS = ("infra", "web", "docs")
SPAWN = multiprocessing.get_context("spawn")


class Street(BaseManager):
    """Serves the ports of the one world to the processes."""


def _ports(street: Any, ledger: Ledger) -> Ports:
    stages = {StageKind.CHECKS: street.stage()}
    return Ports(street.tracker(), street.executor(), stages, ledger, street.clock(), (Bell(street),))


class Bell:
    """A proxy has methods only; a channel has a name, too."""

    name = "memory"
    updates = True

    def __init__(self, street: Any) -> None:
        channel = street.channel()
        self.ring, self.find, self.update = channel.ring, channel.find, channel.update


def work(address: Any, authkey: bytes, url: str, config: Config, orders: Connection) -> None:
    """One installation of AFK: ticks on command, so that both tick at the same moment."""
    multiprocessing.current_process().authkey = authkey
    for name in ("tracker", "executor", "stage", "clock", "channel"):
        Street.register(name)
    street: Any = Street(address=address, authkey=authkey)
    street.connect()
    ledger = open_ledger(url)
    ports = _ports(street, ledger)
    steps = {"poll": poll.tick, "watch": watch.tick, "ring": lambda ports, _config, now: ring.deliver(ports, now)}
    orders.send("ready")
    while (order := orders.recv()) != "stop":
        try:
            steps[order](ports, config, ports.clock.now())
            orders.send("")
        except Exception:  # noqa: BLE001 - told to the test
            orders.send("".join(traceback.format_exception(*sys.exc_info())))


@pytest.mark.parametrize("kind", [kind for kind in DATABASES if kind != "memory"])
def test_two_installations_do_everything_once(kind: str, new_database: Callable[[str], str]) -> None:
    url = new_database(kind)
    with open_ledger(url) as ledger:
        _two_installations(House.ready(*(a_repo(name) for name in REPOS), ledger=ledger), url)


def _two_installations(house: House, url: str) -> None:
    world = house.world
    for name in REPOS:
        for number in range(1, 4):
            house.an_issue(IssueRef(name, number))
    served = {
        "tracker": world.tracker,
        "executor": world.executor,
        "stage": world.stages[StageKind.CHECKS],
        "clock": world,
        "channel": world.channel,
    }
    for name, port in served.items():
        Street.register(name, callable=lambda port=port: port)
    server = Street(address=("127.0.0.1", 0), authkey=b"street").get_server()
    threading.Thread(target=_serve, args=(server,), daemon=True).start()
    workers = []
    for _ in range(2):
        ours, theirs = SPAWN.Pipe()
        process = SPAWN.Process(target=work, args=(server.address, b"street", url, house.config, theirs), daemon=True)
        process.start()
        workers.append((process, ours))
    try:
        for _, orders in workers:
            assert orders.recv() == "ready"
        for turn in range(ROUNDS):
            for step in ("poll", "watch", "ring"):
                for _, orders in workers:
                    orders.send(step)
                said = "\n".join(orders.recv() for _, orders in workers).strip()
                assert not said, said
                _nothing_twice(house)
            world.passes(seconds=20)
            _agents_act(house, turn)
    finally:
        for process, orders in workers:
            orders.send("stop")
            process.join(timeout=10)
            process.kill()
        server.stop_event.set()

    runs = house.ledger.history(None, 100)
    assert Counter(run.outcome for run in runs) == {Outcome.DONE: len(REPOS) * 3}
    assert len(world.rings) == len(runs)


def _serve(server: Any) -> None:
    with suppress(SystemExit):  # its way to say that it was stopped
        server.serve_forever()


def _agents_act(house: House, turn: int) -> None:
    """Every run is red once before it is green."""
    for run in house.ledger.live():
        thread = house.world.threads.get(run.thread_id)
        if thread is not None and thread.status is ThreadStatus.RUNNING and run.started_at and turn % 3 == 0:
            sha = house.world.agent_pushes(run.ref, run.id)
            house.world.agent_ends(run.ref)
            (house.world.ci_goes_green if run.attempts_made else house.world.ci_goes_red)(run.ref.repo, sha)


def _nothing_twice(house: House) -> None:
    world = house.world
    assert all(count == 1 for count in Counter(run.ref.repo for run in house.ledger.live()).values())
    runs = {run.thread_id for run in house.ledger.history(None, 100)}
    assert set(world.threads) <= runs
    for thread in world.threads.values():
        assert len({message.id for message in thread.messages}) == len(thread.messages) <= 2
    for project in world.projects.values():
        for ticket in project.tickets.values():
            assert len({remark.body.splitlines()[0] for remark in ticket.remarks}) == len(ticket.remarks)
    assert len({ring.key for ring in world.rings}) == len(world.rings)
