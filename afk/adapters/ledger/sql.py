"""Keep runs and everything around them in SQLite or PostgreSQL."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Self

from afk.adapters.ledger import schema
from afk.adapters.ledger.address import address, is_memory, is_postgres, is_read_only
from afk.adapters.ledger.connection import patience
from afk.adapters.ledger.doorbells import DoorbellRecords
from afk.adapters.ledger.housekeeping import Housekeeping
from afk.adapters.ledger.locks import locks_for
from afk.adapters.ledger.log import LogRecords
from afk.adapters.ledger.notices import NoticeRecords
from afk.adapters.ledger.recollections import Recollections
from afk.adapters.ledger.runs import RunRecords
from afk.adapters.ledger.wishes import WishRecords
from afk.ports import Unreachable

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path


def open_ledger(url: str) -> SqlLedger:
    """Connect, and bring the schema up to date."""
    return SqlLedger(url)


class SqlLedger(RunRecords, WishRecords, DoorbellRecords, NoticeRecords, LogRecords, Recollections, Housekeeping):
    def __init__(self, url: str) -> None:
        super().__init__(address(url))
        self._locks = locks_for(self._url)
        try:
            self._bring_up_to_date()
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._locks.close()
        self._engine.dispose()

    def hold(self, name: str) -> AbstractContextManager[bool]:
        return self._locks.hold(name)

    def _bring_up_to_date(self, scripts: Path = schema.SCRIPTS, head: str = schema.HEAD) -> None:
        """A ledger that is up to date is only read: it opens although it is read-only, or another writes just now."""
        with self._reading() as connection:
            current = schema.revision(connection) == head
        if not current:
            with self._altering() as connection:
                schema.upgrade(connection, self._where, scripts, head)
        if not (is_postgres(self._url) or is_memory(self._url) or is_read_only(self._url)):
            self._write_ahead()

    def _write_ahead(self) -> None:
        """Of several that switch at once SQLite lets none wait, and may let all fail: so they wait here."""
        end = time.monotonic() + patience(self._url)
        while True:
            try:
                return self._switch_to_write_ahead()
            except Unreachable:
                if time.monotonic() > end:
                    raise
            time.sleep(random.uniform(0.005, 0.05))  # noqa: S311 - apart from each other, no secret

    def _switch_to_write_ahead(self) -> None:
        """The file keeps the mode; a restored backup has lost it."""
        with self._bare() as connection:
            if connection.exec_driver_sql("PRAGMA journal_mode").scalar() != "wal":
                connection.exec_driver_sql("PRAGMA journal_mode=WAL").all()
