"""Send REST and GraphQL requests to GitHub with the right token, within its limits."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from afk.adapters.github.answer import Answer, parsed, understood
from afk.adapters.github.app_login import SYSTEM, AppLogin, TokenLogin
from afk.adapters.github.governor import Governor, held
from afk.adapters.http import SAFE, Http, content, refusal
from afk.ports import Refused, Uncertain, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, MutableMapping, Sequence

    import httpx

    from afk.adapters.github.app_login import Login
    from afk.core.model import Slug
    from afk.ports import Clock
    from afk.systems import Github

ACCEPT = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
PER_PAGE = 100
PAGES_MAX = 50
REDIRECTS_MAX = 3
MOVED = frozenset({301, 302, 307, 308})
_LAST_PAGE = re.compile(r'[?&]page=(\d+)[^>]*>; rel="last"')


class Client:
    """One for the tracker and the checks: they share tokens and budgets."""

    def __init__(
        self,
        settings: Github,
        slugs: Sequence[Slug],
        clock: Clock,
        memory: MutableMapping[str, str] | None = None,
        *,
        pace: float = 1.0,
    ) -> None:
        self.clock = clock
        self.memory: MutableMapping[str, str] = {} if memory is None else memory
        self.governor = Governor(clock, self.memory, pace=pace)
        self._http = Http(SYSTEM, settings.api_url, lambda: ACCEPT, patience=settings.patience)
        self.login = _login(settings, self._http, clock, slugs)

    def close(self) -> None:
        self._http.close()

    def scope(self, slug: Slug) -> str:
        return self.login.scope(slug.owner)

    def query(
        self, scope: str, name: str, text: str, variables: Mapping[str, Any] | None = None, *, can_wait: bool = False
    ) -> Answer:
        """Run one read. The operation in `text` is called `name`."""
        body = {"query": text, "variables": dict(variables or {}), "operationName": name}
        try:
            response = self._send(scope, "graphql", "POST", "/graphql", name, can_wait=can_wait, body=body)
            if not response.is_success:
                raise refusal(SYSTEM, response, name)
        except Uncertain as error:
            raise Unreachable(str(error)) from error  # a read may be repeated
        answer = parsed(name, content(SYSTEM, response, name))
        if any(trouble.is_limit for trouble in answer.troubles):
            raise held(name, self.governor.refused(scope, "graphql", response.headers))
        self.governor.accepted(scope)
        return answer

    def rest(
        self,
        slug: Slug,
        method: str,
        tail: str,
        subject: str,
        *,
        answers: frozenset[int] = frozenset(),
        params: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> httpx.Response:
        """A request below the repository. Statuses in `answers` are no error."""
        scope, path = self.scope(slug), f"/repos/{slug}{tail}"
        response = self._send(scope, "core", method, path, subject, params=params, body=body)
        if not response.is_success and response.status_code not in answers:
            raise refusal(SYSTEM, response, subject)
        self.governor.accepted(scope)
        return response

    def json(self, slug: Slug, method: str, tail: str, subject: str, **parts: Any) -> Any:
        return content(SYSTEM, self.rest(slug, method, tail, subject, **parts), subject)

    def plainly(self, scope: str, path: str, *, by_app: bool = False) -> Any:
        """Something that belongs to no repository; as the App itself if asked so."""
        if by_app:
            assert isinstance(self.login, AppLogin)
            return self._http.call("GET", path, headers={"Authorization": f"Bearer {self.login.signature()}"})
        response = self._send(scope, "core", "GET", path, "")
        if not response.is_success:
            raise refusal(SYSTEM, response)
        return content(SYSTEM, response)

    def pages(self, slug: Slug, tail: str, subject: str, key: str = "", **params: Any) -> Iterator[list[Any]]:
        """Every page of a list, the first one first."""
        for page in range(1, PAGES_MAX + 1):
            response = self._page(slug, tail, subject, page, params)
            yield _rows(response, subject, key)
            if 'rel="next"' not in response.headers.get("link", ""):
                return
        raise Unexpected(f"{SYSTEM}: GET {tail} ({subject}): more than {PAGES_MAX} pages")

    def pages_backwards(self, slug: Slug, tail: str, subject: str) -> Iterator[list[Any]]:
        """Every page of a list, the last one first."""
        first = self._page(slug, tail, subject, 1, {})
        last = _LAST_PAGE.search(first.headers.get("link", ""))
        for page in range(int(last[1]) if last else 1, 1, -1):
            yield _rows(self._page(slug, tail, subject, page, {}), subject, "")
        yield _rows(first, subject, "")

    def _page(self, slug: Slug, tail: str, subject: str, page: int, params: Mapping[str, Any]) -> httpx.Response:
        return self.rest(slug, "GET", tail, subject, params={**params, "per_page": PER_PAGE, "page": page})

    def _send(
        self, scope: str, resource: str, method: str, path: str, subject: str, *, can_wait: bool = False, **parts: Any
    ) -> httpx.Response:
        operation = f"{method} {path}" + (f" ({subject})" if subject else "")
        self.governor.admit(scope, resource, operation, can_wait=can_wait)
        if method not in SAFE and resource == "core":
            self.governor.pace(scope)
        response = self._authorized(scope, method, path, subject, **parts)
        for _ in range(REDIRECTS_MAX):
            if response.status_code not in MOVED:
                break
            response = self._authorized(scope, method, self._place(response, operation), subject, **parts)
        self.governor.learn(scope, resource, response.headers)
        if _is_limit(response):
            raise held(operation, self.governor.refused(scope, resource, response.headers))
        return response

    def _authorized(self, scope: str, method: str, path: str, subject: str, **parts: Any) -> httpx.Response:
        """With a token that GitHub takes; one that it refuses is renewed once, where that is possible."""
        token = self.login.token(scope)
        response = self._http.send(method, path, subject, headers=_bearer(token), **parts)
        if response.status_code == HTTPStatus.UNAUTHORIZED and self.login.renew(scope, token):
            response = self._http.send(method, path, subject, headers=_bearer(self.login.token(scope)), **parts)
        return response

    def _place(self, response: httpx.Response, operation: str) -> str:
        """Where a renamed repository is now. The token goes nowhere but to GitHub."""
        place: str = response.headers.get("location", "")
        if place.startswith("/"):
            place = str(response.request.url.join(place))
        if not place.startswith(f"{self._http.base_url}/"):
            raise Unexpected(f"{SYSTEM}: {operation}: moved to a place outside of the API")
        return place


def _login(settings: Github, http: Http, clock: Clock, slugs: Sequence[Slug]) -> Login:
    if settings.token is not None:
        return TokenLogin(settings.token)
    if settings.app_id is None or settings.app_private_key_file is None:
        raise Refused(f"{SYSTEM}: neither a token nor an App with its key is configured")
    return AppLogin(settings.app_id, settings.app_private_key_file, http, clock, slugs)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _rows(response: httpx.Response, subject: str, key: str) -> list[Any]:
    with understood(f"{response.request.url.path} ({subject})"):
        body = content(SYSTEM, response, subject)
        rows = body[key] if key else body
        if not isinstance(rows, list):
            raise TypeError("no list")
        return rows


def _is_limit(response: httpx.Response) -> bool:
    """Whether a 403 is about how often one asks, and not about what one may."""
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if response.status_code != HTTPStatus.FORBIDDEN:
        return False
    headers = response.headers
    return (
        "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in response.text.lower()
    )
