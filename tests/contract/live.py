"""Name the real systems that the environment gives an address and a token for, and those that may be written to."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from afk.adapters import forgejo, github
from afk.adapters.clock import SystemClock
from afk.adapters.kubernetes import KubernetesStage
from afk.adapters.woodpecker import WoodpeckerStage
from afk.core.model import ForgeKind, KubernetesTarget, Labels, Repo, Slug, StageKind
from afk.systems import Forgejo, Github, Kubernetes, Woodpecker

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.ports import Stage, Tracker

LABELS = Labels()
NO_COMMIT = "0" * 40
COMMIT = os.environ.get("AFK_LIVE_COMMIT", "") or NO_COMMIT
WRITES = os.environ.get("AFK_LIVE_WRITES") == "1"


def given(system: str, name: str, otherwise: str = "") -> str:
    return os.environ.get(f"AFK_LIVE_{system.upper()}_{name}", "") or otherwise


def _named(system: str, *names: str) -> bool:
    return all(given(system, name) for name in names)


FORGES = [
    name
    for name, names in {"github": ("TOKEN", "REPO"), "forgejo": ("URL", "TOKEN", "REPO")}.items()
    if _named(name, *names)
]
WRITABLE_FORGES = [name for name in FORGES if WRITES and _named(name, "ISSUE")]
STAGES = [
    *([f"{name} checks" for name in FORGES] if COMMIT != NO_COMMIT else []),
    *(["woodpecker"] if _named("woodpecker", "URL", "TOKEN", "REPO") else []),
    *(["kubernetes"] if _named("kubernetes", "URL", "NAMESPACE", "DEPLOYMENT", "CONTAINER") else []),
]


@dataclass(frozen=True)
class LiveForge:
    """A forge with the repository to look at. `deletes` takes a comment of ours back, which no port does."""

    name: str
    tracker: Tracker
    checks: Stage
    repo: Repo
    client: github.Client | forgejo.Client

    @property
    def number(self) -> int:
        return int(given(self.name, "ISSUE"))

    def deletes(self, comment_id: str) -> None:
        tail, subject = f"/issues/comments/{comment_id}", str(self.repo.slug)
        if isinstance(self.client, github.Client):
            self.client.rest(self.repo.slug, "DELETE", tail, subject)
        else:
            self.client.below(self.repo.slug, "DELETE", tail, subject)


@contextmanager
def forge(name: str) -> Iterator[LiveForge]:
    slug, token, clock = Slug.parse(given(name, "REPO")), SecretStr(given(name, "TOKEN")), SystemClock()
    repo = Repo("live", ForgeKind(name), slug, (StageKind.CHECKS,))
    repos = {repo.name: repo}
    client: github.Client | forgejo.Client
    if name == "github":
        url = given(name, "API_URL", "https://api.github.com")
        client = hub = github.Client(Github(url, token), [slug], clock)
        live = LiveForge(name, github.GithubTracker(hub, repos, LABELS), github.GithubChecks(hub), repo, hub)
    else:
        client = own = forgejo.Client(Forgejo(given(name, "URL"), token), clock)
        live = LiveForge(name, forgejo.ForgejoTracker(own, repos, LABELS), forgejo.ForgejoChecks(own), repo, own)
    try:
        yield live
    finally:
        client.close()


@contextmanager
def stage(name: str) -> Iterator[tuple[Stage, Repo]]:
    if name.endswith("checks"):
        with forge(name.partition(" ")[0]) as live:
            yield live.checks, live.repo
        return
    adapter: WoodpeckerStage | KubernetesStage
    if name == "woodpecker":
        settings = Woodpecker(given(name, "URL"), SecretStr(given(name, "TOKEN")))
        adapter, repo = WoodpeckerStage(settings, SystemClock()), _repo(given(name, "REPO"), StageKind.WOODPECKER)
    else:
        files = [Path(file) if (file := given(name, each)) else None for each in ("TOKEN_FILE", "CA_FILE")]
        adapter = KubernetesStage(Kubernetes(given(name, "URL"), *files))
        target = KubernetesTarget(*(given(name, each) for each in ("NAMESPACE", "DEPLOYMENT", "CONTAINER")))
        repo = _repo("live/live", StageKind.KUBERNETES, target)
    try:
        yield adapter, repo
    finally:
        adapter.close()


def _repo(slug: str, kind: StageKind, target: KubernetesTarget | None = None) -> Repo:
    return Repo("live", ForgeKind.FORGEJO, Slug.parse(slug), (kind,), target)
