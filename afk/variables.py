"""List every environment variable with its meaning, its legal values and what holds without it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afk.core import config_values as legal
from afk.core.config import LIMIT_NAMES, Limits
from afk.core.model import Labels

if TYPE_CHECKING:
    from collections.abc import Mapping

PREFIX = "AFK_"
FILE = "the path of a file, absolute or from the working directory"

_LIMITS = {
    "budget_usd": "US dollars for one issue over all its attempts; 0: no issue starts",
    "fix_forward_max_attempts": "corrective turns for red CI; 0: never",
    "fix_forward_max_seconds": "time for corrections, from the first red; 0: never",
    "run_max_seconds": "time for one run, from its claim; 0: a run ends at the first look",
    "verdict_max_seconds": "wait for a CI verdict after the commit was seen; 0: freeze at the first look without one",
    "stall_max_seconds": "silence of a running agent; 0: a silent agent is interrupted at the first look",
    "answer_max_seconds": "wait for a person's answer to the agent; 0: hand over at once",
    "start_max_seconds": "wait for a start that stays impossible; 0: hand over at the first failure",
    "close_defer_seconds": "wait for the turn to end after CI has decided; 0: act at once",
    "restarts_max": "fresh threads for one that is gone; 0: never",
    "nudges_max": "reminders for a turn that ended with nothing pushed; 0: never",
}
_SERVICE_LINK = re.compile(r".*_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_[0-9]+_(TCP|UDP|SCTP)(_\w+)?)?)")


@dataclass(frozen=True, slots=True)
class Variable:
    """One setting. `default` is read as if it had been set; `unset` says what holds where there is no default."""

    name: str
    meaning: str
    legal: str
    default: str = ""
    unset: str = ""
    secret: bool = False


def _secret(name: str, meaning: str, unset: str) -> Variable:
    return Variable(name, meaning, legal.SECRET, unset=unset, secret=True)


def _in_file(name: str) -> Variable:
    return Variable(f"{name}_FILE", f"a file with it, instead of `{name}`", FILE, unset=f"`{name}`")


VARIABLES = (
    Variable("AFK_CONFIG", "the rules file", FILE, unset="afk.toml in the working directory, if it is there"),
    Variable("AFK_KILL_SWITCH", "gate 1: on means that no agent and no turn starts", legal.SWITCH, default="on"),
    Variable(
        "AFK_ALLOWLIST",
        "gate 1: without a rules file the GitHub repositories that are enrolled, with one the part of it that is",
        legal.ALLOWLIST,
        unset="what the rules file enrols; without one, nothing",
    ),
    Variable("AFK_READY_LABEL", "the label that authorizes", legal.LABEL, default=Labels().ready),
    Variable("AFK_IN_PROGRESS_LABEL", "the label of an issue with a run", legal.LABEL, default=Labels().in_progress),
    Variable("AFK_HUMAN_LABEL", "the label of an issue that was handed back", legal.LABEL, default=Labels().human),
    *(
        Variable(PREFIX + name.upper(), _LIMITS[name], legal.LIMIT, default=str(getattr(Limits(), name)))
        for name in LIMIT_NAMES
    ),
    Variable(
        "AFK_DATABASE_URL",
        "the ledger; shared by every process of one installation",
        legal.DATABASE_URL,
        unset="ledger.db in afk/ under the user's data directory",
        secret=True,
    ),
    _in_file("AFK_DATABASE_URL"),
    Variable(
        "AFK_LOG",
        "the form of log lines on standard error; where it is set, ticks, requests and deliveries are logged, too",
        legal.LOG,
        unset="text, and only what a service has to say",
    ),
    Variable("AFK_TICK_SECONDS", "how often the flows poll and watch run", legal.TICK_SECONDS, default="60"),
    Variable(
        "AFK_REQUEST_SECONDS",
        "how long an outside system may take to answer; in Slack never more than 5 seconds",
        legal.REQUEST_SECONDS,
        default="20",
    ),
    Variable("AFK_KEEP_QUIET_DAYS", "how long Prefect keeps ticks that did nothing", legal.DAYS, default="1"),
    Variable(
        "AFK_KEEP_DAYS", "how long Prefect keeps the other ticks, and the ledger its words", legal.DAYS, default="30"
    ),
    Variable(
        "AFK_GITHUB_API_URL", "GitHub's API; GraphQL is /graphql below it", legal.URL, default="https://api.github.com"
    ),
    _secret("AFK_GITHUB_TOKEN", "a GitHub token, instead of an app", "the app"),
    _in_file("AFK_GITHUB_TOKEN"),
    Variable("AFK_GITHUB_APP_ID", "a GitHub app, instead of a token", legal.APP_ID, unset="the token"),
    Variable("AFK_GITHUB_APP_PRIVATE_KEY_FILE", "the app's private key in PEM form", FILE, unset="the token"),
    Variable("AFK_FORGEJO_URL", "Forgejo or Gitea, the address people open", legal.URL, unset="no Forgejo"),
    _secret("AFK_FORGEJO_TOKEN", "its token", "no Forgejo"),
    _in_file("AFK_FORGEJO_TOKEN"),
    Variable("AFK_T3_URL", "T3 Code, as AFK reaches it", legal.URL, unset="no executor"),
    _secret("AFK_T3_TOKEN", "its token, instead of a file", "the file"),
    Variable("AFK_T3_TOKEN_FILE", "a file with its token, read again at every request", FILE, unset="the token"),
    Variable("AFK_T3_PUBLIC_URL", "T3 Code, as people open it: deep links", legal.URL, unset="AFK_T3_URL"),
    Variable("AFK_T3_INSTANCE", "the provider instance that runs the agents", legal.TEXT, default="claudeAgent"),
    Variable("AFK_T3_MODEL", "the model of the agents", legal.TEXT, default="claude-sonnet-4-6"),
    Variable("AFK_T3_WORKSPACE_BASE", "the folder of the checkouts", legal.WORKSPACE, default="/data"),
    Variable("AFK_WOODPECKER_URL", "Woodpecker", legal.URL, unset="no Woodpecker"),
    _secret("AFK_WOODPECKER_TOKEN", "its token", "no Woodpecker"),
    _in_file("AFK_WOODPECKER_TOKEN"),
    Variable("AFK_KUBERNETES_URL", "the cluster's API", legal.URL, unset="the cluster that AFK runs in"),
    Variable(
        "AFK_KUBERNETES_TOKEN_FILE",
        "a file with a token, read again at every request",
        FILE,
        unset="the service account's; none with AFK_KUBERNETES_URL",
    ),
    Variable(
        "AFK_KUBERNETES_CA_FILE",
        "the authority that signed the API's certificate",
        FILE,
        unset="the service account's; the system's with AFK_KUBERNETES_URL",
    ),
    _secret("SLACK_BOT_TOKEN", "the bot's token, xoxb-…", "no Slack"),
    _in_file("SLACK_BOT_TOKEN"),
    _secret("SLACK_APP_TOKEN", "the app-level token for Socket Mode, xapp-…", "no Socket Mode"),
    _in_file("SLACK_APP_TOKEN"),
    _secret("SLACK_SIGNING_SECRET", "the signing secret for HTTP mode", "no HTTP mode"),
    _in_file("SLACK_SIGNING_SECRET"),
    Variable("AFK_SLACK_API_URL", "Slack's Web API", legal.SLACK_API_URL, default="https://slack.com/api/"),
    Variable("AFK_SLACK_CHANNEL", "where doorbells ring", legal.CHANNEL, unset="no Slack"),
    Variable("AFK_SLACK_OPERATORS", "who may act in Slack", legal.OPERATORS, unset="nobody"),
    Variable(
        "AFK_SLACK_READERS", "who else may look: status, why, runs, the app's page", legal.OPERATORS, unset="nobody"
    ),
    Variable("AFK_DIGEST_AT", "when the channel gets the daily digest", legal.TIME_OF_DAY, unset="no digest"),
    Variable("AFK_NTFY_URL", "an ntfy topic", legal.URL, unset="no ntfy"),
    _secret("AFK_NTFY_TOKEN", "its token", "no token is sent"),
    _in_file("AFK_NTFY_TOKEN"),
    Variable(
        "AFK_PRESENCE_URL", "a webhook that is told which repositories runs work in", legal.URL, unset="nobody is told"
    ),
    _secret("AFK_PRESENCE_TOKEN", "its token", "no token is sent"),
    _in_file("AFK_PRESENCE_TOKEN"),
)

BY_NAME = {variable.name: variable for variable in VARIABLES}

# Which variable names the file of which secret. T3's token is read at every request instead, by its adapter.
IN_FILES = {
    variable.name: f"{variable.name}_FILE"
    for variable in VARIABLES
    if variable.secret and variable.name != "AFK_T3_TOKEN"
}


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """One line for each variable that looks like ours and sets nothing. Kubernetes' own links to a service are none."""
    strangers = sorted(name for name in environ if name.startswith(PREFIX) and name not in BY_NAME)
    return tuple(
        f"{legal.printable(name)[:80]} sets nothing. {legal.did_you_mean(name, BY_NAME) or 'Unset it.'}"
        for name in strangers
        if not _SERVICE_LINK.fullmatch(name)
    )
