"""Hold every ledger to its promises about runs: in memory, in a file, on PostgreSQL."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from afk.adapters.ledger import open_ledger
from afk.core.model import IssueRef
from afk.core.records import Change
from afk.core.run import Evidence, Phase, Reason, Turn, TurnKind, Verdict
from afk.ports import Unexpected
from tests.contract.ledgers import (
    INFRA,
    START,
    WEB,
    WHOLE_RUN,
    a_command,
    a_doorbell,
    a_run,
    an_entry,
    contents,
    fill,
    finished,
    heard,
    later,
    left_at_default,
)

if TYPE_CHECKING:
    from afk.adapters.ledger import SqlLedger

DISPATCH = an_entry("dispatch", target="infra#42")
SAID = Turn(1, TurnKind.FIRST, 1, "Do the work", START)
SEEN = Evidence(Phase.WORKTREE, START, seen=False)


def settled(ledger: SqlLedger, key: str = "click-1") -> str | None:
    wish = ledger.wish(key)
    return wish.result if wish else None


def test_a_run_comes_back_as_it_was_claimed(ledger: SqlLedger) -> None:
    assert left_at_default(WHOLE_RUN) == []
    assert left_at_default(WHOLE_RUN.turns[1]) == left_at_default(WHOLE_RUN.evidence[1]) == []

    assert ledger.claim(WHOLE_RUN, DISPATCH, {})

    assert ledger.run(WHOLE_RUN.id) == WHOLE_RUN


def test_a_claim_takes_its_entry_and_the_wishes_it_settles_along(ledger: SqlLedger) -> None:
    ledger.command(a_command(), an_entry("redispatch"))

    assert ledger.claim(a_run(), DISPATCH, {"click-1": "attempt 1"})

    assert ledger.audited(1) == (DISPATCH,)
    assert ledger.wish("click-1") == a_command(settled_at=later(hours=1), result="attempt 1")


@pytest.mark.parametrize(
    ("there", "claimed"),
    [
        pytest.param(a_run(), a_run(IssueRef("infra", 43)), id="an unfinished run in the repository"),
        pytest.param(finished(), a_run(), id="the same attempt, finished"),
        pytest.param(finished(), a_run(id="another"), id="the same attempt under another name"),
        pytest.param(a_run(), a_run(), id="the very same run"),
    ],
)
def test_a_claim_in_conflict_writes_nothing(ledger: SqlLedger, there: Any, claimed: Any) -> None:
    ledger.command(a_command(), an_entry("redispatch"))
    ledger.claim(there, DISPATCH, {})
    before = contents(ledger)

    assert not ledger.claim(replace(claimed, turns=(SAID,), evidence=(SEEN,)), DISPATCH, {"click-1": "attempt 2"})

    assert contents(ledger) == before


@pytest.mark.parametrize(
    "free",
    [
        pytest.param(a_run(attempt=2), id="the next attempt"),
        pytest.param(a_run(IssueRef("infra", 43)), id="another issue"),
        pytest.param(a_run(WEB), id="another repository"),
    ],
)
def test_a_finished_run_stands_in_nobodys_way(ledger: SqlLedger, free: Any) -> None:
    ledger.claim(finished(), DISPATCH, {})

    assert ledger.claim(free, DISPATCH, {})


def test_a_run_with_the_name_of_another_issues_run_is_no_lost_race(ledger: SqlLedger) -> None:
    ledger.claim(finished(), DISPATCH, {})

    with pytest.raises(Unexpected, match=r"run infra-42-1 is attempt 1 at infra#42$"):
        ledger.claim(a_run(WEB, id="infra-42-1"), DISPATCH, {})


def test_a_claim_that_breaks_midway_leaves_nothing(ledger: SqlLedger) -> None:
    ledger.command(a_command(), an_entry("redispatch"))
    before = contents(ledger)
    nowhere_in_time = an_entry(at=START.replace(tzinfo=None))

    with pytest.raises(ValueError, match="has no time zone"):
        ledger.claim(replace(a_run(), turns=(SAID,), evidence=(SEEN,)), nowhere_in_time, {"click-1": "attempt 1"})

    assert contents(ledger) == before


def test_a_change_takes_everything_along(ledger: SqlLedger) -> None:
    ledger.claim(a_run(), DISPATCH, {})
    ledger.command(a_command(), an_entry("stop"))
    ledger.ring(a_doorbell("held", held=True))
    fields: dict[str, Any] = {
        "verdict": Verdict.RED,
        "reason": Reason.RED,
        "failure": WHOLE_RUN.failure,
        "cost_usd": 0.5,
    }
    told = an_entry("fix-forward", at=later(hours=2))

    after = ledger.apply(
        Change(
            a_run(),
            fields,
            (SAID,),
            (SEEN,),
            (),
            (a_doorbell("new", text="red"),),
            ("held",),
            {"click-1": "no"},
            (told,),
        )
    )

    assert after == replace(a_run(), **fields, version=1, turns=(SAID,), evidence=(SEEN,))
    assert ledger.run("infra-42-1") == after
    assert ledger.doorbell("new") == a_doorbell("new", text="red")
    assert ledger.doorbell("held") == a_doorbell("held", held=False)
    assert ledger.wish("click-1") == a_command(settled_at=told.at, result="no")
    assert ledger.audited(1) == (told,)


def test_every_field_of_a_run_can_change(ledger: SqlLedger) -> None:
    fixed = {"id", "ref", "attempt", "version", "turns", "evidence"}
    fields = {name: getattr(WHOLE_RUN, name) for name in WHOLE_RUN.__slots__ if name not in fixed}
    ledger.claim(a_run(), DISPATCH, {})

    assert ledger.apply(Change(a_run(), fields)) == replace(a_run(), **fields, version=1)


@pytest.mark.parametrize("known", [a_run(version=1), a_run(WEB)], ids=["changed since", "never claimed"])
def test_a_stale_change_writes_nothing_at_all(ledger: SqlLedger, known: Any) -> None:
    ledger.claim(replace(a_run(), evidence=(SEEN,)), DISPATCH, {})
    ledger.command(a_command(), an_entry("stop"))
    ledger.ring(a_doorbell("held", held=True))
    before = contents(ledger)

    change = Change(
        known,
        {"commit": "5f"},
        (SAID,),
        (SEEN,),
        (Phase.WORKTREE,),
        (a_doorbell(),),
        ("held",),
        {"click-1": "no"},
        (DISPATCH,),
    )

    assert ledger.apply(change) is None
    assert contents(ledger) == before


def test_a_change_that_breaks_midway_leaves_nothing(ledger: SqlLedger) -> None:
    ledger.claim(a_run(), DISPATCH, {})
    before = contents(ledger)
    nowhere_in_time = an_entry(at=START.replace(tzinfo=None))

    with pytest.raises(ValueError, match="has no time zone"):
        ledger.apply(
            Change(a_run(), {"commit": "5f"}, (SAID,), (SEEN,), doorbells=(a_doorbell(),), entries=(nowhere_in_time,))
        )

    assert contents(ledger) == before


def test_of_two_changes_to_one_reading_the_first_stands(ledger: SqlLedger) -> None:
    ledger.claim(a_run(), DISPATCH, {})
    first = ledger.apply(Change(a_run(), {"commit": "5f"}))

    assert ledger.apply(Change(a_run(), {"commit": "77"})) is None
    assert ledger.run("infra-42-1") == first == a_run(commit="5f", version=1)


def test_of_changes_at_the_same_moment_one_stands(ledger: SqlLedger) -> None:
    ledger.claim(a_run(), DISPATCH, {})
    together, stood = threading.Barrier(6), []

    def change(name: str) -> None:
        together.wait()
        if ledger.apply(Change(a_run(), {"commit": name})):
            stood.append(name)

    threads = [threading.Thread(target=change, args=(f"commit {number}",)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [each.commit for each in ledger.live()] == stood


def test_turns_and_evidence_are_replaced_by_number_and_phase(ledger: SqlLedger) -> None:
    pushed = Evidence(Phase.PUSHED, START, seen=True)
    ledger.claim(replace(a_run(), turns=(SAID,), evidence=(SEEN, pushed)), DISPATCH, {})
    sent = replace(SAID, sent_at=later(minutes=1), receipt="3")
    again = Turn(2, TurnKind.NUDGE, 1, "Go on", later(minutes=2))
    moved = replace(pushed, at=later(minutes=3), detail="7777777")

    after = ledger.apply(Change(a_run(), turns=(sent, again), evidence=(moved,), dropped=(Phase.WORKTREE,)))

    assert after == replace(a_run(), version=1, turns=(sent, again), evidence=(moved,))


def test_evidence_is_dropped_from_one_run_only(ledger: SqlLedger) -> None:
    for ref in (INFRA, WEB):
        ledger.claim(replace(a_run(ref), evidence=(SEEN,)), DISPATCH, {})

    ledger.apply(Change(a_run(), dropped=(Phase.WORKTREE,)))

    assert {run.ref: run.evidence for run in ledger.live()} == {INFRA: (), WEB: (SEEN,)}


def test_a_doorbell_that_rang_is_not_replaced_by_a_change(ledger: SqlLedger) -> None:
    ledger.claim(a_run(), DISPATCH, {})
    ledger.ring(a_doorbell(text="first"))

    assert ledger.apply(Change(a_run(), doorbells=(a_doorbell(text="second"),)))
    assert ledger.doorbell(a_doorbell().key) == a_doorbell(text="first")


def test_a_change_settles_a_wish_once(ledger: SqlLedger) -> None:
    ledger.claim(a_run(), DISPATCH, {})
    ledger.command(a_command(), an_entry("stop"))
    ledger.settle("click-1", START, "first")

    ledger.apply(Change(a_run(), settle={"click-1": "second"}))

    assert settled(ledger) == "first"


def test_live_runs_are_the_unfinished_ones_oldest_first(ledger: SqlLedger) -> None:
    docs = a_run(IssueRef("docs", 1), claimed_at=START)
    for run in (finished(), a_run(attempt=2), a_run(WEB), docs):
        ledger.claim(run, DISPATCH, {})

    assert ledger.live() == (docs, a_run(WEB), a_run(attempt=2))


def test_a_run_that_ends_leaves_the_live_ones(ledger: SqlLedger) -> None:
    ledger.claim(a_run(), DISPATCH, {})

    ledger.apply(Change(a_run(), {"finished_at": START}))

    assert ledger.live() == ()


def test_nothing_is_known_of_a_run_that_never_was(ledger: SqlLedger) -> None:
    ledger.claim(a_run(), DISPATCH, {})

    assert ledger.run("nobody") is None
    assert ledger.runs(["nobody", "infra-42-1"]) == {"infra-42-1": a_run()}
    assert ledger.latest([WEB, INFRA]) == {INFRA: a_run()}
    assert (ledger.runs([]), ledger.latest([]), ledger.spent([])) == ({}, {}, {})


def test_the_latest_run_is_the_highest_attempt(ledger: SqlLedger) -> None:
    newest = a_run(attempt=10, claimed_at=START)  # whatever the clock said
    for run in (finished(attempt=9), newest, finished(IssueRef("infra", 9), attempt=3)):
        ledger.claim(run, DISPATCH, {})

    assert ledger.latest([INFRA]) == {INFRA: newest}


def test_history_tells_newest_first_up_to_a_limit(ledger: SqlLedger) -> None:
    attempts = [finished(attempt=number) for number in (1, 2, 3)]
    web = finished(WEB, attempt=9)
    for run in (*attempts, web):
        ledger.claim(run, DISPATCH, {})

    assert ledger.history(None, 10) == (web, *reversed(attempts))
    assert ledger.history(None, 2) == (web, attempts[2])
    assert ledger.history(INFRA, 2) == (attempts[2], attempts[1])


def test_money_is_summed_over_all_attempts(ledger: SqlLedger) -> None:
    for attempt, usd in enumerate((0.5, 0.25, 1.0), start=1):
        ledger.claim(finished(attempt=attempt, cost_usd=usd), DISPATCH, {})
    ledger.claim(finished(IssueRef("infra", 43), cost_usd=9.0), DISPATCH, {})

    assert ledger.spent([INFRA, WEB]) == {INFRA: 1.75, WEB: 0.0}


def test_a_thousand_subjects_are_one_question(ledger: SqlLedger) -> None:
    first, last = finished(IssueRef("web", 1), cost_usd=0.25), finished(IssueRef("web", 1000), cost_usd=0.5)
    for run in (first, last):
        ledger.claim(run, DISPATCH, {})
    many = [IssueRef("web", number) for number in range(1, 1001)]

    assert ledger.latest(many) == {first.ref: first, last.ref: last}
    assert sum(ledger.spent(many).values()) == 0.75
    assert set(ledger.runs([f"web-{number}-1" for number in range(1, 1001)])) == {"web-1-1", "web-1000-1"}


def test_many_runs_take_as_many_statements_as_one(ledger: SqlLedger) -> None:
    fill(ledger)
    with heard(ledger) as one:
        ledger.live()
    for number in range(20):
        ledger.claim(a_run(IssueRef(f"repo-{number}", 1)), DISPATCH, {})
    with heard(ledger) as many:
        assert len(ledger.live()) == 21

    assert one == many == ["SELECT"] * 3


def test_five_hundred_live_runs_are_read_in_no_time() -> None:
    in_memory = open_ledger("sqlite://")
    for number in range(500):
        in_memory.claim(replace(a_run(IssueRef(f"repo-{number}", 1)), turns=(SAID,), evidence=(SEEN,)), DISPATCH, {})
    start = time.perf_counter()

    assert len(in_memory.live()) == 500
    assert time.perf_counter() - start < 1  # 0.03 on an idle machine


def test_ended_runs_are_those_of_the_time_asked_for(ledger: SqlLedger) -> None:
    ledger.claim(a_run(WEB), DISPATCH, {})
    for attempt, hours in enumerate((1, 2, 3, 4), 1):
        ledger.claim(finished(attempt=attempt, outcome_at=later(hours=hours)), DISPATCH, {})

    found = ledger.ended(later(hours=2), later(hours=4))
    assert [run.attempt for run in found] == [2, 3]
