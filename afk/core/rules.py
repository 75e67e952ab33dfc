"""Read the rules file: limits, and the repositories that may be automated."""

from __future__ import annotations

import re
import tomllib
from functools import partial
from typing import TYPE_CHECKING, Any

from afk.core.config import DEFAULT_STAGES, LIMIT_NAMES, ConfigError, Findings, Rules, same_repository
from afk.core.config_values import LIMIT, MOST, did_you_mean, parse_slug, printable, refusal, shown
from afk.core.model import REPO_NAME, ForgeKind, KubernetesTarget, Repo, Slug, StageKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

NO_CI = "none"
FORGES = " or ".join(f'"{forge}"' for forge in ForgeKind)
STAGES = (
    "a list of "
    + ", ".join(f'"{stage}"' for stage in StageKind)
    + f', each at most once, or ["{NO_CI}"] for no CI at all'
)
NAME = "1 to 100 letters, digits, '.', '_' or '-', beginning with a letter or digit; there are no wildcards"

TOP_KEYS = ("limits", "repos")
REPO_KEYS = ("forge", "slug", "stages", "kubernetes")
KUBERNETES_KEYS = ("namespace", "deployment", "container")

_DNS_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DNS_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_TOLD_PER_TABLE = 10


def parse_rules(text: str, source: str) -> Rules:
    """Rules as TOML. `source` names the file in every error."""
    source = printable(source)
    document = _document(text, source)
    found = Findings()
    found.take(lambda: _known(document, TOP_KEYS, source, ""), None)
    limits = found.take(lambda: _limits(document.get("limits", {}), source), {})
    tables = found.take(lambda: _table(document.get("repos", {}), f"{source}: repos"), {})
    repos = [found.take(partial(_repo, name, table, source), None) for name, table in tables.items()]
    found.take(lambda: _distinct([repo for repo in repos if repo], source), None)
    found.settle()
    return Rules(source, limits, {repo.name: repo for repo in repos if repo})


def _document(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        reason = "nested too deeply"
    except ValueError as error:  # also a number of more digits than Python converts
        reason = printable(str(error))[:120]
    raise ConfigError(f"{source} is not TOML: {reason}. Correct the file, then run `afk doctor`.")


def _limits(value: object, source: str) -> dict[str, int]:
    table = _table(value, f"{source}: limits")
    found = Findings()
    found.take(lambda: _known(table, LIMIT_NAMES, source, "limits."), None)
    for name in LIMIT_NAMES:
        limit = table.get(name, 0)
        if type(limit) is not int or not 0 <= limit <= MOST:  # a bool is an int to isinstance
            found.problems.extend(refusal(f"{source}: limits.{name}", limit, LIMIT).problems)
    found.settle()
    return dict(table)


def _repo(name: str, value: object, source: str) -> Repo:
    if not REPO_NAME.fullmatch(name):
        raise refusal(f"{source}: a name under repos", name, NAME)
    prefix = f"repos.{name}."
    table = _table(value, f"{source}: repos.{name}")
    found = Findings()
    found.take(lambda: _known(table, REPO_KEYS, source, prefix), None)
    forge = found.take(
        lambda: _forge(table.get("forge", ForgeKind.GITHUB), f"{source}: {prefix}forge"), ForgeKind.GITHUB
    )
    slug = found.take(lambda: _slug(table, f"{source}: {prefix}slug"), Slug("", ""))
    stages = found.take(lambda: _stages(table.get("stages", list(DEFAULT_STAGES)), f"{source}: {prefix}stages"), ())
    target = found.take(lambda: _kubernetes(table.get("kubernetes"), source, prefix), None)
    found.settle()
    if StageKind.KUBERNETES in stages and target is None:
        raise ConfigError(
            f"{source}: {prefix}stages names kubernetes: add [{prefix}kubernetes] with {', '.join(KUBERNETES_KEYS)}."
        )
    if target and StageKind.KUBERNETES not in stages:
        raise ConfigError(
            f'{source}: [{prefix}kubernetes] changes nothing: add "kubernetes" to {prefix}stages, or remove the table.'
        )
    return Repo(name, forge, slug, stages, target)


def _forge(value: object, where: str) -> ForgeKind:
    if value not in list(ForgeKind):
        raise refusal(where, value, FORGES)
    return ForgeKind(str(value))


def _slug(table: dict[str, Any], where: str) -> Slug:
    if "slug" not in table:
        raise ConfigError(f"{where} is missing: add the repository as its forge spells it, owner/name.")
    value = table["slug"]
    if not isinstance(value, str):
        raise refusal(where, value, "owner/name")
    return parse_slug(value, where)


def _stages(value: object, where: str) -> tuple[StageKind, ...]:
    if not isinstance(value, list):
        raise refusal(where, value, STAGES)
    if value == [NO_CI]:
        return ()
    if not value:
        raise ConfigError(
            f'{where} is an empty list, but must be {STAGES}. Write ["{NO_CI}"] if the repository has no CI.'
        )
    for position, stage in enumerate(value):
        if stage not in list(StageKind) or stage in value[:position]:
            raise refusal(f"{where}[{position}]", stage, STAGES)
    return tuple(StageKind(stage) for stage in value)


def _kubernetes(value: object, source: str, prefix: str) -> KubernetesTarget | None:
    if value is None:
        return None
    prefix += "kubernetes."
    table = _table(value, f"{source}: {prefix[:-1]}")
    found = Findings()
    found.take(lambda: _known(table, KUBERNETES_KEYS, source, prefix), None)
    for key, pattern in zip(KUBERNETES_KEYS, (_DNS_LABEL, _DNS_NAME, _DNS_LABEL), strict=True):
        where = f"{source}: {prefix}{key}"
        if key not in table:
            found.problems.append(f"{where} is missing: add the {key} whose image tells which commit is live.")
        elif not isinstance(table[key], str) or not pattern.fullmatch(table[key]):
            found.problems.extend(refusal(where, table[key], f"the name of a Kubernetes {key}").problems)
    found.settle()
    return KubernetesTarget(**table)


def _distinct(repos: Sequence[Repo], source: str) -> None:
    _unique(repos, source, "the short name", lambda repo: repo.name.casefold())
    _unique(repos, source, "the repository", lambda repo: (repo.forge, same_repository(repo.slug)))


def _unique(repos: Iterable[Repo], source: str, what: str, key: Callable[[Repo], object]) -> None:
    first: dict[object, Repo] = {}
    for repo in repos:
        other = first.setdefault(key(repo), repo)
        if other is not repo:
            names = f"repos.{other.name} and repos.{repo.name}"
            raise ConfigError(f"{source}: {names} share {what} ({repo.slug} on {repo.forge}): remove or correct one.")


def _table(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise refusal(where, value, "a table")
    return value


def _known(table: dict[str, Any], legal: tuple[str, ...], source: str, prefix: str) -> None:
    strangers = [key for key in table if key not in legal][:_TOLD_PER_TABLE]
    where = f"{source}: {prefix}"
    choice = f"is no setting; legal: {', '.join(legal)}."
    if strangers:
        raise ConfigError(
            *(f"{where}{_bare(key)} {choice} {did_you_mean(key, legal) or 'Remove it.'}" for key in strangers)
        )


def _bare(key: str) -> str:
    return key if REPO_NAME.fullmatch(key) and key in shown(key) else shown(key)
