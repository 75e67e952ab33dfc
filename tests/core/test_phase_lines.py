"""What an agent reports in its messages."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afk.core.phase_lines import DETAIL_LIMIT, NO_REASON, blocked, last_words, nothing_to_do, reported
from afk.core.run import Phase

TEST = "tests/test_x.py::test_y"
RED = f"AFK-Phase: tests-red {TEST}"


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(RED, id="alone"),
        pytest.param(f"I wrote a test.\n{RED}\nNow the code.", id="between-words"),
        pytest.param(f"a\r\n  {RED}  \r\nb", id="blanks-and-windows-line-ends"),
        pytest.param(f"afk-phase : Tests-Red   {TEST}", id="any-case"),
        pytest.param(f"`{RED}`", id="in-backticks"),
        pytest.param(f"**{RED}**", id="in-bold"),
        pytest.param(f"AFK-Phase: tests-red: {TEST}", id="colon-behind-the-phase"),
        pytest.param(f"```\ncode\n```\n{RED}", id="behind-a-code-block"),
    ],
)
def test_line_of_its_own_is_a_report(message: str):
    assert reported([message]) == ((Phase.TESTS_RED, TEST),)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(f"I will write {RED} then", id="in-a-sentence"),
        pytest.param(f"- {RED}", id="in-a-list"),
        pytest.param(f"> {RED}", id="quoted"),
        pytest.param(f"```\n{RED}\n```", id="in-a-code-block"),
        pytest.param(f"~~~~text\n{RED}\n```\n{RED}\n~~~\n{RED}", id="in-a-code-block-that-stays-open"),
        pytest.param(f"    {RED}", id="in-indented-code"),
        pytest.param("AFK-Phase:", id="no-phase"),
        pytest.param("AFK-Phase: red", id="unknown-phase"),
        pytest.param("XAFK-Phase: green", id="another-key"),
        pytest.param("AFK-Phase green", id="no-colon"),
        pytest.param("", id="empty"),
    ],
)
def test_anything_else_reports_nothing(message: str):
    assert reported([message]) == ()


@pytest.mark.parametrize("phase", [Phase.PUSHED, Phase.CI, Phase.DEPLOYED, Phase.DONE])
def test_agent_cannot_report_what_afk_sees_itself(phase: Phase):
    assert reported([f"AFK-Phase: {phase.value} abc1234"]) == ()


def test_last_report_of_a_phase_wins_and_the_lowest_phase_comes_first():
    said = ["AFK-Phase: green 12 passed\nAFK-Phase: worktree", "AFK-Phase: green 13 passed"]

    assert reported(said) == ((Phase.WORKTREE, ""), (Phase.GREEN, "13 passed"))


def test_detail_is_one_short_visible_line():
    ((_, detail),) = reported(["AFK-Phase: green \u202e\x1b[2Jfine\tso " + "x" * 999])

    assert detail.startswith("[2Jfine so xxx")
    assert len(detail) == DETAIL_LIMIT


@pytest.mark.parametrize(("key", "read"), [("AFK-Blocked", blocked), ("AFK-Nothing-To-Change", nothing_to_do)])
def test_reason_is_read_from_a_line_of_its_own(key: str, read):
    assert read([f"{key}: first", f"so\n{key}: no access to the registry\nbye"]) == "no access to the registry"
    assert read([f"{key}:"]) == NO_REASON
    assert read([f"I might write {key}: x", f"> {key}: y", f"```\n{key}: z\n```"]) is None
    assert read([]) is None
    assert len(read([f"{key}: " + "x" * 999]) or "") == DETAIL_LIMIT


def test_blocked_and_nothing_to_change_are_two_things():
    assert blocked(["AFK-Nothing-To-Change: done already"]) is None
    assert nothing_to_do(["AFK-Blocked: no access"]) is None


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        pytest.param(["AFK-Blocked: no access", "Bye."], "no access", id="blocked"),
        pytest.param(["AFK-Nothing-To-Change: done already"], "done already", id="nothing-to-change"),
        pytest.param(["Hello.", "Bye."], "Bye.", id="what-it-said-last"),
        pytest.param([], "", id="it-said-nothing"),
    ],
)
def test_last_words_are_the_reason_if_one_was_given(messages: list[str], said: str):
    assert last_words(messages) == said


PIECES = st.sampled_from(
    ["AFK-Phase: ", "green", "worktree", "\n", "`", "```", "~~~", "**", "    ", "> ", "AFK-Blocked:", " x"]
)


@given(st.lists(st.one_of(st.text(), st.lists(PIECES).map("".join)), max_size=5))
def test_any_messages_are_read(messages: list[str]):
    phases = [phase for phase, _ in reported(messages)]

    assert phases == [phase for phase in Phase if phase in phases]
    assert set(phases) <= {Phase.WORKTREE, Phase.TESTS_RED, Phase.GREEN}
    assert all(detail.isprintable() and len(detail) <= DETAIL_LIMIT for _, detail in reported(messages))


@pytest.mark.parametrize(
    "piece", ["AFK-Phase: green\n", "AFK-Phase", "`", "*", " ", "\n", "~~~\n", "```` `\n"], ids=repr
)
def test_time_grows_no_faster_than_the_message(piece: str):
    def seconds(length: int) -> float:
        messages = [piece * (length // len(piece))]
        begin = time.process_time()
        reported(messages)
        return time.process_time() - begin

    lesser = min(seconds(20_000) for _ in range(2))
    greater = min(seconds(160_000) for _ in range(2))

    assert greater < 8 * 3 * lesser + 0.02
