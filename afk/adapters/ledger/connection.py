"""Open the ledger's database with what each kind of database needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.pool import StaticPool

from afk.adapters.ledger.address import BAD_OPTION, file_of, is_memory, is_postgres, is_read_only, shown
from afk.ports import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy.engine import URL, Connection, Engine

# The option of a SQLAlchemy connection that says how its transactions begin on SQLite; "" is none at all.
BEGIN = "afk_begin"
# Another one: foreign keys are not watched, since a table that is altered by copying it is away for a moment.
UNTIED = "afk_untied"

_LIMITS = {  # seconds; an address may say otherwise
    "connect_timeout": 5,
    "keepalives_idle": 30,
    "tcp_user_timeout": 30_000,  # this one in milliseconds
}


def engine_for(url: URL) -> Engine:
    try:
        return _engine_for(url)
    except ValueError:  # an option whose value is no number, or neither true nor false
        raise Refused(f"ledger {shown(url)}: {BAD_OPTION}") from None


def _engine_for(url: URL) -> Engine:
    if is_postgres(url):
        return postgres(url, pool_size=5, max_overflow=20, pool_timeout=10)
    if is_memory(url):
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        if not is_read_only(url):
            _create_private(file_of(url))
        engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": patience(url)})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def patience(url: URL) -> float:
    """Seconds to wait for others who write to a SQLite file; the address may say otherwise."""
    return float(str(url.query.get("timeout", 5)))


def postgres(url: URL, **more: Any) -> Engine:
    limits = {name: value for name, value in _LIMITS.items() if name not in url.query}
    engine = create_engine(url, pool_pre_ping=True, connect_args=limits, **more)
    event.listen(engine, "connect", _prepare_postgres)
    return engine


def _create_private(file: Path) -> None:
    """Nobody else reads what is in a ledger: prompts, names, reasons."""
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
        if not file.exists():
            file.touch(mode=0o600)
    except OSError as error:
        raise Refused(f"ledger {file}: it cannot be created ({error.strerror}). Correct AFK_DATABASE_URL") from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN decides, see `_begin_sqlite`
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA synchronous=FULL")
    finally:
        cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Readers take a snapshot; writers take the write lock at once, since upgrading a read lock can deadlock."""
    options = connection.get_execution_options()
    begin = options.get(BEGIN, "BEGIN")
    if begin:
        connection.exec_driver_sql(f"PRAGMA foreign_keys={'OFF' if options.get(UNTIED) else 'ON'}")
        connection.exec_driver_sql(begin)


def _prepare_postgres(connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '5s'")
        cursor.execute("SET idle_in_transaction_session_timeout = '60s'")  # a process that hangs frees its rows
    connection.commit()
