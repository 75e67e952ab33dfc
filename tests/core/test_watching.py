"""From what a tick saw to facts: every budget at its cap, every clock by what it counts from."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from afk.core.config import LIMIT_NAMES, Limits
from afk.core.model import Closing, Commit, Slug, ThreadStatus
from afk.core.records import Command, Verb, Via
from afk.core.run import Reason, Run, TurnKind, Verdict
from afk.core.run_state_machine import Facts, TurnState, next_action
from afk.core.watching import TURN_STATES, Observed, agent_state, facts_of, our_commits, turn_state
from tests.house import INFRA_42, a_repo
from tests.runs import LATER_SHA, NOON, SHA, a_message_of, a_run, a_thread, a_turn, after, tracked

LIMITS = Limits()
STOP = Command("k", Verb.STOP, INFRA_42, "ada", Via.SLACK, NOON)
RED = {"commit": SHA, "commit_at": NOON, "verdict": Verdict.RED, "verdict_at": NOON, "first_red_at": NOON}


def facts(run: Run | None = None, seen: Observed | None = None, now: datetime = NOON, limits: Limits = LIMITS) -> Facts:
    seen = seen or Observed(tracked=tracked(), thread=a_thread())
    return facts_of(run or a_run(), seen, limits, "agent-in-progress", a_repo(), now)


# Each clock: the run, what the tick saw, the limit, the fact that its end changes, the fact at the end.
CLOCKS: dict[str, tuple[Run, Observed | None, str, str, Any]] = {
    "start": (a_run(a_turn(sent_at=None)), None, "start_max_seconds", "start_overdue", True),
    "run": (a_run(), None, "run_max_seconds", "spent", Reason.TIME_SPENT),
    "verdict": (a_run(commit=SHA, commit_at=NOON), None, "verdict_max_seconds", "verdict_overdue", True),
    "corrections": (a_run(**RED), None, "fix_forward_max_seconds", "seconds_left", False),
    "deferral": (a_run(**RED), None, "close_defer_seconds", "deferral_left", False),
    "answer": (a_run(question="q", asked_at=NOON), None, "answer_max_seconds", "answer_overdue", True),
    "silence": (a_run(), None, "stall_max_seconds", "silent", True),
}  # fmt: skip


@pytest.mark.parametrize("name", CLOCKS)
def test_time_is_spent_at_the_cap_and_not_a_second_before(name: str) -> None:
    run, seen, limit, fact, at_the_end = CLOCKS[name]
    cap = getattr(LIMITS, limit)

    assert getattr(facts(run, seen, after(seconds=cap - 1)), fact) != at_the_end
    assert getattr(facts(run, seen, after(seconds=cap)), fact) == at_the_end
    assert getattr(facts(run, seen, after(days=30)), fact) == at_the_end


@pytest.mark.parametrize("name", CLOCKS)
def test_zero_is_spent_at_once(name: str) -> None:
    run, seen, limit, fact, at_the_end = CLOCKS[name]

    assert getattr(facts(run, seen, NOON, replace(LIMITS, **{limit: 0})), fact) == at_the_end


@pytest.mark.parametrize("name", CLOCKS)
@pytest.mark.parametrize("back", [timedelta(seconds=1), timedelta(days=400)], ids=["a second", "a year"])
def test_clock_that_goes_back_spends_nothing(name: str, back: timedelta) -> None:
    run, seen, _, fact, at_the_end = CLOCKS[name]

    assert getattr(facts(run, seen, NOON - back), fact) != at_the_end


COUNTS = [
    ("corrections", TurnKind.FIX_FORWARD, "fix_forward_max_attempts", "attempts_left"),
    ("restarts", TurnKind.RESTART, "restarts_max", "restarts_left"),
    ("reminders", TurnKind.NUDGE, "nudges_max", "nudges_left"),
]


@pytest.mark.parametrize(("kind", "limit", "fact"), [row[1:] for row in COUNTS], ids=[row[0] for row in COUNTS])
def test_count_is_spent_at_the_cap(kind: TurnKind, limit: str, fact: str) -> None:
    made = a_run(a_turn(), a_turn(2, kind), a_turn(3, kind))

    assert not getattr(facts(made, limits=replace(LIMITS, **{limit: 2})), fact)
    assert getattr(facts(made, limits=replace(LIMITS, **{limit: 3})), fact)
    assert not getattr(facts(a_run(), limits=replace(LIMITS, **{limit: 0})), fact)


@pytest.mark.parametrize(
    ("run_usd", "issue_usd", "spent"),
    [
        pytest.param(99.99, 0.0, None, id="below"),
        pytest.param(100.0, 0.0, Reason.MONEY_SPENT, id="this run at the cap"),
        pytest.param(1.0, 100.0, Reason.MONEY_SPENT, id="all attempts together at the cap"),
        pytest.param(100.0, 40.0, Reason.MONEY_SPENT, id="what this tick read counts before the ledger has it"),
    ],
)
def test_defect_17_money_is_counted_over_all_attempts(run_usd: float, issue_usd: float, spent: Reason | None) -> None:
    seen = Observed(tracked=tracked(), thread=a_thread(), spent_usd=issue_usd)

    assert facts(a_run(cost_usd=run_usd), seen).spent is spent


def test_money_of_zero_is_spent_at_once() -> None:
    assert facts(limits=replace(LIMITS, budget_usd=0)).spent is Reason.MONEY_SPENT


def test_defect_17_every_limit_changes_some_fact() -> None:
    """A limit that changes nothing is not offered as a setting."""
    late = after(seconds=200_000)
    busy = a_run(a_turn(), *(a_turn(n, kind) for n, kind in enumerate((TurnKind.FIX_FORWARD, TurnKind.RESTART, TurnKind.NUDGE), 2)),
                 **RED, question="q", asked_at=NOON, cost_usd=50.0)  # fmt: skip
    generous = Limits(**dict.fromkeys(LIMIT_NAMES, 1_000_000))

    without = {name for name in LIMIT_NAMES if facts(busy, None, late, replace(generous, **{name: 1})) == facts(busy, None, late, generous)}  # fmt: skip

    assert without == set()


def test_defect_23_clock_of_corrections_starts_at_the_first_red() -> None:
    """A run whose first red comes after 61 minutes has its whole hour of corrections."""
    red_at = after(minutes=61)
    run = a_run(**(RED | {"commit_at": red_at, "verdict_at": red_at, "first_red_at": red_at}))
    seen = Observed(tracked=tracked(), thread=a_thread(ThreadStatus.ENDED))

    assert next_action(facts(run, seen, red_at)).action == "FIX_FORWARD"
    assert facts(run, seen, red_at + timedelta(seconds=3_599)).seconds_left
    assert not facts(run, seen, red_at + timedelta(seconds=3_600)).seconds_left


def test_no_first_red_leaves_all_seconds() -> None:
    assert facts(a_run(), None, after(days=1)).seconds_left


@pytest.mark.parametrize(
    ("verdict_at", "sent_at", "from_when"),
    [
        pytest.param(NOON, after(minutes=20), after(minutes=20), id="a turn that was ordered after the verdict"),
        pytest.param(after(minutes=20), NOON, after(minutes=20), id="a verdict that came after the turn"),
    ],
)
def test_defect_12_deferral_counts_from_the_later_of_verdict_and_turn(
    verdict_at: datetime, sent_at: datetime, from_when: datetime
) -> None:
    run = a_run(a_turn(at=sent_at), commit=SHA, verdict=Verdict.GREEN, verdict_at=verdict_at)

    assert facts(run, None, from_when + timedelta(seconds=1_799)).deferral_left
    assert not facts(run, None, from_when + timedelta(seconds=1_800)).deferral_left


def test_remark_into_a_running_turn_does_not_prolong_the_deferral() -> None:
    remark = a_turn(2, TurnKind.WORDS, after(minutes=29), steers=True)
    run = a_run(a_turn(), remark, commit=SHA, verdict=Verdict.GREEN, verdict_at=NOON)

    assert not facts(run, None, after(minutes=30)).deferral_left


@pytest.mark.parametrize(
    ("run", "active_at", "silent"),
    [
        pytest.param(a_run(), NOON, True, id="nothing since the prompt"),
        pytest.param(a_run(), after(minutes=1), False, id="the agent said something"),
        pytest.param(a_run(a_turn(), a_turn(2, TurnKind.WORDS, after(minutes=1))), NOON, False, id="we said something"),
    ],
)
def test_silence_counts_from_whatever_happened_last(run: Run, active_at: datetime, *, silent: bool) -> None:
    seen = Observed(tracked=tracked(), thread=a_thread(at=active_at))

    assert facts(run, seen, after(minutes=30)).silent == silent


ENDS = {"is_open": False}
OURS = Commit(SHA, a_message_of(a_run()) + "\n", NOON)
OURS_CLOSING = Commit(SHA, a_message_of(a_run(), "Fix it\n\nCloses #42"), NOON)
OTHERS_CLOSING = Commit(LATER_SHA, "Closes #42", NOON)
CLOSING_ANOTHER = Commit(SHA, a_message_of(a_run(), "Fix it\n\nCloses #43"), NOON)
CLOSING_ELSEWHERE = Commit(SHA, a_message_of(a_run(), "Fix it\n\nCloses other/repo#42"), NOON)
PEOPLE = [
    ("nobody", tracked(), None),
    ("label taken off", tracked(labels=frozenset()), Reason.LABEL_REMOVED),
    ("closed", tracked(**ENDS), Reason.CLOSED_BY_PERSON),
    ("defect 13: closed by our commit, as the tracker says", tracked(OURS, **ENDS, closing=Closing("pusher", SHA)), None),
    ("defect 13: closed by our commit, by its words", tracked(OURS_CLOSING, **ENDS), None),
    ("closed by somebody else's commit", tracked(OURS, OTHERS_CLOSING, **ENDS, closing=Closing("bob", LATER_SHA)), Reason.CLOSED_BY_PERSON),
    ("somebody else's words", tracked(OURS, OTHERS_CLOSING, **ENDS), Reason.CLOSED_BY_PERSON),
    ("our words about another issue", tracked(CLOSING_ANOTHER, **ENDS), Reason.CLOSED_BY_PERSON),
    ("our words about another repository", tracked(CLOSING_ELSEWHERE, **ENDS), Reason.CLOSED_BY_PERSON),
    ("a person closed it after our words", tracked(OURS_CLOSING, **ENDS, closing=Closing("bob", LATER_SHA)), Reason.CLOSED_BY_PERSON),
]  # fmt: skip


@pytest.mark.parametrize(("tracker", "person"), [row[1:] for row in PEOPLE], ids=[row[0] for row in PEOPLE])
def test_what_a_person_did(tracker: Any, person: Reason | None) -> None:
    assert facts(seen=Observed(tracked=tracker, thread=a_thread())).person is person


@pytest.mark.parametrize(
    ("seen", "person"),
    [
        pytest.param(Observed(tracked=tracked(**ENDS), stop=STOP), Reason.STOP_REQUESTED, id="asked to stop, before all else"),
        pytest.param(Observed(issue_gone=True), Reason.ISSUE_GONE, id="issue gone"),
        pytest.param(Observed(), None, id="tracker could not be asked"),
    ],
)  # fmt: skip
def test_what_a_person_did_beside_the_issue(seen: Observed, person: Reason | None) -> None:
    assert facts(seen=seen).person is person


def test_missing_label_says_nothing_before_we_put_it_there() -> None:
    assert facts(a_run(labelled_at=None), Observed(tracked=tracked(labels=frozenset()))).person is None


def test_full_name_of_our_own_repository_counts_whatever_its_case() -> None:
    words = Commit(SHA, a_message_of(a_run(), "Fix it\n\nCloses ACME/Infra#42"), NOON)

    assert a_repo().slug == Slug("acme", "infra")
    assert facts(seen=Observed(tracked=tracked(words, **ENDS), thread=a_thread())).person is None


@pytest.mark.parametrize("status", ThreadStatus)
def test_defect_8_every_status_of_a_thread_has_a_meaning_and_an_exit(status: ThreadStatus) -> None:
    """A word that we do not know is neither success nor for ever."""
    seen = Observed(tracked=tracked(), thread=a_thread(status))

    assert turn_state(a_run(), seen) is TURN_STATES[status]
    assert next_action(facts(seen=seen, now=after(days=1))).action != "WAIT"


def test_could_not_ask_gone_and_failed_are_three_things() -> None:
    asked_nobody = Observed(tracked=tracked())
    gone = Observed(tracked=tracked(), thread_gone=True)
    failed = Observed(tracked=tracked(), thread=a_thread(ThreadStatus.FAILED))

    assert [agent_state(seen) for seen in (asked_nobody, gone, failed)] == [
        TurnState.RUNNING,
        TurnState.GONE,
        TurnState.FAILED,
    ]
    assert [seen.unreachable for seen in (asked_nobody, gone, failed)] == [True, False, False]
    assert Observed(thread=a_thread()).unreachable
    assert not Observed(thread=a_thread(), issue_gone=True).unreachable


def test_turn_that_is_not_sent_yet_is_about_to_run() -> None:
    run = a_run(a_turn(), a_turn(2, TurnKind.FIX_FORWARD, sent_at=None))

    assert turn_state(run, Observed(tracked=tracked(), thread=a_thread(ThreadStatus.ENDED))) is TurnState.RUNNING


def commit(sha: str, message: str) -> Commit:
    return Commit(sha * 40, message, NOON)


MINE, THEIRS = a_message_of(a_run()), a_message_of(a_run(id="infra-42-2-99999999"))
BRANCHES = [
    ("nothing pushed", [commit("1", "Something else")], ()),
    ("ours, and what came after it", [commit("1", "x"), commit("2", MINE), commit("3", "y")], ("2", "3")),
    ("the newest of ours", [commit("1", MINE), commit("2", "x"), commit("3", MINE)], ("3",)),
    ("another run's", [commit("1", THEIRS)], ()),
    ("defect 4: a sha in prose is no evidence", [commit("1", f"I pushed {'2' * 40} for infra-42-1-0a1b2c3d")], ()),
    ("an empty branch", [], ()),
]  # fmt: skip


@pytest.mark.parametrize(("commits", "found"), [row[1:] for row in BRANCHES], ids=[row[0] for row in BRANCHES])
def test_our_commits(commits: list[Commit], found: tuple[str, ...]) -> None:
    assert our_commits(a_run(), tracked(*commits)) == tuple(sha * 40 for sha in found)
