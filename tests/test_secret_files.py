"""Show that every secret may lie in a file, and that a file which holds none is refused without quoting it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from afk.core.config import ConfigError
from afk.settings import ledger_url, load, problems
from afk.variables import IN_FILES, VARIABLES
from afk.veil import secrets

URLS = {
    "HOME": "/home/me",
    "AFK_FORGEJO_URL": "http://forgejo",
    "AFK_T3_URL": "http://t3",
    "AFK_T3_TOKEN": "t3-sesame",
    "AFK_WOODPECKER_URL": "http://woodpecker",
    "AFK_NTFY_URL": "http://ntfy/topic",
    "AFK_SLACK_CHANNEL": "C1",
}
LEDGER = "postgresql+psycopg://afk:sesame@db/afk"


def content(name: str) -> str:
    return LEDGER if name == "AFK_DATABASE_URL" else f"sesame-of-{name}"


def test_settings_from_files_are_those_from_variables(tmp_path: Path) -> None:
    """Written as editors and `kubectl create secret` do, with and without a line break at the end."""
    for at, (name, by) in enumerate(IN_FILES.items()):
        (tmp_path / by).write_text(content(name) + "\n" * (at % 2))

    by_file = load({**URLS, **{by: by for by in IN_FILES.values()}}, tmp_path)

    assert by_file == load({**URLS, **{name: content(name) for name in IN_FILES}}, tmp_path)
    assert by_file.slack
    assert by_file.github
    assert by_file.github.token
    assert by_file.github.token.get_secret_value() == "sesame-of-AFK_GITHUB_TOKEN"


def test_every_secret_has_its_file() -> None:
    names = {variable.name for variable in VARIABLES}

    assert {f"{variable.name}_FILE" for variable in VARIABLES if variable.secret} <= names


def test_a_replaced_file_counts_from_the_next_reading_on(tmp_path: Path) -> None:
    file = tmp_path / "token"
    environ = {**URLS, "AFK_GITHUB_TOKEN_FILE": str(file)}
    tokens = []
    for token in ("first", "second"):
        file.write_text(token)
        github = load(environ, tmp_path).github
        tokens.append(github and github.token and github.token.get_secret_value())

    assert tokens == ["first", "second"]


@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        pytest.param(Path.absolute, "which cannot be read (No such file or directory): correct it", id="missing"),
        pytest.param(Path.mkdir, "which is no regular file: correct it.", id="folder"),
        pytest.param(os.mkfifo, "which is no regular file: correct it.", id="pipe"),
        pytest.param(lambda file: file.write_bytes(b"x" * (1 << 17)), "which is larger than 64 KiB", id="huge"),
        pytest.param(lambda file: file.write_text("two sesames"), "(not shown) that must be printable", id="spaces"),
        pytest.param(lambda file: file.write_text("\n"), "(not shown) that must be printable", id="blank"),
        pytest.param(lambda file: file.write_bytes(b"\xff\xfe"), "(not shown) that must be printable", id="binary"),
    ],
)
def test_a_file_without_a_secret_is_refused_in_one_line(prepare, told: str, tmp_path: Path) -> None:
    prepare(tmp_path / "token")

    (problem,) = problems({**URLS, "AFK_GITHUB_TOKEN_FILE": "token"}, tmp_path)

    assert problem.startswith("AFK_GITHUB_TOKEN_FILE ")
    assert told in problem
    assert "sesame" not in problem


def test_a_secret_in_the_variable_for_its_file_is_not_shown(tmp_path: Path) -> None:
    (problem,) = problems({**URLS, "AFK_DATABASE_URL_FILE": LEDGER}, tmp_path)

    assert problem.startswith("AFK_DATABASE_URL_FILE holds a value (not shown) that must be the path of a file")


def test_a_secret_and_its_file_together_are_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")

    (problem,) = problems({**URLS, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_BOT_TOKEN_FILE": "token"}, tmp_path)

    assert problem.startswith("SLACK_BOT_TOKEN and SLACK_BOT_TOKEN_FILE are both set: unset one of them")


def test_the_ledger_is_found_by_its_file_and_nowhere_else(tmp_path: Path) -> None:
    """Without the file there is no ledger: a fresh one beside it would have forgotten every run."""
    file = tmp_path / "url"
    environ = {"HOME": str(tmp_path), "AFK_DATABASE_URL_FILE": str(file)}
    with pytest.raises(ConfigError, match=r"^AFK_DATABASE_URL_FILE names .* cannot be read"):
        ledger_url(environ)
    file.write_text(LEDGER + "\n")

    assert ledger_url(environ) == LEDGER


def test_what_lies_in_files_is_veiled(tmp_path: Path) -> None:
    (tmp_path / "url").write_text("postgresql+psycopg://afk:open-sesame@db/afk\n")
    (tmp_path / "token").write_text("token-sesame\n")
    files = {"AFK_DATABASE_URL_FILE": str(tmp_path / "url"), "AFK_NTFY_TOKEN_FILE": str(tmp_path / "token")}

    assert {"open-sesame", "token-sesame"} <= secrets(files)
