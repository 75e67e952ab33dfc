"""Keep the ledger small. What makes a thing happen once only, its key, is never forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select, text, update

from afk.adapters.ledger import tables as t
from afk.adapters.ledger.address import is_postgres
from afk.adapters.ledger.doorbells import SETTLED
from afk.adapters.ledger.transactions import Transactions

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.sql import ColumnElement


class Housekeeping(Transactions):
    def trim(self, before: datetime) -> Mapping[str, int]:
        with self._writing() as connection:
            wordy = (t.commands.c.settled_at < before, t.commands.c.text != "")
            return {
                "audit": connection.execute(delete(t.audit).where(t.audit.c.at < before)).rowcount,
                "commands": connection.execute(update(t.commands).where(*wordy).values(text="")).rowcount,
                "recollections": connection.execute(
                    delete(t.recollections).where(t.recollections.c.at < before)
                ).rowcount,
                "notices": connection.execute(delete(t.notices).where(t.notices.c.at < before)).rowcount,
                "doorbells": _put_doorbells_away(connection, before),
            }

    def vacuum(self) -> None:
        with self._bare() as connection:
            if is_postgres(self._url):
                for table in t.metadata.sorted_tables:
                    connection.execute(text(f"VACUUM (ANALYZE) {table.name}"))
            else:
                connection.exec_driver_sql("VACUUM")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").all()


def _put_doorbells_away(connection: Connection, before: datetime) -> int:
    away = (t.doorbells.c.at < before, t.doorbells.c.trimmed.is_(False), _arrived_everywhere(), ~_of_a_live_run())
    count = connection.execute(update(t.doorbells).where(*away).values(trimmed=True, text="")).rowcount
    put_away = select(t.doorbells.c.key).where(t.doorbells.c.trimmed)
    connection.execute(delete(t.deliveries).where(t.deliveries.c.doorbell.in_(put_away)))
    return count


def _arrived_everywhere() -> ColumnElement[bool]:
    """On every channel that the ledger has heard of: one that is down still gets what it missed."""
    channels = select(t.deliveries.c.channel).distinct().subquery()
    sent = exists().where(
        t.deliveries.c.doorbell == t.doorbells.c.key,
        t.deliveries.c.channel == channels.c.channel,
        t.deliveries.c.state.in_(SETTLED),
    )
    missing = exists(select(channels.c.channel).where(~sent))
    return exists().where(t.deliveries.c.doorbell == t.doorbells.c.key) & ~missing


def _of_a_live_run() -> ColumnElement[bool]:
    return exists().where(t.runs.c.id == t.doorbells.c.run_id, t.runs.c.finished_at.is_(None))
