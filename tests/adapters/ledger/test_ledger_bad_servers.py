"""Each way in which a server is no good ledger gets its one line, and it is used again as soon as it is well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from afk.adapters.ledger import open_ledger
from afk.ports import Refused, Uncertain, Unreachable
from tests.contract.ledger_samples import a_run, an_entry
from tests.postgres import ask_postgres, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.adapters.ledger import SqlLedger


@pytest.fixture
def ledger(new_postgres: str) -> Iterator[SqlLedger]:
    with open_ledger(new_postgres) as opened:
        yield opened


@pytest.fixture
def where(new_postgres: str) -> str:
    """The database as messages name it."""
    url = make_url(new_postgres)
    return f"ledger {url.host}:{url.port}/{url.database}"


def end_all_connections(server: str, url: str) -> None:
    name = make_url(url).database
    ask_postgres(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def test_server_that_is_not_there_is_asked_again_later() -> None:
    port = free_port()

    with pytest.raises(Unreachable) as error:
        open_ledger(f"postgresql+psycopg://afk:hunter2@127.0.0.1:{port}/afk")
    assert str(error.value) == (
        f"ledger 127.0.0.1:{port}/afk: the database cannot be reached. Start it, or correct AFK_DATABASE_URL"
    )


def test_database_that_does_not_exist_must_be_made(postgres_server: str) -> None:
    with pytest.raises(Refused, match=r"there is no such database or user. Create it, or correct AFK_DATABASE_URL$"):
        open_ledger(f"{postgres_server}/nobodys")


def test_short_form_of_the_address_is_understood(new_postgres: str, ledger: SqlLedger) -> None:
    ledger.audit(an_entry())
    for scheme in ("postgres", "postgresql"):
        with open_ledger(new_postgres.replace("postgresql+psycopg", scheme)) as same:
            assert same.audited(1) == (an_entry(),)


def test_connections_that_were_cut_while_idle_are_not_noticed(
    postgres_server: str, new_postgres: str, ledger: SqlLedger
) -> None:
    with ledger.hold("poll"):
        pass
    end_all_connections(postgres_server, new_postgres)

    ledger.audit(an_entry())
    with ledger.hold("poll") as held:
        assert held


def test_connection_cut_in_a_transaction_wrote_nothing(
    postgres_server: str, new_postgres: str, ledger: SqlLedger, where: str
) -> None:
    def cut_midway() -> None:
        with ledger._writing() as connection:
            connection.execute(text("DELETE FROM runs"))
            end_all_connections(postgres_server, new_postgres)
            connection.execute(text("DELETE FROM runs"))

    with pytest.raises(Unreachable) as error:
        cut_midway()

    assert str(error.value) == f"{where}: the database cannot be reached. Start it, or correct AFK_DATABASE_URL"
    assert ledger.claim(a_run(), an_entry(), {})


def test_connection_cut_at_the_end_leaves_open_whether_it_wrote(
    postgres_server: str, new_postgres: str, ledger: SqlLedger, where: str
) -> None:
    def cut_before_the_commit() -> None:
        with ledger._writing() as connection:
            connection.execute(text("DELETE FROM runs"))
            end_all_connections(postgres_server, new_postgres)

    with pytest.raises(Uncertain) as error:
        cut_before_the_commit()

    assert str(error.value).startswith(f"{where}: the connection was lost while it wrote, which may have taken effect")


def test_lock_whose_connection_was_cut_ends_its_block_in_peace(
    postgres_server: str, new_postgres: str, ledger: SqlLedger
) -> None:
    with ledger.hold("poll") as held:
        assert held
        end_all_connections(postgres_server, new_postgres)

    with ledger.hold("poll") as again:
        assert again


def test_row_that_another_transaction_keeps_is_waited_for_no_longer_than_the_limit(
    new_postgres: str, ledger: SqlLedger, where: str
) -> None:
    ledger.claim(a_run(), an_entry(), {})

    def write_impatiently() -> None:
        with ledger._writing() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '50ms'"))
            connection.execute(text("UPDATE runs SET detail = ''"))

    with psycopg.connect(new_postgres.replace("+psycopg", "")) as other:
        other.execute("SELECT * FROM runs FOR UPDATE")
        with pytest.raises(Unreachable) as error:
            write_impatiently()

    assert str(error.value) == f"{where}: another process holds it locked. Wait; the next tick goes on"


def test_new_connections_limit_their_waits(ledger: SqlLedger) -> None:
    with ledger._reading() as connection:
        names = ("lock_timeout", "idle_in_transaction_session_timeout")
        assert [connection.scalar(text(f"SHOW {name}")) for name in names] == ["5s", "1min"]


def test_reader_sees_one_moment_though_others_write_between_its_statements(ledger: SqlLedger) -> None:
    with ledger._reading() as connection:
        before = connection.scalar(text("SELECT count(*) FROM audit"))
        ledger.audit(an_entry())
        assert connection.scalar(text("SELECT count(*) FROM audit")) == before
    assert ledger.audited(1) == (an_entry(),)


def test_read_only_server_can_be_read_and_refuses_to_be_written(
    postgres_server: str, new_postgres: str, ledger: SqlLedger, where: str
) -> None:
    ledger.claim(a_run(), an_entry(), {})
    name = make_url(new_postgres).database
    ask_postgres(postgres_server, f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    with open_ledger(new_postgres) as standby:
        assert standby.live() == (a_run(),)
        with pytest.raises(Refused) as error:
            standby.audit(an_entry())
    assert str(error.value) == (f"{where}: it is read-only. Connect to the primary, or make the database writable")


def test_user_without_rights_is_told_so(postgres_server: str, new_postgres: str, ledger: SqlLedger) -> None:
    name = make_url(new_postgres).database
    ask_postgres(postgres_server, f"CREATE ROLE guest_{name} LOGIN")
    as_guest = make_url(new_postgres).set(username=f"guest_{name}").render_as_string(hide_password=False)
    try:
        with pytest.raises(Refused, match=r"this user may not use it. Grant the permission"):
            open_ledger(as_guest)
    finally:
        ask_postgres(postgres_server, f"DROP ROLE guest_{name}")


def test_ledger_of_a_newer_afk_is_left_alone(postgres_server: str, new_postgres: str, ledger: SqlLedger) -> None:
    name = make_url(new_postgres).database
    ask_postgres(postgres_server, "UPDATE afk_schema SET version_num = '9999'", str(name))

    with pytest.raises(Refused, match=r"it was written by a newer AFK \(schema 9999, this one knows [0-9]+\)"):
        open_ledger(new_postgres)


def test_database_of_another_program_is_left_alone(postgres_server: str, new_postgres: str) -> None:
    name = make_url(new_postgres).database
    ask_postgres(postgres_server, "CREATE TABLE alembic_version (version_num TEXT)", str(name))

    with pytest.raises(Refused, match=r"it belongs to another program \(table alembic_version\)"):
        open_ledger(new_postgres)


def test_ledger_with_a_table_missing_asks_for_the_backup(
    postgres_server: str, new_postgres: str, ledger: SqlLedger
) -> None:
    ask_postgres(postgres_server, "DROP TABLE audit", str(make_url(new_postgres).database))

    with pytest.raises(Refused, match=r"its tables are not those that AFK laid. Restore it from a backup"):
        ledger.audited(1)
