"""What becomes of a day's runs in its digest, and of one run in its receipt."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone
from random import Random
from typing import Any

import pytest

from afk.core.digest import climbed, digest, due
from afk.core.model import IssueRef
from afk.core.run import Evidence, Outcome, Phase, Run, TurnKind
from afk.core.slack_digest import day, receipt
from tests.core.hostile_cards import words as some_words
from tests.runs import NOON, SHA, a_run, a_turn, after

EIGHT = time(8)
STAMP = "<!date^1793534400^{date_short_pretty} {time}|2026-11-01 12:00 UTC>"


def at(hour: int, minute: int = 0, day: int = 2) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


def ended(outcome: Outcome, number: int = 42, attempt: int = 1, **about: Any) -> Run:
    ref = IssueRef("infra", number)
    known = {"id": f"infra-{number}-{attempt}", "attempt": attempt, "outcome": outcome, "outcome_at": after(hours=2)}
    return a_run(ref=ref, **(known | about))


def seen(phase: Phase, minutes: float) -> Evidence:
    return Evidence(phase, after(minutes=minutes), seen=True)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        pytest.param(at(8), at(8), id="on-the-dot"),
        pytest.param(at(13, 59), at(8), id="still-news"),
        pytest.param(at(14, 1), None, id="too-late-to-make-up-for"),
        pytest.param(at(7, 59), None, id="not-yet-and-yesterdays-is-old"),
    ],
)
def test_digest_is_due_from_its_time_on_for_some_hours(now: datetime, until: datetime | None) -> None:
    assert due(EIGHT, now) == until


def test_digest_of_the_evening_is_due_past_midnight() -> None:
    assert due(time(23), at(1)) == at(23, day=1)


def test_clock_of_another_zone_is_due_at_the_same_moment() -> None:
    tokyo = at(8).astimezone(timezone(timedelta(hours=9)))
    assert due(EIGHT, tokyo) == at(8)


def test_each_rung_counts_from_the_one_below() -> None:
    run = a_run(evidence=(seen(Phase.PUSHED, 30), seen(Phase.WORKTREE, 2), seen(Phase.CI, 45)))

    assert climbed(run) == ((Phase.WORKTREE, 120), (Phase.PUSHED, 1_680), (Phase.CI, 900))


def test_rung_that_was_reported_late_takes_no_time_and_costs_the_next_none() -> None:
    """The agent reports after AFK has seen the push."""
    run = a_run(evidence=(seen(Phase.GREEN, 40), seen(Phase.PUSHED, 30), seen(Phase.CI, 50)))

    assert climbed(run) == ((Phase.GREEN, 2_400), (Phase.PUSHED, 0), (Phase.CI, 600))


def test_day_in_full() -> None:
    fixes = (a_turn(), a_turn(2, TurnKind.FIX_FORWARD), a_turn(3, TurnKind.FIX_FORWARD))
    runs = [
        ended(Outcome.DONE, 40, cost_usd=1.5, evidence=(seen(Phase.PUSHED, 10), seen(Phase.CI, 20))),
        ended(Outcome.DONE, 41, cost_usd=2.25, evidence=(seen(Phase.PUSHED, 30),)),
        ended(Outcome.FROZEN, 42, 1, cost_usd=4.0, turns=fixes, title="Rotate <the> logs"),
        ended(Outcome.NEEDS_HUMAN, 42, 2, title="Rotate <the> logs"),
    ]

    assert day(digest(runs, NOON)) == (
        f"*Daily digest* up to {STAMP}: 2 done · 1 handed back · 1 frozen\n"
        "4 attempts at 3 issues, 2 corrections, about 7.75 USD\n"
        "Median time per rung: pushed 20 min · CI 10 min\n"
        "• infra#42 attempt 1 frozen: Rotate &lt;the&gt; logs\n"
        "• infra#42 attempt 2 handed back: Rotate &lt;the&gt; logs"
    )


def test_quiet_day_says_so() -> None:
    assert day(digest([], NOON)) == f"*Daily digest* up to {STAMP}: no run ended."


def test_stopped_runs_are_told_where_there_are_some() -> None:
    assert "0 done · 0 handed back · 0 frozen · 1 stopped\n1 attempt at 1 issue" in day(
        digest([ended(Outcome.STOPPED)], NOON)
    )


def test_receipt_in_full() -> None:
    run = ended(
        Outcome.DONE, turns=(a_turn(), a_turn(2, TurnKind.FIX_FORWARD)), commit=SHA, cost_usd=3.0,
        evidence=(seen(Phase.WORKTREE, 1), seen(Phase.TESTS_RED, 5), seen(Phase.PUSHED, 25), seen(Phase.CI, 34)),
    )  # fmt: skip

    assert receipt(run) == (
        "*Receipt* for infra#42 attempt 1: done after 2 h\n"
        "Time per rung: worktree 1 min · tests red 4 min · pushed 20 min · CI 9 min\n"
        "1 correction, about 3.00 USD, commit 5f5f5f5f5f5f"
    )


def test_receipt_of_a_run_that_reached_nothing() -> None:
    assert receipt(ended(Outcome.NEEDS_HUMAN)) == (
        "*Receipt* for infra#42 attempt 1: handed back after 2 h\n0 corrections, about 0.00 USD"
    )


def test_day_of_hundreds_with_spiteful_titles_stays_one_message_that_does_nothing() -> None:
    chance = Random(3)
    runs = [ended(Outcome.FROZEN, number, title=some_words(chance, 12)) for number in range(300)]
    text = day(digest(runs, NOON))

    assert len(text) <= 3_000
    assert text.endswith("more with a person") or "… and" in text
    assert "<" not in text.replace(STAMP, "")
    assert text.count("*") == 2
