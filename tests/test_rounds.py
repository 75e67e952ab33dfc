"""A thread that goes on, whatever its work raises."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from afk.rounds import Rounds

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return NOON

    def new_id(self) -> str:
        return "1"


def until(found: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not found():
        assert time.monotonic() < end
        time.sleep(0.002)


def test_work_goes_on_after_it_raised_and_says_each_trouble_once(capsys: pytest.CaptureFixture[str]) -> None:
    passes: list[datetime] = []

    def work(now: datetime) -> list[str]:
        passes.append(now)
        if len(passes) < 4:
            raise ValueError("no\nroom")
        return ["slack: down"]

    rounds = Rounds("doorbells", work, Clock(), pause=0.001)
    rounds.start()
    until(lambda: len(passes) > 6)
    assert rounds.is_alive
    rounds.stop()

    assert not rounds.is_alive
    assert (rounds.done_at, rounds.troubles) == (NOON, ("slack: down",))
    assert capsys.readouterr().err == "afk: doorbells: ValueError: no room\nafk: doorbells: slack: down\n"


def test_whoever_wakes_it_need_not_wait() -> None:
    passes: list[datetime] = []
    rounds = Rounds("notices", lambda now: passes.append(now) or (), Clock(), pause=60)
    rounds.start()
    until(lambda: len(passes) == 1)
    rounds.woken.set()
    until(lambda: len(passes) == 2)
    rounds.stop()

    assert not rounds.is_alive


def test_work_that_is_a_generator_is_done() -> None:
    done: list[str] = []

    def work(_now: datetime) -> object:
        done.append("begun")
        yield "trouble"
        done.append("ended")

    rounds = Rounds("notices", work, Clock())  # type: ignore[arg-type]
    rounds.once()

    assert (done, rounds.troubles) == (["begun", "ended"], ("trouble",))


def test_before_it_starts_it_is_not_alive() -> None:
    rounds = Rounds("alarms", lambda _now: (), Clock())

    assert (rounds.is_alive, rounds.done_at) == (False, None)
    rounds.stop()
