"""The compose file: legal by the specification, sound in what it refers to, and true to the settings there are."""

from __future__ import annotations

import copy
import re
import shutil
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
EXAMPLES = {name: (ROOT / f"deploy/{name}.example").read_text() for name in (".env", "flows.env", "bot.env")}
OPERATORS = dict(re.findall(r"^(\w+)=(.*)$", EXAMPLES[".env"], re.MULTILINE))
PLACE = "/run/secrets/afk/"
POSTGRES = {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE"}
SECRETS = {
    "postgres-password": "sesame",
    "database-url": "postgresql+psycopg://afk:sesame@postgres/afk",
    "prefect-database-url": "postgresql+asyncpg://afk:sesame@postgres/prefect",
}
PASTED = {"flows/github-token", "flows/t3-token", "bot/slack-bot-token", "bot/slack-app-token"}


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
        volumes = {each.partition(":")[0] for each in service.get("volumes", []) if not each.startswith("./")}
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
        assert set(re.findall(r"/run/secrets/([\w-]+)", words)) - {"afk"} == set(service.get("secrets", [])), name
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
    explained = {name for text in EXAMPLES.values() for name in re.findall(r"^#?(\w+)=", text, re.MULTILINE)}
    assert explained <= {*BY_NAME, "IMAGE"}


def test_compose_itself_asks_for_nothing_that_the_example_does_not_explain() -> None:
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))

    assert asked == {"IMAGE"}
    assert "#IMAGE=" in EXAMPLES[".env"]


def test_only_the_flows_and_the_bot_are_told_what_the_operator_decided_and_each_its_own() -> None:
    told = {name: service["env_file"] for name, service in SERVICES.items() if "env_file" in service}

    assert told == {"flows": [".env", "flows.env"], "bot": [".env", "bot.env"]}
    assert not re.search(r"_TOKEN|_SECRET|_KEY", EXAMPLES[".env"])
    for name in told:
        secrets = [each for each in SERVICES[name]["volumes"] if each.startswith("./secrets/")]
        assert secrets == [f"./secrets/{name}:{PLACE.rstrip('/')}:ro"]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """The folder as it is after the steps of the document, with something pasted where it says so."""
    folder = tmp_path / "deploy"
    shutil.copytree(ROOT / "deploy", folder, ignore=shutil.ignore_patterns("secrets", ".env", "*.env", "afk.toml"))
    shutil.copy(ROOT / "deploy/kubernetes/base/afk.toml", folder / "kubernetes/base/afk.toml")
    for step in steps("## Before you start", "## One machine: compose"):
        words = re.sub(r"^cat > (\S+) .*$", r"echo sesame > \1", step, flags=re.MULTILINE)
        lines = [line for line in words.splitlines() if not line.startswith("docker ")]
        subprocess.run(["bash", "-euc", "\n".join(lines)], cwd=tmp_path, check=True, timeout=60)
    for secret, content in (("slack-bot-token", "xoxb-1"), ("slack-app-token", "xapp-1")):
        (folder / "secrets/bot" / secret).chmod(0o644)
        (folder / "secrets/bot" / secret).write_text(content)
    return folder


def steps(*headings: str) -> list[str]:
    """The first block of commands below each heading of the document."""
    readme = (ROOT / "deploy/README.md").read_text()
    return [readme.partition(each + "\n")[2].partition("```\n")[2].partition("```")[0] for each in headings]


def container(name: str, machine: Path) -> dict[str, str]:
    """The environment as compose makes it, with its places on this machine."""
    told = {"HOME": "/tmp"}
    for file in SERVICES[name]["env_file"]:
        told |= dict(re.findall(r"^(\w+)=(.*)$", (machine / file).read_text(), re.MULTILINE))
    told |= SERVICES[name]["environment"]
    places = {PLACE: f"{machine}/secrets/{name}/", "/run/secrets/": f"{machine}/secrets/", "/etc/afk/": f"{machine}/"}
    for there, here in places.items():
        told = {key: value.replace(there, here) if value.startswith(there) else value for key, value in told.items()}
    return told


