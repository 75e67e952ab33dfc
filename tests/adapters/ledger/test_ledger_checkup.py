"""A look at the ledger says how it stands, and leaves it as it is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy.engine import make_url

from afk.adapters.ledger import open_ledger
from afk.adapters.ledger.checkup import look
from afk.core.checkup import Finding, Level
from afk.core.config import Config
from afk.core.records import TickRecord
from afk.housekeeping import due
from tests.adapters.ledger.conftest import unprivileged
from tests.contract.ledger_samples import NOON
from tests.postgres import SHARED, ask_postgres

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def findings(url: str) -> list[Finding]:
    return list(look(url, Config(), NOON, lambda ledger, config: due(ledger, config, NOON, 60)))


def told(url: str) -> list[tuple[str, Level]]:
    return [(each.subject, each.level) for each in findings(url)]


@pytest.mark.parametrize("kind", SHARED)
def test_ledger_in_order_tells_its_place_its_schema_and_its_switches(
    new_database: Callable[[str], str], kind: str
) -> None:
    url = new_database(kind)
    open_ledger(url).__exit__()

    assert told(url) == [(subject, Level.OK) for subject in ("place", "schema", "switches", "armed", "ticks")]


def test_ticks_that_do_not_come_any_more_are_told(url: str) -> None:
    with open_ledger(url) as ledger:
        ledger.ticked(TickRecord("poll", NOON - timedelta(hours=3), "nothing to do"))
        ledger.ticked(TickRecord("watch", NOON - timedelta(seconds=20), "nothing to do"))
    stopped = findings(url)[-1]
    with open_ledger(url) as ledger:
        ledger.ticked(TickRecord("poll", NOON - timedelta(seconds=50), "nothing to do"))
    goes_on = findings(url)[-1]

    assert stopped.line == (
        "warn  ledger · ticks: No poll tick has completed for 3 h: nothing is driven. Next: look at Prefect"
    )
    assert goes_on.line == "ok    ledger · ticks: poll at 2026-03-01 11:59:10 UTC, watch at 2026-03-01 11:59:40 UTC"


@pytest.mark.parametrize("kind", SHARED)
def test_empty_database_is_left_empty(new_database: Callable[[str], str], kind: str) -> None:
    url = new_database(kind)
    if kind == "file":
        sqlite3.connect(str(make_url(url).database)).close()

    found = [findings(url), findings(url)]

    assert found[0] == found[1]
    assert {each.level for each in found[0]} == {Level.OK}


def test_file_that_is_not_there_stays_away(folder: Path) -> None:
    (found,) = findings(f"sqlite:///{folder}/data/afk/ledger.db")

    assert (found.level, "not there yet" in found.what) == (Level.OK, True)
    assert list(folder.iterdir()) == []


def test_older_schema_waits_for_the_next_tick(file: Path, url: str) -> None:
    open_ledger(url).__exit__()
    with closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE afk_schema SET version_num = '0000'")

    assert told(url) == [("place", Level.OK), ("schema", Level.WARN)]
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT version_num FROM afk_schema").fetchall() == [("0000",)]


def test_ledger_in_memory_is_to_look_at() -> None:
    assert told("sqlite://") == [("place", Level.WARN)]


def test_file_of_another_user_cannot_be_written(file: Path, url: str) -> None:
    with unprivileged():
        open_ledger(url).__exit__()
        file.chmod(0o400)
        (found,) = findings(url)

    assert (found.subject, found.level) == ("database", Level.FAIL)
    assert "it is read-only. Give this user write access" in found.what


def test_folder_that_takes_no_file_is_told(folder: Path, url: str) -> None:
    folder.chmod(0o500)
    with unprivileged():
        (found,) = findings(url)

    assert (found.subject, found.level) == ("place", Level.FAIL)


def test_file_that_another_holds_locked_is_told(file: Path, url: str) -> None:
    open_ledger(url).__exit__()
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        (found,) = findings(url)

    assert "another process holds it locked" in found.what


if "postgres" in SHARED:

    def test_server_that_is_read_only_is_told(postgres_server: str, new_postgres: str) -> None:
        open_ledger(new_postgres).__exit__()
        name = make_url(new_postgres).database
        ask_postgres(postgres_server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")

        (found,) = findings(new_postgres)

        assert (found.level, "it is read-only. Connect to the primary" in found.what) == (Level.FAIL, True)

    def test_user_who_may_only_read_is_told(postgres_server: str, new_postgres: str) -> None:
        open_ledger(new_postgres).__exit__()
        name = str(make_url(new_postgres).database)
        ask_postgres(postgres_server, f"CREATE ROLE reader_{name} LOGIN")
        ask_postgres(postgres_server, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader_{name}", name)
        as_reader = make_url(new_postgres).set(username=f"reader_{name}").render_as_string(hide_password=False)
        try:
            (found,) = findings(as_reader)
        finally:
            ask_postgres(postgres_server, f"DROP OWNED BY reader_{name}; DROP ROLE reader_{name}", name)

        assert (found.level, "this user may not use it" in found.what) == (Level.FAIL, True)
