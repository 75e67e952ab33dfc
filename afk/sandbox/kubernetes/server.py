"""Answer as a Kubernetes API server does; every refusal is a Status object."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from aiohttp import web

from afk.sandbox.kubernetes.rollouts import Rollouts
from afk.sandbox.kubernetes.shapes import (
    deployment_json,
    digest_of,
    listed,
    pod_json,
    replica_set_json,
    status_json,
    typed,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from afk.sandbox.kubernetes.records import Account, Change, Deployment

APPS, CORE = "apps/v1", "v1"
GLANCE = 0.02
LONGEST_WATCH = 1800.0


class KubernetesServer(Rollouts):
    def routes(self, router: web.UrlDispatcher) -> None:
        for route in ROUTES:
            router.add_get(route.path, self._handler(route))

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            watching = request.query.get("watch") in {"1", "true"} and "name" not in request.match_info
            try:
                with self.lock:
                    self._authorize(request, route, watching=watching)
                    _pairs(request, "labelSelector")
                    _pairs(request, "fieldSelector")
                    if not watching:
                        return _json(route.answer(self, request))
                    if route.resource != "deployments":
                        _refuse(HTTPStatus.METHOD_NOT_ALLOWED, "MethodNotAllowed", "watch is not served here")
                    start = self._watch_from(request)
                return await self._watch(request, start)
            except _RefusedError as refused:
                return refused.response

        return handle

    def _authorize(self, request: web.Request, route: Route, *, watching: bool) -> None:
        """A wrong token is 401; no token is somebody anonymous, who may do nothing."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        account = self.accounts.get(token.strip()) if kind.lower() == "bearer" else None
        if token and account is None:
            _refuse(HTTPStatus.UNAUTHORIZED, "Unauthorized", "Unauthorized")
        name = request.match_info.get("name", "")
        verb = "watch" if watching else "get" if name else "list"
        namespace = request.match_info["namespace"]
        if account is None or not account.may(verb, route.group, route.resource, namespace, name):
            _forbid(route, account, verb, name, namespace)

    def _watch_from(self, request: web.Request) -> int:
        asked = request.query.get("resourceVersion", "0")
        if not asked.isdecimal():
            _refuse(HTTPStatus.BAD_REQUEST, "BadRequest", f'Invalid value: "{asked}": strconv.ParseUint')
        start = int(asked)
        if self.gone_as_status and 0 < start < self.forgotten:
            _refuse(HTTPStatus.GONE, "Expired", _too_old(start, self.forgotten))
        return start

    async def _watch(self, request: web.Request, start: int) -> web.StreamResponse:
        """A version that was forgotten is told inside the stream; without one, everything there is comes first."""
        stream = web.StreamResponse(headers={"Content-Type": "application/json", "Cache-Control": "no-cache, private"})
        stream.enable_chunked_encoding()
        await stream.prepare(request)
        with self.lock:
            lines, reached = self._opening(request, start)
        await _send(stream, lines)
        left = min(float(request.query.get("timeoutSeconds") or LONGEST_WATCH), LONGEST_WATCH)
        while left > 0 and not (lines and lines[-1]["type"] == "ERROR"):
            await asyncio.sleep(GLANCE)
            left -= GLANCE
            with self.lock:
                fresh = [one for one in self.changes if one.version > reached]
            reached = max([reached, *(one.version for one in fresh)])
            await _send(stream, [_line(one.type, one.object) for one in fresh if _matches(request, one)])
        await stream.write_eof()
        return stream

    def _opening(self, request: web.Request, start: int) -> tuple[list[dict[str, Any]], int]:
        if start == 0:
            found = [one for one in self.deployments.values() if _selected(request, one)]
            shapes = [typed(APPS, "Deployment", deployment_json(one)) for one in found]
            return [_line("ADDED", shape) for shape in shapes], self.version
        if start < self.forgotten:
            gone = status_json(HTTPStatus.GONE, "Expired", _too_old(start, self.forgotten))
            return [_line("ERROR", gone)], start
        return [], start


def _deployment(server: KubernetesServer, request: web.Request) -> dict[str, Any]:
    return typed(APPS, "Deployment", deployment_json(_found(server, request)))


def _deployments(server: KubernetesServer, request: web.Request) -> dict[str, Any]:
    items = [deployment_json(one) for one in server.deployments.values() if _selected(request, one)]
    return listed(APPS, "Deployment", server.version, items)


