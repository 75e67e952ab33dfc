"""Say who did something on GitHub, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

WHO = "fragment Who on Actor { __typename login ... on User { databaseId } }"
USER = "User"


@dataclass(frozen=True, slots=True)
class Person:
    """An account. Only a user has an id here: nobody else is asked for permission."""

    login: str
    id: int | None

    @property
    def is_user(self) -> bool:
        return self.id is not None


@dataclass(frozen=True, slots=True)
class Act:
    by: Person | None  # None: the account is gone
    at: datetime

    @property
    def name(self) -> str:
        return self.by.login if self.by else "an account that is gone"


def person(node: Mapping[str, Any] | None) -> Person | None:
    """From GraphQL's `Actor`."""
    if node is None:
        return None
    return Person(node["login"], node["databaseId"] if node["__typename"] == USER else None)


def act(node: Mapping[str, Any], who: str, when: str) -> Act:
    return Act(person(node[who]), moment(node[when]))


def moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found
