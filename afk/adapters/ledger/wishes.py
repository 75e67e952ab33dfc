"""Keep what people switched and what they ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, select, update

from afk.adapters.ledger import rows
from afk.adapters.ledger import tables as t
from afk.adapters.ledger.log import insert_entries
from afk.adapters.ledger.transactions import Transactions, about, insert_new, put
from afk.core.records import Entry, Switches, Verb, Via

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.sql import ColumnElement

    from afk.core.model import IssueRef
    from afk.core.records import Command, Note

MASTER = "runtime"


class WishRecords(Transactions):
    def switches(self) -> Switches:
        with self._reading() as connection:
            armed = {row["repo"]: rows.armed_of(row) for row in connection.execute(select(t.armed)).mappings()}
            row = connection.execute(select(t.killed)).mappings().first()
        return Switches(armed, _kill_entry(row) if row is not None else None)

    def arm(self, repo: str, until: datetime | None, entry: Entry) -> None:
        row = {"repo": repo, "by": entry.actor, "at": entry.at, "until": until, "because": entry.detail}
        with self._writing() as connection:
            put(connection, t.armed, row)
            insert_entries(connection, [entry])

    def disarm(self, repo: str, entry: Entry) -> None:
        with self._writing() as connection:
            connection.execute(delete(t.armed).where(t.armed.c.repo == repo))
            insert_entries(connection, [entry])

    def kill(self, *, on: bool, entry: Entry) -> None:
        row = {"switch": MASTER, "at": entry.at, "actor": entry.actor, "via": entry.via.value, "detail": entry.detail}
        with self._writing() as connection:
            if on:
                put(connection, t.killed, row)
            else:
                connection.execute(delete(t.killed))
            insert_entries(connection, [entry])

    def command(self, command: Command, entry: Entry) -> Command:
        with self._writing() as connection:
            if insert_new(connection, t.commands, rows.values(command)):
                insert_entries(connection, [entry])
                if command.verb is Verb.REDISPATCH:
                    _stamp_rerun(connection, command)
            row = connection.execute(select(t.commands).where(t.commands.c.key == command.key)).mappings().one()
            return rows.command_of(row)

    def wish(self, key: str) -> Command | None:
        with self._reading() as connection:
            row = connection.execute(select(t.commands).where(t.commands.c.key == key)).mappings().first()
        return rows.command_of(row) if row is not None else None

    def pending(self, *verbs: str) -> tuple[Command, ...]:
        query = select(t.commands).where(t.commands.c.settled_at.is_(None), t.commands.c.verb.in_(verbs))
        with self._reading() as connection:
            found = connection.execute(query.order_by(t.commands.c.at, t.commands.c.key)).mappings().all()
        return tuple(rows.command_of(row) for row in found)

    def settle(self, key: str, at: datetime, result: str) -> None:
        with self._writing() as connection:
            settle_all(connection, {key: result}, at)

    def withdraw(self, key: str, entry: Entry) -> bool:
        """It is kept under another key, and the doorbells forget who asked."""
        with self._writing() as connection:
            row = connection.execute(select(t.commands).where(_unsettled(key))).mappings().first()
            if row is None:
                return False
            away = f"{key}:withdrawn:{entry.at:%Y%m%dT%H%M%S.%f}"
            result = f"withdrawn by {entry.actor}"
            connection.execute(
                update(t.commands).where(_unsettled(key)).values(key=away, settled_at=entry.at, result=result)
            )
            _stamp_rerun(connection, rows.command_of(row), taken_back=True)
            insert_entries(connection, [entry])
            return True

    def note(self, note: Note, entry: Entry) -> bool:
        with self._writing() as connection:
            new = insert_new(connection, t.notes, rows.values(note))
            if new:
                insert_entries(connection, [entry])
            return new

    def notes(self, ref: IssueRef) -> tuple[Note, ...]:
        query = select(t.notes).where(about(t.notes, [ref])).order_by(t.notes.c.at, t.notes.c.key)
        with self._reading() as connection:
            return tuple(rows.note_of(row) for row in connection.execute(query).mappings())


def settle_all(connection: Connection, results: Mapping[str, str], at: datetime) -> None:
    """A wish that was settled before keeps its first result."""
    for key, result in sorted(results.items()):
        connection.execute(update(t.commands).where(_unsettled(key)).values(settled_at=at, result=result))


def _unsettled(key: str) -> ColumnElement[bool]:
    return and_(t.commands.c.key == key, t.commands.c.settled_at.is_(None))


def _stamp_rerun(connection: Connection, command: Command, *, taken_back: bool = False) -> None:
    """The doorbells of the attempt that this re-run follows show who asked for it, as long as it is asked for."""
    newest = select(t.runs.c.id).where(about(t.runs, [command.ref])).order_by(t.runs.c.attempt.desc()).limit(1)
    before, after = (command.actor, "") if taken_back else ("", command.actor)
    same = and_(t.doorbells.c.run_id == newest.scalar_subquery(), t.doorbells.c.rerun_by == before)
    at = None if taken_back else command.at
    connection.execute(update(t.doorbells).where(same).values(rerun_by=after, rerun_at=at))


def _kill_entry(row: Any) -> Entry:
    return Entry(row["at"], row["actor"], Via(row["via"]), "kill", detail=row["detail"])
