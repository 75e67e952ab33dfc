"""What is asked again where some subjects could not be asked."""

from __future__ import annotations

from typing import Any

import pytest

from afk.ports import Refused, Unreachable
from flows.batches import Batch

SILENT = Unreachable("nobody answers")
LIMITED = Unreachable("slow down", until=object())  # type: ignore[arg-type]
NO = Refused("403")


class Oracle:
    """Says of each subject what the script has next, and at the end the subject itself."""

    def __init__(self, **script: list[Any]) -> None:
        self.script, self.asked = script, list[list[str]]()

    def ask(self, subjects: list[str]) -> dict[str, Any]:
        self.asked.append(list(subjects))
        return {each: self.script[each].pop(0) if self.script.get(each) else each.upper() for each in subjects}


def batch(oracle: Oracle) -> Batch:
    return Batch(oracle.ask, ["a", "b", "c"], str.lower)


def test_only_the_silent_are_asked_again() -> None:
    oracle = Oracle(b=[SILENT, SILENT])
    asking = batch(oracle)
    for _ in range(2):
        with pytest.raises(Unreachable):
            asking.once()

    assert asking.once() == {"a": "A", "b": "B", "c": "C"}
    assert oracle.asked == [["a", "b", "c"], ["b"], ["b"]]


def test_refusals_and_rate_limits_are_answers() -> None:
    oracle = Oracle(a=[NO], b=[LIMITED])

    assert batch(oracle).once() == {"a": NO, "b": LIMITED, "c": "C"}
    assert len(oracle.asked) == 1


def test_what_was_said_before_stays_where_the_last_try_fails_as_a_whole() -> None:
    oracle = Oracle(b=[SILENT])
    asking = batch(oracle)
    with pytest.raises(Unreachable):
        asking.once()

    def broken(_subjects: list[str]) -> dict[str, Any]:
        raise SILENT

    asking.ask = broken
    with pytest.raises(Unreachable):
        asking.once()
    assert asking.answers == {"a": "A", "b": SILENT, "c": "C"}
