"""Read the lines in which an agent reports: phases, what blocks it, and that nothing was to be changed.

A line counts only if it stands alone, outside code blocks and quotes: who repeats instructions reports nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afk.core.run import Phase
from afk.core.text import clean, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PHASE_KEY = "AFK-Phase"
BLOCKED_KEY = "AFK-Blocked"
NOTHING_KEY = "AFK-Nothing-To-Change"
DETAIL_LIMIT = 200
NO_REASON = "no reason was given"

_REPORTABLE = {phase.value: phase for phase in (Phase.WORKTREE, Phase.TESTS_RED, Phase.GREEN)}
_WRAPPERS = ("`", "**")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_INDENTED = re.compile(r" {4}| {0,3}\t")


def reported(messages: Sequence[str]) -> tuple[tuple[Phase, str], ...]:
    """The phases that an agent can know of, lowest first, each with the detail it gave last."""
    details: dict[Phase, str] = {}
    for said in _values(messages, PHASE_KEY):
        word, *detail = said.split(maxsplit=1) or [""]
        phase = _REPORTABLE.get(word.lower().rstrip(".,:;"))
        if phase is not None:
            details[phase] = plain("".join(detail), DETAIL_LIMIT)
    return tuple((phase, details[phase]) for phase in Phase if phase in details)


def blocked(messages: Sequence[str]) -> str | None:
    """Why the agent cannot go on, by its own words; None if it did not say so."""
    return _last(messages, BLOCKED_KEY)


def nothing_to_do(messages: Sequence[str]) -> str | None:
    """Why the agent left everything as it is, by its own words; None if it did not say so."""
    return _last(messages, NOTHING_KEY)


def last_words(messages: Sequence[str]) -> str:
    """What to tell people about an agent that stopped: the reason it gave, else what it said last."""
    latest = messages[-3:]
    return blocked(latest) or nothing_to_do(latest) or (latest[-1] if latest else "")


def _last(messages: Sequence[str], key: str) -> str | None:
    reason = None
    for said in _values(messages, key):
        reason = plain(said, DETAIL_LIMIT) or NO_REASON
    return reason


def _values(messages: Sequence[str], key: str) -> Iterator[str]:
    """What stands behind `key:` on lines of their own, oldest first."""
    for message in messages:
        for line in _own_lines(message):
            said, colon, value = line.partition(":")
            if colon and said.strip().lower() == key.lower():
                yield value.strip()


def _own_lines(message: str) -> Iterator[str]:
    """The lines outside code blocks and quotes, bare of blanks and of the emphasis around the whole line."""
    fence = ""
    for line in clean(message).split("\n"):
        mark = _FENCE.fullmatch(line)
        if fence:
            if mark and mark[1].startswith(fence) and not mark[2].strip():
                fence = ""
        elif mark and not (mark[1][0] == "`" and "`" in mark[2]):
            fence = mark[1]
        elif not _INDENTED.match(line):
            yield _unwrapped(line.strip())


def _unwrapped(line: str) -> str:
    for wrapper in _WRAPPERS:
        if line.startswith(wrapper) and line.endswith(wrapper) and len(line) > 2 * len(wrapper):
            return line.removeprefix(wrapper).removesuffix(wrapper).strip()
    return line
