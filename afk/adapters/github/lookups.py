"""Look up in few queries who may write to a repository, and in which state issues named as blockers are.

Nothing here fails open: whoever could not be asked about is an error, and an issue that nobody can read is unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from afk.adapters.github.answer import understood
from afk.adapters.github.cards import chunks, quoted, repository
from afk.adapters.github.people import USER
from afk.adapters.http import content, together
from afk.core.model import BlockerState
from afk.ports import Gone, PortError, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from afk.adapters.github.answer import Answer
    from afk.adapters.github.client import Client
    from afk.adapters.github.people import Person
    from afk.core.model import Slug

    Subject = tuple[Slug, Person | int]

AT_ONCE = 149  # fields of one query; as many permissions are one point
BELIEVED_FOR = timedelta(minutes=5)
A_NO_BELIEVED_FOR = timedelta(minutes=15)  # it starts nothing, and there are many of them
YES, NO = "yes", "no"
MAY_WRITE = frozenset({"ADMIN", "MAINTAIN", "WRITE"})
MAY_WRITE_FOLDED = frozenset({"admin", "write"})  # REST shows maintain as write


@dataclass(frozen=True, slots=True)
class Wish:
    """What one vetting needs to know, each about a repository."""

    people: set[tuple[Slug, Person]] = field(default_factory=set)
    issues: set[tuple[Slug, int]] = field(default_factory=set)

    def add(self, other: Wish) -> None:
        self.people.update(other.people)
        self.issues.update(other.issues)


@dataclass(frozen=True, slots=True)
class Found:
    writers: dict[tuple[Slug, Person], bool | PortError] = field(default_factory=dict)
    issues: dict[tuple[Slug, int], BlockerState | PortError] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remembered:
    at: datetime
    said: str


class Lookups:
    def __init__(self, client: Client) -> None:
        self._client = client

    def answer(self, scope: str, wish: Wish, *, fresh: bool = False) -> Found:
        """Of what is remembered, as much is asked again as one query holds, the oldest first; all of it if `fresh`."""
        wanted: list[Subject] = [
            *sorted(wish.people, key=lambda each: (each[0], each[1].login)),
            *sorted(wish.issues),
        ]
        known = {} if fresh else {each: kept for each in wanted if (kept := self._remembered(*each))}
        for each in sorted(known, key=lambda each: known[each].at)[: max(0, AT_ONCE - len(wanted) + len(known))]:
            del known[each]
        found = Found()
        for (slug, what), remembered in known.items():
            if isinstance(what, int):
                found.issues[slug, what] = BlockerState(remembered.said)
            else:
                found.writers[slug, what] = remembered.said == YES
        asked = [each for each in wanted if each not in known]
        together([partial(self._ask, scope, part, found) for part in chunks(asked, AT_ONCE)])
        return found

    def _ask(self, scope: str, wanted: Sequence[Subject], found: Found) -> None:
        slugs = {slug: f"r{n}" for n, slug in enumerate(dict.fromkeys(slug for slug, _ in wanted))}
        fields: dict[Slug, list[str]] = {slug: [] for slug in slugs}
        for n, (slug, what) in enumerate(wanted):
            fields[slug].append(_issue(what) if isinstance(what, int) else _permission(n, what))
        text = "\n".join(f"{place}: {repository(slug)} {{ {' '.join(fields[slug])} }}" for slug, place in slugs.items())
        try:
            answer: Answer | PortError = self._client.query(scope, "AfkLookUp", f"query AfkLookUp {{\n{text}\n}}")
        except PortError as error:
            answer = error
        for n, (slug, what) in enumerate(wanted):
            if isinstance(what, int):
                state = answer if isinstance(answer, PortError) else _state(answer, slugs[slug], what)
                found.issues[slug, what] = state
                if isinstance(state, BlockerState):
                    self._note(slug, what, state.value)
            elif isinstance(answer, PortError):
                found.writers[slug, what] = answer
            else:
                found.writers[slug, what] = self._may_write(answer, slugs[slug], n, slug, what)

    def _may_write(self, answer: Answer, place: str, n: int, slug: Slug, person: Person) -> bool | PortError:
        try:
            people = answer.at(place, f"u{n}")
            if people is None:
                return self.permission(slug, person)
            with understood(f"permission of {person.login} in {slug}"):
                edges = people["edges"]
                may = any(e["node"]["databaseId"] == person.id and e["permission"] in MAY_WRITE for e in edges)
        except Refused:
            return self.permission(slug, person)  # an App may ask this over REST with less
        except PortError as error:
            return error
        return self._remember(slug, person, may=may)

    def permission(self, slug: Slug, person: Person) -> bool | PortError:
        """Asked now, over REST."""
        tail, subject = f"/collaborators/{quote(person.login, safe='')}/permission", f"{slug}, {person.login}"
        try:
            response = self._client.rest(slug, "GET", tail, subject, answers=frozenset({HTTPStatus.NOT_FOUND}))
            if response.status_code == HTTPStatus.NOT_FOUND:  # no user of that name, or one without any role here
                return self._remember(slug, person, may=False)
            with understood(subject):
                body = content("GitHub", response, subject)
                user = body["user"]
                # Logins are given to others when an account is renamed: the id tells.
                same = user["id"] == person.id and user["type"] == USER
                return self._remember(slug, person, may=same and body["permission"] in MAY_WRITE_FOLDED)
        except PortError as error:
            return error

    def _remembered(self, slug: Slug, what: Person | int) -> Remembered | None:
        at, _, said = self._client.memory.get(_key(slug, what), "").partition(" ")
        if not at:
            return None
        found = Remembered(datetime.fromisoformat(at), said)
        limit = A_NO_BELIEVED_FOR if said == NO else BELIEVED_FOR
        return found if timedelta() <= self._client.clock.now() - found.at < limit else None

    def _remember(self, slug: Slug, person: Person, *, may: bool) -> bool:
        self._note(slug, person, YES if may else NO)
        return may

    def _note(self, slug: Slug, what: Person | int, said: str) -> None:
        self._client.memory[_key(slug, what)] = f"{self._client.clock.now().isoformat()} {said}"


def _key(slug: Slug, what: Person | int) -> str:
    about = f"blockers.{slug}.{what}" if isinstance(what, int) else f"may-write.{slug}.{what.id}"
    return f"github.{about}".lower()


def _permission(n: int, person: Person) -> str:
    """`login` is matched exactly; `query` would be a search."""
    login = quoted(person.login)
    return f"u{n}: collaborators(first: 5, login: {login}) {{ edges {{ permission node {{ databaseId }} }} }}"


def _issue(number: int) -> str:
    """Issues and pull requests share their numbers: one of the two answers."""
    return f"i{number}: issue(number: {number}) {{ state }} p{number}: pullRequest(number: {number}) {{ state }}"


def _state(answer: Answer, place: str, number: int) -> BlockerState | PortError:
    unreadable: PortError | None = None
    for kind in ("i", "p"):
        try:
            node: Any = answer.at(place, f"{kind}{number}")
            with understood(f"{kind}{number}"):
                return state(node["state"])
        except (Gone, Refused):
            continue
        except PortError as error:
            unreadable = error
    return unreadable or BlockerState.UNREADABLE


def state(word: str) -> BlockerState:
    match word:
        case "OPEN":
            return BlockerState.OPEN
        case "CLOSED" | "MERGED":
            return BlockerState.CLOSED
        case _:
            return BlockerState.UNREADABLE
