"""Read how to reach each outside system; one that is not configured is None."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from afk.core.config import Findings
from afk.core.config_values import (
    parse_app_id,
    parse_channel,
    parse_operators,
    parse_slack_api_url,
    parse_time_of_day,
    parse_url,
    parse_workspace,
)

if TYPE_CHECKING:
    from datetime import time

    from pydantic import SecretStr

    from afk.environment import Environment

PATIENCE = 20  # seconds for one answer
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True, slots=True)
class Github:
    """A token, or an app with its key."""

    api_url: str
    token: SecretStr | None = None
    app_id: str | None = None
    app_private_key_file: Path | None = None
    patience: int = PATIENCE


@dataclass(frozen=True, slots=True)
class Forgejo:
    url: str
    token: SecretStr
    patience: int = PATIENCE


@dataclass(frozen=True, slots=True)
class T3:
    """A token, or a file with it."""

    url: str
    public_url: str
    instance: str
    model: str
    workspace_base: str
    token: SecretStr | None = None
    token_file: Path | None = None
    patience: int = PATIENCE


@dataclass(frozen=True, slots=True)
class Woodpecker:
    url: str
    token: SecretStr
    patience: int = PATIENCE


@dataclass(frozen=True, slots=True)
class Kubernetes:
    """Without a token file no token is sent; without a CA file the system's authorities count."""

    url: str
    token_file: Path | None
    ca_file: Path | None
    patience: int = PATIENCE


@dataclass(frozen=True, slots=True)
class Slack:
    """The app token serves Socket Mode, the signing secret HTTP mode; both may be there."""

    api_url: str
    bot_token: SecretStr
    channel: str
    operators: frozenset[tuple[str, str]]  # team and user
    app_token: SecretStr | None = None
    signing_secret: SecretStr | None = None
    readers: frozenset[tuple[str, str]] = frozenset()  # who may look, beside the operators
    digest_at: time | None = None  # in UTC
    patience: int = PATIENCE


@dataclass(frozen=True, slots=True)
class Ntfy:
    url: str
    token: SecretStr | None = None
    patience: int = PATIENCE


@dataclass(frozen=True, slots=True)
class Presence:
    url: str
    token: SecretStr | None = None


def github(env: Environment, patience: int = PATIENCE) -> Github | None:
    api_url = env.text("AFK_GITHUB_API_URL", parse_url)
    token = env.secret("AFK_GITHUB_TOKEN")
    app_id = env.optional("AFK_GITHUB_APP_ID", parse_app_id)
    key_file = env.path("AFK_GITHUB_APP_PRIVATE_KEY_FILE")
    for name in ("AFK_GITHUB_APP_ID", "AFK_GITHUB_APP_PRIVATE_KEY_FILE"):
        _refuse_both(env, "AFK_GITHUB_TOKEN", name)
    _require_with(env, "AFK_GITHUB_APP_ID", "AFK_GITHUB_APP_PRIVATE_KEY_FILE")
    _require_with(env, "AFK_GITHUB_APP_PRIVATE_KEY_FILE", "AFK_GITHUB_APP_ID")
    return Github(api_url, token, app_id, key_file, patience) if token or (app_id and key_file) else None


def forgejo(env: Environment, patience: int = PATIENCE) -> Forgejo | None:
    url, token = env.text("AFK_FORGEJO_URL", parse_url), env.secret("AFK_FORGEJO_TOKEN")
    return Forgejo(url, token, patience) if url and token else None


def t3(env: Environment, patience: int = PATIENCE) -> T3 | None:
    url, public_url = env.text("AFK_T3_URL", parse_url), env.text("AFK_T3_PUBLIC_URL", parse_url)
    token, token_file = env.secret("AFK_T3_TOKEN"), env.path("AFK_T3_TOKEN_FILE")
    _refuse_both(env, "AFK_T3_TOKEN", "AFK_T3_TOKEN_FILE")
    connection = T3(
        url,
        public_url or url,
        env.text("AFK_T3_INSTANCE"),
        env.text("AFK_T3_MODEL"),
        env.text("AFK_T3_WORKSPACE_BASE", parse_workspace),
        token,
        token_file,
        patience,
    )
    return connection if url and (token or token_file) else None


