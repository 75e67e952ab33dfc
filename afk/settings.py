"""Turn the environment and the rules file into typed settings."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from afk import secret_files, systems
from afk.core.config import LIMIT_NAMES, Config, ConfigError, Findings, Rules, merge
from afk.core.config_values import (
    parse_allowlist,
    parse_database_url,
    parse_days,
    parse_labels,
    parse_limit,
    parse_log,
    parse_request_seconds,
    parse_switch,
    parse_tick_seconds,
    printable,
)
from afk.core.known_links import hosts_of
from afk.core.model import ForgeKind, Labels
from afk.core.rules import parse_rules
from afk.environment import Environment
from afk.requirements import missing, missing_for_bot
from afk.variables import PREFIX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.core.model import Slug

RULES_FILE = "afk.toml"
RULES_FILE_MAX = 1 << 20
PREFETCH_MAX = 10  # as Prefect itself does
# The credentials, and what comes with them, of the systems that the bot never asks.
NOT_THE_BOTS = (
    "AFK_GITHUB_TOKEN", "AFK_GITHUB_APP", "AFK_FORGEJO_TOKEN", "AFK_T3_TOKEN", "AFK_WOODPECKER_TOKEN",
    "AFK_KUBERNETES_", "KUBERNETES_SERVICE_",
)  # fmt: skip
LEDGER_VARIABLES = ("AFK_DATABASE_URL", "AFK_DATABASE_URL_FILE")


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often ticks run, and how long their history is kept."""

    tick_seconds: int = 60
    keep_quiet_days: int = 1
    keep_days: int = 30

    @property
    def prefetch_seconds(self) -> int:
        """How long before its time a tick is taken up, and with it the only slot: its process needs time to start."""
        return min(PREFETCH_MAX, self.tick_seconds // 3)

    @property
    def deadline_seconds(self) -> int:
        """A tick that takes longer would have its successor cancelled."""
        return self.tick_seconds - self.prefetch_seconds


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the operator said. A system that is None is not configured."""

    config: Config
    database_url: str = field(repr=False)  # may hold a password
    rules_file: Path | None = None
    github: systems.Github | None = None
    forgejo: systems.Forgejo | None = None
    t3: systems.T3 | None = None
    woodpecker: systems.Woodpecker | None = None
    kubernetes: systems.Kubernetes | None = None
    slack: systems.Slack | None = None
    ntfy: systems.Ntfy | None = None
    presence: systems.Presence | None = None
    rhythm: Rhythm = field(default_factory=Rhythm)


def load(environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Settings:
    """Settings that a tick can work with. The `ConfigError` otherwise holds every problem."""
    env = _with_secrets(_environment(environ, cwd))
    settings = _read(env)
    env.found.problems.extend(_missing(settings, env))
    env.found.settle()
    return settings


def for_bot(environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Settings:
    """Settings that the bot can work with: it asks no forge, executor or CI, and holds no credential of theirs."""
    env = _with_secrets(_environment(of_bot(os.environ if environ is None else environ), cwd))
    settings = _read(env)
    env.found.problems.extend(missing_for_bot(env))
    env.found.settle()
    return settings


def of_bot(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if not name.startswith(NOT_THE_BOTS)}


def read(environ: Mapping[str, str] | None = None, cwd: Path | None = None) -> Settings:
    """Settings as they stand: each legal, though a system may be missing. Enough to look, or to switch off."""
    env = _with_secrets(_environment(environ, cwd))
    settings = _read(env)
    env.found.settle()
    return settings


def problems(
    environ: Mapping[str, str] | None = None, cwd: Path | None = None, *, bot: bool = False
) -> tuple[str, ...]:
    try:
        (for_bot if bot else load)(environ, cwd)
    except ConfigError as error:
        return error.problems
    return ()


def ledger_url(environ: Mapping[str, str] | None = None) -> str:
    """Where the ledger is, whatever else is wrong."""
    environ = os.environ if environ is None else environ
    if environ.get("AFK_DATABASE_URL_FILE", "").strip():
        env = _with_secrets(_environment({name: environ.get(name, "") for name in LEDGER_VARIABLES}, None))
        env.found.settle()
        environ = env.variables
    return _ledger_url(environ)


def _ledger_url(environ: Mapping[str, str]) -> str:
    url = environ.get("AFK_DATABASE_URL", "").strip()
    return parse_database_url(url) if url else f"sqlite:///{data_directory(environ, sys.platform) / 'ledger.db'}"


def rhythm(environ: Mapping[str, str] | None = None) -> Rhythm:
    """The rhythm alone, whatever else is wrong."""
    env = _environment(environ, None)
    found = _rhythm(env)
    env.found.settle()
    return found


def data_directory(environ: Mapping[str, str], platform: str) -> Path:
    base, home = environ.get("XDG_DATA_HOME", ""), environ.get("HOME", "")
    if not Path(base).is_absolute():  # the XDG specification: ignore it then
        try:
            user = Path(home) if Path(home).is_absolute() else Path.home()
        except RuntimeError:
            raise ConfigError("AFK_DATABASE_URL is not set, and this user has no home directory: set it.") from None
        base = str(user / ("Library/Application Support" if platform == "darwin" else ".local/share"))
    if not base.isprintable() or any(mark in base for mark in "?%#"):
        raise ConfigError(
            "AFK_DATABASE_URL is not set, and no URL can hold the name of the user's data directory: set it."
        )
    return Path(base) / "afk"


def _environment(environ: Mapping[str, str] | None, cwd: Path | None) -> Environment:
    try:
        return Environment(os.environ if environ is None else environ, cwd or Path.cwd(), Findings())
    except OSError:
        raise ConfigError("The working directory does not exist any more: change to another one.") from None


def _with_secrets(env: Environment) -> Environment:
    return replace(env, variables=secret_files.filled(env.variables, env.cwd, env.found))


def _read(env: Environment) -> Settings:
    env.optional("AFK_LOG", parse_log)  # every process reads it where it logs; here it is only found to be legal
    rules_file = _rules_file(env)
    patience = env.optional("AFK_REQUEST_SECONDS", parse_request_seconds) or systems.PATIENCE
    settings = Settings(
        config=_config(env, rules_file),
        database_url=env.found.take(lambda: _ledger_url(env.variables), ""),
        rules_file=rules_file,
        github=systems.github(env, patience),
        forgejo=systems.forgejo(env, patience),
        t3=systems.t3(env, patience),
        woodpecker=systems.woodpecker(env, patience),
        kubernetes=systems.kubernetes(env, patience),
        slack=systems.slack(env, patience),
        ntfy=systems.ntfy(env, patience),
        presence=systems.presence(env),
        rhythm=_rhythm(env),
    )
    return replace(settings, config=replace(settings.config, hosts=_hosts(settings, env)))


def _hosts(settings: Settings, env: Environment) -> frozenset[str]:
    """The systems of this installation, asked from this process or not, and GitHub's pages beside its API."""
    repos = settings.config.repos.values()
    on_github = settings.github is not None or any(repo.forge is ForgeKind.GITHUB for repo in repos)
    return hosts_of(systems.pages(env, github=on_github))


def _rhythm(env: Environment) -> Rhythm:
    usual = Rhythm()
    return Rhythm(
        tick_seconds=env.optional("AFK_TICK_SECONDS", parse_tick_seconds) or usual.tick_seconds,
        keep_quiet_days=env.optional("AFK_KEEP_QUIET_DAYS", parse_days) or usual.keep_quiet_days,
        keep_days=env.optional("AFK_KEEP_DAYS", parse_days) or usual.keep_days,
    )


def _config(env: Environment, rules_file: Path | None) -> Config:
    """As it ships, where any part of it cannot be read."""
    found = Findings()
    rules = found.take(lambda: _rules(rules_file), None) if rules_file else None
    allowlist = found.take(lambda: _allowlist(env), None)
    limits = {
        name: found.take(partial(_limit, env, name), 0) for name in LIMIT_NAMES if _variable(name) in env.variables
    }
    labels = found.take(lambda: _labels(env), Labels())
    kill_switch = found.take(lambda: parse_switch(env.raw("AFK_KILL_SWITCH"), "AFK_KILL_SWITCH"), otherwise=True)
    env.found.problems.extend(found.problems)
    if found.problems:
        return Config()
    return env.found.take(
        lambda: merge(rules, allowlist, limits=limits, labels=labels, kill_switch=kill_switch),
        Config(),
    )


def _allowlist(env: Environment) -> tuple[Slug, ...] | None:
    text = env.variables.get("AFK_ALLOWLIST")
    return None if text is None else parse_allowlist(text)


def _limit(env: Environment, name: str) -> int:
    return parse_limit(env.raw(_variable(name)), _variable(name))


def _labels(env: Environment) -> Labels:
    return parse_labels(env.raw("AFK_READY_LABEL"), env.raw("AFK_IN_PROGRESS_LABEL"), env.raw("AFK_HUMAN_LABEL"))


def _variable(limit: str) -> str:
    return PREFIX + limit.upper()


def _rules_file(env: Environment) -> Path | None:
    if env.has("AFK_CONFIG"):
        return env.path("AFK_CONFIG")
    beside = env.cwd / RULES_FILE
    return beside if os.path.lexists(beside) else None  # a dangling link is a mistake, not an absence


def _rules(path: Path) -> Rules:
    name = printable(str(path))
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise ConfigError(f"{name} is no regular file: point AFK_CONFIG to the rules file.")
        with path.open("rb") as file:
            content = file.read(RULES_FILE_MAX + 1)
    except OSError as error:
        todo = "correct AFK_CONFIG, or put the rules file there."
        raise ConfigError(f"{name} cannot be read ({error.strerror}): {todo}") from None
    if len(content) > RULES_FILE_MAX:
        raise ConfigError(f"{name} is larger than 1 MiB: point AFK_CONFIG to the rules file.")
    try:
        return parse_rules(content.decode(), name)
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 (byte {error.start}): save the rules file as UTF-8.") from None


def _missing(settings: Settings, env: Environment) -> tuple[str, ...]:
    return missing(settings.config, env, str(settings.rules_file or "AFK_ALLOWLIST"))