def read_in(name: str, machine: Path) -> settings.Settings:
    return (settings.for_bot if name == "bot" else settings.load)(container(name, machine), machine)


@pytest.mark.parametrize("name", ["flows", "bot"])
def test_what_the_document_says_leads_to_whole_settings(name: str, machine: Path) -> None:
    found = read_in(name, machine)

    assert found.config == Config(kill_switch=True, repos=found.config.repos, hosts=found.config.hosts)
    assert list(found.config.repos) == ["infra"]
    assert (found.slack is not None, found.t3 is not None) == (name == "bot", name == "flows")
    password = (machine / "secrets/postgres-password").read_text().strip()
    assert found.database_url == SECRETS["database-url"].replace("sesame", password)
    prefect = (machine / "secrets/prefect-database-url").read_text()
    assert prefect == SECRETS["prefect-database-url"].replace("sesame", password)


def test_document_makes_every_file_that_is_mounted_and_the_containers_may_read_them(machine: Path) -> None:
    files = {str(path.relative_to(machine / "secrets")) for path in (machine / "secrets").rglob("*") if path.is_file()}

    assert files == {*SECRETS, *PASTED}
    assert (machine / "secrets").stat().st_mode & 0o777 == 0o700, "nobody else on this machine"
    for path in (machine / "secrets").rglob("*"):
        wanted = 0o555 if path.is_dir() else 0o444
        assert path.stat().st_mode & wanted == wanted, path


def test_any_setting_in_the_operators_file_reaches_the_process(machine: Path) -> None:
    with (machine / ".env").open("a") as file:
        file.write("AFK_BUDGET_USD=7\nAFK_ALLOWLIST=owner/infra\nAFK_LOG=json\n")

    assert {read_in(name, machine).config.limits.budget_usd for name in ("flows", "bot")} == {7}


def test_lines_that_wait_in_the_examples_are_settings_that_work(machine: Path) -> None:
    """An app instead of the token, Forgejo, Woodpecker, ntfy, presence: taken in as they stand there."""
    for name in EXAMPLES:
        file = machine / name
        lines = file.read_text().replace("AFK_GITHUB_TOKEN_FILE=", "# ")
        file.write_text(re.sub(r"^#(\w+=)", r"\1", lines, flags=re.MULTILINE))
    for secret in (
        "flows/github-app-key",
        "flows/forgejo-token",
        "flows/woodpecker-token",
        "bot/ntfy-token",
        "bot/presence-token",
    ):
        (machine / "secrets" / secret).write_text("sesame")

    flows, bot = read_in("flows", machine), read_in("bot", machine)

    assert flows.github is not None
    assert (flows.github.app_id, flows.github.token) == ("123456", None)
    assert flows.github.app_private_key_file == machine / "secrets/flows/github-app-key"
    assert all((flows.forgejo, flows.woodpecker, bot.ntfy, bot.presence, bot.slack))
    assert (flows.slack, flows.ntfy, flows.presence, bot.forgejo) == (None, None, None, None)  # one of them rings
    assert {"forgejo.example.org", "woodpecker.example.org", "t3.example.org"} <= bot.config.hosts


def test_prefect_server_is_told_what_afk_up_tells_its_own() -> None:
    told = read(ROOT / "Dockerfile")[-1].environment | SERVICES["prefect"]["environment"]

    assert told.items() >= QUIET.items()


@pytest.mark.parametrize("name", OURS)
def test_our_containers_own_nothing_that_they_do_not_need(name: str) -> None:
    service = OURS[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    volumes = {each.partition(":")[2] for each in service.get("volumes", []) if not each.endswith(":ro")}
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


def test_operators_own_files_are_never_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text().splitlines()

    assert {"/deploy/afk.toml", "/deploy/secrets/", *(f"/deploy/{name}" for name in EXAMPLES)} <= set(ignored)
