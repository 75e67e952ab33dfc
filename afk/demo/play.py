"""Start the demo, tell where to look, play, prove how it ended, and clean up."""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from afk import log
from afk.core.config import ConfigError
from afk.demo.installation import installed
from afk.demo.practice import leave_work, write_environment
from afk.demo.proof import faults
from afk.demo.screen import Screen
from afk.demo.story import LOOK, Story, Stuck
from afk.sandbox.village import NoAnswer
from afk.supervisor import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.demo.installation import Installation

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LAST_LINES = 15
SETTLES = 60.0  # seconds, on a busy machine


def play(*, stay: bool) -> int:
    """The exit code: 0 if everything ended as it should."""
    for name in SIGNALS:
        signal.signal(name, _interrupted)
    try:
        with suppress(KeyboardInterrupt), Screen() as screen:
            return _shown(screen, stay=stay)
    except ConfigError as error:
        log.error("demo-failed", f"the demo cannot be played here: {error}")
        return 1
    log.warn("demo-interrupted", "the demo was interrupted, and cleaned up")
    return 1


def _shown(screen: Screen, *, stay: bool) -> int:
    screen.act("AFK, and a forge, T3 Code and Slack that are simulated on this machine. Nothing leaves it.")
    with installed(screen.tell) as installation, _undisturbed():
        screen.look_here(
            {
                "Prefect": f"{installation.pages}/runs",
                "Slack": f"{installation.village.slack.url}/",
                "tracker": f"{installation.village.tracker.url}/",
                "T3 Code": f"{installation.village.cockpit.url}/",
            }
        )
        screen.plots = installation.village.plots
        found = _played(installation, screen)
        for fault in found:
            screen.tell(f"NOT AS IT SHOULD BE: {fault}")
        if found:
            _tail(installation)
        elif stay:
            _stay(installation, screen)
        screen.plots = tuple
    if found:
        log.error("demo-faulty", "the demo did not end as it should: see the lines above, and report them")
        return 1
    screen.act(f"Everything ended as it should, after {screen.seconds:.0f} s. Nothing was kept.")
    return 0


@contextmanager
def _undisturbed() -> Iterator[None]:
    """After the block comes the clean-up. It takes seconds, and whoever is impatient would leave parts behind."""
    try:
        yield
    except KeyboardInterrupt:
        _say_that_it_takes_a_moment()
        raise
    finally:
        _hear_nothing()


def _say_that_it_takes_a_moment() -> None:
    log.info("cleaning-up", "cleaning up")


def _hear_nothing() -> None:
    for name in SIGNALS:
        signal.signal(name, signal.SIG_IGN)


def _interrupted(*_: object) -> None:
    _hear_nothing()
    raise KeyboardInterrupt


def _played(installation: Installation, screen: Screen) -> list[str]:
    try:
        Story(installation, screen).play()
    except (Stuck, NoAnswer, Refused) as error:
        return [str(error)]
    screen.act("What tracker, T3, Slack, Prefect and the ledger hold now")
    found = _settled(installation)
    if not found:
        screen.tell(
            "4 issues closed, 1 untouched; 5 threads; 5 doorbells; every flow run and the ledger as they must be"
        )
    return found


def _settled(installation: Installation) -> list[str]:
    """The last doorbell rings as soon as its issue is closed: the tick that closed it has some things left to do."""
    end = time.monotonic() + SETTLES
    while (found := faults(installation)) and time.monotonic() < end:
        installation.supervisor.look()
        time.sleep(LOOK)
    return found


def _tail(installation: Installation) -> None:
    """What the parts said last, for whoever looks into it."""
    for line in installation.log.read_text(errors="replace").splitlines()[-LAST_LINES:]:
        part, _, said = line.partition(" | ")
        log.passed_on(part, said)


def _stay(installation: Installation, screen: Screen) -> None:
    leave_work(installation.village)
    settings = write_environment(installation.environment, installation.log.parent)
    screen.act("It stays up, with two more issues to practise on: docs/operating.md. Ctrl-C ends it")
    screen.tell(f"in another terminal: . {settings}")
    screen.waits_for = "Ctrl-C"
    with suppress(KeyboardInterrupt):
        while True:
            installation.supervisor.look()
            time.sleep(LOOK)
    _say_that_it_takes_a_moment()
