"""Make text that strangers wrote safe to show and to pass on.

Every function is pure and takes time in proportion to the length of its input.
"""

from __future__ import annotations

import re

# Nothing of it shows: controls that are no line end or blank, lone surrogates, what Unicode calls default-ignorable
# (zero-width, bidirectional, variation selectors, fillers, tags), and the annotation and hieroglyph layout controls.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]+"
)
_LINE_END = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_BACKTICKS = re.compile("`+")

_NEAR = 5  # a line end in the last fifth of what may stay is near enough to cut there
CUT_NOTICE = "[cut here: {cut} more characters]"

# A forge looks for mentions, references and bare links in the text nodes of the rendered page, where a backslash or an
# entity has gone already. A comment stays between two text nodes and shows nothing.
_SPLIT = "<!-- -->"
_MARKUP = re.compile(
    r"(?P<syntax>[\\`*_\[\]~|])"
    r"|(?P<html>[<>&])"
    r"|(?P<dollar>\$)"
    r"|(?P<split>@|[#!](?=[0-9])|(?i:gh-)(?=[0-9])|:(?=//)|:(?=[\w+-]++:)|(?i:www)(?=\.))"
)
_HTML = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
_BLOCK_START = re.compile(r"(?P<number>[0-9]{0,9})(?P<sign>[-+=#:.)])")


def plain(text: str, limit: int) -> str:
    """One line of at most `limit` visible characters."""
    line = " ".join(_INVISIBLE.sub("", text).split())
    if len(line) <= limit:
        return line
    return line[: limit - 1].rstrip() + "…" if limit > 0 else ""


def clean(text: str) -> str:
    """The same text without what cannot be seen, its lines ended by a line feed each."""
    return _LINE_END.sub("\n", _INVISIBLE.sub("", text))


def cap(text: str, limit: int, notice: str = CUT_NOTICE) -> str:
    """At most `limit` characters, or the notice alone where even that is longer. `{cut}` is how many went missing."""
    if len(text) <= limit:
        return text
    room = max(0, limit - len(notice.replace("{cut}", str(len(text)))) - 1)
    head = text[:room]
    line_end = head.rfind("\n")
    if line_end >= 0 and line_end >= room - room // _NEAR:
        head = head[:line_end]
    said = notice.replace("{cut}", str(len(text) - len(head)))
    return f"{head}\n{said}" if head else said


def fenced(text: str) -> str:
    """A Markdown code block. Its fence is longer than every run of backticks inside, so nothing inside closes it."""
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.removesuffix(chr(10))}\n{fence}"


def markdown_escaped(text: str) -> str:
    """One line that GitHub and Forgejo show as it was written: no mention, reference, link, image, HTML, formatting."""
    line = " ".join(text.split())
    escaped = _MARKUP.sub(_escape, line)
    block = _BLOCK_START.match(line)
    if block is None:
        return escaped
    number, sign = block["number"], block["sign"]
    if number and sign not in ".)":
        return escaped
    return f"{number}\\{escaped[len(number) :]}"


def _escape(match: re.Match[str]) -> str:
    found = match[0]
    match match.lastgroup:
        case "syntax":
            return "\\" + found
        case "html":
            return _HTML[found]
        case "dollar":
            return "<span>$</span>"  # GitHub typesets what stands between two dollar signs
        case _:
            return found + _SPLIT
