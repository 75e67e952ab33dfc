"""The documents are true: what the code has stands in them, and what they name exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from afk.cli import app
from afk.core.records import DoorbellKind
from docs.generate import HERE, PARTS, filled

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
OPERATING = (HERE / "operating.md").read_text()
VERBS = sorted(typer.main.get_command(app).commands)


@pytest.mark.parametrize("document", PARTS)
def test_generated_parts_are_current(document: str) -> None:
    """`make docs` writes them."""
    text = (HERE / document).read_text()

    assert filled(text, {name: part() for name, part in PARTS[document].items()}) == text


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_documented(verb: str) -> None:
    assert re.search(rf"`afk {verb}[ `]", OPERATING)


def test_every_documented_verb_exists() -> None:
    named = {verb for path in DOCUMENTS for verb in re.findall(r"`afk ([a-z]+)", path.read_text())}

    assert named <= set(VERBS)


@pytest.mark.parametrize("kind", DoorbellKind)
def test_every_doorbell_is_documented(kind: DoorbellKind) -> None:
    assert f"| `{kind.value}` |" in OPERATING


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(path.relative_to(ROOT)) for path in DOCUMENTS])
def test_every_path_and_link_exists(document: Path) -> None:
    text = document.read_text()
    links = [target for target in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in target]
    paths = re.findall(r"`((?:afk|flows|slackbot|tests|deploy|docs)/[\w./-]*)`", text)

    missing = [link for link in links if not (document.parent / link).exists()]
    missing += [path for path in paths if not (ROOT / path).exists()]
    assert missing == []


def test_readme_commands_are_make_targets() -> None:
    commands = re.findall(r"^make (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)

    assert commands == ["demo", "test"]
    assert set(commands) <= set(targets)


def test_nothing_committed_names_a_registry_or_a_lock_file() -> None:
    """A new machine resolves with its own index, by `constraints.txt` alone."""
    hosts = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb." + "debian.org"]
    files = [path for name in ("*.toml", "*.txt", "*.md", "Makefile", ".ci/run") for path in ROOT.glob(name)]

    assert [path.name for path in files for host in hosts if host in path.read_text()] == []
    assert list(ROOT.glob("*.lock")) == []
