"""When a budget is spent nothing leaves, and what can wait waits first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from afk.adapters.github.governor import Governor
from afk.ports import Unreachable
from tests.contract.forges import StoryClock


@pytest.fixture
def clock() -> StoryClock:
    return StoryClock()


def budget(clock: StoryClock, remaining: int, limit: int = 5000, minutes: int = 30) -> dict[str, str]:
    reset = int((clock.time + timedelta(minutes=minutes)).timestamp())
    return {
        "x-ratelimit-limit": str(limit),
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-reset": str(reset),
        "x-ratelimit-resource": "graphql",
    }


def test_a_spent_budget_holds_every_request_until_it_is_full_again(clock: StoryClock) -> None:
    governor = Governor(clock)
    governor.learn("", "graphql", budget(clock, remaining=0))

    with pytest.raises(Unreachable) as caught:
        governor.admit("", "graphql", "AfkTrack")

    assert str(caught.value) == "GitHub: AfkTrack held: rate limit until 08:30 UTC"
    assert caught.value.until == clock.time + timedelta(minutes=30)
    clock.time += timedelta(minutes=30)
    governor.admit("", "graphql", "AfkTrack")


def test_a_spent_budget_holds_neither_the_other_budget_nor_another_scope(clock: StoryClock) -> None:
    governor = Governor(clock)
    governor.learn("acme", "graphql", budget(clock, remaining=0))

    governor.admit("acme", "core", "GET /user")
    governor.admit("other", "graphql", "AfkTrack")
    with pytest.raises(Unreachable):
        governor.admit("acme", "graphql", "AfkTrack")


@pytest.mark.parametrize(
    ("remaining", "minutes_left", "waits"),
    [
        pytest.param(2500, 60, 0, id="half of it for the whole hour"),
        pytest.param(1250, 60, 30, id="a quarter of it for the whole hour"),
        pytest.param(1250, 30, 0, id="a quarter of it for half an hour"),
        pytest.param(500, 30, 18, id="a tenth of it for half an hour"),
    ],
)
def test_what_can_wait_spreads_the_rest_over_the_hour(
    clock: StoryClock, remaining: int, minutes_left: int, waits: int
) -> None:
    governor = Governor(clock)
    governor.learn("", "graphql", budget(clock, remaining, minutes=minutes_left))
    began = clock.time
    if waits:
        with pytest.raises(Unreachable) as caught:
            governor.admit("", "graphql", "AfkBoards", can_wait=True)
        assert caught.value.until is not None
        assert (caught.value.until - began).total_seconds() == pytest.approx(waits * 60, abs=1)
        clock.time = caught.value.until

    governor.admit("", "graphql", "AfkTrack")
    governor.learn("", "graphql", budget(clock, remaining, minutes=minutes_left - waits))
    governor.admit("", "graphql", "AfkBoards", can_wait=True)


def test_another_process_with_the_same_memory_knows_the_budget(clock: StoryClock) -> None:
    memory: dict[str, str] = {}
    Governor(clock, memory).learn("", "graphql", budget(clock, remaining=0))

    with pytest.raises(Unreachable):
        Governor(clock, memory).admit("", "graphql", "AfkTrack")
    Governor(clock, memory).admit("", "core", "GET /user")


def test_the_last_twentieth_is_kept_from_what_can_wait(clock: StoryClock) -> None:
    governor = Governor(clock)
    governor.learn("", "graphql", budget(clock, remaining=251, minutes=5))
    governor.admit("", "graphql", "AfkBoards", can_wait=True)
    governor.learn("", "graphql", budget(clock, remaining=250, minutes=5))

    with pytest.raises(Unreachable) as caught:
        governor.admit("", "graphql", "AfkBoards", can_wait=True)
    assert caught.value.until == clock.time + timedelta(minutes=5)
    governor.admit("", "graphql", "AfkTrack")


def test_requests_that_have_no_answer_yet_are_counted(clock: StoryClock) -> None:
    governor = Governor(clock)
    governor.learn("", "graphql", budget(clock, remaining=2))
    governor.admit("", "graphql", "one")
    governor.admit("", "graphql", "two")

    with pytest.raises(Unreachable):
        governor.admit("", "graphql", "three")


@pytest.mark.parametrize(
    ("headers", "minutes"),
    [
        pytest.param({"retry-after": "120"}, 2, id="retry-after first"),
        pytest.param({"x-ratelimit-remaining": "4000"}, 1, id="else at least a minute"),
        pytest.param({"x-ratelimit-remaining": "0"}, 30, id="until the budget is full"),
        pytest.param({"x-ratelimit-remaining": "0", "retry-after": "120"}, 2, id="retry-after even then"),
    ],
)
def test_a_refusal_says_how_long_nothing_leaves(clock: StoryClock, headers: dict[str, str], minutes: int) -> None:
    governor = Governor(clock)
    until = governor.refused("", "graphql", {**budget(clock, remaining=0), **headers})

    assert until == clock.time + timedelta(minutes=minutes)
    with pytest.raises(Unreachable):
        governor.admit("", "graphql", "AfkTrack")
    clock.time = until
    governor.admit("", "graphql", "AfkTrack")


def test_a_secondary_limit_holds_all_budgets_and_doubles_until_something_is_accepted(clock: StoryClock) -> None:
    governor = Governor(clock)
    waits = []
    for _ in range(8):
        until = governor.refused("", "graphql", {})
        waits.append((until - clock.time).total_seconds())
        with pytest.raises(Unreachable):
            governor.admit("", "core", "GET /user")
        clock.time = until

    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    governor.accepted("")
    assert governor.refused("", "graphql", {}) == clock.time + timedelta(seconds=60)


def test_another_process_with_the_same_memory_holds_too(clock: StoryClock) -> None:
    memory: dict[str, str] = {}
    until = Governor(clock, memory).refused("", "graphql", {"retry-after": "120"})

    with pytest.raises(Unreachable) as caught:
        Governor(clock, memory).admit("", "core", "GET /user")

    assert caught.value.until == until


def test_many_writes_are_paced_a_second_apart_and_few_are_not(clock: StoryClock) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock.time += timedelta(seconds=seconds)

    governor = Governor(clock, sleep=sleep)
    for _ in range(20):
        governor.pace("")
    assert slept == []
    for _ in range(3):
        clock.time += timedelta(seconds=0.25)
        governor.pace("")
    assert slept == [0.75, 0.75, 0.75]
    clock.time += timedelta(minutes=1)
    governor.pace("")

    assert len(slept) == 3


def test_headers_of_another_kind_change_nothing(clock: StoryClock) -> None:
    governor = Governor(clock)
    governor.learn("", "graphql", {"x-ratelimit-remaining": "0"})

    governor.admit("", "graphql", "AfkTrack")
