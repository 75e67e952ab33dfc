"""Find the issues a commit message mentions, and what it asks to happen to them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum


class Wish(StrEnum):
    """What the words before a reference ask for."""

    NONE = "none"
    CLOSE = "closes"
    REOPEN = "reopens"


@dataclass(frozen=True, slots=True)
class Reference:
    repository: str | None  # None: the repository of the commit
    number: int
    wish: Wish


def references(message: str) -> list[Reference]:
    found: dict[tuple[str | None, int], Reference] = {}
    for match in _REFERENCE.finditer(message):
        reference = Reference(match["repository"], int(match["number"]), _wish(match["word"]))
        found.setdefault((reference.repository, reference.number), reference)
    return list(found.values())


def _wish(word: str | None) -> Wish:
    if word is None:
        return Wish.NONE
    return Wish.REOPEN if word.lower().startswith("reopen") else Wish.CLOSE


_REFERENCE = re.compile(
    r"(?<![\w/#&.-])"
    r"(?:(?P<word>close[sd]?|fix(?:e[sd])?|resolve[sd]?|reopen(?:s|ed)?):?[ \t]+)?"
    r"(?P<repository>[\w.-]+/[\w.-]+)?#(?P<number>[1-9]\d*)(?!\w)",
    re.IGNORECASE,
)
