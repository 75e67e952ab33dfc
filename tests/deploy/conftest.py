"""Build what the image would hold, once, by the same steps; run it as the image would, as nobody in particular."""

from __future__ import annotations

import os
import shlex
import shutil
import site
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploy.recipe import ROOT, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.deploy.recipe import Stage

STRANGER = 65_532


@dataclass(frozen=True, slots=True)
class Image:
    """`home` stands for the folders that the image's user may write to."""

    python: Path
    stage: Stage
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """The image's own, with its places moved to where this machine has them."""
        places = {"/opt/afk/bin": str(self.python.parent), "/tmp": str(self.home), "/var/lib": str(self.home)}
        found = {"PATH": os.environ["PATH"]}
        for name, value in self.stage.environment.items():
            for there, here in places.items():
                value = value.replace(there, here)  # noqa: PLW2901
            found[name] = value.replace("$PATH", os.environ["PATH"])
        return found

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        entry, *rest = self.stage.command("ENTRYPOINT")
        return self._start(str(self.python.parent / entry), *rest, *words, **environment)

    def start_module(self, *words: str) -> subprocess.Popen[str]:
        """Another command of the image; of what AFK depends on, only the modules are here."""
        return self._start(str(self.python), "-m", *words)

    def _start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*as_stranger(), *words],
            env=self.environment | environment, cwd=self.home, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        process = self.start(*words, **environment)
        try:
            out, err = process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return subprocess.CompletedProcess(words, process.returncode, out, err)


def as_stranger() -> list[str]:
    """Only root can become somebody else. It may read everything, since Python may be installed in root's own home."""
    if os.geteuid() != 0:
        return []
    reader = [f"--{which}=-all,+dac_read_search" for which in ("bounding-set", "inh-caps", "ambient-caps")]
    return ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups", "--no-new-privs", *reader]


@pytest.fixture(scope="session")
def image() -> Iterator[Image]:
    """The stages `wheel` and `installed`: what they copy and nothing else, built, installed and compiled.

    The build's own tools and what AFK depends on come from this environment instead of a registry.
    """
    wheel, _, final = read(ROOT / "Dockerfile")
    folder = Path(tempfile.mkdtemp(prefix="afk-image-"))
    folder.chmod(0o755)
    source, wheels, venv, home = (folder / name for name in ("src", "wheels", "venv", "home"))
    source.mkdir()
    for names, _ in wheel.copied:
        for name in names:
            origin = ROOT / name
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(origin, source / name, ignore=ignored) if origin.is_dir() else shutil.copy(origin, source)
    (build,) = wheel.of("RUN")
    words = [word for word in shlex.split(build) if not word.startswith("PIP_")]
    words = [str(wheels) if word == "/wheels" else word for word in words]
    _done([sys.executable, "-m", *words, "--no-build-isolation"], source)
    _done([sys.executable, "-m", "venv", "--without-pip", str(venv)], source)
    python = venv / "bin/python"
    options = ["--quiet", "--no-deps", "--no-compile", "--disable-pip-version-check"]
    _done(
        [sys.executable, "-m", "pip", "--python", str(python), "install", *options, *map(str, wheels.iterdir())], source
    )
    (packages,) = venv.glob("lib/python*/site-packages")
    _done([str(python), "-m", "compileall", "-q", str(packages / "afk")], source)
    # A folder that is named in a .pth brings its packages, but not the editable AFK, which is a .pth itself.
    (packages / "dependencies.pth").write_text("\n".join(site.getsitepackages()))
    home.mkdir()
    if os.geteuid() == 0:
        os.chown(home, STRANGER, STRANGER)
    yield Image(python, final, home)
    shutil.rmtree(folder)


def _done(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
