"""Say which settings are missing for what is enrolled, and for Slack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.core.model import ForgeKind, StageKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from afk.core.config import Config
    from afk.core.model import Repo
    from afk.environment import Environment

Alternatives = tuple[tuple[str, ...], ...]

FOR_REPOS: tuple[tuple[str, Callable[[Repo], bool], Alternatives], ...] = (
    ("enrolled", lambda _: True, (("AFK_T3_URL",),)),
    ("enrolled", lambda _: True, (("AFK_T3_TOKEN",), ("AFK_T3_TOKEN_FILE",))),
    (
        "forge github",
        lambda repo: repo.forge is ForgeKind.GITHUB,
        (("AFK_GITHUB_TOKEN",), ("AFK_GITHUB_APP_ID", "AFK_GITHUB_APP_PRIVATE_KEY_FILE")),
    ),
    ("forge forgejo", lambda repo: repo.forge is ForgeKind.FORGEJO, (("AFK_FORGEJO_URL",),)),
    ("forge forgejo", lambda repo: repo.forge is ForgeKind.FORGEJO, (("AFK_FORGEJO_TOKEN",),)),
    ("stage woodpecker", lambda repo: StageKind.WOODPECKER in repo.stages, (("AFK_WOODPECKER_URL",),)),
    ("stage woodpecker", lambda repo: StageKind.WOODPECKER in repo.stages, (("AFK_WOODPECKER_TOKEN",),)),
    (
        "stage kubernetes",
        lambda repo: StageKind.KUBERNETES in repo.stages,
        (("AFK_KUBERNETES_URL",), ("KUBERNETES_SERVICE_HOST",)),
    ),
)
FOR_SLACK: tuple[Alternatives, ...] = ((("AFK_SLACK_CHANNEL",),), (("SLACK_APP_TOKEN",), ("SLACK_SIGNING_SECRET",)))


def missing(config: Config, env: Environment, enrolled_by: str) -> tuple[str, ...]:
    """One line per gap. `enrolled_by` names the file or variable that enrols."""
    return (*_for_repos(config, env, enrolled_by), *_for_slack(env))


def missing_for_bot(env: Environment) -> tuple[str, ...]:
    if not env.has("SLACK_BOT_TOKEN"):
        return ("Slack is not configured: set SLACK_BOT_TOKEN, AFK_SLACK_CHANNEL and AFK_SLACK_OPERATORS.",)
    return tuple(_for_slack(env))


def _for_repos(config: Config, env: Environment, enrolled_by: str) -> Iterator[str]:
    for why, concerns, alternatives in FOR_REPOS:
        names = [repo.name for repo in config.repos.values() if concerns(repo)]
        if names and not _given(env, alternatives):
            who = f"repository {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")
            yield f"{enrolled_by}: {who} ({why}) needs {_spelt(alternatives)}: set it, or take out what needs it."


def _for_slack(env: Environment) -> Iterator[str]:
    for alternatives in FOR_SLACK:
        if env.has("SLACK_BOT_TOKEN") and not _given(env, alternatives):
            yield f"SLACK_BOT_TOKEN needs {_spelt(alternatives)}: set it, or unset SLACK_BOT_TOKEN for no Slack."


def _given(env: Environment, alternatives: Alternatives) -> bool:
    return any(env.has(*names) for names in alternatives)


def _spelt(alternatives: Alternatives) -> str:
    return " or ".join(" with ".join(names) for names in alternatives)
