"""The compose file: legal by the specification, sound in what it refers to, and true to the settings there are."""

from __future__ import annotations

import copy
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import typer
import yaml
from compose_spec import PyCompose
from prefect.settings import Settings
from prefect.settings.legacy import _get_valid_setting_names

from afk import settings
from afk.cli import app
from afk.core.config import Config
from afk.prefect_server import QUIET
from afk.variables import BY_NAME
from tests.deploy.recipe import ROOT, read

if TYPE_CHECKING:
    from pathlib import Path

TEXT = (ROOT / "deploy/compose.yaml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if name != "postgres"}
EXAMPLE = (ROOT / "deploy/.env.example").read_text()
OPERATORS = dict(re.findall(r"^(\w+)=(.*)$", EXAMPLE, re.MULTILINE))
POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE"}
SECRETS = {
    "postgres-password": "sesame",
    "database-url": "postgresql+psycopg://afk:sesame@postgres/afk",
    "prefect-database-url": "postgresql+asyncpg://afk:sesame@postgres/prefect",
    "github-token": "ghp_sesame",
    "t3-token": "t3-sesame",
    "slack-bot-token": "xoxb-1",
    "slack-app-token": "xapp-1",
}


def answered(text: str) -> str:
    """With the operator's answers put in, as compose does before it reads anything."""

    def answer(found: re.Match[str]) -> str:
        name, _, otherwise = found[1].partition(":")
        return OPERATORS.get(name) or otherwise.removeprefix("-")

    return re.sub(r"(?<!\$)\$\{([^}]+)\}", answer, text).replace("$$", "$")


def refusal(compose: dict[str, Any]) -> str:
    """By the specification."""
    try:
        PyCompose.from_yaml(answered(yaml.safe_dump(compose))).validate()
    except ValueError as error:
        return str(error)
    return ""


def test_file_is_legal_by_the_specification() -> None:
    assert refusal(COMPOSE) == ""


@pytest.mark.parametrize(
    ("service", "key", "value"),
    [
        pytest.param("bot", "comand", ["bot"], id="an unknown key"),
        pytest.param("bot", "restart", 3, id="a value of another kind"),
        pytest.param("flows", "depends_on", {"prefect": {"condition": "ready"}}, id="an unknown condition"),
        pytest.param("bot", "secrets", ["nowhere"], id="a secret that is not there"),
    ],
)
def test_specification_finds_mistakes(service: str, key: str, value: object) -> None:
    broken = copy.deepcopy(COMPOSE)
    broken["services"][service][key] = value

    assert key in refusal(broken)


def test_every_reference_is_to_something_that_is_there() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("secrets", [])) <= set(COMPOSE["secrets"]), name
        assert {each["source"] for each in service.get("configs", [])} <= set(COMPOSE["configs"]), name
        volumes = {each.partition(":")[0] for each in service.get("volumes", [])}
        assert volumes <= set(COMPOSE["volumes"]), name
        for other, how in service.get("depends_on", {}).items():
            match how["condition"]:
                case "service_healthy":
                    assert "test" in SERVICES[other]["healthcheck"], f"{name} waits for {other} for ever"
                case "service_completed_successfully":
                    assert SERVICES[other]["restart"] == "on-failure", f"{other} never completes"


def test_every_secret_is_read_from_its_file_by_whoever_gets_it_and_stands_nowhere_else() -> None:
    for name, service in SERVICES.items():
        words = yaml.safe_dump(service)
        assert set(re.findall(r"/run/secrets/([\w-]+)", words)) == set(service.get("secrets", [])), name
        given = service.get("environment", {})
        assert not any(BY_NAME[key].secret for key in given if key in BY_NAME), name
    assert {part["file"] for part in COMPOSE["secrets"].values()} == {f"./secrets/{name}" for name in SECRETS}


def test_every_variable_is_a_setting_of_whoever_reads_it() -> None:
    prefect = _get_valid_setting_names(Settings)
    for name, service in SERVICES.items():
        given = set(service.get("environment", {}))
        assert given <= ({*BY_NAME, *prefect} if name in OURS else POSTGRES), name
    exported = set(re.findall(r"export (\w+)=", TEXT))
    assert exported <= prefect


