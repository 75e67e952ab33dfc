"""How urgent labels say an issue is."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afk.core.priorities import Priority, priority, urgency


@pytest.mark.parametrize(
    ("labels", "value"),
    [
        pytest.param(["P0"], 0, id="P0"),
        pytest.param(["p12"], 12, id="lower-case"),
        pytest.param(["priority:1"], 1, id="priority"),
        pytest.param(["Priority : 2"], 2, id="blanks-around-the-colon"),
        pytest.param(["  PRIORITY:007 "], 7, id="zeros-in-front"),
        pytest.param(["P3", "bug", "priority:1", "P2"], 1, id="most-urgent-of-many"),
        pytest.param([], None, id="no-labels"),
        pytest.param(["bug", "ready-for-agent", "php8", "p2p", "prioritised", "x-P1", "P"], None, id="other-labels"),
    ],
)
def test_readable_labels_give_their_lowest_value(labels: list[str], value: int | None):
    assert priority(labels) == Priority(value)


@pytest.mark.parametrize(
    "label",
    [
        "priority:high",
        "Priority: High",
        "priority:-1",
        "priority:1.5",
        "priority:",
        "priority",
        "priority/1",
        "priority-1",
        "priority::1",
        "priority:1234567890",
        "priority:\u0661",
        "P1: urgent",
        "P1 - high",
        "P-1",
        "P:1",
    ],
)
def test_priority_that_cannot_be_read_is_reported_and_not_guessed(label: str):
    assert priority([label, "bug"]) == Priority(None, (label,))


def test_unreadable_beside_readable_is_reported_too():
    assert priority(["priority:low", "P4", "priority:high"]) == Priority(4, ("priority:high", "priority:low"))


def test_report_of_a_hostile_label_is_one_short_line():
    (told,) = priority(["priority:\u202e\n" + "x" * 500]).unreadable

    assert len(told) == 60
    assert told.isprintable()


def test_issues_without_priority_come_last():
    ranked = sorted([["bug"], ["P2"], ["priority:0"], ["priority:high"], ["P1"]], key=lambda it: urgency(priority(it)))

    assert ranked == [["priority:0"], ["P1"], ["P2"], ["bug"], ["priority:high"]]


@given(st.lists(st.text(alphabet=st.sampled_from("Pp01:riotyRIOTY -/high\u00a0"))))
def test_any_labels_are_read_whatever_their_order(labels: list[str]):
    read = priority(labels)

    assert read == priority(reversed(labels))
    assert len(read.unreadable) <= len(labels)


@pytest.mark.parametrize(
    "label", ["priority" + " " * 300_000, "p" * 300_000, "P" + "1" * 300_000], ids=["blanks", "p", "1"]
)
def test_long_label_is_read_at_once(label: str):
    begin = time.process_time()
    priority([label])

    assert time.process_time() - begin < 0.2
