"""Take a REST request from its headers to its answer: who asks, may they, what is it, was it seen before."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from aiohttp import web

from afk.sandbox.github.access import DOCS, Refusal, TokenKind, not_found
from afk.sandbox.github.app_login import authenticate_app
from afk.sandbox.github.rest.call import Answer, Call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.sandbox.github.access import Token
    from afk.sandbox.github.forge import Forge
    from afk.sandbox.github.limits import Budget
    from afk.sandbox.github.records import Repository
    from afk.sandbox.github.rest.call import Endpoint

VERSIONS = ("2022-11-28", "2026-03-10")
FREE = ("/rate_limit",)
ALIAS = re.compile(r"^/(?:repos/[^/]+/[^/]+|repositories/\d+)")


def serve(forge: Forge, endpoint: Endpoint | None, request: web.Request, body: bytes) -> web.Response:
    """`endpoint` is None for a path that leads nowhere; that, too, is only said to those who prove themselves."""
    token: Token | None = None
    budget: Budget | None = None
    documentation = endpoint.documentation if endpoint else DOCS
    try:
        check_headers(request.headers)
        header = request.headers.get("Authorization", "")
        if endpoint and endpoint.by_app:
            app = authenticate_app(forge.world, header)
            call = _call(forge, endpoint, request, body, None, None)
            call._app = app  # noqa: SLF001 - the call is being put together
            return _respond(endpoint.handler(call), {})
        token = forge.access.authenticate(header)
        write = request.method not in {"GET", "HEAD"}
        forge.limits.check_pace(token, "rest", write=write, content=endpoint is not None and endpoint.content)
        if request.path not in FREE:
            budget = forge.limits.spend_rest(token)
        if endpoint is None:
            raise not_found()
        repo = _repository(forge, token, request)
        if repo is not None and endpoint.needs is not None:
            forge.access.require(token, repo, *endpoint.needs)
        answer = endpoint.handler(_call(forge, endpoint, request, body, token, repo))
    except Refusal as refusal:
        return refuse(refusal, documentation, _headers(forge, token, budget))
    return _with_etag(forge, request, token, budget, answer)


def check_headers(headers: Mapping[str, str]) -> None:
    if not headers.get("User-Agent"):
        raise Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a User-Agent.")
    version = headers.get("X-GitHub-Api-Version")
    if version is not None and version not in VERSIONS:
        raise Refusal(400, f"{version} is not a supported version.")


def _repository(forge: Forge, token: Token, request: web.Request) -> Repository | None:
    given, world = request.match_info, forge.world
    if "repository_id" in given:
        number = given["repository_id"]
        repo = world.repositories.get(int(number)) if number.isdecimal() else None
    elif "repo" in given:
        name = f"{given['owner']}/{given['repo']}".lower()
        repo = world.repositories.get(world.names.get(name, 0))
        if repo is not None and repo.full_name.lower() != name and forge.access.sees(token, repo):
            raise _moved(forge, repo, request)
    else:
        return None
    if repo is None or not forge.access.sees(token, repo):
        raise not_found()
    return repo


def _moved(forge: Forge, repo: Repository, request: web.Request) -> Refusal:
    """Reading is sent on with 301, writing with 307."""
    url = f"{forge.url}{ALIAS.sub(f'/repositories/{repo.id}', request.path_qs)}"
    reads = request.method in {"GET", "HEAD"}
    status, text = (301, "Moved Permanently") if reads else (307, "Temporary Redirect")
    return Refusal(status, text, headers={"Location": url}, fields={"url": url})


def _call(
    forge: Forge, endpoint: Endpoint, request: web.Request, body: bytes, token: Token | None, repo: Repository | None
) -> Call:
    given: Any = None
    if body and request.method not in {"GET", "HEAD"}:
        try:
            given = json.loads(body)
        except ValueError as error:
            raise Refusal(400, "Problems parsing JSON") from error
    return Call(forge, endpoint, request.match_info, request.query, request.path_qs, given, token, None, repo)


def refuse(refusal: Refusal, documentation: str, headers: Mapping[str, str]) -> web.Response:
    body: dict[str, Any] = {"message": refusal.message, **refusal.fields}
    if refusal.errors is not None:
        body["errors"] = refusal.errors
    body |= {"documentation_url": documentation, "status": str(refusal.status)}
    return _json(body, refusal.status, {**headers, **refusal.headers})


def _headers(forge: Forge, token: Token | None, budget: Budget | None) -> dict[str, str]:
    headers = {
        "X-GitHub-Request-Id": f"{next(forge.request_ids):X}",
        "X-GitHub-Media-Type": "github.v3; format=json",
        "Vary": "Accept, Authorization, Cookie, X-GitHub-OTP",
    }
    if token is not None and token.kind is TokenKind.CLASSIC:
        headers["X-OAuth-Scopes"] = ", ".join(sorted(token.scopes))
    if token is not None and token.kind is TokenKind.FINE_GRAINED and token.expires_at:
        headers["GitHub-Authentication-Token-Expiration"] = token.expires_at.strftime("%Y-%m-%d %H:%M:%S UTC")
    return headers if budget is None else {**headers, **budget.headers}


def _with_etag(forge: Forge, request: web.Request, token: Token, budget: Budget | None, answer: Answer) -> web.Response:
    """The tag depends on the token: another one, even of the same App, gets everything anew."""
    if request.method != "GET" or answer.status != web.HTTPOk.status_code or answer.text is not None:
        return _respond(answer, _headers(forge, token, budget))
    digest = hashlib.sha256(f"{token.value}{json.dumps(answer.body)}".encode()).hexdigest()
    etag = f'W/"{digest}"'
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("If-None-Match", "").split(",")}
    if etag.removeprefix("W/") in known:
        if budget is not None:
            forge.limits.give_back(budget)
        return web.Response(status=304, headers={**_headers(forge, token, budget), "ETag": etag})
    return _respond(answer, {**_headers(forge, token, budget), "ETag": etag})


def _respond(answer: Answer, headers: Mapping[str, str]) -> web.Response:
    every = {**headers, **answer.headers}
    if answer.body is None:
        return web.Response(status=answer.status, text=answer.text or "", headers=every)
    return _json(answer.body, answer.status, every)


def _json(body: object, status: int, headers: Mapping[str, str]) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


def common_headers(forge: Forge, token: Token, resource: str) -> dict[str, str]:
    return _headers(forge, token, forge.limits.budget(token, resource))
