"""A corrective turn gets the lines that matter, and never more than twenty."""

from __future__ import annotations

from afk.adapters.github.job_failure import error_lines

STAMP = "2026-11-01T08:00:00.0000000Z "


def test_errors_come_first_and_then_the_end_of_the_log() -> None:
    log = "\n".join(
        STAMP + line
        for line in [
            "##[group]Run pytest",
            "collecting",
            "##[endgroup]",
            "\x1b[31mFAILED\x1b[0m tests/test_x.py::test_y - AssertionError: 1 != 2",
            "1 of 9",
            "",
            "##[error]Process completed with exit code 1.",
            "Cleaning up",
        ]
    )

    assert error_lines(log) == (
        "FAILED tests/test_x.py::test_y - AssertionError: 1 != 2",
        "Process completed with exit code 1.",
        "collecting",
        "1 of 9",
        "Cleaning up",
    )


def test_of_many_errors_the_first_twenty_are_kept() -> None:
    log = "\n".join(f"error: number {n}" for n in range(50))

    assert error_lines(log) == tuple(f"error: number {n}" for n in range(20))


def test_of_a_long_log_with_few_errors_the_end_is_kept() -> None:
    log = "\n".join([*(f"line {n}" for n in range(1000)), "fatal: no", "bye"])
    found = error_lines(log)

    assert len(found) == 20
    assert (found[0], found[1], found[-2:]) == ("fatal: no", "line 982", ("line 999", "bye"))


def test_a_line_without_end_is_cut_and_hostile_characters_are_gone() -> None:
    found = error_lines("Error: \u202e" + "x" * 5000)

    assert len(found) == 1
    assert len(found[0]) == 300
    assert "\u202e" not in found[0]


def test_an_empty_log_has_no_lines() -> None:
    assert error_lines("\n\n") == ()
