"""Show that settings are read whole and typed, or refused in one line that names what to mend."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as run_with
from hypothesis import strategies as st

from afk.core.config import Config, ConfigError, Limits
from afk.core.model import ForgeKind, Labels, Repo, Slug, StageKind
from afk.settings import Rhythm, Settings, data_directory, for_bot, ledger_url, load, problems, read, rhythm
from afk.variables import VARIABLES

TODO = "Correct it, then run `afk doctor`."
LABEL = "a label of 1 to 50 characters without commas and control characters, different from the other two"
T3 = {"AFK_T3_URL": "http://t3", "AFK_T3_TOKEN": "t3-sesame"}
ENROLLED = {"AFK_ALLOWLIST": "owner/infra", "AFK_GITHUB_TOKEN": "gh-sesame", **T3}
HOME = {"HOME": "/home/me"}


def rules(folder: Path, text: str, name: str = "afk.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(environ: dict[str, str], cwd: Path) -> str:
    with pytest.raises(ConfigError) as error:
        load(environ, cwd)
    return str(error.value)


def test_an_empty_environment_is_off_and_enrols_nothing(tmp_path):
    assert load(HOME, tmp_path) == Settings(Config(), "sqlite:////home/me/.local/share/afk/ledger.db")


def test_the_bot_reads_no_credential_but_its_own_and_still_knows_where_links_lead(tmp_path):
    others = {f"AFK_{name}_TOKEN_FILE": "/nowhere" for name in ("GITHUB", "FORGEJO", "T3", "WOODPECKER", "KUBERNETES")}
    slack = {"SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1", "AFK_SLACK_CHANNEL": "C1"}
    urls = {
        "AFK_T3_URL": "http://t3:3773", "AFK_T3_PUBLIC_URL": "https://t3.example.org",
        "AFK_FORGEJO_URL": "https://forge.example.org", "AFK_WOODPECKER_URL": "https://ci.example.org",
        "AFK_GITHUB_API_URL": "https://hub.example.org/api/v3", "KUBERNETES_SERVICE_HOST": "10.0.0.1",
    }  # fmt: skip

    found = for_bot({**HOME, "AFK_ALLOWLIST": "owner/infra", **slack, **urls, **others}, tmp_path)

    assert (found.github, found.forgejo, found.t3, found.woodpecker, found.kubernetes) == (None,) * 5
    assert found.config.hosts == {
        "t3.example.org", "hub.example.org", "github.com", "forge.example.org", "ci.example.org",
    }  # fmt: skip
    with pytest.raises(ConfigError, match="Slack is not configured"):
        for_bot({**HOME, **urls}, tmp_path)
    with pytest.raises(ConfigError, match="AFK_SLACK_CHANNEL"):
        for_bot({**HOME, **slack, "AFK_SLACK_CHANNEL": ""}, tmp_path)


def test_an_address_that_is_wrong_is_told_once(tmp_path):
    assert refused({**HOME, "AFK_FORGEJO_URL": "nowhere"}, tmp_path).count("AFK_FORGEJO_URL") == 1


def test_an_allowlist_is_enough_to_enrol(tmp_path):
    settings = load({**ENROLLED, "AFK_KILL_SWITCH": "off"}, tmp_path)

    assert settings.config.kill_switch is False
    assert settings.config.repos == {
        "infra": Repo("infra", ForgeKind.GITHUB, Slug("owner", "infra"), (StageKind.CHECKS,))
    }
    assert settings.rules_file is None


def test_links_may_open_what_the_settings_name(tmp_path):
    public = {"AFK_T3_PUBLIC_URL": "http://t3.lan:3773", "AFK_GITHUB_API_URL": "https://api.acme.ghe.com"}

    hosts = load({**ENROLLED, **public}, tmp_path).config.hosts

    assert hosts == {"t3.lan", "http://t3.lan:3773", "api.acme.ghe.com", "acme.ghe.com", "github.com"}
    assert load(HOME, tmp_path).config.hosts == frozenset()


def test_a_rules_file_in_the_working_directory_is_read(tmp_path):
    path = rules(tmp_path, '[limits]\nnudges_max = 0\n[repos.web]\nslug = "owner/site"\n')

    settings = load({**T3, "AFK_GITHUB_TOKEN": "t"}, tmp_path)

    assert (settings.rules_file, list(settings.config.repos)) == (path, ["web"])
    assert settings.config.limits == Limits(nudges_max=0)


@pytest.mark.parametrize("absolute", [True, False])
def test_the_named_rules_file_wins_over_the_one_in_the_working_directory(tmp_path, absolute):
    rules(tmp_path, "not toml")
    path = rules(tmp_path, "[limits]\nbudget_usd = 3\n", "other.toml")

    settings = load({**HOME, "AFK_CONFIG": str(path) if absolute else "other.toml"}, tmp_path)

    assert (settings.rules_file, settings.config.limits.budget_usd) == (path, 3)


def test_the_environment_sets_limits_and_labels(tmp_path):
    limits = {f"AFK_{name.upper()}": str(at) for at, name in enumerate(Limits.__dataclass_fields__)}
    labels = {"AFK_READY_LABEL": "go", "AFK_IN_PROGRESS_LABEL": "busy", "AFK_HUMAN_LABEL": "help"}
    rules(tmp_path, "[limits]\nbudget_usd = 3\n")

    config = load({**HOME, **limits, **labels}, tmp_path).config

    assert (config.limits, config.labels) == (Limits(*range(11)), Labels("go", "busy", "help"))


def test_a_blank_allowlist_narrows_the_rules_file_to_nothing(tmp_path):
    rules(tmp_path, '[repos.web]\nslug = "owner/site"\n')

    assert load({**HOME, "AFK_ALLOWLIST": ""}, tmp_path).config.repos == {}


@pytest.mark.parametrize(
    ("environ", "line"),
    [
        pytest.param(
            {"AFK_KILL_SWITCH": ""},
            f"AFK_KILL_SWITCH is empty, but must be 1/true/yes/on or 0/false/no/off. {TODO}",
            id="empty kill switch",
        ),
        pytest.param(
            {"AFK_KILL_SWITCH": "ja"},
            f"AFK_KILL_SWITCH is 'ja', but must be 1/true/yes/on or 0/false/no/off. {TODO}",
            id="unreadable kill switch",
        ),
        pytest.param(
            {"AFK_FIX_FORWARD_MAX_ATTEMPTS": "-1"},
            f"AFK_FIX_FORWARD_MAX_ATTEMPTS is '-1', but must be a whole number from 0 to 1000000000. {TODO}",
            id="negative limit",
        ),
        pytest.param(
            {"AFK_BUDGET_USD": ""},
            f"AFK_BUDGET_USD is empty, but must be a whole number from 0 to 1000000000. {TODO}",
            id="empty limit",
        ),
        pytest.param(
            {"AFK_ALLOWLIST": "*"},
            "AFK_ALLOWLIST is '*', but must be a comma-separated list of owner/name, without wildcards; "
            f"empty: no repository. {TODO}",
            id="wildcard allowlist",
        ),
        pytest.param(
            {"AFK_READY_LABEL": ""},
            f"AFK_READY_LABEL is empty, but must be {LABEL}. {TODO}",
            id="empty label",
        ),
        pytest.param(
            {"AFK_READY_LABEL": "ready-for-human"},
            f"AFK_HUMAN_LABEL is 'ready-for-human', but must be {LABEL}. "
            "It is the label of AFK_READY_LABEL: name another.",
            id="a label that is another's default",
        ),
        pytest.param(
            {"AFK_DATABASE_URL": "mysql://u:sesame@db"},
            "AFK_DATABASE_URL is a value (not shown, it may hold a password) that is no such URL: it must be "
            "sqlite:////path/to/file or postgresql+psycopg://user:password@host/database. "
            "Correct it, or unset it for a SQLite file under the user's data directory.",
            id="another database",
        ),
        pytest.param(
            {"AFK_SLACK_OPERATORS": "*"},
            "AFK_SLACK_OPERATORS is '*', but must be a comma-separated list of team:user identifiers such as "
            f"T123:U456; empty: nobody. {TODO}",
            id="wildcard operators",
        ),
        pytest.param(
            {"AFK_ALLOWLIST": "owner/infra", **T3},
            "AFK_ALLOWLIST: repository infra (forge github) needs AFK_GITHUB_TOKEN or AFK_GITHUB_APP_ID with "
            "AFK_GITHUB_APP_PRIVATE_KEY_FILE: set it, or take out what needs it.",
            id="enrolled without a token",
        ),
    ],
)
def test_a_refusal_names_the_variable_the_value_and_what_is_legal(tmp_path, environ, line):
    assert refused({**HOME, **environ}, tmp_path) == line


def test_all_problems_are_told_the_first_one_first(tmp_path):
    rules(tmp_path, "x = 1\n")
    environ = {**HOME, "AFK_KILL_SWITCH": "", "AFK_T3_URL": "t3", "AFK_DATABASE_URL": "?", "SLACK_BOT_TOKEN": "xoxb-1"}

    found = problems(environ, tmp_path)

    assert [line.split(" ")[0].removeprefix(f"{tmp_path}/") for line in found] == [
        "afk.toml:",
        "AFK_KILL_SWITCH",
        "AFK_DATABASE_URL",
        "AFK_T3_URL",
        "SLACK_BOT_TOKEN",
        "SLACK_BOT_TOKEN",
    ]
    assert refused(environ, tmp_path) == found[0]


def test_a_broken_part_of_gate_1_brings_no_follow_on_complaints(tmp_path):
    found = problems({**HOME, "AFK_ALLOWLIST": "owner/infra", "AFK_KILL_SWITCH": ""}, tmp_path)

    assert [line.split(" ")[0] for line in found] == ["AFK_KILL_SWITCH"]


def test_sound_settings_have_no_problems(tmp_path):
    assert problems({**HOME, **ENROLLED}, tmp_path) == ()


def test_an_incomplete_installation_can_still_be_looked_at_and_switched_off(tmp_path):
    environ = {**HOME, "AFK_ALLOWLIST": "owner/infra"}

    assert list(read(environ, tmp_path).config.repos) == ["infra"]
    assert len(problems(environ, tmp_path)) == 3


def test_looking_does_not_make_an_unreadable_value_legal(tmp_path):
    with pytest.raises(ConfigError, match=r"^AFK_KILL_SWITCH is empty"):
        read({**HOME, "AFK_KILL_SWITCH": ""}, tmp_path)


def test_the_rhythm_is_read_whatever_else_is_wrong(tmp_path):
    environ = {**HOME, "AFK_KILL_SWITCH": "maybe", "AFK_TICK_SECONDS": "30", "AFK_KEEP_DAYS": "90"}

    assert rhythm(environ) == Rhythm(tick_seconds=30, keep_quiet_days=1, keep_days=90)
    with pytest.raises(ConfigError, match="AFK_KEEP_QUIET_DAYS is 'no'"):
        rhythm({**environ, "AFK_KEEP_QUIET_DAYS": "no"})
    assert read({**HOME, "AFK_TICK_SECONDS": "45"}, tmp_path).rhythm.tick_seconds == 45


def test_one_patience_is_for_every_system(tmp_path):
    every = {
        **HOME,
        "AFK_GITHUB_TOKEN": "t",
        "AFK_FORGEJO_URL": "http://git",
        "AFK_FORGEJO_TOKEN": "t",
        "AFK_T3_URL": "http://t3",
        "AFK_T3_TOKEN": "t",
        "AFK_WOODPECKER_URL": "http://ci",
        "AFK_WOODPECKER_TOKEN": "t",
        "AFK_KUBERNETES_URL": "http://cluster",
        "SLACK_BOT_TOKEN": "xoxb-1",
        "AFK_NTFY_URL": "http://ntfy/afk",
    }

    def patience(**more: str) -> set[int]:
        found = read({**every, **more}, tmp_path)
        systems = ("github", "forgejo", "t3", "woodpecker", "kubernetes", "slack", "ntfy")
        return {getattr(found, name).patience for name in systems}

    assert patience() == {20}
    assert patience(AFK_REQUEST_SECONDS="7") == {7}
    with pytest.raises(ConfigError, match=r"^AFK_REQUEST_SECONDS is '0'") as refused:
        patience(AFK_REQUEST_SECONDS="0")
    assert len(refused.value.problems) == 1


def test_the_ledger_is_found_whatever_else_is_wrong():
    environ = {"AFK_DATABASE_URL": " sqlite:////srv/afk.db ", "AFK_KILL_SWITCH": "", "AFK_CONFIG": "/nowhere"}

    assert ledger_url(environ) == "sqlite:////srv/afk.db"


@pytest.mark.parametrize(
    ("environ", "platform", "path"),
    [
        pytest.param(HOME, "linux", "/home/me/.local/share/afk", id="Linux"),
        pytest.param(HOME, "darwin", "/home/me/Library/Application Support/afk", id="macOS"),
        pytest.param({**HOME, "XDG_DATA_HOME": "/data"}, "linux", "/data/afk", id="XDG"),
        pytest.param({**HOME, "XDG_DATA_HOME": "data"}, "linux", "/home/me/.local/share/afk", id="relative XDG"),
        pytest.param({**HOME, "XDG_DATA_HOME": ""}, "linux", "/home/me/.local/share/afk", id="empty XDG"),
    ],
)
def test_the_ledger_lies_in_the_users_data_directory(environ, platform, path):
    assert data_directory(environ, platform) == Path(path)


@pytest.mark.parametrize("name", ["/a?b", "/a%20b", "/a#b", "/a\nb"])
def test_a_data_directory_that_no_url_can_hold_is_refused(name):
    with pytest.raises(ConfigError, match=r"^AFK_DATABASE_URL is not set, and no URL can hold the name"):
        ledger_url({"XDG_DATA_HOME": name})


def test_no_secret_is_in_the_repr_of_the_settings(tmp_path):
    secrets = {variable.name: f"sesame-{at}" for at, variable in enumerate(VARIABLES) if variable.secret}
    secrets |= {"AFK_DATABASE_URL": "postgresql://u:sesame@db/afk"}
    del secrets["AFK_T3_TOKEN"]
    urls = {f"AFK_{name}_URL": "http://x" for name in ("FORGEJO", "T3", "WOODPECKER", "NTFY")}
    urls |= {"AFK_T3_TOKEN_FILE": "f", "AFK_SLACK_CHANNEL": "C1"}

    settings = load({**secrets, **urls}, tmp_path)

    assert None not in (settings.github, settings.forgejo, settings.woodpecker, settings.slack, settings.ntfy)
    assert "sesame" not in repr(settings)


def test_reading_settings_loads_neither_prefect_nor_slack_nor_a_database():
    heavy = ["prefect", "slack_bolt", "slack_sdk", "sqlalchemy", "httpx"]
    program = f"import sys, afk.settings; sys.exit(sorted(set(sys.modules) & set({heavy})) or None)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


WORDS = st.sampled_from(
    ["", "on", "0", "-1", "nan", "*", "owner/a", "http://h/api/", "http://u:sesame@h", "T1:U1", "afk.toml", "~"]
)
NAMES = st.sampled_from(
    [*(variable.name for variable in VARIABLES), "KUBERNETES_SERVICE_HOST", "XDG_DATA_HOME", "HOME"]
)


@given(st.dictionaries(NAMES, WORDS | st.text(st.characters(codec=None), max_size=80), max_size=12))
@run_with(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
def test_any_environment_loads_or_is_refused_in_single_lines_without_secrets(tmp_path, environ):
    told = problems(environ, tmp_path)

    assert all(line and line.isprintable() and "sesame" not in line for line in told)
    assert told or load(environ, tmp_path)
