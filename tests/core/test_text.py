"""Hostile text on its way to people, trackers and prompts."""

from __future__ import annotations

import html
import re
import sys
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from afk.core.text import cap, clean, fenced, markdown_escaped, plain

# Format characters that are drawn: the number and verse signs of Arabic, Syriac and Kaithi.
DRAWN = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}
COMMON_MARK = MarkdownIt("commonmark").enable(["strikethrough", "table"])
TAG = re.compile(r"<!--.*?-->|</?(?:p|span)>")
# What GitHub and Gitea look for between two tags of the rendered page.
LINKED = re.compile(r"@\w|(?<!&)[#!][0-9]|GH-[0-9]|https?://|www\.|:[\w+-]+:", re.IGNORECASE)


def rendered(markdown: str) -> str:
    return COMMON_MARK.render(markdown).strip()


def shown(markdown: str) -> str:
    """What a reader of the rendered page sees."""
    return html.unescape(TAG.sub("", rendered(markdown)))


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        pytest.param("  a\r\n\tb\u2028c \u00a0 d ", 20, "a b c d", id="blanks-and-line-ends-become-one-blank"),
        pytest.param("a\x1b[31mb\x00\x7f\x9b", 20, "a[31mb", id="control-characters"),
        pytest.param("pay\u202elive\u2066x\u2069", 20, "paylivex", id="bidirectional"),
        pytest.param("a\u200bd\u200dm\ufeffi\u2060n\u00ad", 20, "admin", id="zero-width"),
        pytest.param("a\U000e0041\U000e0100\ufe0fb", 20, "ab", id="tags-and-variation-selectors"),
        pytest.param("a\ud800b", 20, "ab", id="lone-surrogate"),
        pytest.param("\u3164\u115f", 20, "", id="fillers-that-look-like-nothing"),
        pytest.param("Grüße, 世界 🎉", 20, "Grüße, 世界 🎉", id="other-scripts-stay"),
        pytest.param("abcdef", 6, "abcdef", id="fits"),
        pytest.param("abcdefg", 6, "abcde…", id="cut"),
        pytest.param("abcd efg", 6, "abcd…", id="cut-at-a-blank"),
        pytest.param("ab", 1, "…", id="room-for-the-sign-alone"),
        pytest.param("ab", 0, "", id="no-room"),
    ],
)
def test_plain_text_is_one_visible_line(text: str, limit: int, expected: str):
    assert plain(text, limit) == expected


def test_every_invisible_code_point_is_stripped():
    suspects = [
        chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) in {"Cc", "Cf", "Cs"}
    ]

    assert {ord(sign) for sign in suspects if plain(f"a{sign}b", 9) not in {"ab", "a b"}} == DRAWN


@given(st.text(), st.integers(-1, 40))
def test_plain_text_keeps_its_limit_and_is_plain_already(text: str, limit: int):
    line = plain(text, limit)

    assert len(line) <= max(limit, 0)
    assert plain(line, 40) == line
    assert "\n" not in line


def test_clean_text_keeps_its_lines_and_tabs():
    assert clean("a\r\nb\rc\u2028\td\u200b\x1b\x85e\x0cf") == "a\nb\nc\n\td\ne\nf"


@given(st.text(alphabet=st.sampled_from("\r\n\u200b\u2028\t\x85\x1fab")))
def test_clean_text_is_clean_already(text: str):
    assert clean(clean(text)) == clean(text)


def test_text_within_the_cap_stays_as_it_is():
    assert cap("a\nb", 3) == "a\nb"


def test_capped_text_ends_at_the_near_line_end_and_says_how_much_is_missing():
    text = "x" * 60 + "\n" + "y" * 60

    assert cap(text, 100, "[{cut} left out]") == "x" * 60 + "\n" + "y" * 24 + "\n[36 left out]"
    assert cap(text, 80, "[{cut} left out]") == "x" * 60 + "\n[61 left out]"


def test_cap_without_room_for_the_text_leaves_the_notice():
    assert cap("abcdef", 3, "[{cut}]") == "[6]"


