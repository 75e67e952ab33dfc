"""Schemas: laid once by however many start, equal to the tables, and altered without losing a row."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from afk.adapters.ledger import open_ledger, schema, tables
from afk.ports import Unexpected
from tests.adapters.ledger.processes import opens, race
from tests.contract.ledgers import WEB, WHOLE_RUN, a_run, an_entry, contents, fill, heard
from tests.postgres import DATABASES, SHARED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from afk.adapters.ledger import SqlLedger

NEXT = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "later", "{head}"


def upgrade():
    with op.batch_alter_table("runs") as runs:
        runs.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))
        runs.alter_column("title", new_column_name="headline")
    with op.batch_alter_table("doorbells") as doorbells:
        doorbells.add_column(sa.Column("pitch", sa.Integer()))
    {more}
"""


@pytest.fixture(params=DATABASES)
def filled(request: pytest.FixtureRequest, new_database: Callable[[str], str]) -> Iterator[SqlLedger]:
    with open_ledger(new_database(request.param)) as ledger:
        fill(ledger)
        yield ledger


def next_scripts(folder: Path, more: str = "") -> Path:
    """The migrations of a later AFK, which alters tables that others refer to."""
    scripts = folder / "100% later"
    shutil.copytree(schema.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "later_mood.py").write_text(NEXT.format(head=schema.HEAD, more=more))
    return scripts


def differences(connection: Connection) -> list[object]:
    defaults = connection.dialect.name != "sqlite"  # alembic cannot compare empty ones there
    told = {"version_table": schema.VERSION_TABLE, "compare_type": True, "compare_server_default": defaults}
    return list(compare_metadata(MigrationContext.configure(connection, opts=told), tables.metadata))


@pytest.mark.parametrize("kind", DATABASES)
def test_the_migrations_lay_what_the_tables_say(kind: str, new_database: Callable[[str], str]) -> None:
    with open_ledger(new_database(kind)) as ledger, ledger._writing() as connection:
        assert differences(connection) == []

        connection.execute(text("DROP INDEX one_unfinished_run_per_repository"))
        connection.execute(text("ALTER TABLE ticks ADD COLUMN mood TEXT"))
        assert len(differences(connection)) == 2


@pytest.mark.parametrize("kind", SHARED)
def test_a_ledger_is_the_same_after_reopening(kind: str, new_database: Callable[[str], str]) -> None:
    url = new_database(kind)
    with open_ledger(url) as ledger:
        fill(ledger)
        before = contents(ledger)

    with open_ledger(url) as ledger:
        assert contents(ledger) == before
        assert ledger.run(WHOLE_RUN.id) == WHOLE_RUN


@pytest.mark.parametrize("kind", SHARED)
def test_eight_that_start_at_once_lay_one_schema(kind: str, new_database: Callable[[str], str]) -> None:
    url = new_database(kind)

    assert race(8, opens, url) == [schema.HEAD] * 8

    with open_ledger(url) as ledger, ledger._reading() as connection:
        assert connection.execute(text(f"SELECT version_num FROM {schema.VERSION_TABLE}")).all() == [(schema.HEAD,)]


def test_an_upgrade_keeps_every_row_and_every_guard(filled: SqlLedger, tmp_path: Path) -> None:
    before = contents(filled)

    filled._bring_up_to_date(next_scripts(tmp_path), "later")

    with filled._reading() as connection:
        assert schema.revision(connection) == "later"
        told = connection.execute(text("SELECT id, headline, mood FROM runs ORDER BY id")).all()
        assert told == [("infra-42-1", "Rotate the logs", "calm"), ("web-7-1", "Ünïcode 🎈", "calm")]
        for name, rows in before.items():
            assert connection.scalar(text(f"SELECT count(*) FROM {name}")) == len(rows), name
        unchanged = {
            table.name: table for table in tables.metadata.sorted_tables if table.name not in {"runs", "doorbells"}
        }
        for name, table in unchanged.items():
            assert sorted(connection.execute(table.select()).all(), key=repr) == before[name]
    for guard, breach in (
        ("unique", "UPDATE runs SET finished_at = NULL, repo = 'web'"),
        ("foreign key", "DELETE FROM runs"),
    ):
        with pytest.raises(Unexpected, match=f"(?i){guard}"), filled._writing() as connection:
            connection.execute(text(breach))


@pytest.mark.parametrize(
    ("mistake", "error", "words"),
    [
        pytest.param(
            "op.execute(\"DELETE FROM runs WHERE repo = 'infra'\")",
            Unexpected,
            "its upgrade would lose what (turns|evidence) refers to. Report it; nothing changed$|foreign key",
            id="orphans",
        ),
        pytest.param("raise KeyError(revision)", KeyError, "later", id="a bug"),
    ],
)
def test_an_upgrade_that_fails_changes_nothing(
    filled: SqlLedger, tmp_path: Path, mistake: str, error: type[Exception], words: str
) -> None:
    before = contents(filled)

    with pytest.raises(error, match=words):
        filled._bring_up_to_date(next_scripts(tmp_path, mistake), "later")

    assert contents(filled) == before
    with filled._reading() as connection:
        assert schema.revision(connection) == schema.HEAD


def test_opening_waits_for_who_keeps_a_restored_file_from_being_written_ahead(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/ledger.db"
    open_ledger(url).__exit__()
    with closing(sqlite3.connect(tmp_path / "ledger.db", isolation_level=None, check_same_thread=False)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN IMMEDIATE")
        goes = threading.Timer(0.2, other.execute, ["ROLLBACK"])
        goes.start()
        with open_ledger(url) as ledger, ledger._bare() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        goes.join()


def test_opening_a_ledger_that_is_up_to_date_writes_nothing(filled: SqlLedger) -> None:
    with heard(filled) as said:
        filled._bring_up_to_date()

    assert set(said) == {"SELECT"}
    assert filled.live() == (a_run(WEB, title="Ünïcode 🎈"),)
    assert filled.claim(a_run(), an_entry(), {}) is False
