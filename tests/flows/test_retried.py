"""Which calls become tasks, and which of them are tried again."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from prefect.states import Failed

from afk import ports
from afk.core.model import CommitAsk, IssueRef, StageKind
from afk.ports import Gone, PortError, Refused, ThreadOrder, TrackAsk, Uncertain, Unexpected, Unreachable
from flows.retried import ASKS_NOBODY, ONCE, RULES, TASKS, Abandoned, Retried, retried, worth_another_try
from tests.house import INFRA_42, House, a_repo

PROTOCOLS = {"tracker": ports.Tracker, "executor": ports.Executor, "stage": ports.Stage}


def promised(protocol: type) -> set[str]:
    return {name for name, member in vars(protocol).items() if callable(member) and not name.startswith("_")}


def test_every_call_that_a_port_promises_has_a_rule_and_no_rule_is_left_over() -> None:
    calls = {f"{system}.{name}" for system, protocol in PROTOCOLS.items() for name in promised(protocol)}

    assert RULES.keys() | ASKS_NOBODY == calls
    assert not RULES.keys() & ASKS_NOBODY


def test_every_rule_says_why_and_names_a_task_of_its_own() -> None:
    assert all(rule.why for rule in RULES.values())
    assert len({rule.task for rule in RULES.values()}) == len(RULES)
    assert {call: task.retries for call, task in TASKS.items()} == {
        call: len(rule.delays) for call, rule in RULES.items()
    }


def test_comment_is_written_once_since_a_lost_one_may_not_be_listed_yet() -> None:
    assert {call for call, rule in RULES.items() if rule.delays == ONCE} == {"tracker.put_comment"}


def test_all_ports_but_the_ledger_the_clock_and_the_channels_are_wrapped(house: House) -> None:
    wrapped = retried(house.ports, {}, Event())

    outside: list[Any] = [wrapped.tracker, wrapped.executor, *wrapped.stages.values()]
    assert all(isinstance(port, Retried) for port in outside)
    assert wrapped.stages.keys() == house.ports.stages.keys()
    assert (wrapped.ledger, wrapped.clock, wrapped.channels) == (
        house.ports.ledger,
        house.ports.clock,
        house.ports.channels,
    )


def test_method_without_a_rule_is_refused_rather_than_passed_on() -> None:
    class Newer:
        def merge(self) -> None: ...

    with pytest.raises(AttributeError, match=r"tracker\.merge has no rule"):
        _ = Retried(Newer(), "tracker", {}, Event()).merge


def test_link_asks_nobody_and_is_no_task(house: House) -> None:
    assert retried(house.ports, {}, Event()).executor.link("t") == "https://t3.example/env/t"


def test_abandoned_tick_asks_nobody(house: House) -> None:
    abandoned = Event()
    abandoned.set()

    with pytest.raises(Abandoned):
        retried(house.ports, {}, abandoned).tracker.boards([a_repo()])
    assert house.world.troubles.calls == []


def test_every_call_whose_answer_tells_of_each_subject_asks_again_about_those_alone() -> None:
    answers = {
        f"{system}.{name}"
        for system, protocol in PROTOCOLS.items()
        for name in promised(protocol)
        if "| PortError]" in str(getattr(protocol, name).__annotations__["return"])
    }

    assert {call for call, rule in RULES.items() if rule.key_of is not None} == answers


def test_batches_name_their_subjects_as_the_ports_do(house: House) -> None:
    """A key that no answer has would ask about everything again, and take what was said for nothing."""
    issue = house.an_issue()
    (board,) = house.ports.tracker.boards([a_repo()]).values()
    assert not isinstance(board, PortError)
    track = TrackAsk(issue, board.ready[0].key, house.world.now(), "run")
    checks = CommitAsk(a_repo(), ("5f5f",))
    asked: dict[str, tuple[Any, Any]] = {
        "tracker.boards": (a_repo(), house.ports.tracker.boards([a_repo()])),
        "tracker.issues": (issue, house.ports.tracker.issues([issue])),
        "tracker.vet": (board.ready[0], house.ports.tracker.vet(board.ready)),
        "tracker.track": (track, house.ports.tracker.track([track])),
        "stage.read": (checks, house.ports.stages[StageKind.CHECKS].read([checks])),
    }

    assert asked.keys() == {call for call, rule in RULES.items() if rule.key_of is not None}
    for call, (subject, answer) in asked.items():
        key_of = RULES[call].key_of
        assert key_of is not None
        assert list(answer) == [key_of(subject)], call


ERRORS: list[tuple[Exception, bool]] = [
    (Unreachable("nobody answers"), True),
    (Uncertain("the answer was lost"), True),
    (Unreachable("slow down", House.ready().world.now()), False),
    (Refused("403"), False),
    (Gone("404"), False),
    (Unexpected("not JSON"), False),
    (PortError("something"), False),
    (ValueError("a bug"), False),
]


@pytest.mark.parametrize(("error", "again"), ERRORS, ids=[str(error) for error, _ in ERRORS])
def test_only_what_may_go_well_a_moment_later_is_tried_again(error: Exception, again: bool) -> None:
    state: Any = Failed(data=error)

    assert worth_another_try(None, None, state) is again  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("title", "subject"),
    [("infra#42 Rotate the logs", INFRA_42), ("a.b_c#7 x", IssueRef("a.b_c", 7)), ("Rotate the logs", "t-1")],
    ids=["issue", "odd repository", "no issue"],
)
def test_start_is_named_after_its_issue(title: str, subject: object) -> None:
    order = ThreadOrder("t-1", a_repo(), title, "m-1", "text")

    found = RULES["executor.open"].subject
    assert found is not None
    assert found(order) == subject