def woodpecker(env: Environment, patience: int = PATIENCE) -> Woodpecker | None:
    url, token = env.text("AFK_WOODPECKER_URL", parse_url), env.secret("AFK_WOODPECKER_TOKEN")
    return Woodpecker(url, token, patience) if url and token else None


def kubernetes(env: Environment, patience: int = PATIENCE) -> Kubernetes | None:
    """The cluster that was named, or the one that AFK runs in: its own token is sent to no other."""
    url = env.text("AFK_KUBERNETES_URL", parse_url)
    token_file, ca_file = env.path("AFK_KUBERNETES_TOKEN_FILE"), env.path("AFK_KUBERNETES_CA_FILE")
    if url:
        return Kubernetes(url, token_file, ca_file, patience)
    if env.has("AFK_KUBERNETES_URL") or not env.has("KUBERNETES_SERVICE_HOST"):
        return None
    host = env.variables["KUBERNETES_SERVICE_HOST"].strip()
    port = env.variables.get("KUBERNETES_SERVICE_PORT", "").strip() or "443"
    address = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    url = env.found.take(lambda: parse_url(address, "KUBERNETES_SERVICE_HOST"), "")
    return Kubernetes(url, token_file or SERVICE_ACCOUNT / "token", ca_file or SERVICE_ACCOUNT / "ca.crt", patience)


def slack(env: Environment, patience: int = PATIENCE) -> Slack | None:
    bot_token, app_token = env.secret("SLACK_BOT_TOKEN"), env.secret("SLACK_APP_TOKEN")
    signing_secret = env.secret("SLACK_SIGNING_SECRET")
    api_url = env.text("AFK_SLACK_API_URL", parse_slack_api_url)
    channel = env.text("AFK_SLACK_CHANNEL", parse_channel)
    operators = env.optional("AFK_SLACK_OPERATORS", parse_operators) or frozenset()
    readers = env.optional("AFK_SLACK_READERS", parse_operators) or frozenset()
    digest_at = env.optional("AFK_DIGEST_AT", parse_time_of_day)
    _refuse_kind(env, "SLACK_BOT_TOKEN", bot_token, "xapp-", "SLACK_APP_TOKEN")
    _refuse_kind(env, "SLACK_APP_TOKEN", app_token, "xoxb-", "SLACK_BOT_TOKEN")
    if bot_token is None:
        return None
    return Slack(api_url, bot_token, channel, operators, app_token, signing_secret, readers, digest_at, patience)


def ntfy(env: Environment, patience: int = PATIENCE) -> Ntfy | None:
    url, token = env.text("AFK_NTFY_URL", parse_url), env.secret("AFK_NTFY_TOKEN")
    return Ntfy(url, token, patience) if url else None


def presence(env: Environment) -> Presence | None:
    url, token = env.text("AFK_PRESENCE_URL", parse_url), env.secret("AFK_PRESENCE_TOKEN")
    return Presence(url, token) if url else None


def pages(env: Environment, *, github: bool) -> tuple[str, ...]:
    """The addresses that people open, whether or not this process has the credential to ask there itself."""
    env = replace(env, found=Findings())  # whoever asks there tells what is wrong with them
    t3 = env.text("AFK_T3_PUBLIC_URL", parse_url) or env.text("AFK_T3_URL", parse_url)
    api = env.text("AFK_GITHUB_API_URL", parse_url)
    hub = (api, api.replace("//api.", "//", 1), "https://github.com") if github else ()
    return (t3, *hub, env.text("AFK_FORGEJO_URL", parse_url), env.text("AFK_WOODPECKER_URL", parse_url))


def _refuse_both(env: Environment, one: str, other: str) -> None:
    if env.has(one, other):
        env.found.problems.append(
            f"{one} and {other} are both set: unset one of them, for nobody can say which is meant."
        )


def _require_with(env: Environment, one: str, other: str) -> None:
    if env.has(one) and not env.has(other):
        env.found.problems.append(f"{one} is set, but {other} is not: set both, or neither.")


def _refuse_kind(env: Environment, name: str, token: SecretStr | None, prefix: str, right: str) -> None:
    if token and token.get_secret_value().startswith(prefix):
        env.found.problems.append(
            f"{name} holds a token (not shown) of the kind {prefix}…, which belongs in {right}: move it there."
        )
