"""What agents do in T3's image, with real git and as a user without a name: commit, fetch and push."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploy.conftest import STRANGER, as_stranger
from tests.deploy.manifests import environment, pods
from tests.deploy.recipe import ROOT, read

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGE = read(ROOT / "deploy/t3/Dockerfile")[-1]
CREDENTIALS = "https://agent:sesame@forge.example.org\n"
ASKED = "protocol=https\nhost=forge.example.org\n"
GIVEN = f"{ASKED}username=agent\npassword=sesame\n"


class Pod:
    """T3's container, with its places on this machine: programs, a new volume, and the mounted credentials."""

    def __init__(self, folder: Path) -> None:
        folder.chmod(0o755)
        self.data, self.programs, secrets = folder / "data", folder / "programs", folder / "secrets"
        for each in (self.data, self.programs, secrets):
            each.mkdir()
        self.credentials = secrets / "git-credentials"
        self.credentials.write_text(CREDENTIALS)
        secrets.chmod(0o555)
        self.config = Path("/dev/null")
        for names, place in STAGE.copied:
            (origin,) = (ROOT / name for name in names)
            if place.startswith("/usr/local/bin/"):
                (self.programs / Path(place).name).write_bytes(origin.read_bytes())
                (self.programs / Path(place).name).chmod(0o755)
            elif place == "/etc/gitconfig":
                self.config = origin
        if os.geteuid() == 0:
            os.chown(self.data, STRANGER, STRANGER)

    @property
    def environment(self) -> dict[str, str]:
        (container,) = pods("t3")["t3"]["spec"]["containers"]
        told = STAGE.environment | environment("t3", container)
        told = {name: value.replace("/data", str(self.data)) for name, value in told.items()}
        return told | {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "GIT_CONFIG_SYSTEM": str(self.config),
            "GIT_CREDENTIALS_FILE": told["GIT_CREDENTIALS_FILE"].replace(
                "/run/secrets/t3", str(self.credentials.parent)
            ),
        }

    def t3_is(self, script: str) -> None:
        program = self.programs / "t3"
        program.write_text(f"#!/bin/sh\nset -e\n{script}\n")
        program.chmod(0o755)

    def run(self, *words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*as_stranger(), *words], env=self.environment, cwd=self.data, input=told,
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip


@pytest.fixture
def pod() -> Iterator[Pod]:
    """Not below a folder that only its owner may enter, as pytest's are."""
    folder = Path(tempfile.mkdtemp(prefix="afk-t3-"))
    made = Pod(folder)
    yield made
    made.credentials.parent.chmod(0o755)
    shutil.rmtree(folder)


def test_agent_commits_on_a_new_volume_as_whom_the_operator_names(pod: Pod) -> None:
    pod.t3_is(
        'test -w "$HOME"; git init -q work; cd work; git commit -q --allow-empty -m "Do it"; git log --format="%an <%ae> %cn <%ce>"'
    )

    done = pod.run(*STAGE.command("ENTRYPOINT"), *STAGE.command("CMD"))

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "AFK <afk@example.org> AFK <afk@example.org>\n"
    assert (pod.data / "home").is_dir()
    assert (pod.data / "t3").is_dir()


def test_t3_is_started_with_what_the_container_was_told(pod: Pod) -> None:
    pod.t3_is('echo "$@"')

    assert pod.run(*STAGE.command("ENTRYPOINT"), *STAGE.command("CMD")).stdout == "serve --host 0.0.0.0 --port 3773\n"


def test_git_finds_the_mounted_credential_and_leaves_it_as_it_is(pod: Pod) -> None:
    """Git tells a helper of each credential that served, and of each that did not: neither may end in a complaint."""
    (pod.data / "home").mkdir(mode=0o777)

    found = pod.run("git", "credential", "fill", told=ASKED + "\n")

    assert (found.returncode, found.stderr) == (0, "")
    assert set(GIVEN.split()) <= set(found.stdout.split())
    for word in ("approve", "reject"):
        done = pod.run("git", "credential", word, told=GIVEN + "\n")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert pod.credentials.read_text() == CREDENTIALS


def test_user_of_the_image_has_a_name_and_its_home_is_on_the_volume() -> None:
    (made,) = (step for step in STAGE.of("RUN") if "useradd" in step)

    assert "useradd --uid 65532 --gid agent --home-dir /data/home " in made
    assert STAGE.environment["HOME"] == "/data/home"
