"""What of a Markdown body its author says. The rows agree with what a CommonMark renderer shows."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from afk.core.markdown_prose import HIDDEN, Chunk, Kind, prose

COMMON_MARK = MarkdownIt("commonmark").enable("strikethrough")
SILENT = re.compile(r"<(blockquote|code|s|pre)\b.*?</\1>|<!--.*?-->", re.DOTALL)


def said(body: str) -> list[str]:
    return re.findall(r"[A-Z]\w+", " ".join(chunk.text for chunk in prose(body)))


def shown(body: str) -> list[str]:
    """The capitalised words that a renderer shows outside of what the author does not say himself."""
    return re.findall(r"[A-Z]\w+", re.sub(r"<[^>]*>", " ", SILENT.sub(" ", COMMON_MARK.render(body))))


def test_body_is_split_into_headings_items_paragraphs_and_rules():
    body = "# One\ntwo\nthree\n\nFour\n====\n- [x] five\n  six\n   1) seven\n\n***\n"

    assert prose(body) == (
        Chunk(Kind.HEADING, 0, "One"),
        Chunk(Kind.PARAGRAPH, 0, "two\nthree"),
        Chunk(Kind.HEADING, 0, "Four"),
        Chunk(Kind.ITEM, 0, "five\nsix"),
        Chunk(Kind.ITEM, 3, "seven"),
        Chunk(Kind.RULE, 0, ""),
    )


def test_what_is_left_out_leaves_a_trace():
    assert prose("a `b` ~~c~~ d") == (Chunk(Kind.PARAGRAPH, 0, f"a {HIDDEN} {HIDDEN} d"),)


def test_body_of_nothing_says_nothing():
    assert prose("") == prose(" \n\t\n") == ()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("```\nIn\n```\nOut", ["Out"], id="fence"),
        pytest.param("````\nIn\n```\nIn\n````\nOut", ["Out"], id="longer-fence"),
        pytest.param("~~~\nIn\n```\nIn\n~~~\nOut", ["Out"], id="tilde-fence"),
        pytest.param("```\nIn\n    ```\nIn\n```\nOut", ["Out"], id="indented-mark-closes-nothing"),
        pytest.param("``` a`b\nOut", ["Out"], id="backtick-in-the-info-opens-nothing"),
        pytest.param("- ```\n  In\n\nOut", ["Out"], id="fence-ends-with-its-item"),
        pytest.param("-   - ~~~\n      In\n\n    Out", ["Out"], id="fence-ends-with-its-inner-item"),
        pytest.param("Out\n    Out", ["Out", "Out"], id="indented-line-goes-on"),
        pytest.param("Out\n\n    In\n\nOut", ["Out", "Out"], id="indented-code"),
        pytest.param("- a\n\n      In\n\n  Out", ["Out"], id="indented-code-in-an-item"),
        pytest.param("-     In\n\n  Out", ["Out"], id="item-that-begins-with-code"),
        pytest.param("1.\nOut `Out\n===\nOut` Out", ["Out"] * 4, id="empty-item-does-not-go-on"),
        pytest.param("> In\n\nOut", ["Out"], id="quote"),
        pytest.param("1. > In\n\n   Out", ["Out"], id="quote-in-an-item"),
        pytest.param("<!-- In\n\nIn --> Out\nOut", ["Out", "Out"], id="comment-block"),
        pytest.param("Out <!-- In\nIn --> Out", ["Out", "Out"], id="comment-in-a-paragraph"),
        pytest.param("<pre>\n\nIn\n</pre>\nOut", ["Out"], id="html-code"),
        pytest.param("a `In` ``In ` In`` Out", ["Out"], id="code-spans"),
        pytest.param("a `Out\n\nOut` b", ["Out", "Out"], id="code-span-ends-with-its-paragraph"),
        pytest.param("a \\`Out `In`", ["Out"], id="escaped-backtick"),
        pytest.param("~~In~~ ~~ Out ~~", ["Out"], id="struck-through"),
        pytest.param("~~Out ~~Out", ["Out", "Out"], id="tildes-that-open-close-nothing"),
        pytest.param("~~In `~~` In~~ Out", ["Out"], id="struck-through-code"),
        pytest.param("# Out `In`\nOut", ["Out", "Out"], id="heading"),
    ],
)
def test_code_quotes_comments_and_struck_words_are_left_out(body: str, words: list[str]):
    assert said(body) == words
    assert shown(body) == words


def test_line_right_under_a_quote_counts_as_said():
    assert said("> In\nOut") == ["Out"]


@pytest.mark.parametrize("name", ["del", "s", "strike", "blockquote", "code", "DEL"])
def test_silent_elements_reach_over_paragraphs(name: str):
    assert said(f"Out <{name} class='x'>In\n\n- In\n\nIn</{name}> Out") == ["Out", "Out"]


def test_overlapping_silent_elements_keep_the_chunks_apart():
    assert [chunk.text for chunk in prose("A<del>B\n\nC<s>D\n\nE</del>F\n\nG</s>H")] == [f"A{HIDDEN}", "", HIDDEN, "H"]


@given(
    st.lists(
        st.sampled_from(["Word", " ", "\n", "\n\n", "```\n", "> ", "- ", "`", "# ", "  ", "* ", "2. "]), max_size=25
    )
)
def test_no_word_is_lost_that_a_renderer_shows(parts: list[str]):
    body = "".join(parts)
    lost = [word for word in shown(body) if word not in said(body)]

    assert not lost


@given(st.text(alphabet=st.sampled_from("\0\x01<>!-dels/`~\\ \n#")))
def test_any_body_is_split(body: str):
    assert all(chunk.text == chunk.text.strip() or HIDDEN in chunk.text for chunk in prose(body))
