"""Check one repository before it is enrolled, and write down what enrols it."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from afk import doctor, settings, wiring
from afk.core import enrolment
from afk.core.checkup import Checkup, broken, doubtful, fine
from afk.core.config import DEFAULT_STAGES, ConfigError, same_repository
from afk.core.model import ForgeKind, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afk.core.checkup import Finding
    from afk.core.model import Slug
    from afk.ports import Clock
    from afk.settings import Settings

SYSTEMS = {ForgeKind.GITHUB: "GitHub", ForgeKind.FORGEJO: "Forgejo"}
NEEDED = {
    ForgeKind.GITHUB: "set AFK_GITHUB_TOKEN, or AFK_GITHUB_APP_ID with AFK_GITHUB_APP_PRIVATE_KEY_FILE",
    ForgeKind.FORGEJO: "set AFK_FORGEJO_URL and AFK_FORGEJO_TOKEN",
}


@dataclass(slots=True)
class Candidate:
    """`repo` gets the stages that fit once it was looked at."""

    repo: Repo
    settings: Settings
    is_enrolled: bool
    allowlisted: bool  # AFK_ALLOWLIST says who is enrolled, alone or beside a rules file
    ignored_name: str = ""

    @property
    def rules(self) -> str:
        """What is to be added to the rules file."""
        return "" if self.is_enrolled else enrolment.table(self.repo)

    @property
    def steps(self) -> str:
        """How it is enrolled."""
        if self.is_enrolled:
            return ""
        others, file = tuple(self.settings.config.repos.values()), self.settings.rules_file
        place = str(file or settings.RULES_FILE)
        return enrolment.steps(self.repo, others, place, has_rules=file is not None, allowlisted=self.allowlisted)

    def checkup(self, environ: Mapping[str, str], clock: Clock, *, fix: bool) -> Checkup:
        system = SYSTEMS[self.repo.forge]
        return doctor.guarded(Checkup(system, lambda: self._look(system, clock, fix=fix)), environ)

    def _look(self, system: str, clock: Clock, *, fix: bool) -> Iterator[Finding]:
        yield self._standing()
        seen = yield from wiring.survey(self.settings, self.repo, clock, fix=fix)
        if seen is not None:
            yield from enrolment.judged(system, self.repo, seen, is_enrolled=self.is_enrolled)
            if not self.is_enrolled:
                self.repo = replace(self.repo, stages=enrolment.stages(self.repo.forge, seen))

    def _standing(self) -> Finding:
        name, subject = self.repo.name, str(self.repo.slug)
        if self.ignored_name:
            what = f"enrolled already, as {name}: the name {self.ignored_name} is ignored"
            return doubtful(doctor.SETTINGS, subject, what, "Leave --name out, or rename it in the rules file")
        if self.is_enrolled:
            source = self.settings.rules_file or "AFK_ALLOWLIST"
            return fine(doctor.SETTINGS, subject, f"enrolled already, as {name} (by {source})")
        taken = {repo.name.casefold(): repo for repo in self.settings.config.repos.values()}.get(name.casefold())
        if taken is not None:
            what = f"the short name {name} is that of {taken.slug} already"
            return broken(doctor.SETTINGS, subject, what, "Choose another with --name")
        return fine(doctor.SETTINGS, subject, f"not enrolled yet; {name} is free as its short name")


def candidate(slug: Slug, forge: ForgeKind, name: str, environ: Mapping[str, str] | None = None) -> Candidate:
    """Raises ConfigError where the settings cannot be read, or do not reach this forge."""
    environ = os.environ if environ is None else environ
    loaded, allowlisted = settings.read(environ), "AFK_ALLOWLIST" in environ
    if (loaded.github if forge is ForgeKind.GITHUB else loaded.forgejo) is None:
        raise ConfigError(f"{SYSTEMS[forge]} is not configured: {NEEDED[forge]}.")
    for repo in loaded.config.repos.values():
        if repo.forge is forge and same_repository(repo.slug) == same_repository(slug):
            ignored = "" if name in {"", repo.name} else name
            return Candidate(repo, loaded, is_enrolled=True, allowlisted=allowlisted, ignored_name=ignored)
    repo = Repo(name or slug.name, forge, slug, DEFAULT_STAGES)
    return Candidate(repo, loaded, is_enrolled=False, allowlisted=allowlisted)
