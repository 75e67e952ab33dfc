"""Read from an issue's text which issues must be closed before it can start.

A clause ("Blocked by", "Depends on") names blockers in its own sentence, or in the list or section that it introduces.
In doubt a reference blocks, since its state is looked up anyway; what cannot be read is told and blocks too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from afk.core.issue_references import Home, flat, next_mention
from afk.core.markdown_prose import HIDDEN, Chunk, Kind, prose
from afk.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afk.core.issue_references import Mention
    from afk.core.model import Slug

REFERENCES_MAX = 50  # a native dependency list holds no more either
_SNIPPET_LIMIT = 80
_LOOK_BACK = 60
_GAP_MAX = 200

_CLAUSE = re.compile(
    r"(?<![\w/=-])(?:blocked[\s_-]{1,5}(?:by|on)|(?P<depends>depend(?:s|ent)?)[\s_-]{1,5}(?:up)?on)(?!\w)",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"(?:\b(?:(?<!or\s)not|cannot|never|no[\s-]longer|no\smore|neither|nor|was|were|had\sbeen|used\sto|previously|formerly"
    r"|isnt|arent|doesnt|dont)|n['’]t)"  # noqa: RUF001 - as below
    r"(?:\s(?:be|been|being|is|are|to|yet|now|any|longer|more|anymore|currently|really|actually|still|directly"
    r"|technically|strictly|it|this|get|got|getting)){0,4}\s$",
    re.IGNORECASE,
)
_NOTHING = re.compile(
    r"(?:none|nothing|nobody|nil|n\s?/\s?a|na)(?!\w)"
    r"|no(?:\sone|\sresponse|(?:\s(?:known|other|current|open))*\s(?:blockers?|issues?|dependenc(?:y|ies)))?[\W_]*$",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n(?=[A-Za-z][\w ]{0,30}:(?:\s|$))")
_NUMBER_SIGN = re.compile(r"\bn[or]\.", re.IGNORECASE)
_NO_WORDS = re.compile(r"[\W_]*")
_COLON = re.compile(r"[\s)\]]{0,5}[:：]")  # noqa: RUF001 - the colon of Chinese and Japanese keyboards
_WORD = re.compile(r"[\w'’]+|\n|[^\w\s]")  # noqa: RUF001 - the apostrophe that phones type

_FILLERS = frozenset("()[]{}<>:-–—•\"'`#!." + HIDDEN) | {"also", "both", "by", "either", "on", "the", "then", "these"}  # noqa: RUF001
_FILLERS |= {"this", "those", "following", "other", "all", "of", "issue", "issues", "pr", "prs", "pull", "request"}
_FILLERS |= {"requests", "ticket", "tickets", "task", "tasks", "bug", "bugs", "finally", "later", "possibly"}
_CONNECTORS = frozenset(",;&+/|\n") | {"and", "or", "plus", "as", "but", "well"}
_TURNS = frozenset(
    {"not", "nor", "blocks", "blocking", "unblocks", "see", "cf", "instead", "unlike", "except", "without"}
)
_TURNS |= {"related", "relates", "duplicates", "closes", "fixes", "longer", "rather"}


@dataclass(frozen=True, slots=True)
class References:
    issues: tuple[tuple[Slug, int], ...] = ()  # in order, each once; the issue itself too, if it says so
    unreadable: tuple[str, ...] = ()  # what names a blocker in a way that nobody can look up


def references(body: str, home: Slug, web_hosts: frozenset[str]) -> References:
    """Whom the issue of `home` waits for. `web_hosts` are the hosts whose issue pages belong to the same forge."""
    chunks = [Chunk(chunk.kind, chunk.indent, flat(chunk.text, _CLAUSE)) for chunk in prose(body)]
    reader = _Reader(chunks, Home(home, frozenset(host.lower() for host in web_hosts)))
    for place in range(len(chunks)):
        reader.read_clauses(place)
    return References(tuple(reader.issues), tuple(reader.unreadable))


@dataclass(slots=True)
class _Reader:
    chunks: Sequence[Chunk]
    home: Home
    issues: dict[tuple[Slug, int], None] = field(default_factory=dict)
    unreadable: dict[str, None] = field(default_factory=dict)

    def read_clauses(self, place: int) -> None:
        chunk = self.chunks[place]
        clauses = list(_CLAUSE.finditer(chunk.text))
        ends = [*(clause.start() for clause in clauses[1:]), len(chunk.text)]
        for clause, end in zip(clauses, ends, strict=False):  # no clause: one end
            if _NEGATED.search(chunk.text[max(0, clause.start() - _LOOK_BACK) : clause.start()]):
                continue
            found = self._read_mentions(chunk.text, clause.end(), end, keys=clause["depends"] is None)
            if end == len(chunk.text) and _introduces(chunk.text[clause.end() : end], found=found):
                self._read_list(place)
            elif not found and _is_label(chunk.text, clause):
                self._doubt_words(chunk.text[clause.start() : end], chunk.text[clause.end() : end])

    def _read_mentions(self, text: str, place: int, end: int, *, keys: bool = True) -> bool:
        """Take the first mention of the sentence, and those that are strung to it. Whether there was one."""
        found = False
        while mention := next_mention(text, place, end, self.home):
            gap = text[place : mention.start]
            if len(gap) > _GAP_MAX or not (_continues(gap) if found else _leads(gap)):
                break
            place = mention.end
            if mention.issue is None and ((mention.is_key and not keys) or not (found or _is_filling(gap))):
                continue
            self._add(mention)
            found = True
        return found

    def _read_list(self, place: int) -> None:
        """Read the list under a clause; under a heading also the paragraph before it."""
        opener = self.chunks[place]
        outermost: int | None = None  # the indent of the list's own items
        paragraphs = 0
        for at in range(place + 1, len(self.chunks)):
            chunk = self.chunks[at]
            if chunk.kind in {Kind.HEADING, Kind.RULE}:
                return
            if opener.kind is Kind.ITEM and chunk.indent <= opener.indent:
                return
            if chunk.kind is Kind.ITEM:
                outermost = chunk.indent if outermost is None else outermost
                is_group = any(
                    each.kind is Kind.ITEM and each.indent > chunk.indent for each in self.chunks[at + 1 : at + 2]
                )
                self._read_entry(chunk.text, must_name=chunk.indent <= outermost and not is_group)
                continue
            if outermost is not None:
                if chunk.indent <= outermost:
                    return
                continue
            is_section = opener.kind is Kind.HEADING and paragraphs == 0
            if not is_section and not self._starts_with_mention(chunk.text):
                return
            self._read_entry(chunk.text, must_name=is_section)
            paragraphs += 1

    def _read_entry(self, text: str, *, must_name: bool) -> None:
        if _CLAUSE.search(text) or self._read_mentions(text, 0, len(text)):
            return  # a clause of its own speaks for itself
        if must_name and not text.rstrip().endswith(":"):
            self._doubt_words(text, text)

    def _starts_with_mention(self, text: str) -> bool:
        mention = next_mention(text, 0, len(text), self.home)
        return mention is not None and mention.start <= _GAP_MAX and _is_filling(text[: mention.start])

    def _add(self, mention: Mention) -> None:
        if mention.issue is None:
            self._doubt(mention.text)
        elif mention.issue in self.issues or len(self.issues) < REFERENCES_MAX:
            self.issues[mention.issue] = None
        else:
            self._doubt(f"more than {REFERENCES_MAX} blockers")

    def _doubt_words(self, said: str, rest: str) -> None:
        """Words stand where a blocker belongs: unless they say that there is none, nobody can look them up."""
        words = rest[: _GAP_MAX * 2]
        words = words[_matched(_NO_WORDS, words) :]
        if words and not _NOTHING.match(words):
            self._doubt(said[: _GAP_MAX * 2])

    def _doubt(self, text: str) -> None:
        if len(self.unreadable) < REFERENCES_MAX:
            self.unreadable[plain(text.replace(HIDDEN, " "), _SNIPPET_LIMIT)] = None


def _leads(gap: str) -> bool:
    """Whether a clause still speaks when it comes to its first mention."""
    words = _words(gap)
    return _is_one_sentence(gap) and ";" not in words and not _turns(words)


def _continues(gap: str) -> bool:
    """Whether a mention is strung to the one before it: by nothing, by a comma, by a word such as "and"."""
    words = _words(gap)
    if not _is_one_sentence(gap) or _turns(words):
        return False
    while words and words[-1] in _FILLERS:
        words.pop()
    return not words or words[-1] in _CONNECTORS


def _introduces(tail: str, *, found: bool) -> bool:
    """Whether what follows a clause leaves the naming to the list underneath."""
    if len(tail) > _GAP_MAX:
        return False
    if tail.rstrip().endswith(":") and _is_one_sentence(tail):
        return True
    return not found and _is_filling(tail)


def _is_label(text: str, clause: re.Match[str]) -> bool:
    """Whether the clause opens its line and a colon follows it."""
    before = text[max(0, clause.start() - _LOOK_BACK) : clause.start()]
    opening = before.rpartition("\n")[2]
    opens = _NO_WORDS.fullmatch(opening) is not None and (len(before) < _LOOK_BACK or "\n" in before)
    return opens and _COLON.match(text, clause.end()) is not None


def _is_filling(gap: str) -> bool:
    return all(word in _FILLERS or word == "\n" for word in _words(gap))


def _is_one_sentence(gap: str) -> bool:
    return _SENTENCE_END.search(_NUMBER_SIGN.sub("", gap)) is None


def _turns(words: Sequence[str]) -> bool:
    """Whether the sentence goes on to something that is no blocker."""
    return any(word in _TURNS or word.endswith(("n't", "n’t")) for word in words)  # noqa: RUF001 - as above


def _words(gap: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(gap[-_GAP_MAX:])]


def _matched(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0
