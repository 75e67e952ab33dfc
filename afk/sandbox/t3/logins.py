"""Let people and clients in: sessions, token exchange, cookies, tickets."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from aiohttp import web

from afk.sandbox.t3.access import COOKIE, Access, Denied, Login
from afk.sandbox.t3.schema import Undecodable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
BOOTSTRAP_TOKEN = "urn:t3:params:oauth:token-type:environment-bootstrap"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"


class Logins:
    def __init__(self, access: Access, lock: threading.RLock, clock: Callable[[], datetime]) -> None:
        self._access = access
        self._lock = lock
        self._clock = clock

    def login(self, request: web.Request, scope: str | None = None) -> Login:
        with self._lock:
            login = self._access.login(request.cookies, request.headers.get("Authorization"))
        if scope is not None:
            login.require(scope)
        return login

    async def session(self, request: web.Request) -> web.Response:
        methods = ["browser-session-cookie", "bearer-access-token", "dpop-access-token"]
        policy = {"policy": "remote-reachable", "bootstrapMethods": ["one-time-token"], "sessionMethods": methods}
        told: dict[str, Any] = {"authenticated": False, "auth": {**policy, "sessionCookieName": COOKIE}}
        try:
            login = self.login(request)
        except Denied:
            return web.json_response(told)
        known = {"scopes": login.scopes, "sessionMethod": login.method, "expiresAt": _iso(login.expires_at)}
        return web.json_response({**told, **known, "authenticated": True})

    async def token(self, request: web.Request) -> web.Response:
        if request.content_type != "application/x-www-form-urlencoded":
            raise Undecodable("a form is wanted")
        form = {name: values[0] for name, values in parse_qs(await request.text()).items()}
        wanted = (form.get("grant_type"), form.get("subject_token_type"), form.get("requested_token_type"))
        if wanted != (GRANT, BOOTSTRAP_TOKEN, ACCESS_TOKEN) or "subject_token" not in form:
            raise Undecodable("no token exchange")
        scope = form["scope"].split() if "scope" in form else None
        with self._lock:
            token = self._access.redeem(form["subject_token"], scope, "bearer-access-token")
            login = self._access.login({}, f"Bearer {token}")
            left = login.expires_at - self._clock()
        told = {"access_token": token, "issued_token_type": ACCESS_TOKEN, "token_type": "Bearer"}
        return web.json_response({**told, "expires_in": int(left.total_seconds()), "scope": " ".join(login.scopes)})

    async def browser_session(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        if not isinstance(body, dict) or not isinstance(body.get("credential"), str):
            raise Undecodable("a credential is wanted")
        with self._lock:
            token = self._access.redeem(body["credential"].strip(), None, "browser-session-cookie")
            login = self._access.login({COOKIE: token}, None)
        told = {"authenticated": True, "scopes": login.scopes, "sessionMethod": login.method}
        answer = web.json_response({**told, "expiresAt": _iso(login.expires_at)})
        answer.set_cookie(COOKIE, token, httponly=True, samesite="Lax", path="/")
        return answer

    async def ticket(self, request: web.Request) -> web.Response:
        login = self.login(request)
        with self._lock:
            ticket, expires_at = self._access.ticket(login)
        return web.json_response({"ticket": ticket, "expiresAt": _iso(expires_at)})


async def read_json(request: web.Request) -> Any:
    def no_constant(name: str) -> Any:
        raise Undecodable(name)

    try:
        return json.loads(await request.read(), parse_constant=no_constant)
    except ValueError as error:
        raise Undecodable(str(error)) from error


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
