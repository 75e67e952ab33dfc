"""Say what may be automated and how far: budgets, labels, enrolled repositories, the kill switch."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, TypeVar

from afk.core.model import ForgeKind, Labels, Repo, Slug, StageKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

T = TypeVar("T")
D = TypeVar("D")


class ConfigError(Exception):
    """Settings that nobody should guess at. Reads as its first problem; each problem is one line."""

    def __init__(self, *problems: str) -> None:
        self.problems = tuple("".join(filter(str.isprintable, problem)) for problem in problems)
        super().__init__(self.problems[0])


class Findings:
    """Gather problems, so that an operator hears of all of them at once."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def take(self, read: Callable[[], T], otherwise: D) -> T | D:
        try:
            return read()
        except ConfigError as error:
            self.problems.extend(error.problems)
            return otherwise

    def settle(self) -> None:
        if self.problems:
            raise ConfigError(*self.problems)


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets. At the cap a budget is spent; 0 means never, or at once."""

    budget_usd: int = 100  # per issue, over all its attempts
    fix_forward_max_attempts: int = 5
    fix_forward_max_seconds: int = 3_600  # from the first red
    run_max_seconds: int = 86_400
    verdict_max_seconds: int = 3_600
    stall_max_seconds: int = 1_800
    answer_max_seconds: int = 14_400
    start_max_seconds: int = 900
    close_defer_seconds: int = 1_800
    restarts_max: int = 1
    nudges_max: int = 1


DEFAULT_STAGES = (StageKind.CHECKS,)
LIMIT_NAMES = tuple(limit.name for limit in fields(Limits))


@dataclass(frozen=True, slots=True)
class Rules:
    """What a rules file says."""

    source: str
    limits: Mapping[str, int] = field(default_factory=dict)
    repos: Mapping[str, Repo] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Config:
    """Gate 1 and the limits. As it ships: the switch on, nothing enrolled."""

    limits: Limits = Limits()
    labels: Labels = field(default_factory=Labels)
    repos: Mapping[str, Repo] = field(default_factory=dict)
    kill_switch: bool = True
    hosts: frozenset[str] = frozenset()  # that links may open, as `hosts_of` makes them


def merge(
    rules: Rules | None,
    allowlist: Sequence[Slug] | None,
    *,
    limits: Mapping[str, int],
    labels: Labels,
    kill_switch: bool,
) -> Config:
    """Join both sources. `limits` are the environment's and win over the file's; no allowlist is None."""
    if rules is None:
        repos = _enrolled(allowlist or ())
    elif allowlist is None:
        repos = rules.repos
    else:
        repos = _narrowed(rules, allowlist)
    from_file = rules.limits if rules else {}
    return Config(Limits(**{**from_file, **limits}), labels, repos, kill_switch)


def same_repository(slug: Slug) -> tuple[str, str]:
    """The key under which forges find a repository: they ignore case."""
    return slug.owner.casefold(), slug.name.casefold()


def _enrolled(allowlist: Sequence[Slug]) -> Mapping[str, Repo]:
    taken: dict[str, Slug] = {}
    for slug in allowlist:
        other = taken.setdefault(slug.name.casefold(), slug)
        if other is not slug:
            raise ConfigError(
                f"AFK_ALLOWLIST names {other} and {slug}, which would share the short name '{slug.name}': "
                f"enrol them in a rules file, each as [repos.<name>] with its slug."
            )
    return {slug.name: Repo(slug.name, ForgeKind.GITHUB, slug, DEFAULT_STAGES) for slug in allowlist}


def _narrowed(rules: Rules, allowlist: Sequence[Slug]) -> Mapping[str, Repo]:
    known = {same_repository(repo.slug) for repo in rules.repos.values()}
    strangers = [slug for slug in allowlist if same_repository(slug) not in known]
    if strangers:
        legal = ", ".join(sorted(str(repo.slug) for repo in rules.repos.values())[:10]) or "none, for it enrols nothing"
        raise ConfigError(
            *(
                f"AFK_ALLOWLIST names {slug}, which {rules.source} does not enrol (it enrols: {legal}): "
                f"add a [repos.<name>] table with this slug there, or take the entry out."
                for slug in strangers
            )
        )
    wanted = {same_repository(slug) for slug in allowlist}
    return {name: repo for name, repo in rules.repos.items() if same_repository(repo.slug) in wanted}
