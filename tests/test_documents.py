"""The documents are true: what the code has stands in them, and what they name exists."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import typer

from afk.adapters.forgejo import checkup as forgejo_checkup
from afk.adapters.github import app_checkup
from afk.adapters.t3 import checkup as t3_checkup
from afk.cli import app
from afk.core.records import DoorbellKind
from afk.core.run import Outcome
from afk.core.slack_words import VERBS as SLACK_VERBS
from afk.variables import VARIABLES
from docs.generate import FOLDERS, HERE, PARTS, filled
from flows import snapshot
from flows.states import Name
from slackbot import manifest

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("deploy/*.md")])
OPERATING = (HERE / "operating.md").read_text()
TEXTS = [path.read_text() for path in DOCUMENTS]
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


def first_column(heading: str) -> set[str]:
    """What the table below this heading of operating.md is about."""
    section = OPERATING.partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([^`]+)` \|", section, re.MULTILINE))


def test_doorbells_are_documented_and_no_others() -> None:
    assert first_column("Doorbells") == {kind.value for kind in DoorbellKind}


def test_states_in_the_run_history_are_documented_and_no_others() -> None:
    assert first_column("What Prefect's run list says") == {name.value for name in Name}


def test_events_are_documented_and_no_others() -> None:
    steps = {*re.findall(r'yield "(\w+)"', inspect.getsource(snapshot)), *(outcome.value for outcome in Outcome)}

    assert set(re.findall(r"`afk\.run\.([a-z-]+)`", OPERATING)) == steps


RIGHTS = {
    "GitHub App": {f"{name}: {level}" for name, level in {**app_checkup.NEEDED, "checks": "read"}.items()}
    | {f"{name}: read" for name in app_checkup.INSTEAD},
    "Forgejo or Gitea token": set(re.findall(r"\w+:\w+", forgejo_checkup.SCOPES)),
    "T3 Code token": set(t3_checkup.NEEDED),
    "Slack": {*manifest.scopes(), "connections:write"},
}


@pytest.mark.parametrize("credential", RIGHTS)
def test_rights_are_documented_as_the_doctor_asks_for_them(credential: str) -> None:
    (row,) = (line for line in OPERATING.splitlines() if line.startswith(f"| {credential}"))

    assert set(re.findall(r"`(\w+: ?\w+|commands)`", row)) == RIGHTS[credential]


def test_slack_takes_the_documented_verbs() -> None:
    """What is typed after `/afk` anywhere in the documents is a verb that the bot knows."""
    named = {verb for path in DOCUMENTS for verb in re.findall(r"`/afk ([a-z]+)", path.read_text())}

    assert named <= {verb for verb, *_ in SLACK_VERBS}


def test_documented_variables_exist() -> None:
    known = {each.name for each in VARIABLES} | set(re.findall(r"\bAFK_(?:LIVE|TEST)_\w+|AFK_SOAK", "".join(TEXTS)))
    named = set(re.findall(r"\b(?:AFK|SLACK)_[A-Z0-9_]*[A-Z0-9]\b", "".join(TEXTS)))

    assert named <= known


@pytest.mark.parametrize("folder", [*FOLDERS.values(), "tests", "docs", "deploy", "benchmarks"])
def test_the_map_names_every_folder(folder: str) -> None:
    assert f"`{folder}/" in (HERE / "architecture.md").read_text()


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
