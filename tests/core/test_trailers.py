"""What commit messages say to machines. The tables were compared with `git interpret-trailers --parse --no-divider`."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afk.core.model import Slug
from afk.core.trailers import closing_keywords, run_of, trailers_for

X = Slug("owner", "x")


@pytest.mark.parametrize(
    ("message", "run"),
    [
        pytest.param("Add a\n\nAFK-Run: r1", "r1", id="last-paragraph"),
        pytest.param("Add a\n\nWhy.\n\nRefs: owner/x#4\nAFK-Run: r1\n", "r1", id="among-others"),
        pytest.param("Add a\n\nafk-run : r1", "r1", id="any-case-and-a-blank-before-the-colon"),
        pytest.param("Add a\n\nAFK-Run:r1", "r1", id="no-blank-after-the-colon"),
        pytest.param("Add a\n\nAFK-Run:\n  r1\nRefs: owner/x#4", "r1", id="folded"),
        pytest.param("Add a\n\nRefs: a\n AFK-Run: r1", None, id="folded-into-another"),
        pytest.param("Add a\n\nAFK-Run: r1\nAFK-Run: r2", "r2", id="the-last-of-several"),
        pytest.param("Add a\n\nAFK-Run: r1\r\nRefs: owner/x#4\r\n", "r1", id="windows-line-ends"),
        pytest.param("Add a\n\nAFK-Run: r1\n\n\n  \n", "r1", id="blank-lines-at-the-end"),
        pytest.param("Add a\n\nAFK-Run: r1\n# a comment", "r1", id="comment-at-the-end"),
        pytest.param("Add a\n\nWords.\nAFK-Run: r1\nSigned-off-by: A <a@b>", "r1", id="words-beside-what-git-wrote"),
        pytest.param("Add a\n\n1\n2\n3\n4\n5\n6\n7\nAFK-Run: r1\nSigned-off-by: A", None, id="too-many-words"),
        pytest.param("Add a\n\nWords\nAFK-Run: r1", None, id="words-in-the-same-paragraph"),
        pytest.param("AFK-Run: r1", None, id="subject"),
        pytest.param("Add a\nAFK-Run: r1", None, id="subject-of-two-lines"),
        pytest.param("Add a\n\nAFK-Run: r1\n\nMore words.", None, id="not-the-last-paragraph"),
        pytest.param("Add a\n\nIt said:\n\n> AFK-Run: r1", None, id="quoted"),
        pytest.param("Add a\n\n    AFK-Run: r1", None, id="indented"),
        pytest.param("Add a\n\nSee AFK-Run: r1", None, id="in-a-sentence"),
        pytest.param("Add a\n\nXAFK-Run: r1", None, id="another-key"),
        pytest.param("Add a\n\nAFK-Run:", None, id="no-value"),
        pytest.param("", None, id="empty"),
    ],
)
def test_run_is_read_by_the_rules_of_git(message: str, run: str | None):
    assert run_of(message) == run


def test_trailers_that_we_ask_for_are_those_that_we_read():
    lines = trailers_for(X, 42, "x-42-1-3f9a2c71")

    assert lines == ("Refs: owner/x#42", "AFK-Run: x-42-1-3f9a2c71")
    assert run_of("Add a\n\n" + "\n".join(lines)) == "x-42-1-3f9a2c71"
    assert closing_keywords("\n".join(lines)) == ()


@pytest.mark.parametrize(
    "word", ["close", "closes", "closed", "fix", "fixes", "fixed", "resolve", "resolves", "resolved", "CLOSES", "Fix"]
)
def test_every_closing_word_closes(word: str):
    assert closing_keywords(f"{word} #4") == ((None, 4),)


@pytest.mark.parametrize(
    ("message", "closed"),
    [
        pytest.param("Closes: #4", [(None, 4)], id="colon"),
        pytest.param("fixes owner/x#4", [(X, 4)], id="other-repository"),
        pytest.param("fixes https://github.com/owner/x/issues/4.", [(X, 4)], id="address"),
        pytest.param("fixes owner/x/issues/4", [(X, 4)], id="address-without-host"),
        pytest.param("fix GH-4", [(None, 4)], id="GH"),
        pytest.param("Add a (fixes #4), closes #5 and fixes #4", [(None, 4), (None, 5)], id="several"),
        pytest.param("Fixes #4, #5", [(None, 4)], id="only-the-one-behind-the-word"),
        pytest.param("Refs #4", [], id="refs"),
        pytest.param("fixes the bug of #4", [], id="words-between"),
        pytest.param("prefix #4, unfixed #4, hot-fix #4", [], id="parts-of-words"),
        pytest.param("fixing #4", [], id="other-form"),
        pytest.param("fixes#4", [], id="no-blank"),
        pytest.param("fixes #4a, fixes #0", [], id="no-number"),
        pytest.param("fixes https://github.com/owner/x/pull/4", [], id="pull-request-address"),
    ],
)
def test_closing_keywords_are_found(message: str, closed: list[tuple[Slug | None, int]]):
    assert closing_keywords(message) == tuple(closed)


PARTS = st.sampled_from(
    ["AFK-Run: r1", "Refs: a", " folded", "", "words", "# c", "Signed-off-by: A", "fixes #4", "\r", ":"]
)


@given(st.one_of(st.text(), st.lists(PARTS).map("\n".join)))
def test_any_message_is_read(message: str):
    run = run_of(message)

    assert run is None or (run and run == run.strip())
    assert all(number > 0 for _, number in closing_keywords(message))


@given(st.text())
def test_nothing_in_the_body_hides_or_forges_the_trailer_of_the_last_paragraph(body: str):
    assert run_of(f"Add a\n\n{body}\n\nAFK-Run: r1\n") == "r1"


@pytest.mark.parametrize(
    "piece", ["a", "a-", "a: b\n", " \n", " x\n", "\n", "fix ", "fix  a/", "https://a/", "fixes a/b"], ids=repr
)
def test_time_grows_no_faster_than_the_message(piece: str):
    def seconds(length: int) -> float:
        message = "Add a\n\nfix " + piece * (length // len(piece))
        begin = time.process_time()
        run_of(message)
        closing_keywords(message)
        return time.process_time() - begin

    lesser = min(seconds(20_000) for _ in range(2))
    greater = min(seconds(160_000) for _ in range(2))

    assert greater < 8 * 3 * lesser + 0.02
