"""Turn settings into adapters: the only place that names them."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING

from afk import housekeeping
from afk.adapters import forgejo, github, ntfy_checkup
from afk.adapters.by_forge import StageByForge, TrackerByForge
from afk.adapters.clock import SystemClock
from afk.adapters.forgejo import checkup as forgejo_checkup
from afk.adapters.forgejo import enrolment as forgejo_enrolment
from afk.adapters.github import checkup as github_checkup
from afk.adapters.github import enrolment as github_enrolment
from afk.adapters.kubernetes import KubernetesStage
from afk.adapters.kubernetes import checkup as kubernetes_checkup
from afk.adapters.ledger import backup, open_ledger
from afk.adapters.ledger import checkup as ledger_checkup
from afk.adapters.ledger.upgrade import upgrade
from afk.adapters.ntfy import NtfyChannel
from afk.adapters.presence import PresenceWebhook
from afk.adapters.slack import Pace, SlackChannel, SlackClient, SlackDesk
from afk.adapters.slack import checkup as slack_checkup
from afk.adapters.t3 import T3Executor
from afk.adapters.t3 import checkup as t3_checkup
from afk.adapters.unconfigured import Unconfigured
from afk.adapters.woodpecker import WoodpeckerStage
from afk.adapters.woodpecker import checkup as woodpecker_checkup
from afk.core.checkup import Checkup
from afk.core.model import ForgeKind, StageKind
from afk.ports import Ports
from afk.recollection import Recollection

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from afk import systems
    from afk.adapters.ledger.upgrade import Upgrade
    from afk.core.checkup import Finding
    from afk.core.config import Config
    from afk.core.enrolment import Surroundings
    from afk.core.model import Repo
    from afk.ports import Channel, Clock, Desk, Executor, Ledger, Presence, Stage, Tracker
    from afk.settings import Settings
    from afk.systems import Slack


def ledger(url: str) -> Ledger:
    return open_ledger(url)


def upgraded(url: str) -> Upgrade:
    return upgrade(url)


def copy_ledger(url: str, file: Path) -> None:
    backup.copy_ledger(url, file)


def clock() -> Clock:
    return SystemClock()


def desk(settings: Slack, clock: Clock, channels: Iterable[Channel]) -> Desk:
    """It posts where the doorbells of `channels` ring, and leaves them room."""
    return SlackDesk(settings, clock, next((each.pace for each in channels if isinstance(each, SlackChannel)), Pace()))


def slack_client(api_url: str) -> SlackClient:
    """For whoever brings the token with each call."""
    return SlackClient(None, api_url)


def presence(settings: systems.Presence) -> Presence:
    return PresenceWebhook(settings)


@contextmanager
def ports(settings: Settings, ledger: Ledger, clock: Clock) -> Iterator[Ports]:
    """Every port for the systems that are configured; connections close with the block. Nothing is asked yet."""
    with ExitStack() as open_ones:
        memory = Recollection(ledger, clock)
        open_ones.callback(memory.close)
        trackers, checks = _forges(settings, clock, memory, open_ones)
        yield Ports(
            TrackerByForge(trackers, settings.config.repos),
            _executor(settings, clock, open_ones),
            {StageKind.CHECKS: StageByForge(checks), **_stages(settings, clock, memory, open_ones)},
            ledger,
            clock,
            _channels(settings, clock, open_ones),
        )


def _forges(
    settings: Settings, clock: Clock, memory: Recollection, open_ones: ExitStack
) -> tuple[dict[ForgeKind, Tracker], dict[ForgeKind, Stage]]:
    trackers: dict[ForgeKind, Tracker] = {}
    checks: dict[ForgeKind, Stage] = {}
    labels = settings.config.labels
    if settings.github is not None:
        repos = _on(ForgeKind.GITHUB, settings)
        hub = github.Client(settings.github, [repo.slug for repo in repos.values()], clock, memory)
        open_ones.callback(hub.close)
        trackers[ForgeKind.GITHUB] = github.GithubTracker(hub, repos, labels)
        checks[ForgeKind.GITHUB] = github.GithubChecks(hub)
    if settings.forgejo is not None:
        forge = forgejo.Client(settings.forgejo, clock, memory)
        open_ones.callback(forge.close)
        trackers[ForgeKind.FORGEJO] = forgejo.ForgejoTracker(forge, _on(ForgeKind.FORGEJO, settings), labels)
        checks[ForgeKind.FORGEJO] = forgejo.ForgejoChecks(forge)
    return trackers, checks


def _on(forge: ForgeKind, settings: Settings) -> Mapping[str, Repo]:
    return {name: repo for name, repo in settings.config.repos.items() if repo.forge is forge}


def _executor(settings: Settings, clock: Clock, open_ones: ExitStack) -> Executor:
    if settings.t3 is None:
        return Unconfigured("T3", "AFK_T3_URL and AFK_T3_TOKEN or AFK_T3_TOKEN_FILE")
    return open_ones.enter_context(T3Executor(settings.t3, clock))


def _stages(settings: Settings, clock: Clock, memory: Recollection, open_ones: ExitStack) -> dict[StageKind, Stage]:
    stages: dict[StageKind, Stage] = {
        StageKind.WOODPECKER: Unconfigured("Woodpecker", "AFK_WOODPECKER_URL and AFK_WOODPECKER_TOKEN"),
        StageKind.KUBERNETES: Unconfigured("Kubernetes", "AFK_KUBERNETES_URL, or run inside the cluster"),
    }
    if settings.woodpecker is not None:
        woodpecker = WoodpeckerStage(settings.woodpecker, clock, memory)
        open_ones.callback(woodpecker.close)
        stages[StageKind.WOODPECKER] = woodpecker
    if settings.kubernetes is not None:
        kubernetes = KubernetesStage(settings.kubernetes)
        open_ones.callback(kubernetes.close)
        stages[StageKind.KUBERNETES] = kubernetes
    return stages


def channel_names(settings: Settings) -> tuple[str, ...]:
    systems = {SlackChannel.name: settings.slack, NtfyChannel.name: settings.ntfy}
    return tuple(name for name, system in systems.items() if system is not None)


def _channels(settings: Settings, clock: Clock, open_ones: ExitStack) -> tuple[Channel, ...]:
    hosts = settings.config.hosts
    channels: list[Channel] = []
    if settings.slack is not None:
        channels.append(SlackChannel(settings.slack, clock, hosts=hosts))
    if settings.ntfy is not None:
        ntfy = NtfyChannel(settings.ntfy, hosts=hosts)
        open_ones.callback(ntfy.close)
        channels.append(ntfy)
    return tuple(channels)


def ledger_findings(url: str, config: Config | None, now: datetime, tick_seconds: int) -> Iterator[Finding]:
    """Without settings, the switches and the ticks are left out."""
    return ledger_checkup.look(
        url, config, now, lambda opened, config: housekeeping.due(opened, config, now, tick_seconds)
    )


def checkups(settings: Settings, clock: Clock) -> list[Checkup]:
    """One for each system that is configured. Nothing is asked yet."""
    found: list[Checkup] = []
    repos, labels = settings.config.repos, settings.config.labels
    if (hub := settings.github) is not None:
        ours = _on(ForgeKind.GITHUB, settings)
        found.append(Checkup("GitHub", partial(github_checkup.look, hub, ours, labels, clock)))
    if (forge := settings.forgejo) is not None:
        ours = _on(ForgeKind.FORGEJO, settings)
        found.append(Checkup("Forgejo", partial(forgejo_checkup.look, forge, ours, labels, clock)))
    if (t3 := settings.t3) is not None:
        found.append(Checkup("T3", partial(t3_checkup.look, t3, clock)))
    if (woodpecker := settings.woodpecker) is not None:
        found.append(Checkup("Woodpecker", partial(woodpecker_checkup.look, woodpecker, repos)))
    if (kubernetes := settings.kubernetes) is not None:
        found.append(Checkup("Kubernetes", partial(kubernetes_checkup.look, kubernetes, repos)))
    if (slack := settings.slack) is not None:
        found.append(Checkup("Slack", partial(slack_checkup.look, slack, clock)))
    if (ntfy := settings.ntfy) is not None:
        found.append(Checkup("ntfy", partial(ntfy_checkup.look, ntfy, clock)))
    return found


def survey(settings: Settings, repo: Repo, clock: Clock, *, fix: bool) -> Generator[Finding, None, Surroundings | None]:
    """Look at a repository that may not be enrolled yet. Its forge must be configured."""
    labels = settings.config.labels
    match repo.forge:
        case ForgeKind.GITHUB:
            assert settings.github is not None
            return (yield from github_enrolment.survey(settings.github, repo, labels, clock, fix=fix))
        case ForgeKind.FORGEJO:
            assert settings.forgejo is not None
            return (yield from forgejo_enrolment.survey(settings.forgejo, repo, labels, clock, fix=fix))
