"""Keep what the bot owes people in Slack, until it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from afk.adapters.ledger import rows
from afk.adapters.ledger import tables as t
from afk.adapters.ledger.transactions import Transactions, insert_new, put
from afk.core.records import DeliveryState

if TYPE_CHECKING:
    from afk.core.records import Notice

UNSAID = (DeliveryState.PENDING.value, DeliveryState.SENDING.value)


class NoticeRecords(Transactions):
    def notify(self, notice: Notice) -> bool:
        with self._writing() as connection:
            return insert_new(connection, t.notices, rows.values(notice))

    def notices(self) -> tuple[Notice, ...]:
        query = select(t.notices).where(t.notices.c.state.in_(UNSAID)).order_by(t.notices.c.at, t.notices.c.key)
        with self._reading() as connection:
            return tuple(rows.notice_of(row) for row in connection.execute(query).mappings())

    def noticed(self, notice: Notice) -> None:
        with self._writing() as connection:
            put(connection, t.notices, rows.values(notice))
