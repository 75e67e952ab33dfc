"""Read a Dockerfile into its stages, as far as ours go."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass
class Stage:
    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def of(self, word: str) -> list[str]:
        return [rest for step, rest in self.steps if step == word]

    @property
    def copied(self) -> list[tuple[list[str], str]]:
        """What comes from the build's folder, and where it goes."""
        words = [shlex.split(rest) for rest in self.of("COPY") if not rest.startswith("--from=")]
        return [(each[:-1], each[-1]) for each in words]

    @property
    def environment(self) -> dict[str, str]:
        pairs = [pair for rest in self.of("ENV") for pair in shlex.split(rest)]
        return dict(pair.split("=", 1) for pair in pairs)

    def command(self, word: str) -> list[str]:
        (rest,) = self.of(word)
        return list(json.loads(rest[rest.index("[") :]))


def read(path: Path) -> list[Stage]:
    text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    arguments: dict[str, str] = {}
    stages: list[Stage] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "ARG" and not stages:
            name, _, value = rest.partition("=")
            arguments[name] = value
        elif word == "FROM":
            base, _, name = rest.partition(" AS ")
            base = re.sub(r"\$\{(\w+)\}", lambda found: arguments[found[1]], base)
            stages.append(Stage(base, name.strip()))
        else:
            stages[-1].steps.append((word, rest.strip()))
    return stages


def is_sent(path: str) -> bool:
    """Whether `.dockerignore` lets it into the build. The last line that matches decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and (fnmatch(path, pattern) or path.startswith(f"{pattern}/")):
            sent = line.startswith("!")
    return sent
