"""Keep doorbells and how far each one got on each channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, or_, select, update

from afk.adapters.ledger import rows
from afk.adapters.ledger import tables as t
from afk.adapters.ledger.log import insert_entries
from afk.adapters.ledger.transactions import Transactions, insert_new, put, put_all
from afk.core.records import Delivery, DeliveryState

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.sql import ColumnElement

    from afk.core.records import Doorbell, Entry


SETTLED = (DeliveryState.SENT.value, DeliveryState.SKIPPED.value)


class DoorbellRecords(Transactions):
    def ring(self, doorbell: Doorbell) -> bool:
        with self._writing() as connection:
            return insert_new(connection, t.doorbells, rows.values(doorbell))

    def doorbell(self, key: str) -> Doorbell | None:
        with self._reading() as connection:
            return _doorbell(connection, key)

    def doorbell_at(self, channel: str, reference: str) -> Doorbell | None:
        here = and_(t.deliveries.c.channel == channel, t.deliveries.c.reference == reference)
        query = select(t.doorbells).join_from(t.doorbells, t.deliveries).where(here)
        with self._reading() as connection:
            row = connection.execute(query).mappings().first()
        return rows.doorbell_of(row) if row is not None else None

    def acknowledge(self, key: str, entry: Entry) -> Doorbell | None:
        """The first one stays; only it is in the audit log."""
        with self._writing() as connection:
            free = and_(t.doorbells.c.key == key, t.doorbells.c.acknowledged_at.is_(None))
            taken = connection.execute(
                update(t.doorbells).where(free).values(acknowledged_by=entry.actor, acknowledged_at=entry.at)
            )
            if taken.rowcount:
                insert_entries(connection, [entry])
            return _doorbell(connection, key)

    def outbox(self, channel: str) -> tuple[tuple[Doorbell, Delivery | None], ...]:
        unsent = or_(t.deliveries.c.state.is_(None), t.deliveries.c.state.not_in(SETTLED))
        waiting = and_(t.doorbells.c.trimmed.is_(False), t.doorbells.c.held.is_(False), unsent)
        return tuple(self._with_deliveries(channel, waiting))

    def pass_over(self, channel: str, before: datetime, now: datetime) -> int:
        seen = select(t.deliveries.c.doorbell).where(t.deliveries.c.channel == channel).limit(1)
        heard = and_(t.deliveries.c.state == DeliveryState.SENT.value, t.deliveries.c.at < before)
        with self._writing() as connection:
            if connection.execute(seen).first() is not None:
                return 0
            keys = connection.execute(select(t.deliveries.c.doorbell).where(heard).distinct()).scalars().all()
            skipped = (Delivery(key, channel, DeliveryState.SKIPPED, now) for key in keys)
            put_all(connection, t.deliveries, [rows.values(each) for each in skipped])
            return len(keys)

    def rung(self, channel: str, since: datetime) -> tuple[tuple[Doorbell, Delivery], ...]:
        sent = and_(t.deliveries.c.state == DeliveryState.SENT.value, t.deliveries.c.at >= since)
        found = self._with_deliveries(channel, sent)
        return tuple((doorbell, delivery) for doorbell, delivery in found if delivery is not None)

    def deliver(self, delivery: Delivery) -> None:
        with self._writing() as connection:
            put(connection, t.deliveries, rows.values(delivery))

    def _with_deliveries(self, channel: str, where: ColumnElement[bool]) -> list[tuple[Doorbell, Delivery | None]]:
        on_channel = and_(t.deliveries.c.doorbell == t.doorbells.c.key, t.deliveries.c.channel == channel)
        query = (
            select(t.doorbells, *(column.label(f"delivery_{column.name}") for column in t.deliveries.c))
            .join_from(t.doorbells, t.deliveries, on_channel, isouter=True)
            .where(where)
            .order_by(t.doorbells.c.at, t.doorbells.c.key)
        )
        with self._reading() as connection:
            found = connection.execute(query).mappings().all()
        pairs: list[tuple[Doorbell, Delivery | None]] = []
        for row in found:
            sent = {column.name: row[f"delivery_{column.name}"] for column in t.deliveries.c}
            pairs.append((rows.doorbell_of(row), rows.delivery_of(sent) if sent["state"] is not None else None))
        return pairs


def _doorbell(connection: Connection, key: str) -> Doorbell | None:
    row = connection.execute(select(t.doorbells).where(t.doorbells.c.key == key)).mappings().first()
    return rows.doorbell_of(row) if row is not None else None
