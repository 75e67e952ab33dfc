"""The image, as far as it can be had without an engine: its recipe, and each role started from what it installs."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING

import httpx
import pytest

from afk import settings
from afk.sandbox.slack import SlackServer
from tests.deploy.recipe import ROOT, is_sent, read
from tests.slackbot.conftest import free_port

if TYPE_CHECKING:
    from tests.deploy.conftest import Image
    from tests.deploy.recipe import Stage

RECIPES = {"Dockerfile": read(ROOT / "Dockerfile"), "deploy/t3/Dockerfile": read(ROOT / "deploy/t3/Dockerfile")}
ROLES = ("serve", "worker", "bot", "migrate")
EXACT = re.compile(r"[a-z/.-]+:\d+\.\d+\.\d+(-[a-z-]+)?(@sha256:[0-9a-f]{64})?")


@pytest.mark.parametrize("path", RECIPES)
def test_recipe_starts_from_exact_versions_and_copies_what_is_there(path: str) -> None:
    earlier = {stage.name for stage in RECIPES[path]}
    for stage in RECIPES[path]:
        assert stage.base in earlier or EXACT.fullmatch(stage.base), stage.base
        sources = [name for names, _ in stage.copied for name in names]
        assert [name for name in sources if not (ROOT / name).exists() or not is_sent(name)] == []


@pytest.mark.parametrize("path", RECIPES)
def test_nobody_runs_as_root_and_each_image_can_tell_whether_it_is_well(path: str) -> None:
    final = RECIPES[path][-1]

    (user,) = final.of("USER")
    assert user == "65532:65532"  # a number, so that Kubernetes can see that it is not root
    assert final.of("HEALTHCHECK")


def test_nothing_but_what_is_copied_is_sent_to_the_build() -> None:
    assert [path.name for path in ROOT.iterdir() if path.name.startswith(".") and is_sent(path.name)] == []
    assert not any(map(is_sent, ["tests", "docs", "afk.toml", "ledger.db", "deploy/compose.yaml"]))


def test_every_dependency_of_the_image_is_pinned() -> None:
    """By name, so that a new dependency without its version does not slip in."""
    pinned = {
        line.partition("==")[0].lower().replace("_", "-") for line in (ROOT / "constraints.txt").read_text().split("\n")
    }
    declared = re.findall(r'^\s+"([A-Za-z0-9-]+)[\[>=]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)

    assert {name.lower() for name in (*declared, "hatchling", "prefect-redis")} <= pinned


def test_wheel_holds_the_whole_product_compiled(image: Image) -> None:
    """The migrations and the sandbox's pages are no Python, and easily left out."""
    (packages,) = image.python.parents[1].glob("lib/python*/site-packages")
    ours = {path.relative_to(ROOT) for name in ("afk", "flows", "slackbot") for path in (ROOT / name).rglob("*.*")}
    wanted = {path for path in ours if "__pycache__" not in path.parts and (ROOT / path).is_file()}

    assert {path for path in wanted if not (packages / path).is_file()} == set()
    assert list((packages / "afk/__pycache__").glob("cli*.pyc")) or list(
        (packages / "afk/cli/__pycache__").glob("*.pyc")
    )


@pytest.mark.parametrize("role", ROLES)
def test_each_role_is_a_command_of_the_image(image: Image, role: str) -> None:
    done = image.run(role, "--help")

    assert (done.returncode, done.stderr) == (0, "")
    assert f"Usage: afk {role} [OPTIONS]" in done.stdout


def test_migrate_writes_where_the_image_lets_its_user_write(image: Image) -> None:
    done = image.run("migrate")

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"The ledger at {image.home}/afk/ledger.db was empty and has the schema ")


def test_bot_of_the_image_answers_the_health_check_of_the_image(image: Image) -> None:
    port = free_port()
    with SlackServer(pacing=None) as slack:
        bot = image.start(
            "bot", "--health", str(port),
            AFK_DATABASE_URL=f"sqlite:///{image.home}/bot.db", AFK_SLACK_API_URL=f"{slack.url}/api/",
            AFK_SLACK_CHANNEL=slack.create_channel("ops"), AFK_SLACK_OPERATORS="T1:U1",
            SLACK_BOT_TOKEN=slack.bot_token(), SLACK_APP_TOKEN=slack.app_token(),
        )  # fmt: skip
        try:
            assert in_time(lambda: answers(f"http://127.0.0.1:{port}/alive")), bot.poll()
            assert health_check(image, port) == 0
            bot.send_signal(signal.SIGTERM)
            assert bot.wait(30) == 0
            assert health_check(image, port) != 0
        finally:
            bot.kill()
            bot.communicate()


def test_prefect_server_of_the_image_comes_up_and_its_pages_find_it(image: Image) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = image.start_module("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
    try:
        assert in_time(lambda: answers(f"{url}/api/ready")), server.poll()
        assert httpx.get(f"{url}/ui-settings").json()["api_url"] == "/api"
        assert "<html" in httpx.get(url, follow_redirects=True).text
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) in {0, -signal.SIGTERM}  # it ends in order, and then by the signal
    finally:
        server.kill()
        server.communicate()


@pytest.mark.parametrize("role", ["serve", "worker"])
def test_flows_of_the_image_say_what_they_miss(image: Image, role: str) -> None:
    done = image.run(role)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("afk: PREFECT_API_URL is not set")


def test_image_keeps_the_two_gates_shut(image: Image) -> None:
    """What an operator did not open, no image opens."""
    shipped = settings.read({"HOME": "/nowhere", **image.stage.environment}, image.home)

    assert shipped.config.kill_switch is True
    assert shipped.config.repos == {}


def health_check(image: Image, port: int) -> int:
    """The exit code of the image's own check, at the port of this test."""
    stage: Stage = image.stage
    program = [word.replace(":8080/", f":{port}/") for word in stage.command("HEALTHCHECK")]
    assert program[0] == "python"
    return subprocess.run([image.python, *program[1:]], capture_output=True, timeout=30, check=False).returncode


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def in_time(found: object, seconds: float = 60) -> bool:
    assert callable(found)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found():
            return True
        time.sleep(0.1)
    return False
