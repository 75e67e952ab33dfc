"""Begin and end the ledger's transactions, each with the guarantees of its kind of database."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from sqlalchemy import tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from afk.adapters.ledger.address import is_memory, is_postgres, shown
from afk.adapters.ledger.connection import BEGIN, UNTIED, engine_for
from afk.adapters.ledger.faults import explaining
from afk.ports import Uncertain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection, RootTransaction, Table
    from sqlalchemy.engine import URL
    from sqlalchemy.sql import ColumnElement

    from afk.core.model import IssueRef

MANY = 400  # identifiers in one statement


class Transactions:
    """What all parts of the ledger stand on."""

    def __init__(self, url: URL) -> None:
        self._url = url
        self._where = shown(url)
        self._turn = threading.RLock()
        with explaining(self._where):
            self._engine = engine_for(url)

    def _reading(self) -> AbstractContextManager[Connection]:
        """One snapshot for all statements of the block."""
        if is_postgres(self._url):
            return self._transaction({"isolation_level": "REPEATABLE READ"})
        return self._transaction({BEGIN: "BEGIN"})

    def _writing(self) -> AbstractContextManager[Connection]:
        return self._transaction({BEGIN: "BEGIN IMMEDIATE"}, writes=True)

    def _altering(self) -> AbstractContextManager[Connection]:
        """Writing, where tables are copied, dropped and renamed."""
        return self._transaction({BEGIN: "BEGIN IMMEDIATE", UNTIED: True}, writes=True)

    @contextmanager
    def _transaction(self, options: dict[str, Any], *, writes: bool = False) -> Iterator[Connection]:
        with self._in_turn(writes=writes), explaining(self._where), self._engine.connect() as plain:
            connection = plain.execution_options(**options)
            with connection.begin() as transaction:
                yield connection
                if writes:
                    self._commit(transaction)

    def _in_turn(self, *, writes: bool) -> AbstractContextManager[Any]:
        """A ledger in memory has one connection for all threads. On a file, SQLite lets writers wait in long naps."""
        alone = is_memory(self._url) or (writes and not is_postgres(self._url))
        return self._turn if alone else nullcontext()

    def _commit(self, transaction: RootTransaction) -> None:
        try:
            transaction.commit()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise Uncertain(
                    f"ledger {self._where}: the connection was lost while it wrote, which may have taken effect. "
                    "The next tick looks"
                ) from error
            raise

    @contextmanager
    def _bare(self) -> Iterator[Connection]:
        """A connection without a transaction, for what allows none."""
        options = {"isolation_level": "AUTOCOMMIT"} if is_postgres(self._url) else {BEGIN: ""}
        with self._in_turn(writes=True), explaining(self._where), self._engine.connect() as connection:
            yield connection.execution_options(**options)


def put(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    put_all(connection, table, [row])


def put_all(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Insert, or replace rows with the same keys: one statement each, since two processes may do it at once."""
    if not rows:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    key = [column.name for column in table.primary_key]
    new = insert(table)
    rest = {name: new.excluded[name] for name in rows[0] if name not in key}
    connection.execute(new.on_conflict_do_update(index_elements=key, set_=rest), rows)


def add_all(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], column: str) -> None:
    """Insert, or add to rows with the same keys."""
    if not rows:
        return
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(table)
    total = table.c[column] + new.excluded[column]
    key = [each.name for each in table.primary_key]
    connection.execute(new.on_conflict_do_update(index_elements=key, set_={column: total}), rows)


def insert_new(connection: Connection, table: Table, row: dict[str, Any]) -> bool:
    """Insert unless a unique index has the row already: it decides, not a look beforehand."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    new = insert(table).values(**row).on_conflict_do_nothing()
    # Without the option SQLAlchemy forgets the count of an INSERT on PostgreSQL, and says -1.
    return connection.execute(new, execution_options={"preserve_rowcount": True}).rowcount == 1


def about(table: Table, refs: Sequence[IssueRef]) -> ColumnElement[bool]:
    return tuple_(table.c.repo, table.c.number).in_([(ref.repo, ref.number) for ref in refs])


def batches(refs: Sequence[IssueRef]) -> Iterator[Sequence[IssueRef]]:
    for start in range(0, len(refs), MANY):
        yield refs[start : start + MANY]
