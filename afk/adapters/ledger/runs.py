"""Keep runs with their turns and their evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, delete, func, select, tuple_, update

from afk.adapters.ledger import rows
from afk.adapters.ledger import tables as t
from afk.adapters.ledger.log import insert_entries
from afk.adapters.ledger.transactions import MANY, Transactions, about, batches, insert_new, put
from afk.adapters.ledger.wishes import settle_all
from afk.core.model import IssueRef
from afk.core.run import Outcome
from afk.ports import Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Connection
    from sqlalchemy.sql import ColumnElement

    from afk.core.records import Change, Entry
    from afk.core.run import Run

IN_FLIGHT = "in-flight"


class RunRecords(Transactions):
    def claim(self, run: Run, entry: Entry, settle: Mapping[str, str]) -> bool:
        with self._writing() as connection:
            if not insert_new(connection, t.runs, rows.values(run)):
                self._same_attempt_or_none(connection, run)
                return False
            _write_parts(connection, run.id, run.turns, run.evidence)
            settle_all(connection, settle, run.claimed_at)
            insert_entries(connection, [entry])
            return True

    def _same_attempt_or_none(self, connection: Connection, run: Run) -> None:
        namesake = next(iter(load(connection, t.runs.c.id == run.id)), None)
        if namesake is not None and (namesake.ref, namesake.attempt) != (run.ref, run.attempt):
            raise Unexpected(f"ledger {self._where}: run {run.id} is attempt {namesake.attempt} at {namesake.ref}")

    def apply(self, change: Change) -> Run | None:
        run = change.run
        with self._writing() as connection:
            moved = connection.execute(
                update(t.runs)
                .where(t.runs.c.id == run.id, t.runs.c.version == run.version)
                .values(**rows.columns(change.fields) | {"version": run.version + 1})
            )
            if moved.rowcount != 1:
                return None
            _write_parts(connection, run.id, change.turns, change.evidence)
            _write_along(connection, change)
            return load(connection, t.runs.c.id == run.id)[0]

    def live(self) -> tuple[Run, ...]:
        with self._reading() as connection:
            return tuple(reversed(load(connection, t.runs.c.finished_at.is_(None))))

    def census(self) -> Mapping[str, int]:
        unfinished = t.runs.c.finished_at.is_(None)
        state = case((unfinished, IN_FLIGHT), else_=t.runs.c.outcome)
        with self._reading() as connection:
            found = dict(connection.execute(select(state, func.count()).group_by(state)).tuples().all())
        return {name: found.get(name, 0) for name in (IN_FLIGHT, *Outcome)}

    def run(self, run_id: str) -> Run | None:
        with self._reading() as connection:
            return next(iter(load(connection, t.runs.c.id == run_id)), None)

    def runs(self, run_ids: Sequence[str]) -> Mapping[str, Run]:
        found: dict[str, Run] = {}
        with self._reading() as connection:
            for start in range(0, len(run_ids), MANY):
                some = t.runs.c.id.in_(run_ids[start : start + MANY])
                found |= {run.id: run for run in load(connection, some)}
        return found

    def latest(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Run]:
        issue = (t.runs.c.repo, t.runs.c.number)
        newest = select(*issue, func.max(t.runs.c.attempt)).group_by(*issue)
        found: dict[IssueRef, Run] = {}
        with self._reading() as connection:
            for some in batches(refs):
                where = tuple_(*issue, t.runs.c.attempt).in_(newest.where(about(t.runs, some)))
                found |= {run.ref: run for run in load(connection, where)}
        return found

    def history(self, ref: IssueRef | None, limit: int) -> tuple[Run, ...]:
        where = about(t.runs, [ref]) if ref is not None else t.runs.c.id.is_not(None)
        with self._reading() as connection:
            return tuple(load(connection, where, limit))

    def ended(self, since: datetime, until: datetime) -> tuple[Run, ...]:
        then = and_(t.runs.c.outcome_at >= since, t.runs.c.outcome_at < until)
        with self._reading() as connection:
            return tuple(reversed(load(connection, then)))

    def spent(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, float]:
        issue = (t.runs.c.repo, t.runs.c.number)
        total = select(*issue, func.sum(t.runs.c.cost_usd)).group_by(*issue)
        found = dict.fromkeys(refs, 0.0)
        with self._reading() as connection:
            for some in batches(refs):
                for repo, number, usd in connection.execute(total.where(about(t.runs, some))):
                    found[IssueRef(repo, number)] = float(usd)
        return found


def load(connection: Connection, where: ColumnElement[bool], limit: int | None = None) -> list[Run]:
    """Runs with their parts, newest first, in three statements."""
    newest = (t.runs.c.claimed_at.desc(), t.runs.c.attempt.desc(), t.runs.c.id)
    ids = select(t.runs.c.id).where(where)
    if limit is not None:
        ids = ids.order_by(*newest).limit(limit)
    turns: dict[str, list[Any]] = {}
    evidence: dict[str, list[Any]] = {}
    found = connection.execute(select(t.runs).where(where).order_by(*newest).limit(limit)).mappings().all()
    if found:
        ours = select(t.turns).where(t.turns.c.run_id.in_(ids)).order_by(t.turns.c.number)
        for row in connection.execute(ours).mappings():
            turns.setdefault(row["run_id"], []).append(rows.turn_of(row))
        seen = select(t.evidence).where(t.evidence.c.run_id.in_(ids)).order_by(t.evidence.c.at, t.evidence.c.phase)
        for row in connection.execute(seen).mappings():
            evidence.setdefault(row["run_id"], []).append(rows.evidence_of(row))
    return [rows.run_of(row, turns.get(row["id"], ()), evidence.get(row["id"], ())) for row in found]


def _write_parts(connection: Connection, run_id: str, turns: Sequence[Any], evidence: Sequence[Any]) -> None:
    for table, parts in ((t.turns, turns), (t.evidence, evidence)):
        for each in parts:
            put(connection, table, rows.values(each) | {"run_id": run_id})


def _write_along(connection: Connection, change: Change) -> None:
    """What must be told in the same transaction as the run's new values."""
    if change.dropped:
        gone = t.evidence.c.phase.in_([phase.value for phase in change.dropped])
        connection.execute(delete(t.evidence).where(t.evidence.c.run_id == change.run.id, gone))
    for doorbell in change.doorbells:
        insert_new(connection, t.doorbells, rows.values(doorbell))
    if change.release:
        connection.execute(update(t.doorbells).where(t.doorbells.c.key.in_(change.release)).values(held=False))
    settle_all(connection, change.settle, max((entry.at for entry in change.entries), default=change.run.claimed_at))
    insert_entries(connection, change.entries)
