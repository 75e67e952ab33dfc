"""Keep the audit log, the ticks that ran, and the latest decision about each candidate."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select

from afk.adapters.ledger import rows
from afk.adapters.ledger import tables as t
from afk.adapters.ledger.transactions import Transactions, about, add_all, batches, put, put_all
from afk.core.counts import Count
from afk.core.records import TickRecord

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from afk.core.records import Entry, Verdicted


class LogRecords(Transactions):
    def audit(self, entry: Entry) -> None:
        with self._writing() as connection:
            insert_entries(connection, [entry])

    def audited(self, limit: int) -> tuple[Entry, ...]:
        with self._reading() as connection:
            found = connection.execute(select(t.audit).order_by(t.audit.c.id.desc()).limit(limit)).mappings().all()
        return tuple(rows.entry_of(row) for row in found)

    def ticked(self, record: TickRecord, counts: Sequence[Count] = ()) -> None:
        with self._writing() as connection:
            put(connection, t.ticks, rows.values(record))
            _add(connection, counts)

    def count(self, counts: Sequence[Count]) -> None:
        with self._writing() as connection:
            _add(connection, counts)

    def counts(self) -> tuple[Count, ...]:
        query = select(t.counts).order_by(t.counts.c.name, t.counts.c.labels)
        with self._reading() as connection:
            found = connection.execute(query).all()
        return tuple(sorted(Count(row.name, tuple(json.loads(row.labels)), row.value) for row in found))

    def last_ticks(self) -> Mapping[str, TickRecord]:
        with self._reading() as connection:
            return {row["tick"]: TickRecord(**row) for row in connection.execute(select(t.ticks)).mappings()}

    def decide(self, repos: Sequence[str], verdicts: Sequence[Verdicted]) -> None:
        """A quiet tick, which finds what the last one found, writes nothing."""
        with self._reading() as connection:
            known = {each.ref: each for each in _decisions(connection, {*repos, *(each.ref.repo for each in verdicts)})}
        new = {each.ref: _since_first(known.get(each.ref), _as_kept(each)) for each in verdicts}
        changed = [each for ref, each in new.items() if known.get(ref) != each]
        gone = [ref for ref in known if ref not in new and ref.repo in repos]
        if not changed and not gone:
            return
        with self._writing() as connection:
            for some in batches(gone):
                connection.execute(delete(t.decisions).where(about(t.decisions, some)))
            for each in sorted(changed, key=lambda each: each.ref):  # one order for all: no deadlock
                put(connection, t.decisions, rows.values(each))

    def decisions(self, repo: str | None = None) -> tuple[Verdicted, ...]:
        with self._reading() as connection:
            return tuple(_decisions(connection, None if repo is None else {repo}))


def insert_entries(connection: Connection, entries: Sequence[Entry]) -> None:
    if entries:
        connection.execute(t.audit.insert(), [rows.values(entry) for entry in entries])


def _decisions(connection: Connection, repos: set[str] | None) -> list[Verdicted]:
    query = select(t.decisions).order_by(t.decisions.c.repo, t.decisions.c.number)
    if repos is not None:
        query = query.where(t.decisions.c.repo.in_(sorted(repos)))
    return [rows.decision_of(row) for row in connection.execute(query).mappings()]


def _as_kept(verdict: Verdicted) -> Verdicted:
    """A text that the ledger cleans must not look new at every tick."""
    return replace(verdict, detail=t.clean(verdict.detail))


def _since_first(known: Verdicted | None, new: Verdicted) -> Verdicted:
    """The time of a decision is that of the first tick that took it, whatever its details say by now."""
    return replace(new, at=known.at) if known is not None and known.code == new.code else new


def _add(connection: Connection, counts: Sequence[Count]) -> None:
    add_all(connection, t.counts, [_count_row(each) for each in counts if each.adds], "value")
    put_all(connection, t.counts, [_count_row(each) for each in counts if not each.adds])


def _count_row(count: Count) -> dict[str, Any]:
    return {"name": count.name, "labels": json.dumps(count.labels), "value": count.value}
