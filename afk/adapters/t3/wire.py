"""Speak HTTP to a T3 server: which build it is, who we are, and what its refusals mean."""

from __future__ import annotations

import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from afk.adapters.http import Http, content, refusal
from afk.adapters.t3.fields import Row, record, text
from afk.core.text import plain
from afk.ports import Gone, PortError, Refused, Uncertain, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from afk.systems import T3

DESCRIPTOR = "/.well-known/t3/environment"
SPOKEN = (1, 2)
OLDEST = (0, 0, 25)  # before it: roles instead of scopes, other errors, and no protocol version either
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


class Missing(Unexpected):
    """The build does not know this route, or does not serve it in the protocol we speak."""


class Moved(Unexpected):
    """The server speaks another protocol than a moment ago: it was upgraded."""


class Declined(Refused):
    """A bare 500 on a command: mostly a refusal without a word. The state says what happened."""


@dataclass(frozen=True, slots=True)
class Environment:
    id: str
    version: str
    protocol: int


class Wire:
    def __init__(self, settings: T3) -> None:
        self._settings = settings
        self._http = Http("t3", settings.url, self._headers, patience=settings.patience)
        self._environment: Environment | None = None

    def close(self) -> None:
        self._http.close()

    @property
    def url(self) -> str:
        return self._http.base_url

    # which build

    def environment(self) -> Environment:
        """What the server says of itself, asked once."""
        environment = self._environment or self._probe()
        self._environment = environment
        return environment

    def confirm(self, protocol: int) -> None:
        """Ask again which build it is: a route that is not there may have gone with an upgrade."""
        self._environment = None
        self._environment = environment = self._probe()
        spoken = environment.protocol
        if spoken != protocol:
            raise Moved(f"t3: the server speaks protocol {spoken} now, not {protocol}")

    def _probe(self) -> Environment:
        response = self._http.send("GET", DESCRIPTOR)
        if (
            response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
            or response.status_code == HTTPStatus.REQUEST_TIMEOUT
        ):
            raise Unreachable(f"t3: GET {DESCRIPTOR}: {response.status_code}")
        try:
            told = record(content("t3", response), "the descriptor") if response.is_success else {}
        except Unexpected:
            told = {}
        name = text(told, "environmentId")
        if name is None:
            raise Refused(
                f"t3: GET {DESCRIPTOR}: {response.status_code}, and no T3 environment there; nothing is started"
            )
        return Environment(name, text(told, "serverVersion") or "unknown", _protocol(told))

    # requests

    def read(self, path: str, subject: str = "", headers: Mapping[str, str] | None = None) -> Row:
        response = self._send("GET", path, subject, headers=headers)
        if response.is_success and "json" in response.headers.get("content-type", ""):
            return record(content("t3", response, subject), "the answer")
        if response.is_success or response.status_code == HTTPStatus.UPGRADE_REQUIRED:
            raise Missing(f"t3: GET {path}: {response.status_code} without JSON, this build has no such route")
        if response.status_code == HTTPStatus.NOT_FOUND:
            if _said(response).get("reason") == "thread_not_found":
                raise Gone(f"t3: thread {subject} does not exist")
            raise Missing(f"t3: GET {path}: 404, this build has no such route")
        raise refusal("t3", response, subject)

    def command(self, path: str, subject: str, body: Row, headers: Mapping[str, str] | None = None) -> Row:
        """Send a command; if the answer is lost, once more: its id makes sure that it takes effect once."""
        try:
            return self._command(path, subject, body, headers)
        except Uncertain:
            return self._command(path, subject, body, headers)

    def ticket(self) -> str:
        """What opens one socket. A lost one does no harm."""
        try:
            response = self._send("POST", "/api/auth/websocket-ticket", body={})
        except Uncertain as error:
            raise Unreachable(str(error)) from error
        if not response.is_success:
            raise _refused(response, "websocket-ticket")
        ticket = text(record(content("t3", response), "the ticket"), "ticket")
        if ticket is None:
            raise Unexpected("t3: POST /api/auth/websocket-ticket: no ticket in the answer")
        return ticket

    def _command(self, path: str, subject: str, body: Row, headers: Mapping[str, str] | None) -> Row:
        response = self._send("POST", path, subject, body=body, headers=headers)
        if response.is_success:
            return record(content("t3", response, subject), "the answer")
        raise _refused(response, f"{body.get('type')} {subject}")

    def _send(self, method: str, path: str, subject: str = "", **parts: Any) -> httpx.Response:
        response = self._http.send(method, path, subject, **parts)
        if response.status_code == HTTPStatus.UNAUTHORIZED:  # the token may have been replaced this very moment
            response = self._http.send(method, path, subject, **parts)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            why = _said(response).get("reason", "no reason given")
            raise Refused(f"t3: {method} {path}: the token is refused ({plain(str(why), 80)}); issue a new one")
        if response.status_code == HTTPStatus.FORBIDDEN:
            scope = plain(str(_said(response).get("requiredScope", "not named")), 80)
            raise Refused(f"t3: {method} {path}: the token lacks a scope ({scope})")
        return response

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token()}"}

    def _token(self) -> str:
        if self._settings.token is not None:
            return self._settings.token.get_secret_value()
        try:
            token = self._settings.token_file.read_text("utf-8").strip() if self._settings.token_file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise Refused(f"t3: the file of AFK_T3_TOKEN_FILE cannot be read ({type(error).__name__})") from None
        if not token or not token.isprintable() or not token.isascii():
            raise Refused("t3: the file of AFK_T3_TOKEN_FILE holds no token")
        return token


def _protocol(told: Row) -> int:
    version = text(told, "serverVersion") or "unknown"
    protocol = told.get("orchestrationProtocolVersion", 1)
    numbers = _VERSION.match(version)
    silent = "orchestrationProtocolVersion" not in told
    if (numbers is None and silent) or (numbers is not None and tuple(map(int, numbers.groups())) < OLDEST):
        raise Refused(f"t3: the server is {plain(version, 40)}; AFK speaks to 0.0.25 and later; nothing is started")
    if isinstance(protocol, bool) or protocol not in SPOKEN:
        raise Refused(
            f"t3: the server ({plain(version, 40)}) speaks protocol {plain(str(protocol), 40)}; "
            "AFK knows 1 and 2; nothing is started"
        )
    return int(protocol)


def _refused(response: httpx.Response, what: str) -> PortError:
    """What an unsuccessful answer to a command means. 500 with T3's own words is a refusal, any other 5xx is not."""
    status, said = response.status_code, _said(response)
    words = plain(str(said.get("message") or said.get("reason") or said.get("error") or ""), 300)
    line = f"t3: {what}: {status}" + (f", {words}" if words else "")
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.UPGRADE_REQUIRED} and not words:
        return Missing(f"{line}, this build has no such route")
    if status == HTTPStatus.UPGRADE_REQUIRED:
        return Missing(line)
    if status == HTTPStatus.BAD_REQUEST and not response.content:
        return Refused(f"{line}: the command does not have the form that this build expects")
    if status == HTTPStatus.INTERNAL_SERVER_ERROR and ("_tag" in said or "code" in said):
        return Declined(line)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return refusal("t3", response, what)
    return Refused(line)


def _said(response: httpx.Response) -> Row:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
