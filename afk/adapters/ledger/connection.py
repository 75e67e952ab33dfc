"""Open the ledger's database with what each kind of database needs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import StaticPool

from afk.ports import Refused

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection, Engine


def address(text: str) -> URL:
    try:
        url = make_url(text)
    except ArgumentError:
        raise Refused("ledger: AFK_DATABASE_URL is no database address. Write it as sqlite:////path/to/file") from None
    if url.drivername in {"postgres", "postgresql"}:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise Refused(f"ledger: AFK_DATABASE_URL names {url.drivername}. Legal are sqlite and postgresql+psycopg")
    return url


def is_memory(url: URL) -> bool:
    return url.get_backend_name() == "sqlite" and url.database in {None, "", ":memory:"}


def engine_for(url: URL) -> Engine:
    if url.get_backend_name() == "postgresql":
        return create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=20)
    if is_memory(url):
        engine = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        _private(Path(str(url.database)))
        engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": 5})
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _private(file: Path) -> None:
    """Nobody else reads what is in a ledger: prompts, names, reasons."""
    try:
        if not file.parent.exists():
            file.parent.mkdir(parents=True, mode=0o700)
        if not file.exists():
            file.touch(mode=0o600)
    except OSError as error:
        raise Refused(f"ledger {file}: it cannot be created ({error.strerror}). Correct AFK_DATABASE_URL") from error


def _prepare(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # SQLAlchemy's own BEGIN decides, see `_begin`
    cursor = connection.cursor()
    try:
        for pragma in ("busy_timeout=5000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
    finally:
        cursor.close()


def _begin(connection: Connection) -> None:
    """Readers take a snapshot; writers take the write lock at once, since upgrading a read lock can deadlock."""
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
