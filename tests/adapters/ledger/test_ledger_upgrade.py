"""`afk migrate`: the schema is laid or brought up to date, and it says from where to where."""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from typer.testing import CliRunner

from afk.adapters.ledger import open_ledger, schema
from afk.cli import app

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

FIRST = "0001"


def migrate(file: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["migrate", *words], env={"AFK_DATABASE_URL": f"sqlite:///{file}"})


def test_empty_place_gets_the_schema_and_the_second_time_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"

    laid, again = migrate(file), migrate(file)

    assert laid.stdout == f"The ledger at {file} was empty and has the schema {schema.HEAD} now. Hint: afk doctor\n"
    assert again.stdout == f"The ledger at {file} has the schema {schema.HEAD} already; nothing was changed.\n"
    with open_ledger(f"sqlite:///{file}") as ledger:
        assert not ledger.live()


def test_ledger_of_an_older_version_is_brought_up_and_both_are_told(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        schema.upgrade(connection, str(file), schema.SCRIPTS, FIRST)
    engine.dispose()

    facts = json.loads(migrate(file, "--json").stdout)

    assert (facts["before"], facts["after"]) == (FIRST, schema.HEAD)
    assert facts["result"] == f"The ledger at {file} had the schema {FIRST} and has {schema.HEAD} now. Hint: afk doctor"


@pytest.mark.parametrize(
    ("made_by", "told"),
    [
        ("CREATE TABLE songs (id INTEGER)", "it belongs to another program (table songs)"),
        ("CREATE TABLE afk_schema (version_num TEXT); INSERT INTO afk_schema VALUES ('9999')", "by a newer AFK"),
    ],
    ids=["another program", "a newer version"],
)
def test_what_is_no_ledger_of_ours_is_left_alone(made_by: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    connection = sqlite3.connect(file)
    connection.executescript(made_by)
    connection.close()
    before = file.read_bytes()

    refused = migrate(file)

    assert refused.exit_code == 1
    assert told in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert file.read_bytes() == before