def _replica_sets(server: KubernetesServer, request: web.Request) -> dict[str, Any]:
    items = [
        replica_set_json(one, revision)
        for one in server.deployments.values()
        for revision in one.revisions
        if _selected(request, one, {"pod-template-hash": revision.hash})
    ]
    return listed(APPS, "ReplicaSet", server.version, items)


def _pods(server: KubernetesServer, request: web.Request) -> dict[str, Any]:
    items = [
        pod_json(one, revision, pod, digest_of(pod.image, server.digests.get(pod.image)))
        for one in server.deployments.values()
        for revision in one.revisions
        for pod in revision.pods
        if _selected(request, one, {"pod-template-hash": revision.hash})
    ]
    return listed(CORE, "Pod", server.version, items)


def _found(server: KubernetesServer, request: web.Request) -> Deployment:
    name = request.match_info["name"]
    found = server.deployments.get((request.match_info["namespace"], name))
    if found is None:
        details = {"name": name, "group": "apps", "kind": "deployments"}
        _refuse(HTTPStatus.NOT_FOUND, "NotFound", f'deployments.apps "{name}" not found', details)
    return found


def _selected(request: web.Request, one: Deployment, labels: dict[str, str] | None = None) -> bool:
    """Selectors are lists of `key=value`; others are refused rather than misread."""
    held = {"app": one.name, **(labels or {})}
    wanted = _pairs(request, "labelSelector")
    name = _pairs(request, "fieldSelector").get("metadata.name", one.name)
    if one.namespace != request.match_info["namespace"] or name != one.name:
        return False
    return all(held.get(key) == value for key, value in wanted.items())


def _pairs(request: web.Request, selector: str) -> dict[str, str]:
    parts = [part for part in request.query.get(selector, "").split(",") if part]
    pairs = [part.replace("==", "=").partition("=") for part in parts]
    supported = selector == "labelSelector" or all(key == "metadata.name" for key, _, _ in pairs)
    if not supported or any(not equals or key.endswith("!") for key, equals, _ in pairs):
        _refuse(HTTPStatus.BAD_REQUEST, "BadRequest", f"unable to parse {selector}: {request.query[selector]}")
    return {key: value for key, _, value in pairs}


def _matches(request: web.Request, change: Change) -> bool:
    name = _pairs(request, "fieldSelector").get("metadata.name", change.name)
    return change.namespace == request.match_info["namespace"] and name == change.name


class _RefusedError(Exception):
    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


def _refuse(code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> NoReturn:
    raise _RefusedError(_json(status_json(code, reason, message, details), code))


def _forbid(route: Route, account: Account | None, verb: str, name: str, namespace: str) -> NoReturn:
    """Who may not look is never told whether anything is there."""
    qualified = f"{route.resource}.{route.group}" if route.group else route.resource
    subject = f'{qualified} "{name}"' if name else qualified
    message = (
        f'{subject} is forbidden: User "{account.user if account else "system:anonymous"}" cannot {verb} resource '
        f'"{route.resource}" in API group "{route.group}" in the namespace "{namespace}"'
    )
    details = {"group": route.group, "kind": route.resource} | ({"name": name} if name else {})
    _refuse(HTTPStatus.FORBIDDEN, "Forbidden", message, {key: value for key, value in details.items() if value})


def _json(value: dict[str, Any], status: int = HTTPStatus.OK) -> web.Response:
    body = json.dumps(value, separators=(",", ":")) + "\n"
    return web.Response(status=status, body=body.encode(), headers={"Content-Type": "application/json"})


def _line(kind: str, shape: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "object": shape}


async def _send(stream: web.StreamResponse, lines: list[dict[str, Any]]) -> None:
    for line in lines:
        await stream.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


def _too_old(asked: int, oldest: int) -> str:
    return f"too old resource version: {asked} ({oldest})"


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    group: str
    resource: str
    answer: Callable[[KubernetesServer, web.Request], dict[str, Any]]


ROUTES = (
    Route("/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "apps", "deployments", _deployment),
    Route("/apis/apps/v1/namespaces/{namespace}/deployments", "apps", "deployments", _deployments),
    Route("/apis/apps/v1/namespaces/{namespace}/replicasets", "apps", "replicasets", _replica_sets),
    Route("/api/v1/namespaces/{namespace}/pods", "", "pods", _pods),
)
