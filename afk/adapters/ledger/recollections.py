"""Keep what adapters learned of the outside. All of it may be forgotten at any time: it only saves requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from afk.adapters.ledger import tables as t
from afk.adapters.ledger.transactions import Transactions, put_all

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Recollections(Transactions):
    def recall(self, topic: str) -> Mapping[str, str]:
        query = select(t.recollections.c.key, t.recollections.c.value).where(t.recollections.c.topic == topic)
        with self._reading() as connection:
            return {row.key: row.value for row in connection.execute(query)}

    def remember(self, topic: str, learned: Mapping[str, str], at: datetime) -> None:
        rows = [{"topic": topic, "key": key, "value": learned[key], "at": at} for key in sorted(learned)]
        with self._writing() as connection:
            put_all(connection, t.recollections, rows)
