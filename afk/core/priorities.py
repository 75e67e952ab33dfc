"""Read how urgent an issue is from its labels.

Two spellings count, in any case: `P<n>` and `priority:<n>`, blanks around the colon allowed. 0 is the most urgent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from afk.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

_READABLE = re.compile(r"(?:p|priority\s*+:\s*+)([0-9]{1,9})", re.IGNORECASE)
_MEANT = re.compile(r"(?:priority(?![a-z])|p[0-9]{1,2}(?!\w)|p\s?[-:/]\s?[0-9])", re.IGNORECASE)
_LABEL_LIMIT = 60


@dataclass(frozen=True, slots=True)
class Priority:
    value: int | None  # None: nobody said, or not so that it can be read
    unreadable: tuple[str, ...] = ()  # labels that look like a priority and are none of the two spellings


def priority(labels: Iterable[str]) -> Priority:
    """The most urgent of the readable labels. What cannot be read is told, never guessed."""
    values: list[int] = []
    unreadable: list[str] = []
    for label in sorted(labels):
        name = label.strip()
        readable = _READABLE.fullmatch(name)
        if readable:
            values.append(int(readable[1]))
        elif _MEANT.match(name):
            unreadable.append(plain(name, _LABEL_LIMIT))
    return Priority(min(values, default=None), tuple(unreadable))


def urgency(of: Priority) -> tuple[bool, int]:
    """Sorts the most urgent first and what has no priority last."""
    return of.value is None, of.value or 0
