"""Hold names so that no two ticks work on one thing, for as long as the holder lives and no longer."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy.engine import Engine


class Locks(Protocol):
    def hold(self, name: str) -> Iterator[bool]: ...


class MemoryLocks:
    """Within one process."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: set[str] = set()

    def hold(self, name: str) -> Iterator[bool]:
        with self._guard:
            free = name not in self._held
            if free:
                self._held.add(name)
        try:
            yield free
        finally:
            if free:
                with self._guard:
                    self._held.discard(name)


class FileLocks:
    """Between the processes of one machine: locked files, which the kernel frees when their holder dies."""

    def __init__(self, ledger: Path) -> None:
        self._folder = ledger.with_name(ledger.name + "-locks")
        self._folder.mkdir(mode=0o700, exist_ok=True)

    def hold(self, name: str) -> Iterator[bool]:
        # Few names, reused for ever: two names on one file only make one of them wait a tick.
        slot = int(hashlib.sha256(name.encode()).hexdigest(), 16) % 1024
        handle = os.open(self._folder / f"{slot:03x}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(handle)


class AdvisoryLocks:
    """Between machines: session locks of PostgreSQL, freed by the server when the connection ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def hold(self, name: str) -> Iterator[bool]:
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            held = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:number)"), {"number": number}))
            try:
                yield held
            finally:
                if held and not connection.invalidated:
                    connection.execute(text("SELECT pg_advisory_unlock(:number)"), {"number": number})


@contextmanager
def held(locks: Locks, name: str) -> Iterator[bool]:
    yield from locks.hold(name)
