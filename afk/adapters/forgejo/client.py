"""Send requests to Forgejo, read its lists to their end, and tell a missing thing from an unreadable repository."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from afk.adapters.http import Http, content, documented, refusal
from afk.ports import Gone, Refused, Unexpected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping
    from contextlib import AbstractContextManager

    import httpx

    from afk.core.model import Slug
    from afk.ports import Clock
    from afk.systems import Forgejo

SYSTEM = "Forgejo"
PER_PAGE = 50  # more is quietly cut to this
PAGES_MAX = 40
BELIEVED_FOR = timedelta(minutes=10)


class Client:
    """One for the tracker and the checks. What is in `memory` may be lost at any time."""

    def __init__(self, settings: Forgejo, clock: Clock, memory: MutableMapping[str, str] | None = None) -> None:
        self.clock = clock
        self.memory: MutableMapping[str, str] = {} if memory is None else memory
        self.url = settings.url
        self._http = Http(
            SYSTEM,
            f"{settings.url}/api/v1",
            lambda: {"Accept": "application/json", "Authorization": f"token {settings.token.get_secret_value()}"},
            patience=settings.patience,
        )
        self._me: int | None = None

    def close(self) -> None:
        self._http.close()

    def send(
        self, method: str, path: str, subject: str, *, answers: frozenset[int] = frozenset(), **parts: Any
    ) -> httpx.Response:
        """Statuses in `answers` are no error."""
        response = self._http.send(method, path, subject, **parts)
        if not response.is_success and response.status_code not in answers:
            raise refusal(SYSTEM, response, subject)
        return response

    def below(self, slug: Slug, method: str, tail: str, subject: str, **parts: Any) -> httpx.Response:
        """A request below a repository. Nothing is gone that we merely cannot see."""
        try:
            return self.send(method, f"/repos/{slug}{tail}", subject, **parts)
        except Gone:
            self._look(slug)
            raise

    def json(self, slug: Slug, method: str, tail: str, subject: str, **parts: Any) -> Any:
        return content(SYSTEM, self.below(slug, method, tail, subject, **parts), subject)

    def pages(
        self, path: str, subject: str, params: Mapping[str, Any] | None = None, *, counted: bool = True
    ) -> Iterator[list[Any]]:
        """Every page of a list up to an empty one, or up to the count that the forge gives where it can be trusted."""
        seen = 0
        for page in range(1, PAGES_MAX + 1):
            asked = {**(params or {}), "page": page, "limit": PER_PAGE}
            response = self.send("GET", path, subject, params=asked)
            found = rows(response, subject)
            if not found:
                return
            yield found
            seen += len(found)
            if counted and len(found) < PER_PAGE and response.headers.get("x-total-count") == str(seen):
                return
        raise Unexpected(f"{SYSTEM}: GET {path} ({subject}): more than {PAGES_MAX} pages")

    def default_branch(self, slug: Slug) -> str:
        """An answer shows also that the repository can be read. May be some minutes old."""
        key = f"forgejo.default-branch.{slug}".lower()
        at, _, branch = self.memory.get(key, "").partition(" ")
        age = self.clock.now() - datetime.fromisoformat(at) if at else None
        if age is not None and timedelta() <= age < BELIEVED_FOR:
            return branch
        found = self._look(slug)
        self.memory[key] = f"{self.clock.now().isoformat()} {found}"
        return found

    def _look(self, slug: Slug) -> str:
        try:
            row = content(SYSTEM, self.send("GET", f"/repos/{slug}", str(slug)), str(slug))
        except Gone as error:
            raise Refused(f"{error}: the token does not reach the repository") from error
        with understood(str(slug)):
            if row["full_name"].lower() != str(slug).lower():  # lists would leave it out
                raise Refused(f"{SYSTEM}: {slug} is called {row['full_name']} now")
            return str(row["default_branch"])

    def me(self) -> int:
        """The account that the token belongs to."""
        if self._me is None:
            row = content(SYSTEM, self.send("GET", "/user", "who we are"))
            with understood("who we are"):
                self._me = int(row["id"])
        return self._me


def rows(response: httpx.Response, subject: str) -> list[Any]:
    """A list; an empty one may be `null`."""
    found = content(SYSTEM, response, subject)
    if found is None:
        return []
    if not isinstance(found, list):
        raise Unexpected(f"{SYSTEM}: {response.request.url.path} ({subject}): not a list")
    return found


def understood(subject: str) -> AbstractContextManager[None]:
    return documented(SYSTEM, subject)