@given(st.text(alphabet="ab\n", max_size=300), st.integers(0, 200))
def test_capped_text_keeps_its_limit_and_counts_right(text: str, limit: int):
    capped = cap(text, limit, "[{cut}]")

    assert len(capped) <= max(limit, len("[300]"))
    if capped != text:
        head, cut = re.fullmatch(r"(.*?)\n?\[([0-9]+)\]", capped, re.DOTALL).groups()
        assert text.startswith(head)
        assert len(head) + int(cut) == len(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a", "```\na\n```", id="plain"),
        pytest.param("a\n", "```\na\n```", id="its-own-line-end"),
        pytest.param("```\na", "````\n```\na\n````", id="holds-a-fence"),
        pytest.param("`````", "``````\n`````\n``````", id="holds-a-longer-fence"),
    ],
)
def test_fence_is_longer_than_anything_inside(text: str, expected: str):
    assert fenced(text) == expected


@given(st.text(alphabet=st.sampled_from("`~\n\r >-a<@\t")))
def test_fenced_text_cannot_leave_its_block(text: str):
    page = rendered(fenced(text) + "\n\nafter")

    assert page.startswith("<pre><code>")
    assert page.count("<pre>") == 1
    assert page.endswith("</code></pre>\n<p>after</p>")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("hello, world", "hello, world", id="words"),
        pytest.param("hi @octocat", "hi @<!-- -->octocat", id="mention"),
        pytest.param("see #42 and a/b#7", "see #<!-- -->42 and a/b#<!-- -->7", id="references"),
        pytest.param("GH-7 !8", "GH-<!-- -->7 !<!-- -->8", id="other-references"),
        pytest.param(
            "https://x.example www.x.example", "https:<!-- -->//x.example www<!-- -->.x.example", id="bare-links"
        ),
        pytest.param("![i](u)", r"!\[i\](u)", id="image"),
        pytest.param("<b>&amp;", "&lt;b&gt;&amp;amp;", id="html"),
        pytest.param("tests/test_x.py::test_y", r"tests/test\_x.py::test\_y", id="name-of-a-test"),
        pytest.param("a | b ~~c~~ `d`", r"a \| b \~\~c\~\~ \`d\`", id="table-strike-code"),
        pytest.param("costs $5 or $6", "costs <span>$</span>5 or <span>$</span>6", id="formula"),
        pytest.param("a\\", "a\\\\", id="backslash-at-the-end"),
        pytest.param("so :tada:", "so :<!-- -->tada:", id="emoji-word"),
    ],
)
def test_escaped_text_is_defused(text: str, expected: str):
    assert markdown_escaped(text) == expected
    assert shown(expected) == text


@pytest.mark.parametrize(
    "text", ["# a", "- a", "+ a", "* a", "1. a", "12) a", "> a", "---", "===", "```", ": a", "[a]: b"]
)
def test_escaped_text_starts_no_block(text: str):
    page = rendered("above\n" + markdown_escaped(text))

    assert page.startswith("<p>above\n")
    assert page.count("<") == 2


@given(st.text(alphabet=st.sampled_from("ab1 @#!:/.\\`*_[]()<>&$~|-+=wGH\n\t\"'")))
def test_escaped_text_shows_as_written_and_links_nothing(text: str):
    markdown = markdown_escaped(text)
    page = rendered(markdown)

    assert shown(markdown) == " ".join(text.split())
    assert re.fullmatch(r"(?:<p>.*</p>)?", page)
    assert not LINKED.search(html.unescape(re.sub(r"<[^>]*>", "\0", page)))


@pytest.mark.parametrize(
    "work", [lambda text: plain(text, 80), clean, fenced, markdown_escaped, lambda text: cap(text, 9)]
)
@pytest.mark.parametrize("piece", ["\u200b", " ", "\r\n", "`", ":a", "www", "@", "\\", "a"], ids=repr)
def test_time_grows_no_faster_than_the_text(work, piece: str):
    def seconds(length: int) -> float:
        text = piece * (length // len(piece))
        begin = time.process_time()
        work(text)
        return time.process_time() - begin

    lesser = min(seconds(20_000) for _ in range(2))
    greater = min(seconds(160_000) for _ in range(2))

    assert greater < 8 * 3 * lesser + 0.02
