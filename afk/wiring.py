"""Turn settings into adapters: the only place that names them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from afk.adapters.by_forge import StageByForge, TrackerByForge
from afk.adapters.clock import SystemClock
from afk.adapters.github import Client, GithubChecks, GithubTracker
from afk.adapters.ledger import open_ledger
from afk.adapters.memory import World
from afk.adapters.t3 import T3Executor
from afk.adapters.unconfigured import Unconfigured
from afk.core.model import ForgeKind, StageKind
from afk.ports import Ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.ports import Clock, Executor, Ledger, Stage, Tracker
    from afk.settings import Settings


def ledger(url: str) -> Ledger:
    return open_ledger(url)


def clock() -> Clock:
    return SystemClock()


def world() -> World:
    """Every foreign system in memory, for the demo."""
    return World()


@contextmanager
def ports(settings: Settings, ledger: Ledger, clock: Clock) -> Iterator[Ports]:
    """Every port for the systems that are configured; connections close with the block. Nothing is asked yet."""
    with ExitStack() as open_ones:
        trackers, checks = _forges(settings, clock, open_ones)
        stages: dict[StageKind, Stage] = {StageKind.CHECKS: StageByForge(checks)}
        yield Ports(
            TrackerByForge(trackers, settings.config.repos),
            _executor(settings, clock, open_ones),
            stages,
            ledger,
            clock,
        )


def _forges(
    settings: Settings, clock: Clock, open_ones: ExitStack
) -> tuple[dict[ForgeKind, Tracker], dict[ForgeKind, Stage]]:
    trackers: dict[ForgeKind, Tracker] = {}
    checks: dict[ForgeKind, Stage] = {}
    if settings.github is not None:
        repos = {name: repo for name, repo in settings.config.repos.items() if repo.forge is ForgeKind.GITHUB}
        client = Client(settings.github, [repo.slug for repo in repos.values()], clock)
        open_ones.callback(client.close)
        trackers[ForgeKind.GITHUB] = GithubTracker(client, repos, settings.config.labels)
        checks[ForgeKind.GITHUB] = GithubChecks(client)
    return trackers, checks


def _executor(settings: Settings, clock: Clock, open_ones: ExitStack) -> Executor:
    if settings.t3 is None:
        return Unconfigured("T3", "AFK_T3_URL and AFK_T3_TOKEN or AFK_T3_TOKEN_FILE")
    return open_ones.enter_context(T3Executor(settings.t3, clock))
