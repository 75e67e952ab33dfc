"""Speak HTTP to one foreign system: timeouts, fresh credentials, and answers or errors that the product knows."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

from afk.core.text import plain
from afk.ports import Gone, PortError, Refused, Uncertain, Unexpected, Unreachable
from afk.traffic import exchange

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator, Mapping, Sequence

T = TypeVar("T")

TO_CONNECT = 5.0  # seconds
AT_ONCE = 8  # requests side by side to one system
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OF_THE_BODY = frozenset({"content-encoding", "content-length", "transfer-encoding"})
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Http:
    """`headers` is called for every request, so that a credential which changed on disk is used at once."""

    def __init__(
        self,
        system: str,
        base_url: str,
        headers: Callable[[], Mapping[str, str]],
        *,
        patience: float,
        verify: Any = True,
    ) -> None:
        self.system = system
        self.base_url = base_url.rstrip("/")
        self._headers = headers
        limits = httpx.Limits(max_connections=AT_ONCE * 2)
        # trust_env would send credentials through a proxy that some shell profile names.
        verify = _authorities() if verify is True else verify
        timeout = httpx.Timeout(patience, connect=min(patience, TO_CONNECT))
        self._client = httpx.Client(timeout=timeout, verify=verify, limits=limits, trust_env=False)

    def close(self) -> None:
        self._client.close()

    def send(
        self,
        method: str,
        path: str,
        subject: str = "",
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Whatever the other side answers. Raises only where it does not. `body` goes as JSON, `content` as it is."""
        url = path if path.startswith("http") else self.base_url + path
        operation = f"{self.system}: {method} {path.partition('?')[0]}".rstrip() + (f" ({subject})" if subject else "")
        self._client.cookies.clear()  # T3 lets a session cookie win over the bearer
        try:
            with exchange(self.system, method, path) as seen:
                response = self._client.request(
                    method,
                    url,
                    params=params,
                    content=json.dumps(body).encode() if body is not None else content,
                    headers={
                        "User-Agent": "afk",
                        **({"Content-Type": "application/json"} if body is not None else {}),
                        **self._headers(),
                        **(headers or {}),
                    },
                    follow_redirects=method in SAFE,
                )
                seen.answered(response.status_code, response.headers)
            return _without_our_secret(response)
        except _NOT_SENT as error:
            raise Unreachable(f"{operation}: nobody answers ({type(error).__name__})") from error
        except httpx.HTTPError as error:
            lost = Unreachable if method in SAFE else Uncertain
            raise lost(f"{operation}: the answer was lost ({type(error).__name__})") from error
        except (httpx.InvalidURL, UnicodeError) as error:
            raise Refused(f"{operation}: the address is not valid ({type(error).__name__})") from error

    def call(self, method: str, path: str, subject: str = "", **parts: Any) -> Any:
        """The JSON of a successful answer; anything else as the error that fits."""
        response = self.send(method, path, subject, **parts)
        if not response.is_success:
            raise refusal(self.system, response, subject)
        return content(self.system, response, subject)


def _without_our_secret(response: httpx.Response) -> httpx.Response:
    """An answer that repeats our own credential must not carry it into a report, a comment or the ledger."""
    secret = response.request.headers.get("authorization", "").rpartition(" ")[2].encode()
    if not secret or secret not in response.content:
        return response
    kept = [(name, value) for name, value in response.headers.multi_items() if name not in _OF_THE_BODY]
    body = response.content.replace(secret, b"[secret]")
    return httpx.Response(response.status_code, headers=kept, content=body, request=response.request)


@cache
def _authorities() -> ssl.SSLContext:
    """Reading them takes longer than most requests: once is enough."""
    return httpx.create_ssl_context(trust_env=False)


def content(system: str, response: httpx.Response, subject: str = "") -> Any:
    """A body that claims to be JSON and is."""
    if response.status_code == HTTPStatus.NO_CONTENT:
        return None
    kind = response.headers.get("content-type", "")
    if "json" not in kind:
        raise Unexpected(f"{_operation(system, response, subject)}: answered {kind or 'without a type'}, not JSON")
    try:
        return response.json()
    except ValueError:
        raise Unexpected(f"{_operation(system, response, subject)}: the JSON is broken") from None


@contextmanager
def documented(system: str, subject: str) -> Iterator[None]:
    """An answer of another shape than the documented one is not believed in any part."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        said = plain(f"{type(error).__name__}: {error}", 200)
        raise Unexpected(f"{system}: {subject}: not the documented shape ({said})") from error


def refusal(system: str, response: httpx.Response, subject: str = "") -> PortError:
    """What a status means where the system's own page says nothing else."""
    status = response.status_code
    said = f"{_operation(system, response, subject)}: {status}{_reason(response)}"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unreachable(said, retry_at(response))
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        return Gone(said)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        lost = response.request.method in SAFE
        return Unreachable(said, retry_at(response)) if lost else Uncertain(said)
    return Refused(said) if status >= HTTPStatus.BAD_REQUEST else Unexpected(said)


def retry_at(response: httpx.Response) -> datetime | None:
    """When the other side wants to be asked again, on its own clock where it says so."""
    value = response.headers.get("retry-after", "")
    asked = _date(response.headers.get("date", "")) or datetime.now(UTC)  # noqa: TID251 - a foreign clock is missing
    if value.isdigit():
        return asked + timedelta(seconds=min(int(value), 86_400))
    return _date(value)


def _date(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _operation(system: str, response: httpx.Response, subject: str) -> str:
    path = response.request.url.path
    return f"{system}: {response.request.method} {path}" + (f" ({subject})" if subject else "")


def _reason(response: httpx.Response) -> str:
    """The other side's own words, if it has some that are fit to show."""
    try:
        body = response.json()
    except ValueError:
        return ""
    said = body.get("message") or body.get("error") or body.get("reason") if isinstance(body, dict) else None
    return f", {plain(said, 200)}" if isinstance(said, str) and said else ""


def together(calls: Sequence[Callable[[], T]]) -> list[T | PortError]:
    """Make calls side by side; one that fails is its error, and the others are what they are."""

    def guarded(call: Callable[[], T]) -> T | PortError:
        try:
            return call()
        except PortError as error:
            return error

    if len(calls) < 2:  # noqa: PLR2004 - nothing to do side by side
        return [guarded(call) for call in calls]
    with ThreadPoolExecutor(min(AT_ONCE, len(calls))) as pool:
        return list(pool.map(lambda run, call: run(guarded, call), [copy_context().run for _ in calls], calls))
