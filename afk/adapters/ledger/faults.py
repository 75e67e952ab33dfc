"""Say in one line what is wrong with a ledger and what to do."""

from __future__ import annotations

import errno
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError, TimeoutError  # noqa: A004 - SQLAlchemy's name

from afk.adapters.ledger.address import BAD_OPTION
from afk.ports import PortError, Refused, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

Fault = tuple[type[PortError], str]

READ_ONLY: Fault = (Refused, "it is read-only. Give this user write access to the file and its directory")
FULL: Fault = (Unreachable, "the disk is full. Make room; nothing was lost, and the next tick goes on")
LOCKED: Fault = (Unreachable, "another process holds it locked. Wait; the next tick goes on")
NO_ACCESS: Fault = (Refused, "this user may not use it. Grant the permission, or correct AFK_DATABASE_URL")
NOT_OPENED: Fault = (Refused, "the file cannot be opened. Check the path in AFK_DATABASE_URL and its permissions")
NO_DATABASE: Fault = (Refused, "the file is no SQLite database. Point AFK_DATABASE_URL at a file of its own")
DAMAGED: Fault = (Refused, "the file is damaged. Restore it from a backup")
IO: Fault = (Unreachable, "the disk does not read or write. Check it; the next tick tries again")
WRONG_LOGIN: Fault = (Refused, "user or password is wrong. Correct AFK_DATABASE_URL")
NO_SUCH_DATABASE: Fault = (Refused, "there is no such database or user. Create it, or correct AFK_DATABASE_URL")
STANDBY: Fault = (Refused, "it is read-only. Connect to the primary, or make the database writable")
BUSY: Fault = (Unreachable, "the database is busy. Wait; the next tick goes on")
AWAY: Fault = (Unreachable, "the database cannot be reached. Start it, or correct AFK_DATABASE_URL")
WRONG_OPTION: Fault = (Refused, BAD_OPTION)
ALTERED: Fault = (Refused, "its tables are not those that AFK laid. Restore it from a backup")

_SQLITE: dict[int, Fault] = {
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_PERM: NO_ACCESS,
    sqlite3.SQLITE_AUTH: NO_ACCESS,
    sqlite3.SQLITE_CANTOPEN: NOT_OPENED,
    sqlite3.SQLITE_NOTADB: NO_DATABASE,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_IOERR: IO,
}

# The rest has one code for everything that is wrong with a statement.
_SQLITE_WORDS: tuple[tuple[str, Fault], ...] = (
    ("no such table", ALTERED),
    ("no such column", ALTERED),
    ("has no column named", ALTERED),
    ("no such access mode", WRONG_OPTION),
)

# PostgreSQL's SQLSTATE, the longest beginning that fits: appendix A of its manual.
_POSTGRES: dict[str, Fault] = {
    "08": AWAY,
    "25006": STANDBY,
    "28": WRONG_LOGIN,
    "3D": NO_SUCH_DATABASE,
    "40": BUSY,
    "42501": NO_ACCESS,
    "42703": ALTERED,
    "42P01": ALTERED,
    "53": BUSY,
    "53100": FULL,
    "55P03": LOCKED,
    "57": AWAY,
    "57014": BUSY,
}

# A refused connection bears no SQLSTATE, only libpq's words.
_GREETING: tuple[tuple[str, Fault], ...] = (
    ("password authentication failed", WRONG_LOGIN),
    ("no password supplied", WRONG_LOGIN),
    ("no pg_hba.conf entry", NO_ACCESS),
    ("permission denied", NO_ACCESS),
    ("does not exist", NO_SUCH_DATABASE),
    ("too many", BUSY),
    ("resolve host", AWAY),
    ("connection option", WRONG_OPTION),
    ("bad value for", WRONG_OPTION),
    (" value: ", WRONG_OPTION),
)

_DISK: dict[int, Fault] = {errno.ENOSPC: FULL, errno.EDQUOT: FULL, errno.EROFS: READ_ONLY, errno.EACCES: READ_ONLY}


@contextmanager
def explaining(where: str) -> Iterator[None]:
    """Turn what the database says into an error of ours. A mistake of our own code stays as it is."""
    try:
        yield
    except (DBAPIError, TimeoutError) as error:
        raise explained(error, where) from error
    except StatementError as error:
        raise (error.orig or error) from error
    except OSError as error:
        kind, words = _DISK.get(error.errno or 0, IO)
        raise kind(f"ledger {where}: {words}") from error


def explained(error: SQLAlchemyError, where: str) -> PortError:
    kind, words = _fault(error)
    return kind(f"ledger {where}: {words}")


def _fault(error: SQLAlchemyError) -> Fault:
    if isinstance(error, TimeoutError):
        return BUSY
    cause = getattr(error, "orig", None)
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_OK)
        if (code & 0xFF) in _SQLITE:
            return _SQLITE[code & 0xFF]
        return next((fault for words, fault in _SQLITE_WORDS if words in str(cause)), _unknown(cause))
    state = getattr(cause, "sqlstate", None) or ""
    for length in (5, 2):
        if state[:length] in _POSTGRES:
            return _POSTGRES[state[:length]]
    if not state and isinstance(error, DBAPIError):
        said = str(cause).lower()
        known = next((fault for words, fault in _GREETING if words in said), None)
        if known or error.connection_invalidated or "connect" in said:
            return known or AWAY
    return _unknown(cause or error)


def _unknown(cause: BaseException) -> Fault:
    first = next(iter(str(cause).splitlines()), type(cause).__name__)  # what follows may quote our data
    return Unexpected, f"it answered {first[:200]!r}. Look into the database's log; report it if it stays"
