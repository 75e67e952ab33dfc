"""Run one piece of work in several processes at the same moment, on one ledger."""

from __future__ import annotations

import multiprocessing
import time
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from afk.adapters.ledger import open_ledger, schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["__main__", "alembic.command", "tests.adapters.ledger.processes"])


def race(count: int, work: Callable[..., Any], *about: Any) -> list[Any]:
    """What each process brought back; a failure is told as text."""
    together = CONTEXT.Barrier(count)
    ends = []
    for number in range(count):
        ours, theirs = CONTEXT.Pipe()
        process = CONTEXT.Process(target=_run, args=(together, theirs, work, number, *about), daemon=True)
        process.start()
        theirs.close()
        ends.append((process, ours))
    try:
        return [ours.recv() if ours.poll(60) else "no answer" for _, ours in ends]
    finally:
        for process, _ in ends:
            process.join(timeout=10)
            process.kill()


def _run(together: Any, told: Any, work: Callable[..., Any], number: int, *about: Any) -> None:
    together.wait(60)
    try:
        told.send(work(number, *about))
    except Exception:  # noqa: BLE001 - told to the test
        told.send(traceback.format_exc())


def opens(_number: int, url: str) -> str | None:
    with open_ledger(url) as ledger, ledger._reading() as connection:
        return schema.revision(connection)


def enters(_number: int, url: str, room: str, times: int) -> int:
    """How often somebody else was inside while the name was held."""
    crowded = entered = 0
    guest = Path(room)
    with open_ledger(url) as ledger:
        while entered < times:
            with ledger.hold("poll") as held:
                if held:
                    entered += 1
                    try:
                        guest.touch(exist_ok=False)
                    except FileExistsError:
                        crowded += 1
                    time.sleep(0.001)
                    guest.unlink(missing_ok=True)
    return crowded


@contextmanager
def holder(url: str, name: str) -> Iterator[Any]:
    """A process that holds a name until it is killed."""
    ours, theirs = CONTEXT.Pipe()
    process = CONTEXT.Process(target=_hold, args=(theirs, url, name), daemon=True)
    process.start()
    theirs.close()
    try:
        assert ours.poll(60)
        assert ours.recv() is True
        yield process
    finally:
        process.kill()
        process.join(timeout=10)


def _hold(told: Any, url: str, name: str) -> None:
    with open_ledger(url) as ledger, ledger.hold(name) as held:
        told.send(held)
        told.recv()