def test_operator_is_asked_for_what_the_example_explains_and_nothing_else() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))
    explained = set(re.findall(r"^#?(\w+)=", EXAMPLE, re.MULTILINE))

    assert asked == explained


@pytest.mark.parametrize("name", ["flows", "bot"])
def test_processes_find_whole_settings(name: str, tmp_path: Path) -> None:
    """As their containers would: the example's answers, the example's rules, a file for each secret."""
    for secret, content in SECRETS.items():
        (tmp_path / secret).write_text(content + "\n")
    environ = {"HOME": "/tmp"}
    for key, value in SERVICES[name]["environment"].items():
        environ[key] = answered(value).replace("/run/secrets", str(tmp_path))
    rules = tmp_path / "afk.toml"
    rules.write_text('[repos.infra]\nslug = "owner/infra"\n')
    environ["AFK_CONFIG"] = str(rules)

    found = settings.load(environ, tmp_path)

    assert (found.slack is not None) == (name == "bot")
    assert found.config == Config(kill_switch=True, repos=found.config.repos, hosts=found.config.hosts)
    assert list(found.config.repos) == ["infra"]
    assert found.database_url == SECRETS["database-url"]


def test_prefect_server_is_told_what_afk_up_tells_its_own() -> None:
    told = read(ROOT / "Dockerfile")[-1].environment | SERVICES["prefect"]["environment"]

    assert told.items() >= QUIET.items()


@pytest.mark.parametrize("name", OURS)
def test_our_containers_own_nothing_that_they_do_not_need(name: str) -> None:
    service = OURS[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    volumes = {each.partition(":")[2] for each in service.get("volumes", [])}
    assert volumes <= set(read(ROOT / "Dockerfile")[-1].of("VOLUME"))


def test_nothing_is_open_to_other_machines() -> None:
    ports = [str(port) for service in SERVICES.values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_services_run_commands_that_afk_has() -> None:
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name in ("migrate", "flows", "bot"):
        verb, *options = SERVICES[name]["command"]
        known = {option for parameter in commands[verb].params for option in parameter.opts}
        assert {option for option in options if option.startswith("--")} <= known, name


@pytest.mark.parametrize("name", OURS)
def test_what_stays_up_is_looked_after(name: str) -> None:
    """By the image's own check where it is told to serve the page that it asks for; what only passes by has none."""
    service = SERVICES[name]
    asked = re.search(r":(\d+)/alive", " ".join(read(ROOT / "Dockerfile")[-1].command("HEALTHCHECK")))
    assert asked
    match service.get("healthcheck"):
        case None:
            assert service["command"][-2:] == ["--health", asked[1]]
        case {"disable": True}:
            assert service["restart"] == "on-failure"
        case own:
            assert own["test"][0] == "CMD"


def test_images_are_pinned() -> None:
    assert re.fullmatch(r"postgres:\d+\.\d+-\w+", SERVICES["postgres"]["image"])
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version
    assert {service["image"] for service in OURS.values()} == {f"${{IMAGE:-afk:{version[1]}}}"}


def test_what_the_document_says_makes_every_secret_that_is_mounted(tmp_path: Path) -> None:
    """Those that are pasted are named; the others are made by its own lines, and are what reads them can take."""
    readme = (ROOT / "deploy/README.md").read_text()
    block = readme.partition("## One machine: compose")[2].partition("```\n")[2].partition("```")[0]
    making = [line for line in block.splitlines() if line.startswith(("openssl ", "printf "))]
    subprocess.run(["bash", "-euc", "\n".join(making)], cwd=tmp_path, check=True, timeout=60)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}

    pasted = {name for name in SECRETS if f"{name}" in block} - set(made)
    assert pasted == {"github-token", "t3-token", "slack-bot-token", "slack-app-token"}
    assert set(made) | pasted == set(SECRETS)
    password = made["postgres-password"].strip()
    assert made["database-url"] == SECRETS["database-url"].replace("sesame", password)
    assert made["prefect-database-url"] == SECRETS["prefect-database-url"].replace("sesame", password)


def test_operators_own_files_are_never_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()

    assert {"/deploy/.env", "/deploy/afk.toml", "/deploy/secrets/"} <= set(ignored)
