"""Build runs as the ledger holds them, in a word each."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from afk.core.model import IssueRef, Thread, ThreadStatus, Tracked
from afk.core.run import Failure, Run, Turn, TurnKind
from afk.core.trailers import trailers_for
from tests.house import INFRA_42, House, a_repo

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
SHA = "5f" * 20
LATER_SHA = "77" * 20
RED_CI = Failure("checks", "test", "pytest", "https://ci.example/5f5f", ("E   assert 1 == 2", "1 failed"))


def after(**time: float) -> datetime:
    return NOON + timedelta(**time)


def a_turn(number: int = 1, kind: TurnKind = TurnKind.FIRST, at: datetime = NOON, **about: Any) -> Turn:
    """One that was ordered and sent."""
    return replace(Turn(number, kind, 1, f"text {number}", at, sent_at=at), **about)


def a_run(*turns: Turn, ref: IssueRef = INFRA_42, **about: Any) -> Run:
    """A started run, at work since noon."""
    fields: dict[str, Any] = {
        "id": "infra-42-1-0a1b2c3d",
        "ref": ref,
        "attempt": 1,
        "issue_key": "key",
        "title": "Rotate the logs",
        "url": "https://tracker.example/infra/42",
        "claimed_at": NOON,
        "started_at": NOON,
        "labelled_at": NOON,
        "thread_id": "t",
        "thread_url": "https://t3.example/env/t",
        "turns": turns or (a_turn(),),
    }
    return Run(**(fields | about))


def a_message_of(run: Run, subject: str = "Do the work") -> str:
    """A commit message that carries the trailers of a run."""
    return f"{subject}\n\n" + "\n".join(trailers_for(a_repo().slug, run.ref.number, run.id))


def a_thread(status: ThreadStatus = ThreadStatus.RUNNING, at: datetime = NOON, **about: Any) -> Thread:
    return replace(Thread("t", status, "t/1", at, "1"), **about)


def tracked(*commits: Any, labels: frozenset[str] = frozenset({"agent-in-progress"}), **about: Any) -> Tracked:
    return replace(Tracked(is_open=True, labels=labels, commits=commits), **about)


def running(*names: str) -> House:
    """A repository for each name, with a run in flight at issue 7 in each; nobody has been asked anything yet."""
    house = House.ready(*(a_repo(name) for name in names))
    for name in names:
        house.an_issue(IssueRef(name, 7))
    house.poll()
    house.world.troubles.calls.clear()
    return house
