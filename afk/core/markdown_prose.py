"""Split a Markdown body into its headings, list items and paragraphs, without what its author does not say himself.

Left out are code, block quotes, HTML comments and struck-through text. Block structure follows CommonMark, with one
exception: a line right under a quote counts as said, though CommonMark would draw it into the quote. Linear in time.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from enum import StrEnum

from afk.core.text import clean

HIDDEN = "\0"  # stands where something was left out; `clean` lets none through from the body
_BETWEEN = "\x01"

_FENCE = re.compile(r"(`{3,}|~{3,})(.*)", re.DOTALL)
_HEADING = re.compile(r"#{1,6}(?: +(.*))?", re.DOTALL)
_UNDERLINE = re.compile(r"(?:=+|-+) *")
_RULE = re.compile(r"([-*_])(?: *\1){2,} *")
_ITEM = re.compile(r"([-*+]|[0-9]{1,9}[.)])(?:( +)(.*))?", re.DOTALL)
_TASK = re.compile(r"\[[ xX]\] +")
_RAW_TAG = re.compile(r"<(pre|script|style|textarea)(?=[\s>]|$)", re.IGNORECASE)
_CODE_INDENT = 4
_NESTING = 12  # markers on one line; more of them are text

_INLINE = re.compile(r"\\.|`+|<!--|~+", re.DOTALL)
_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_SILENT_TAG = re.compile(r"<(/?)(del|s|strike|blockquote|pre|code|script|style|textarea)(?:\s[^<>]*)?>", re.IGNORECASE)


class Kind(StrEnum):
    HEADING = "heading"
    ITEM = "item"
    PARAGRAPH = "paragraph"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class Chunk:
    kind: Kind
    indent: int  # of its marker or its first line, in columns
    text: str


@dataclass(slots=True)
class _Blocks:
    """The state of the walk over the lines."""

    chunks: list[Chunk] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)  # of the chunk that is open; none: no chunk is
    kind: Kind = Kind.PARAGRAPH
    indent: int = 0
    items: list[int] = field(default_factory=list)  # where the content of each enclosing list item begins
    fence: str = ""
    until: str = ""  # what ends the HTML block
    base: int = 0  # of the fence or HTML block

    def open(self, kind: Kind, indent: int, text: str) -> None:
        self.close()
        self.kind, self.indent, self.lines = kind, indent, [text]

    def close(self, kind: Kind | None = None) -> None:
        if self.lines:
            self.chunks.append(Chunk(kind or self.kind, self.indent, "\n".join(self.lines).strip()))
        self.lines = []


def prose(body: str) -> tuple[Chunk, ...]:
    """What the author says, in order."""
    blocks = _Blocks()
    for line in clean(body).expandtabs(_CODE_INDENT).split("\n"):
        _read(blocks, line)
    blocks.close()
    texts = _without_silent_tags(_BETWEEN.join(_without_silent_spans(chunk.text) for chunk in blocks.chunks))
    return tuple(
        Chunk(chunk.kind, chunk.indent, text)
        for chunk, text in zip(blocks.chunks, texts.split(_BETWEEN), strict=False)  # no chunk: one empty text
    )


def _read(blocks: _Blocks, line: str) -> None:
    content = line.lstrip(" ")
    indent = len(line) - len(content)
    if (blocks.fence or blocks.until) and content and indent < blocks.base:
        blocks.fence = blocks.until = ""  # its list item ended
    if blocks.fence:
        mark = _FENCE.fullmatch(content)
        if mark and mark[1].startswith(blocks.fence) and not mark[2].strip() and indent - blocks.base < _CODE_INDENT:
            blocks.fence = ""
        return
    if blocks.until:
        place = content.lower().find(blocks.until)
        if place < 0:
            return
        blocks.open(Kind.PARAGRAPH, blocks.base, content[place + len(blocks.until) :])
        blocks.close()
        blocks.until = ""
        return
    if not content:
        blocks.close()
        return
    _read_content(blocks, content, indent)


def _read_content(blocks: _Blocks, content: str, indent: int) -> None:
    depth = bisect_right(blocks.items, indent)
    base = blocks.items[depth - 1] if depth else 0
    if depth < len(blocks.items) and not any(blocks.lines):
        blocks.close()  # an item that holds nothing is not carried on by the next line
    if indent - base >= _CODE_INDENT:
        if blocks.lines:
            blocks.lines.append(content)
        return
    for _ in range(_NESTING):
        if _reads_block(blocks, content, indent, base):
            del blocks.items[depth:]
            return
        item = _ITEM.fullmatch(content)
        if item is None or _RULE.fullmatch(content):
            break
        marker, gap, rest = item[1], item[2] or " ", item[3] or ""
        del blocks.items[depth:]
        blocks.open(Kind.ITEM, indent, "")
        if len(gap) > _CODE_INDENT:  # an indented code block is all that the item holds
            rest, gap = "", " "
        indent += len(marker) + len(gap)
        blocks.items.append(indent)
        depth, base = len(blocks.items), indent
        content = _TASK.sub("", rest, count=1) if _TASK.match(rest) else rest
    if blocks.lines:
        blocks.lines.append(content)
    else:
        del blocks.items[depth:]
        blocks.open(Kind.PARAGRAPH, indent, content)


def _reads_block(blocks: _Blocks, content: str, indent: int, base: int) -> bool:
    """Whether the line starts or is a block that is no list item and no paragraph."""
    fence = _FENCE.fullmatch(content)
    if fence and not (fence[1][0] == "`" and "`" in fence[2]):
        blocks.close()
        blocks.fence, blocks.base = fence[1], base
    elif content.startswith(">"):
        blocks.close()
    elif heading := _HEADING.fullmatch(content):
        blocks.open(Kind.HEADING, indent, (heading[1] or "").rstrip(" #"))
        blocks.close()
    elif blocks.lines and blocks.kind is Kind.PARAGRAPH and _UNDERLINE.fullmatch(content):
        blocks.close(Kind.HEADING)
    elif _RULE.fullmatch(content):
        blocks.open(Kind.RULE, indent, "")
        blocks.close()
    else:
        return _reads_html(blocks, content, base)
    return True


def _reads_html(blocks: _Blocks, content: str, base: int) -> bool:
    """Whether an HTML block starts here. If it does not end on this line, it goes on over blank lines too."""
    tag = _RAW_TAG.match(content)
    until = "-->" if content.startswith("<!--") else f"</{tag[1].lower()}>" if tag else ""
    if not until:
        return False
    if blocks.lines == [""]:  # an item begins with it
        blocks.lines.append(content)
    else:
        blocks.open(Kind.PARAGRAPH, base, content)
    if until not in content.lower():
        blocks.lines.pop()
        blocks.until, blocks.base = until, base
    blocks.close()
    return True


def _without_silent_spans(text: str) -> str:
    """Leave out code spans, comments and what is struck through; resolve backslash escapes."""
    fences = _fences(text)
    kept: list[str] = []
    strikes: dict[str, int] = {}  # the tildes that may open → where in `kept` they stand
    place, comments_end = 0, True
    while found := _INLINE.search(text, place):
        kept.append(text[place : found.start()])
        mark, place = found[0], found.end()
        match mark[0]:
            case "\\":
                if mark[1] in _PUNCTUATION:
                    place = found.start() + 2
                    kept.append(mark[1])
                else:
                    kept.append(mark)
            case "`":
                ends = fences[len(mark)]
                nearest = bisect_right(ends, place)
                if nearest < len(ends):
                    place = ends[nearest]
                    kept.append(HIDDEN)
                else:
                    kept.append(mark)
            case "<":
                end = text.find("-->", place - 2) if comments_end else -1  # <!--> is a whole comment
                comments_end = end >= 0
                if comments_end:
                    place = end + 3
                kept.append(HIDDEN if comments_end else mark)
            case _:
                _strike(text, found, kept, strikes)
    kept.append(text[place:])
    return "".join(kept)


def _fences(text: str) -> dict[int, list[int]]:
    """Where the runs of backticks end, by their length."""
    ends: dict[int, list[int]] = defaultdict(list)
    for run in re.finditer("`+", text):
        ends[len(run[0])].append(run.end())
    return ends


def _strike(text: str, found: re.Match[str], kept: list[str], strikes: dict[str, int]) -> None:
    mark = found[0]
    start, end = found.span()
    before, after = text[max(0, start - 1) : start].strip(), text[end : end + 1].strip()
    closes = before and (before not in _PUNCTUATION or not after or after in _PUNCTUATION)
    opens = after and (after not in _PUNCTUATION or not before or before in _PUNCTUATION)
    if mark in strikes and closes:
        del kept[strikes.pop(mark) :]
        for later in [each for each, at in strikes.items() if at >= len(kept)]:
            del strikes[later]
        kept.append(HIDDEN)
        return
    if len(mark) <= 2 and opens:  # noqa: PLR2004 - GitHub strikes through with one tilde or two
        strikes[mark] = len(kept)
    kept.append(mark)


def _without_silent_tags(text: str) -> str:
    """Leave out what stands in HTML elements that strike through, quote or show code."""
    kept: list[str] = []
    opened: dict[str, int] = {}
    spans: list[tuple[int, int]] = []
    for tag in _SILENT_TAG.finditer(text):
        name = tag[2].lower()
        if not tag[1]:
            opened.setdefault(name, tag.start())
        elif name in opened:
            spans.append((opened.pop(name), tag.end()))
    place = 0
    for start, end in sorted(spans):
        if end > place:
            begin = max(start, place)
            kept += [text[place:begin], HIDDEN, _BETWEEN * text.count(_BETWEEN, begin, end)]
            place = end
    return "".join(kept) + text[place:]
