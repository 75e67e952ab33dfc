"""Each way in which a file is no good ledger gets its one line, and nothing in it is lost."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import pytest

from afk.adapters.ledger import open_ledger
from afk.adapters.ledger.schema import HEAD, VERSION_TABLE
from afk.core.model import IssueRef
from afk.core.records import Change
from afk.ports import PortError, Refused, Unreachable
from tests.adapters.ledger.conftest import NOBODY, unprivileged
from tests.contract.ledger_samples import NOON, a_run, a_turn, an_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def kept(file: Path, url: str) -> Iterator[Path]:
    """A ledger with something in it. Whatever a test does to it, the run must still be there at the end."""
    with unprivileged(), open_ledger(url) as ledger:
        ledger.claim(a_run(), an_entry(), {})
    yield file
    file.chmod(0o600)
    file.parent.chmod(0o700)
    with open_ledger(url) as ledger:
        assert ledger.live() == (a_run(),)


@contextmanager
def database(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        yield connection


def refusal(url: str, kind: type[PortError]) -> str:
    with pytest.raises(kind) as error:
        open_ledger(url)
    return str(error.value)


def test_new_ledger_is_for_nobody_else_to_read(folder: Path) -> None:
    file = folder / "data" / "afk" / "ledger.db"
    with open_ledger(f"sqlite:///{file}") as ledger:
        ledger.claim(a_run(), an_entry(), {})

        modes = {path.name: path.stat().st_mode & 0o777 for path in (file.parent, *file.parent.glob("ledger.db*"))}
    assert modes == {"afk": 0o700, "ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


def test_file_is_written_ahead_and_to_the_disk(url: str) -> None:
    with open_ledger(url) as ledger, ledger._reading() as connection:
        pragmas = ("journal_mode", "synchronous", "foreign_keys")
        found = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in pragmas]

    assert found == ["wal", 2, 1]


def test_file_waits_five_seconds_for_another_writer(file: Path) -> None:
    with open_ledger(f"sqlite:///{file}") as ledger, ledger._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5_000


def test_restored_backup_is_written_ahead_again(kept: Path, url: str) -> None:
    with database(kept) as connection:
        assert connection.execute("PRAGMA journal_mode=DELETE").fetchone() == ("delete",)

    with open_ledger(url) as ledger, ledger._reading() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_read_only_file_can_be_read_and_refuses_to_be_written(kept: Path) -> None:
    with open_ledger(f"sqlite:///file:{kept}?mode=ro&uri=true") as ledger:
        assert ledger.live() == (a_run(),)
        with pytest.raises(Refused) as error:
            ledger.audit(an_entry())

    assert str(error.value) == (
        f"ledger {kept}: it is read-only. Give this user write access to the file and its directory"
    )


def test_file_without_write_permission_refuses_to_be_written(kept: Path, url: str) -> None:
    kept.chmod(0o400)
    with unprivileged(), open_ledger(url) as ledger, pytest.raises(Refused) as error:
        ledger.audit(an_entry())

    assert "it is read-only. Give this user write access" in str(error.value)


def test_file_without_read_permission_is_said_to_be_closed(kept: Path, url: str) -> None:
    kept.chmod(0o000)
    with unprivileged():
        line = refusal(url, Refused)

    assert line == (f"ledger {kept}: the file cannot be opened. Check the path in AFK_DATABASE_URL and its permissions")


def test_ledger_cannot_be_made_in_a_read_only_folder(folder: Path, url: str, file: Path) -> None:
    folder.chmod(0o500)
    with unprivileged():
        line = refusal(url, Refused)

    assert line == f"ledger {file}: it cannot be created (Permission denied). Correct AFK_DATABASE_URL"


def test_name_cannot_be_held_in_a_read_only_folder(kept: Path, url: str) -> None:
    with unprivileged(), open_ledger(url) as ledger:
        kept.parent.chmod(0o500)
        with pytest.raises(Refused) as error, ledger.hold("poll"):
            pass
        kept.parent.chmod(0o700)

    assert "it is read-only" in str(error.value)


def test_folder_in_place_of_the_file_is_refused(folder: Path, url: str, file: Path) -> None:
    file.mkdir()

    assert "the file cannot be opened" in refusal(url, Refused)


def test_full_disk_loses_nothing_and_goes_on_when_there_is_room(kept: Path, url: str) -> None:
    with open_ledger(url) as ledger:
        with ledger._bare() as connection:  # the pool hands the same connection to the next transaction
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count={pages}").all()
        large = a_run(IssueRef("web", 1), turns=(a_turn(text="x" * 1_000_000),))
        with pytest.raises(Unreachable) as error:
            ledger.claim(large, an_entry(), {})
        with ledger._bare() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count=100000").all()
        assert ledger.live() == (a_run(),)  # neither the run nor a part of it

        assert ledger.claim(large, an_entry(), {})
        ledger.apply(Change(large, {"finished_at": NOON}))
    assert str(error.value) == (
        f"ledger {kept}: the disk is full. Make room; nothing was lost, and the next tick goes on"
    )


def test_locked_ledger_is_read_meanwhile_and_written_afterwards(kept: Path, url: str) -> None:
    with open_ledger(url) as ledger:
        with database(kept) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(Unreachable) as error:
                ledger.audit(an_entry())
            assert ledger.live() == (a_run(),)
            with open_ledger(url) as second:  # to open is to read
                assert second.live() == (a_run(),)
            other.execute("ROLLBACK")
        ledger.audit(an_entry("after"))

        assert ledger.audited(1) == (an_entry("after"),)
    assert str(error.value) == f"ledger {kept}: another process holds it locked. Wait; the next tick goes on"


def test_new_file_that_is_locked_is_asked_again_later(file: Path, url: str) -> None:
    with database(file) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "another process holds it locked" in refusal(url, Unreachable)
        other.execute("ROLLBACK")

    with open_ledger(url) as ledger:
        assert ledger.live() == ()


def test_ledger_of_a_newer_afk_is_left_alone(kept: Path, url: str) -> None:
    with database(kept) as other:
        other.execute(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        line = refusal(url, Refused)
        assert other.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone() == ("9999",)
        other.execute(f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'")

    assert line == (
        f"ledger {kept}: it was written by a newer AFK (schema 9999, this one knows {HEAD}). "
        "Upgrade AFK, or restore the backup from before the upgrade"
    )


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("flow_run", id="any"),
        pytest.param("runs", id="by a name that we use too"),
        pytest.param("alembic_version", id="that migrates as we do"),
    ],
)
def test_database_of_another_program_is_left_alone(file: Path, url: str, table: str) -> None:
    with database(file) as other:
        other.execute(f"CREATE TABLE {table} (version_num TEXT)")
        other.execute(f"INSERT INTO {table} VALUES ('theirs')")
        line = refusal(url, Refused)
        assert other.execute(f"SELECT * FROM {table}").fetchall() == [("theirs",)]
        assert other.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)

    assert line == (
        f"ledger {file}: it belongs to another program (table {table}). Point AFK_DATABASE_URL at a database of its own"
    )


def test_file_that_is_no_database_is_left_alone(file: Path, url: str) -> None:
    file.write_bytes(b"# my precious notes\n" * 100)
    line = refusal(url, Refused)

    assert line == f"ledger {file}: the file is no SQLite database. Point AFK_DATABASE_URL at a file of its own"
    assert file.read_bytes() == b"# my precious notes\n" * 100


def test_damaged_file_asks_for_the_backup(file: Path, url: str) -> None:
    with open_ledger(url) as ledger:
        for number in range(200):
            ledger.audit(an_entry(detail=f"{number}" * 100))
        ledger.vacuum()
    with file.open("r+b") as damaged:
        damaged.seek(8_192)
        damaged.write(b"\xff" * (file.stat().st_size - 8_192))

    with pytest.raises(Refused) as error, open_ledger(url) as ledger:
        ledger.audited(1_000)
    assert str(error.value) == f"ledger {file}: the file is damaged. Restore it from a backup"


def test_ledger_with_a_table_missing_asks_for_the_backup(file: Path, url: str) -> None:
    with open_ledger(url) as ledger:
        with database(file) as other:
            other.execute("DROP TABLE audit")
        with pytest.raises(Refused) as error:
            ledger.audited(1)

    assert str(error.value) == f"ledger {file}: its tables are not those that AFK laid. Restore it from a backup"


def test_helper_is_nobody_only_inside_its_block() -> None:
    """Else the tests above would show nothing when they run as root."""
    with unprivileged():
        assert os.geteuid() != 0
    assert os.geteuid() in {0, os.getuid()}
    assert NOBODY != 0
