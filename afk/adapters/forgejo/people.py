"""Ask who may write to a repository. Nobody is trusted about whom it could not be asked."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import quote

from afk.adapters.forgejo.client import SYSTEM, understood
from afk.adapters.http import content, refusal, together
from afk.ports import PortError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from afk.adapters.forgejo.client import Client
    from afk.adapters.forgejo.issue_rows import Person
    from afk.core.model import Slug

BELIEVED_FOR = timedelta(minutes=5)
MAY_WRITE = frozenset({"write", "admin", "owner"})
ANSWERS = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


class People:
    def __init__(self, client: Client) -> None:
        self._client = client

    def may_write(
        self, wanted: Iterable[tuple[Slug, Person]], *, fresh: bool = False
    ) -> dict[tuple[Slug, Person], bool | PortError]:
        """Answers may be some minutes old, unless they must be fresh."""
        found: dict[tuple[Slug, Person], bool | PortError] = {}
        unknown = []
        for asked in set(wanted):
            if not fresh and self._is_believed(*asked):
                found[asked] = True
            else:
                unknown.append(asked)
        answers = together([partial(self._ask, *asked) for asked in unknown])
        return found | dict(zip(unknown, answers, strict=True))

    def _ask(self, slug: Slug, person: Person) -> bool:
        subject = f"{slug}, {person.login}"
        tail = f"/collaborators/{quote(person.login, safe='')}/permission"
        response = self._client.below(slug, "GET", tail, subject, answers=ANSWERS)
        if response.status_code == HTTPStatus.FORBIDDEN:
            error = refusal(SYSTEM, response, subject)
            raise Refused(f"{error}: the bot must be an administrator of the repository to ask who may write")
        if response.status_code == HTTPStatus.NOT_FOUND:
            self._client.default_branch(slug)  # the repository is there, so the account is what is not
            return self._remember(slug, person, may=False)
        row = content(SYSTEM, response, subject)
        with understood(subject):
            # Logins are given to others when an account is renamed: the id tells.
            same = row["user"]["id"] == person.id
            return self._remember(slug, person, may=same and row["permission"] in MAY_WRITE)

    def _is_believed(self, slug: Slug, person: Person) -> bool:
        """Only a yes: who was given the right since must not wait."""
        at = self._client.memory.get(_key(slug, person), "")
        return bool(at) and timedelta() <= self._client.clock.now() - datetime.fromisoformat(at) < BELIEVED_FOR

    def _remember(self, slug: Slug, person: Person, *, may: bool) -> bool:
        self._client.memory[_key(slug, person)] = self._client.clock.now().isoformat() if may else ""
        return may


def _key(slug: Slug, person: Person) -> str:
    return f"forgejo.may-write.{slug}.{person.id}".lower()
