"""Read where the ledger is, and say it without its secrets."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from afk.ports import Refused

IN_MEMORY = {None, "", ":memory:", "file::memory:"}
BAD_OPTION = "AFK_DATABASE_URL has an option that is not understood. Correct what follows its question mark"
LEGAL = "Legal are sqlite:////path/to/file and postgresql+psycopg://user@host/database"


def address(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # a port that is no number
        raise Refused(f"ledger: AFK_DATABASE_URL is no database address. {LEGAL}") from None
    if url.drivername in {"postgres", "postgresql"}:
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "sqlite+pysqlite", "postgresql+psycopg"}:
        raise Refused(f"ledger: AFK_DATABASE_URL names {url.drivername}. {LEGAL}")
    if "@" in (url.host or ""):
        raise Refused("ledger: AFK_DATABASE_URL has an @ inside its password. Write it as %40")
    return url


def is_postgres(url: URL) -> bool:
    return url.get_backend_name() == "postgresql"


def is_memory(url: URL) -> bool:
    return not is_postgres(url) and (url.database in IN_MEMORY or url.query.get("mode") == "memory")


def is_read_only(url: URL) -> bool:
    return not is_postgres(url) and url.query.get("mode") == "ro"


def file_of(url: URL) -> Path:
    """The file of a SQLite ledger; SQLite takes `file:/path?mode=ro&uri=true` too."""
    return Path(str(url.database).removeprefix("file:"))


def shown(url: URL) -> str:
    """A name for messages: neither user nor password, nor options, where a password may stand too."""
    if is_memory(url):
        return "in memory"
    if not is_postgres(url):
        return str(file_of(url))
    host = url.host or "local socket"
    return f"{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"
