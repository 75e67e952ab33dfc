"""Log in with a token, or as an App that trades its signature for the token of an installation."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

import jwt

from afk.adapters.github.answer import understood
from afk.adapters.http import content, refusal
from afk.ports import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pydantic import SecretStr

    from afk.adapters.http import Http
    from afk.core.model import Slug
    from afk.ports import Clock

SYSTEM = "GitHub"
BACKDATED = timedelta(seconds=60)  # for clocks that are ahead of GitHub's
JWT_LIFE = timedelta(minutes=9)  # GitHub takes 10 at most
RENEW_AFTER = timedelta(minutes=50)  # a token lives for an hour
RENEW_BEFORE = timedelta(minutes=5)


class Login(Protocol):
    """Credentials. A scope shares one token and its budgets."""

    def scope(self, owner: str) -> str: ...

    def token(self, scope: str) -> str: ...

    def renew(self, scope: str, refused: str) -> bool:
        """This token was refused; whether another one is worth a try."""
        ...


class TokenLogin:
    def __init__(self, token: SecretStr) -> None:
        self._token = token

    def scope(self, owner: str) -> str:  # noqa: ARG002 - one token for every owner
        return ""

    def token(self, scope: str) -> str:  # noqa: ARG002
        return self._token.get_secret_value()

    def renew(self, scope: str, refused: str) -> bool:  # noqa: ARG002
        return False


@dataclass(frozen=True, slots=True)
class Kept:
    token: str
    renew_at: datetime


class AppLogin:
    """`slugs` are the repositories that are asked where the App is installed, once per owner."""

    def __init__(self, app_id: str, key_file: Path, http: Http, clock: Clock, slugs: Sequence[Slug]) -> None:
        self._app_id = app_id
        self._key_file = key_file
        self._http = http
        self._clock = clock
        self._slugs = tuple(slugs)
        self._lock = threading.Lock()
        self._installations: dict[str, int] = {}
        self._tokens: dict[str, Kept] = {}

    def scope(self, owner: str) -> str:
        return owner.lower()

    def token(self, scope: str) -> str:
        with self._lock:
            kept = self._tokens.get(scope)
            if kept is None or self._clock.now() >= kept.renew_at:
                kept = self._tokens[scope] = self._trade(scope)
            return kept.token

    def renew(self, scope: str, refused: str) -> bool:
        with self._lock:
            kept = self._tokens.get(scope)
            if kept is not None and kept.token == refused:
                del self._tokens[scope]
        return True

    def signature(self) -> str:
        """The App's own proof, from its key as the file holds it now."""
        now = self._clock.now()
        claims = {
            "iat": int((now - BACKDATED).timestamp()),
            "exp": int((now + JWT_LIFE).timestamp()),
            "iss": self._app_id,
        }
        try:
            return jwt.encode(claims, self._key_file.read_bytes(), algorithm="RS256")
        except (OSError, ValueError, TypeError, jwt.PyJWTError) as error:
            raise Refused(
                f"{SYSTEM}: the App's key {self._key_file} does not sign ({type(error).__name__}): check the file"
            ) from error

    def _trade(self, scope: str) -> Kept:
        number = self._installations.get(scope) or self._find(scope)
        path = f"/app/installations/{number}/access_tokens"
        response = self._http.send("POST", path, scope, headers=self._proof(), body={})
        if not response.is_success:
            self._installations.pop(scope, None)  # installed anew, it has another number
            raise refusal(SYSTEM, response, scope)
        with understood(path):
            body = content(SYSTEM, response, scope)
            ends = datetime.fromisoformat(body["expires_at"])
            return Kept(str(body["token"]), min(self._clock.now() + RENEW_AFTER, ends - RENEW_BEFORE))

    def _find(self, scope: str) -> int:
        """An installation may leave repositories out: the first that it covers tells."""
        for slug in self._slugs:
            if slug.owner.lower() != scope:
                continue
            path = f"/repos/{slug}/installation"
            response = self._http.send("GET", path, str(slug), headers=self._proof())
            if response.status_code == HTTPStatus.NOT_FOUND:
                continue
            if not response.is_success:
                raise refusal(SYSTEM, response, str(slug))
            with understood(path):
                number = self._installations[scope] = int(content(SYSTEM, response, str(slug))["id"])
                return number
        raise Refused(f"{SYSTEM}: the App {self._app_id} is installed in no repository of {scope}: install it there")

    def _proof(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.signature()}"}
