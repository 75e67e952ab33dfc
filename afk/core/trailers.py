"""Read and write what a commit message says to machines: trailers and closing keywords.

A trailer is found by git's own rules, so that what `git log --format=%(trailers)` shows and what AFK believes agree.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afk.core.model import Slug

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RUN_KEY = "AFK-Run"
REFS_KEY = "Refs"

_TRAILER = re.compile(r"([A-Za-z0-9-]++)[ \t]*+:(.*)", re.DOTALL)
_BY_GIT = ("Signed-off-by: ", "(cherry picked from commit ")
_GIT_SHARE = 3  # beside a line that git wrote, one line in four must be a trailer
_BLANK = " \t\v\f\r"

_NAME = r"[A-Za-z0-9._-]{1,100}+"
_CLOSING = re.compile(
    r"(?<![\w-])(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)(?:\s*+:\s*+|\s++)"
    rf"(?:(?:https?://[^\s/]++/)?(?P<owner>{_NAME})/(?P<name>{_NAME})(?:\#|/issues/)|\#|GH-)"
    r"(?P<number>[1-9][0-9]{0,8}+)(?!\w)",
    re.IGNORECASE,
)


def run_of(message: str) -> str | None:
    """The run that a commit says it belongs to. The last trailer counts."""
    value = None
    for key, said in _trailers(message):
        if key.lower() == RUN_KEY.lower():
            value = said
    return value or None


def trailers_for(slug: Slug, number: int, run_id: str) -> tuple[str, str]:
    """The two lines that every commit of a run carries."""
    return f"{REFS_KEY}: {slug}#{number}", f"{RUN_KEY}: {run_id}"


def closing_keywords(message: str) -> tuple[tuple[Slug | None, int], ...]:
    """The issues that a forge closes when this commit reaches the default branch. No slug: of the same repository."""
    found: dict[tuple[Slug | None, int], None] = {}
    for match in _CLOSING.finditer(message):
        slug = Slug(match["owner"], match["name"]) if match["owner"] else None
        found[slug, int(match["number"])] = None
    return tuple(found)


def _trailers(message: str) -> Iterator[tuple[str, str]]:
    """Every trailer, with its folded lines joined by one blank."""
    open_one: tuple[str, list[str]] | None = None
    for line in _trailer_lines(message):
        if open_one and line[0] in _BLANK:
            open_one[1].append(line.strip())
            continue
        if open_one:
            yield open_one[0], " ".join(filter(None, open_one[1]))
        match = _TRAILER.fullmatch(line)
        open_one = (match[1], [match[2].strip()]) if match else None
    if open_one:
        yield open_one[0], " ".join(filter(None, open_one[1]))


def _trailer_lines(message: str) -> Sequence[str]:
    """The last paragraph, if it is made of trailers. The first paragraph is the subject and never is."""
    lines = message.split("\n")
    while lines and (_is_blank(lines[-1]) or _is_comment(lines[-1])):
        lines.pop()
    start = next((at + 1 for at in range(len(lines) - 1, -1, -1) if _is_blank(lines[at])), 0)
    # A blank line before the paragraph must come after a subject, else the paragraph is the subject itself.
    if not any(not _is_blank(line) and not _is_comment(line) for line in lines[:start]):
        return ()
    return lines[start:] if _are_trailers(lines[start:]) else ()


def _are_trailers(block: Sequence[str]) -> bool:
    trailers = others = 0
    by_git = after_trailer = False
    for line in block:
        if _is_comment(line):
            after_trailer = False
        elif line.startswith(_BY_GIT):
            trailers, by_git, after_trailer = trailers + 1, True, True
        elif line[0] in _BLANK:
            others += not after_trailer
        elif _TRAILER.match(line):
            trailers, after_trailer = trailers + 1, True
        else:
            others, after_trailer = others + 1, False
    return trailers > 0 and (others == 0 or (by_git and trailers * _GIT_SHARE >= others))


def _is_blank(line: str) -> bool:
    return not line.strip(_BLANK)


def _is_comment(line: str) -> bool:
    return line.startswith("#")
