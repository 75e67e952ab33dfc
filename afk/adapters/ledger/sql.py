"""Keep runs and everything around them in SQLite or PostgreSQL."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import and_, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from afk.adapters.ledger import rows, schema
from afk.adapters.ledger import tables as t
from afk.adapters.ledger.connection import address, engine_for, is_memory
from afk.adapters.ledger.faults import explaining, shown
from afk.adapters.ledger.locks import AdvisoryLocks, FileLocks, Locks, MemoryLocks, held
from afk.core.model import IssueRef
from afk.core.records import DeliveryState, Entry, Switches, TickRecord, Verb, Via

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import Connection, Table
    from sqlalchemy.sql import ColumnElement

    from afk.core.records import Change, Command, Delivery, Doorbell, Note, Verdicted
    from afk.core.run import Run

MASTER = "runtime"
MANY = 400  # identifiers in one statement


def open_ledger(url: str) -> SqlLedger:
    """Connect, and bring the schema up to date."""
    return SqlLedger(url)


class SqlLedger:
    def __init__(self, url: str) -> None:
        self._url = address(url)
        self._where = shown(str(self._url)) if not self._url.password else shown(url)
        with explaining(self._where):
            self._engine = engine_for(self._url)
            self._memory = threading.RLock() if is_memory(self._url) else None  # one connection for all threads
            with self._writing() as connection:
                schema.upgrade(connection, self._where)
        self._locks = self._lock_keeper()

    def _lock_keeper(self) -> Locks:
        if self._engine.dialect.name == "postgresql":
            return AdvisoryLocks(self._engine)
        return MemoryLocks() if self._memory else FileLocks(Path(str(self._url.database)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self._engine.dispose()

    @contextmanager
    def _transaction(self, *, writes: bool) -> Iterator[Connection]:
        if self._memory is not None:
            with self._memory, explaining(self._where), self._engine.connect() as connection, connection.begin():
                yield connection
            return
        with explaining(self._where), self._engine.connect() as plain:
            connection = plain.execution_options(writes=writes)
            with connection.begin():
                yield connection

    def _reading(self) -> AbstractContextManager[Connection]:
        return self._transaction(writes=False)

    def _writing(self) -> AbstractContextManager[Connection]:
        return self._transaction(writes=True)

    # runs

    def claim(self, run: Run, entry: Entry, settle: Mapping[str, str]) -> bool:
        with self._writing() as connection:
            if not self._insert_new(connection, t.runs, rows.values(run)):
                return False
            self._write_parts(connection, run.id, run.turns, run.evidence)
            self._settle(connection, settle, run.claimed_at)
            _insert_entries(connection, [entry])
            return True

    def apply(self, change: Change) -> Run | None:
        run = change.run
        with self._writing() as connection:
            moved = connection.execute(
                update(t.runs)
                .where(t.runs.c.id == run.id, t.runs.c.version == run.version)
                .values(**rows.columns(change.fields), version=run.version + 1)
            )
            if moved.rowcount != 1:
                return None
            self._write_parts(connection, run.id, change.turns, change.evidence)
            if change.dropped:
                gone = t.evidence.c.phase.in_([phase.value for phase in change.dropped])
                connection.execute(delete(t.evidence).where(t.evidence.c.run_id == run.id, gone))
            for doorbell in change.doorbells:
                self._insert_new(connection, t.doorbells, rows.values(doorbell))
            if change.release:
                released = t.doorbells.c.key.in_(change.release)
                connection.execute(update(t.doorbells).where(released).values(held=False))
            if change.entries or change.settle:
                self._settle(
                    connection, change.settle, max((entry.at for entry in change.entries), default=run.claimed_at)
                )
            _insert_entries(connection, change.entries)
            return self._load(connection, t.runs.c.id == run.id)[0]

    def _write_parts(self, connection: Connection, run_id: str, turns: Sequence[Any], evidence: Sequence[Any]) -> None:
        for table, parts in ((t.turns, turns), (t.evidence, evidence)):
            for each in parts:
                self._put(connection, table, rows.values(each) | {"run_id": run_id})

    def _load(self, connection: Connection, where: ColumnElement[bool], limit: int | None = None) -> list[Run]:
        """Runs with their parts, newest first, in three statements."""
        query = select(t.runs).where(where).order_by(t.runs.c.claimed_at.desc(), t.runs.c.attempt.desc()).limit(limit)
        found = connection.execute(query).mappings().all()
        ids = [row["id"] for row in found]
        turns: dict[str, list[Any]] = {}
        evidence: dict[str, list[Any]] = {}
        for start in range(0, len(ids), MANY):
            some = ids[start : start + MANY]
            for row in connection.execute(
                select(t.turns).where(t.turns.c.run_id.in_(some)).order_by(t.turns.c.number)
            ).mappings():
                turns.setdefault(row["run_id"], []).append(rows.turn_of(row))
            for row in connection.execute(
                select(t.evidence).where(t.evidence.c.run_id.in_(some)).order_by(t.evidence.c.at, t.evidence.c.phase)
            ).mappings():
                evidence.setdefault(row["run_id"], []).append(rows.evidence_of(row))
        return [rows.run_of(row, turns.get(row["id"], ()), evidence.get(row["id"], ())) for row in found]

    def live(self) -> tuple[Run, ...]:
        with self._reading() as connection:
            return tuple(reversed(self._load(connection, t.runs.c.finished_at.is_(None))))

    def run(self, run_id: str) -> Run | None:
        with self._reading() as connection:
            return next(iter(self._load(connection, t.runs.c.id == run_id)), None)

    def runs(self, run_ids: Sequence[str]) -> Mapping[str, Run]:
        found: dict[str, Run] = {}
        with self._reading() as connection:
            for start in range(0, len(run_ids), MANY):
                some = t.runs.c.id.in_(run_ids[start : start + MANY])
                found |= {run.id: run for run in self._load(connection, some)}
        return found

    def latest(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Run]:
        newest = select(t.runs.c.repo, t.runs.c.number, func.max(t.runs.c.attempt)).group_by(
            t.runs.c.repo, t.runs.c.number
        )
        found: dict[IssueRef, Run] = {}
        with self._reading() as connection:
            for some in _batches(refs):
                where = tuple_(t.runs.c.repo, t.runs.c.number, t.runs.c.attempt).in_(newest.where(_about(t.runs, some)))
                found |= {run.ref: run for run in self._load(connection, where)}
        return found

    def history(self, ref: IssueRef | None, limit: int) -> tuple[Run, ...]:
        where = _about(t.runs, [ref]) if ref is not None else t.runs.c.id.is_not(None)
        with self._reading() as connection:
            return tuple(self._load(connection, where, limit))

    def spent(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, float]:
        total = select(t.runs.c.repo, t.runs.c.number, func.sum(t.runs.c.cost_usd)).group_by(
            t.runs.c.repo, t.runs.c.number
        )
        found: dict[IssueRef, float] = {}
        with self._reading() as connection:
            for some in _batches(refs):
                for repo, number, usd in connection.execute(total.where(_about(t.runs, some))):
                    found[IssueRef(repo, number)] = float(usd)
        return found

    # switches

    def switches(self) -> Switches:
        with self._reading() as connection:
            armed = {row["repo"]: rows.armed_of(row) for row in connection.execute(select(t.armed)).mappings()}
            row = connection.execute(select(t.killed)).mappings().first()
        return Switches(armed, _kill_entry(row) if row is not None else None)

    def arm(self, repo: str, until: datetime | None, entry: Entry) -> None:
        row = {"repo": repo, "by": entry.actor, "at": entry.at, "until": until, "because": entry.detail}
        with self._writing() as connection:
            self._put(connection, t.armed, row)
            _insert_entries(connection, [entry])

    def disarm(self, repo: str, entry: Entry) -> None:
        with self._writing() as connection:
            connection.execute(delete(t.armed).where(t.armed.c.repo == repo))
            _insert_entries(connection, [entry])

    def kill(self, *, on: bool, entry: Entry) -> None:
        row = {"switch": MASTER, "at": entry.at, "actor": entry.actor, "via": entry.via.value, "detail": entry.detail}
        with self._writing() as connection:
            if on:
                self._put(connection, t.killed, row)
            else:
                connection.execute(delete(t.killed))
            _insert_entries(connection, [entry])

    # decisions

    def decide(self, repos: Sequence[str], verdicts: Sequence[Verdicted]) -> None:
        new = {verdict.ref: verdict for verdict in verdicts}
        with self._reading() as connection:
            known = {each.ref: each for each in self._decisions(connection, repos)}
        changed = [each for ref, each in new.items() if ref not in known or _differs(known[ref], each)]
        gone = [ref for ref in known if ref not in new]
        if not changed and not gone:
            return
        with self._writing() as connection:
            for some in _batches(gone):
                connection.execute(delete(t.decisions).where(_about(t.decisions, some)))
            for each in sorted(changed, key=lambda each: each.ref):  # one order for all: no deadlock
                self._put(connection, t.decisions, rows.values(each))

    def _decisions(self, connection: Connection, repos: Sequence[str] | None) -> list[Verdicted]:
        query = select(t.decisions).order_by(t.decisions.c.repo, t.decisions.c.number)
        if repos is not None:
            query = query.where(t.decisions.c.repo.in_(repos))
        return [rows.decision_of(row) for row in connection.execute(query).mappings()]

    def decisions(self, repo: str | None = None) -> tuple[Verdicted, ...]:
        with self._reading() as connection:
            return tuple(self._decisions(connection, None if repo is None else [repo]))

    # people's wishes

    def command(self, command: Command, entry: Entry) -> Command:
        with self._writing() as connection:
            if self._insert_new(connection, t.commands, rows.values(command)):
                _insert_entries(connection, [entry])
                if command.verb is Verb.REDISPATCH:
                    self._stamp_rerun(connection, command)
            row = connection.execute(select(t.commands).where(t.commands.c.key == command.key)).mappings().one()
            return rows.command_of(row)

    def _stamp_rerun(self, connection: Connection, command: Command) -> None:
        """The doorbells of the attempt that this re-run follows show who asked for it."""
        followed = self._load(connection, _about(t.runs, [command.ref]), limit=1)
        if followed:
            same = and_(t.doorbells.c.run_id == followed[0].id, t.doorbells.c.rerun_by == "")
            connection.execute(update(t.doorbells).where(same).values(rerun_by=command.actor, rerun_at=command.at))

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
            self._settle(connection, {key: result}, at)

    def _settle(self, connection: Connection, results: Mapping[str, str], at: datetime) -> None:
        for key, result in results.items():
            unsettled = and_(t.commands.c.key == key, t.commands.c.settled_at.is_(None))
            connection.execute(update(t.commands).where(unsettled).values(settled_at=at, result=result))

    def note(self, note: Note, entry: Entry) -> bool:
        with self._writing() as connection:
            new = self._insert_new(connection, t.notes, rows.values(note))
            if new:
                _insert_entries(connection, [entry])
            return new

    def notes(self, ref: IssueRef) -> tuple[Note, ...]:
        query = select(t.notes).where(_about(t.notes, [ref])).order_by(t.notes.c.at, t.notes.c.key)
        with self._reading() as connection:
            return tuple(rows.note_of(row) for row in connection.execute(query).mappings())

    # doorbells

    def ring(self, doorbell: Doorbell) -> bool:
        with self._writing() as connection:
            return self._insert_new(connection, t.doorbells, rows.values(doorbell))

    def doorbell(self, key: str) -> Doorbell | None:
        with self._reading() as connection:
            row = connection.execute(select(t.doorbells).where(t.doorbells.c.key == key)).mappings().first()
        return rows.doorbell_of(dict(row)) if row is not None else None

    def outbox(self, channel: str) -> tuple[tuple[Doorbell, Delivery | None], ...]:
        unsent = or_(t.deliveries.c.state.is_(None), t.deliveries.c.state != DeliveryState.SENT.value)
        return tuple(self._with_deliveries(channel, and_(t.doorbells.c.held.is_(False), unsent)))

    def rung(self, channel: str, since: datetime) -> tuple[tuple[Doorbell, Delivery], ...]:
        sent = and_(t.deliveries.c.state == DeliveryState.SENT.value, t.deliveries.c.at >= since)
        found = self._with_deliveries(channel, sent)
        return tuple((doorbell, delivery) for doorbell, delivery in found if delivery is not None)

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
            bell = {name: value for name, value in row.items() if not name.startswith("delivery_")}
            sent = {
                name.removeprefix("delivery_"): value for name, value in row.items() if name.startswith("delivery_")
            }
            pairs.append((rows.doorbell_of(bell), rows.delivery_of(sent) if sent["state"] is not None else None))
        return pairs

    def deliver(self, delivery: Delivery) -> None:
        with self._writing() as connection:
            self._put(connection, t.deliveries, rows.values(delivery))

    def acknowledge(self, key: str, entry: Entry) -> Doorbell | None:
        with self._writing() as connection:
            free = and_(t.doorbells.c.key == key, t.doorbells.c.acknowledged_at.is_(None))
            taken = connection.execute(
                update(t.doorbells).where(free).values(acknowledged_by=entry.actor, acknowledged_at=entry.at)
            )
            if taken.rowcount:
                _insert_entries(connection, [entry])
            row = connection.execute(select(t.doorbells).where(t.doorbells.c.key == key)).mappings().first()
        return rows.doorbell_of(dict(row)) if row is not None else None

    # audit and ticks

    def audit(self, entry: Entry) -> None:
        with self._writing() as connection:
            _insert_entries(connection, [entry])

    def audited(self, limit: int) -> tuple[Entry, ...]:
        with self._reading() as connection:
            found = connection.execute(select(t.audit).order_by(t.audit.c.id.desc()).limit(limit)).mappings().all()
        return tuple(rows.entry_of(row) for row in found)

    def ticked(self, record: TickRecord) -> None:
        with self._writing() as connection:
            self._put(connection, t.ticks, rows.values(record))

    def last_ticks(self) -> Mapping[str, TickRecord]:
        with self._reading() as connection:
            return {row["tick"]: TickRecord(**row) for row in connection.execute(select(t.ticks)).mappings()}

    def hold(self, name: str) -> AbstractContextManager[bool]:
        return held(self._locks, name)

    def _put(self, connection: Connection, table: Table, row: dict[str, Any]) -> None:
        """Insert, or replace the row with the same key: one statement, since two processes may do it at once."""
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        key = [column.name for column in table.primary_key]
        rest = {name: value for name, value in row.items() if name not in key}
        connection.execute(insert(table).values(**row).on_conflict_do_update(index_elements=key, set_=rest))

    def _insert_new(self, connection: Connection, table: Table, row: dict[str, Any]) -> bool:
        """Insert unless a unique index has the row already: it decides, not a look beforehand."""
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        new = insert(table).values(**row).on_conflict_do_nothing().returning(*table.primary_key)
        return connection.execute(new).first() is not None  # a row count is not told by every driver


def _insert_entries(connection: Connection, entries: Sequence[Entry]) -> None:
    if entries:
        connection.execute(t.audit.insert(), [rows.values(entry) for entry in entries])


def _about(table: Table, refs: Sequence[IssueRef]) -> ColumnElement[bool]:
    return tuple_(table.c.repo, table.c.number).in_([(ref.repo, ref.number) for ref in refs])


def _batches(refs: Sequence[IssueRef]) -> Iterator[Sequence[IssueRef]]:
    for start in range(0, len(refs), MANY):
        yield refs[start : start + MANY]


def _differs(known: Verdicted, new: Verdicted) -> bool:
    return replace(known, at=new.at) != new


def _kill_entry(row: Any) -> Entry:
    return Entry(row["at"], row["actor"], Via(row["via"]), "kill", detail=row["detail"])
