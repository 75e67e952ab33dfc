"""Decide who may do what: tokens, cookies, pairing credentials, tickets, scopes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

READ, OPERATE = "orchestration:read", "orchestration:operate"
SCOPES = (
    READ,
    OPERATE,
    "terminal:operate",
    "review:write",
    "access:read",
    "access:write",
    "relay:read",
    "relay:write",
)
COOKIE = "t3_session"
MONTH, TICKET_LIFE = timedelta(days=30), timedelta(minutes=5)


class Denied(Exception):
    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body["reason"] if "reason" in body else body["code"])
        self.status = status
        self.body = body


def invalid(reason: str) -> Denied:
    tag = {"_tag": "EnvironmentAuthInvalidError", "code": "auth_invalid"}
    return Denied(401, {**tag, "reason": reason, "traceId": "unavailable"})


def bad_request(reason: str) -> Denied:
    tag = {"_tag": "EnvironmentRequestInvalidError", "code": "invalid_request"}
    return Denied(400, {**tag, "reason": reason, "traceId": "unavailable"})


@dataclass(frozen=True, slots=True)
class Login:
    id: str
    scopes: tuple[str, ...]
    method: str
    expires_at: datetime

    def require(self, scope: str) -> None:
        if scope not in self.scopes:
            tag = {"_tag": "EnvironmentScopeRequiredError", "code": "insufficient_scope"}
            raise Denied(403, {**tag, "requiredScope": scope, "traceId": "unavailable"})


@dataclass(frozen=True, slots=True)
class Ticket:
    login: Login
    expires_at: datetime


class Access:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._revoked: set[str] = set()
        self._tickets: dict[str, Ticket] = {}
        self._credentials: dict[str, tuple[tuple[str, ...], datetime]] = {}

    def issue(self, scopes: Collection[str], life: timedelta = MONTH, method: str = "bearer-access-token") -> str:
        if not set(scopes) <= set(SCOPES):
            raise ValueError(f"no such scope: {sorted(set(scopes) - set(SCOPES))}")
        now = self._clock()
        claims = {
            "v": 1,
            "kind": "session",
            "sid": str(uuid4()),
            "sub": "afk",
            "scopes": list(scopes),
            "method": method,
            "iat": int(now.timestamp() * 1000),
            "exp": int((now + life).timestamp() * 1000),
        }
        body = _b64(json.dumps(claims).encode())
        return f"{body}.{self._sign(body)}"

    def revoke(self, token: str) -> None:
        self._revoked.add(self._claims(token)["sid"])

    def pair(self, scopes: Collection[str], life: timedelta = TICKET_LIFE) -> str:
        credential = secrets.token_urlsafe(9)
        self._credentials[credential] = (tuple(scopes), self._clock() + life)
        return credential

    def redeem(self, credential: str, wanted: Collection[str] | None, method: str) -> str:
        """Exchange a pairing credential for a token, once."""
        scopes, expires_at = self._credentials.get(credential, ((), self._clock()))
        if expires_at <= self._clock():
            raise invalid("invalid_credential")
        if wanted is not None and not set(wanted) <= set(SCOPES):
            raise bad_request("invalid_scope")
        if wanted is not None and not set(wanted) <= set(scopes):
            raise bad_request("scope_not_granted")
        del self._credentials[credential]
        return self.issue(scopes if wanted is None else tuple(wanted), method=method)

    def login(self, cookies: Mapping[str, str], authorization: str | None) -> Login:
        """Take the cookie if there is one, whatever the header says."""
        if COOKIE in cookies:
            return self._verify(cookies[COOKIE], "browser-session-cookie")
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise invalid("missing_credential")
        return self._verify(token.strip(), "bearer-access-token")

    def ticket(self, login: Login) -> tuple[str, datetime]:
        name, expires_at = secrets.token_urlsafe(24), self._clock() + TICKET_LIFE
        self._tickets[name] = Ticket(login, expires_at)
        return name, expires_at

    def admit(self, ticket: str, *, once: bool) -> Login:
        found = self._tickets.pop(ticket, None) if once else self._tickets.get(ticket)
        if found is None or found.expires_at <= self._clock() or found.login.id in self._revoked:
            raise invalid("invalid_credential")
        return found.login

    def _verify(self, token: str, method: str) -> Login:
        claims = self._claims(token)
        expires_at = datetime.fromtimestamp(claims["exp"] / 1000, tz=self._clock().tzinfo)
        if claims["sid"] in self._revoked or expires_at <= self._clock() or claims["method"] != method:
            raise invalid("invalid_credential")
        return Login(claims["sid"], tuple(claims["scopes"]), method, expires_at)

    def _claims(self, token: str) -> dict[str, Any]:
        body, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self._sign(body).encode()):
            raise invalid("invalid_credential")
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return claims

    def _sign(self, body: str) -> str:
        return _b64(hmac.new(self._key, body.encode(), hashlib.sha256).digest())


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
