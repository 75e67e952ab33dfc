"""Hold names so that no two ticks work on one thing, for as long as the holder lives and no longer."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from afk.adapters.ledger.address import file_of, is_memory, is_postgres, shown
from afk.adapters.ledger.connection import postgres
from afk.adapters.ledger.faults import explaining

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from sqlalchemy.engine import URL, Connection

LONGEST_NAME = 200  # of a file, with room for a suffix


class Locks(Protocol):
    def hold(self, name: str) -> AbstractContextManager[bool]: ...

    def close(self) -> None: ...


def locks_for(url: URL) -> Locks:
    if is_postgres(url):
        return AdvisoryLocks(url)
    return MemoryLocks() if is_memory(url) else FileLocks(file_of(url))


class MemoryLocks:
    """Within one process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: set[str] = set()

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        with self._guard:
            free = name not in self._held
            self._held.add(name)
        try:
            yield free
        finally:
            if free:
                with self._guard:
                    self._held.discard(name)

    def close(self) -> None:
        """Nothing is open."""


class FileLocks:
    """Between the processes of one machine: locked files, which the kernel frees when their holder dies."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._folder = ledger.with_name(ledger.name + "-locks")

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        path = self._path(name)
        with explaining(str(self._ledger)):
            self._folder.mkdir(mode=0o700, exist_ok=True)
            handle = _locked(path)
        try:
            yield handle is not None
        finally:
            if handle is not None:
                with suppress(OSError):
                    path.unlink()  # while it is held, see `_locked`
                os.close(handle)

    def close(self) -> None:
        """What is held stays held: it belongs to the block that holds it."""

    def _path(self, name: str) -> Path:
        readable = quote(name, safe="")
        if len(readable) > LONGEST_NAME:
            readable = hashlib.sha256(name.encode()).hexdigest()
        return self._folder / f"{readable}.lock"


def _locked(path: Path) -> int | None:
    """A holder removes its file before it lets go, so a lock counts only on the file that bears the name now."""
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(handle), path.stat()):
                return handle
        except BlockingIOError:
            os.close(handle)
            return None
        except FileNotFoundError:
            pass  # removed between the two looks
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


class AdvisoryLocks:
    """Between machines: session locks of PostgreSQL, freed by the server when the connection ends."""

    def __init__(self, url: URL) -> None:
        self._where = shown(url)
        self._engine = postgres(url, isolation_level="AUTOCOMMIT", pool_size=2, max_overflow=-1)

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with explaining(self._where):
            connection = self._engine.connect()
            try:
                held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}))
            except BaseException:
                _discard(connection)
                raise
        try:
            yield held
        finally:
            _let_go(connection, number if held else None)

    def close(self) -> None:
        self._engine.dispose()


def _let_go(connection: Connection, number: int | None) -> None:
    """A connection that cannot say that it let go is closed, which frees its lock as well."""
    try:
        if number is not None:
            connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})
        connection.close()
    except SQLAlchemyError:
        _discard(connection)


def _discard(connection: Connection) -> None:
    with suppress(SQLAlchemyError):
        connection.invalidate()
    with suppress(SQLAlchemyError):
        connection.close()
