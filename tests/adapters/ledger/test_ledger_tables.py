"""What a column takes and gives back, and what the database itself forbids."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from afk.adapters.ledger import rows, tables
from afk.core.model import IssueRef
from afk.core.records import Change, Note, TickRecord, Verb
from afk.core.run import Failure
from afk.ports import Unexpected
from tests.contract.ledgers import (
    INFRA,
    START,
    WEB,
    a_command,
    a_doorbell,
    a_run,
    an_entry,
    contents,
    delivered,
    finished,
    later,
)

if TYPE_CHECKING:
    from afk.adapters.ledger import SqlLedger

HOSTILE = [
    pytest.param("a\0b\0", "a\ufffdb\ufffd", id="NUL"),
    pytest.param("half \ud83d here", "half ? here", id="half a character"),
    pytest.param("🎈 \u202eتجربة 漢字 e\u0301", "🎈 \u202eتجربة 漢字 e\u0301", id="the world's scripts"),
    pytest.param("'; DROP TABLE runs; -- %s %(x)s :x {y}", "'; DROP TABLE runs; -- %s %(x)s :x {y}", id="code"),
    pytest.param("\r\n\t\x01\x1f\x7f\u2028 ", "\r\n\t\x01\x1f\x7f\u2028 ", id="controls"),
    pytest.param("ünï" * 350_000, "ünï" * 350_000, id="a megabyte"),
]


def insert(ledger: SqlLedger, table: Any, row: dict[str, Any]) -> None:
    """Past all that our own code looks at."""
    with ledger._writing() as connection:
        connection.execute(table.insert().values(**row))


@pytest.mark.parametrize(("written", "kept"), HOSTILE)
def test_a_run_survives_any_text(ledger: SqlLedger, written: str, kept: str) -> None:
    def told(words: str) -> dict[str, Any]:
        failure = Failure("checks", words, errors=(words, "2"))
        return {"title": words, "detail": words, "failure": failure, "question_options": (words,)}

    assert ledger.claim(a_run(**told(written)), an_entry(detail=written), {})
    assert ledger.run("infra-42-1") == a_run(**told(kept))

    assert ledger.apply(Change(a_run(), told(f"{written}!"))) == a_run(**told(f"{kept}!"), version=1)
    assert ledger.audited(1) == (an_entry(detail=kept),)


@pytest.mark.parametrize(("written", "kept"), HOSTILE)
def test_everything_else_survives_any_text(ledger: SqlLedger, written: str, kept: str) -> None:
    note = Note("note", INFRA, written, START, written)
    ledger.command(a_command(verb=Verb.SAY, text=written), an_entry())
    ledger.settle("click-1", START, written)
    ledger.note(note, an_entry())
    ledger.ring(a_doorbell(text=written))
    ledger.deliver(delivered(error=written))
    ledger.ticked(TickRecord("poll", START, written, {"trouble": [{"what": written}], "n": 1}))

    assert ledger.pending() == ()
    assert ledger.wish("click-1") == a_command(verb=Verb.SAY, text=kept, settled_at=START, result=kept)
    assert ledger.notes(INFRA) == (replace(note, actor=kept, text=kept),)
    assert ledger.rung("slack", START) == ((a_doorbell(text=kept), delivered(error=kept)),)
    assert ledger.last_ticks() == {"poll": TickRecord("poll", START, kept, {"trouble": [{"what": kept}], "n": 1})}


@pytest.mark.parametrize("key", ["a\0b", "half \ud83d", "'; --"], ids=["NUL", "half a character", "code"])
def test_a_hostile_key_still_counts_once(ledger: SqlLedger, key: str) -> None:
    assert ledger.ring(a_doorbell(key))
    assert not ledger.ring(a_doorbell(key))
    assert ledger.command(a_command(key), an_entry()).actor == "ada"
    assert ledger.command(a_command(key, actor="grace"), an_entry()).actor == "ada"
    assert ledger.doorbell(key) is not None
    assert ledger.wish(key) is not None


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(START, id="microseconds"),
        pytest.param(START.astimezone(timezone(timedelta(hours=5, minutes=45))), id="another time zone"),
        pytest.param(datetime(2026, 11, 1, tzinfo=UTC), id="whole"),
        pytest.param(datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), id="long ago"),
    ],
)
def test_a_moment_comes_back_in_utc(ledger: SqlLedger, moment: datetime) -> None:
    ledger.claim(a_run(claimed_at=moment), an_entry(at=moment), {})

    (run,), (entry,) = ledger.live(), ledger.audited(1)
    assert run.claimed_at == entry.at == moment
    assert run.claimed_at.tzinfo is entry.at.tzinfo is UTC


def test_moments_are_in_order_whatever_their_time_zones(ledger: SqlLedger) -> None:
    east, west = timezone(timedelta(hours=9)), timezone(timedelta(hours=-9))
    moments = [later(hours=1).astimezone(west), later(hours=2).astimezone(east), later(hours=3)]
    for number, moment in enumerate(moments):
        ledger.ring(a_doorbell(f"bell-{number}"))
        ledger.deliver(delivered(f"bell-{number}", at=moment))

    assert [doorbell.key for doorbell, _ in ledger.rung("slack", moments[1])] == ["bell-1", "bell-2"]


def test_a_moment_without_a_time_zone_is_a_mistake_of_ours(ledger: SqlLedger) -> None:
    with pytest.raises(ValueError, match=r"2026-11-01 12:00:00\.123456 has no time zone"):
        ledger.audit(an_entry(at=START.replace(tzinfo=None)))

    assert ledger.audited(1) == ()


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(a_run(IssueRef("infra", 43)), id="another issue of the repository"),
        pytest.param(a_run(attempt=2), id="the next attempt"),
    ],
)
def test_the_database_forbids_a_second_unfinished_run_in_a_repository(ledger: SqlLedger, second: Any) -> None:
    ledger.claim(a_run(), an_entry(), {})
    before = contents(ledger)

    with pytest.raises(Unexpected, match=r"(?i)unique"):
        insert(ledger, tables.runs, rows.values(second))
    assert contents(ledger) == before

    insert(ledger, tables.runs, rows.values(replace(second, finished_at=START)))
    insert(ledger, tables.runs, rows.values(a_run(WEB)))


def test_the_database_forbids_to_take_up_a_finished_run_beside_another(ledger: SqlLedger) -> None:
    ledger.claim(finished(), an_entry(), {})
    ledger.claim(a_run(attempt=2), an_entry(), {})

    with pytest.raises(Unexpected, match=r"(?i)unique"):
        ledger.apply(Change(finished(), {"finished_at": None}))

    assert ledger.live() == (a_run(attempt=2),)


@pytest.mark.parametrize(
    ("table", "record"),
    [
        pytest.param(tables.runs, finished(id="another"), id="one run per attempt"),
        pytest.param(tables.commands, a_command(), id="one command per key"),
        pytest.param(tables.notes, Note("note", INFRA, "ada", START, ""), id="one note per key"),
        pytest.param(tables.doorbells, a_doorbell(), id="one doorbell per key"),
        pytest.param(tables.deliveries, delivered(), id="one delivery per channel"),
    ],
)
def test_the_database_forbids_a_second_row(ledger: SqlLedger, table: Any, record: Any) -> None:
    ledger.ring(a_doorbell())
    if table is not tables.doorbells:
        insert(ledger, table, rows.values(record))
    again = rows.values(replace(record, id="yet another") if table is tables.runs else record)

    with pytest.raises(Unexpected, match=r"(?i)unique"):
        insert(ledger, table, again)


@pytest.mark.parametrize(
    ("table", "row"),
    [
        pytest.param(tables.deliveries, rows.values(delivered("nobody's")), id="a delivery without doorbell"),
        pytest.param(
            tables.evidence, {"run_id": "nobody", "phase": "ci", "at": START, "seen": True}, id="evidence without run"
        ),
    ],
)
def test_the_database_forbids_parts_of_nothing(ledger: SqlLedger, table: Any, row: dict[str, Any]) -> None:
    with pytest.raises(Unexpected, match=r"(?i)foreign key"):
        insert(ledger, table, row)
