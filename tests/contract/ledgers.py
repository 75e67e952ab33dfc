"""Look into a ledger from behind, and make records with something in every field."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import MISSING, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import event, select

from afk.adapters.ledger import tables
from afk.core.counts import Count
from afk.core.model import IssueRef
from afk.core.records import (
    Command,
    Delivery,
    DeliveryState,
    Doorbell,
    DoorbellKind,
    Entry,
    Note,
    Notice,
    Place,
    TickRecord,
    Verb,
    Verdicted,
    Via,
)
from afk.core.run import Evidence, Failure, Outcome, Phase, Reason, Run, Turn, TurnKind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.adapters.ledger import SqlLedger

START = datetime(2026, 11, 1, 12, 0, 0, 123456, tzinfo=UTC)
INFRA = IssueRef("infra", 42)
WEB = IssueRef("web", 7)


def later(**time: float) -> datetime:
    return START + timedelta(**time)


def a_run(ref: IssueRef = INFRA, attempt: int = 1, **about: Any) -> Run:
    known: dict[str, Any] = {
        "id": f"{ref.repo}-{ref.number}-{attempt}",
        "ref": ref,
        "attempt": attempt,
        "issue_key": f"key of {ref}",
        "title": "Rotate the logs",
        "url": f"https://tracker.example/{ref.repo}/{ref.number}",
        "claimed_at": later(hours=attempt),
    }
    return Run(**(known | about))


def finished(ref: IssueRef = INFRA, attempt: int = 1, **about: Any) -> Run:
    end = {"outcome": Outcome.DONE, "reason": Reason.GREEN, "outcome_at": START, "finished_at": START}
    return a_run(ref, attempt, **(end | about))


def an_entry(verb: str = "dispatch", at: datetime = START, **about: Any) -> Entry:
    return Entry(at, about.pop("actor", "afk"), about.pop("via", Via.AFK), verb, **about)


def a_command(key: str = "click-1", ref: IssueRef = INFRA, at: datetime = START, **about: Any) -> Command:
    return Command(key, about.pop("verb", Verb.REDISPATCH), ref, about.pop("actor", "ada"), Via.SLACK, at, **about)


def a_doorbell(key: str = "done:infra-42-1", at: datetime = START, **about: Any) -> Doorbell:
    known: dict[str, Any] = {"ref": INFRA, "run_id": "infra-42-1"}
    return Doorbell(key, DoorbellKind.DONE, at, **(known | about))


def delivered(key: str = "done:infra-42-1", state: DeliveryState = DeliveryState.SENT, **about: Any) -> Delivery:
    return Delivery(key, about.pop("channel", "slack"), state, about.pop("at", START), **about)


WHOLE_RUN = a_run(
    requested_by="ada",
    generation=2,
    thread_id="thread",
    thread_url="https://t3.example/env/thread",
    thread_turn="thread/2",
    thread_revision="17",
    labelled_at=later(seconds=1),
    comment_id="comment",
    checklist="- [x] worktree",
    started_at=later(seconds=2),
    commit="5f" * 20,
    commit_at=later(seconds=3),
    verdict=Verdict.RED,
    verdict_at=later(seconds=4),
    judged_commit="77" * 20,
    first_red_at=later(seconds=5),
    failure=Failure("checks", "test", "pytest", "https://ci.example/1", ("E   assert 1 == 2", "1 failed")),
    question="request",
    question_text="Which port?",
    question_options=("8080", "9090"),
    asked_at=later(seconds=6),
    cost_usd=1.25,
    outcome=Outcome.FROZEN,
    reason=Reason.ATTEMPTS_SPENT,
    detail="two of two",
    outcome_at=later(seconds=7),
    finished_at=later(seconds=8),
    version=9,
    turns=(
        Turn(1, TurnKind.FIRST, 1, "Do the work", later(seconds=1), sent_at=later(seconds=2), receipt="3"),
        Turn(2, TurnKind.WORDS, 2, "8080", START, "say-1", "thread/1", True, "request", 4, later(seconds=9), "12"),
    ),
    evidence=(
        Evidence(Phase.WORKTREE, later(seconds=3), False),
        Evidence(Phase.PUSHED, later(seconds=4), True, "5f5f5f", "https://tracker.example/commit/5f"),
    ),
)
WHOLE_COMMAND = a_command(text="Use port 8080", settled_at=later(minutes=1), result="attempt 2 started")
WHOLE_DOORBELL = a_doorbell(
    text="Which port?",
    held=True,
    acknowledged_by="ada",
    acknowledged_at=later(minutes=1),
    rerun_by="grace",
    rerun_at=later(minutes=2),
)
WHOLE_DELIVERY = delivered(
    tries=2, not_before=later(minutes=1), reference="C1/1700.1", shown="digest", error="channel_not_found"
)
WHOLE_ENTRY = an_entry("arm", actor="ada", via=Via.CLI, target="infra", detail="over the weekend", refused=True)
WHOLE_NOTICE = Notice(
    "note-2",
    START,
    Place.PERSON,
    "C1:1700.1",
    "Kept",
    "U1",
    DeliveryState.FAILED,
    later(seconds=1),
    later(seconds=2),
    "late",
)
A_NOTE = Note("note-1", INFRA, "ada", START, "Mind the second disk")
WHOLE_COUNTS = (Count("requests", ("GitHub", "200"), 3.0), Count("ticks", ("poll", "done"), 1.0))
WHOLE_TICK = TickRecord("poll", START, "1 started", {"started": ["infra#42"], "seconds": 1.5, "trouble": None})


def left_at_default(record: Any) -> list[str]:
    """Fields that would hide a column that is never written."""
    return [
        each.name
        for each in fields(record)
        if (each.default is not MISSING and getattr(record, each.name) == each.default)
        or (each.default_factory is not MISSING and getattr(record, each.name) == each.default_factory())
    ]


def contents(ledger: SqlLedger) -> dict[str, list[Any]]:
    """Every row of every table."""
    with ledger._reading() as connection:
        return {
            table.name: sorted(connection.execute(select(table)).all(), key=repr)
            for table in tables.metadata.sorted_tables
        }


@contextmanager
def heard(ledger: SqlLedger) -> Iterator[list[str]]:
    """The statements that reach the database, without those that frame a transaction."""
    said: list[str] = []

    def hear(*call: Any) -> None:
        word = call[2].split()[0]
        if word not in {"PRAGMA", "BEGIN"}:
            said.append(word)

    event.listen(ledger._engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(ledger._engine, "before_cursor_execute", hear)


def fill(ledger: SqlLedger) -> None:
    """Rows in every table."""
    assert ledger.claim(WHOLE_RUN, WHOLE_ENTRY, {})
    assert ledger.claim(a_run(WEB, title="Ünïcode 🎈"), an_entry(), {})
    ledger.arm("infra", later(days=1), WHOLE_ENTRY)
    ledger.kill(on=True, entry=WHOLE_ENTRY)
    ledger.decide(["infra"], [Verdicted(INFRA, "busy", "infra#41", START)])
    ledger.command(WHOLE_COMMAND, WHOLE_ENTRY)
    ledger.note(A_NOTE, WHOLE_ENTRY)
    ledger.ring(WHOLE_DOORBELL)
    ledger.deliver(WHOLE_DELIVERY)
    ledger.ticked(WHOLE_TICK, WHOLE_COUNTS)
    ledger.remember("github.held", {"*": "noon"}, START)
    ledger.notify(WHOLE_NOTICE)
    assert all(contents(ledger).values())
