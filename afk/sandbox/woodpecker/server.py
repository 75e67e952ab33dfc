"""Answer as Woodpecker does under `/api`: most refusals are a bare status."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from aiohttp import web

from afk.sandbox.woodpecker.records import Cancellation, Event, Pipeline, Repository, Right, State, User
from afk.sandbox.woodpecker.shapes import log_json, pipeline_json, repository_json, user_json
from afk.sandbox.woodpecker.story import Story

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

LARGEST_PAGE = 50


class WoodpeckerServer(Story):
    def routes(self, router: web.UrlDispatcher) -> None:
        for route in ROUTES:
            router.add_route(route.method, f"/api{route.path}", self._handler(route))

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            with self.lock:
                try:
                    return route.answer(Call(self, request, self._caller(request)))
                except _RefusedError as refused:
                    return refused.response

        return handle

    def _caller(self, request: web.Request) -> User | None:
        """Who has no valid token is a guest."""
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        login = self.tokens.get(token.strip()) if kind.lower() == "bearer" else None
        return self.users[login] if login else None


@dataclass(frozen=True, slots=True)
class Call:
    story: Story
    request: web.Request
    user: User | None

    def query(self, name: str) -> str:
        return self.request.query.get(name, "")

    def repository(self, needed: Right = Right.PULL) -> Repository:
        """A repository the caller has no right to does not exist for it; a guest has to log in."""
        name, number = self.request.match_info.get("full_name"), self.request.match_info.get("repo_id", "")
        if name is None and not number.isdecimal():
            _refuse(HTTPStatus.BAD_REQUEST)
        found = [repo for repo in self.story.repositories.values() if name == repo.full_name or number == str(repo.id)]
        if not found or not self._right(found[0]).allows(needed):
            _refuse(HTTPStatus.NOT_FOUND if self.user else HTTPStatus.UNAUTHORIZED)
        return found[0]

    def pipeline(self, repo: Repository) -> Pipeline:
        number = self.request.match_info["number"]
        if not number.isdecimal():
            _refuse(HTTPStatus.BAD_REQUEST)
        found = repo.pipeline(int(number))
        if found is None:
            _refuse(HTTPStatus.NOT_FOUND)
        return found

    def _right(self, repo: Repository) -> Right:
        public = repo.visibility == "public" or (repo.visibility == "internal" and self.user is not None)
        floor = Right.PULL if public else Right.NONE
        if self.user is None:
            return floor
        granted = Right.ADMIN if self.user.admin else self.user.rights.get(repo.id, Right.NONE)
        return granted if granted.allows(floor) else floor


class _RefusedError(Exception):
    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


def _refuse(status: int, text: str = "") -> NoReturn:
    raise _RefusedError(web.Response(status=status, text=text) if text else web.Response(status=status))


def _json(value: Any) -> web.Response:
    body = json.dumps(value, separators=(",", ":"))
    return web.Response(body=body.encode(), headers={"Content-Type": "application/json; charset=utf-8"})


def _me(call: Call) -> web.Response:
    if call.user is None:
        _refuse(HTTPStatus.UNAUTHORIZED, "User not authorized")
    return _json(user_json(call.user))


def _repository(call: Call) -> web.Response:
    return _json(repository_json(call.repository()))


def _pipelines(call: Call) -> web.Response:
    """Newest first, without a total and without links; before 3.0 only the two dates choose."""
    repo = call.repository()
    tests = _dates(call) + (_choices(call) if call.story.version >= (3, 0) else [])
    found = [one for one in reversed(repo.pipelines) if all(test(one) for test in tests)]
    page, size = _number(call, "page", None) or 1, _number(call, "perPage", LARGEST_PAGE) or LARGEST_PAGE
    rows = found[(page - 1) * size : page * size]
    return _json([pipeline_json(repo, one, with_workflows=False) for one in rows])


def _pipeline(call: Call) -> web.Response:
    repo = call.repository()
    return _json(pipeline_json(repo, call.pipeline(repo), with_workflows=True))


def _latest(call: Call) -> web.Response:
    """The newest one that a push to the branch made."""
    repo = call.repository()
    branch = call.query("branch") or repo.branch
    found = [one for one in repo.pipelines if one.branch == branch and one.event is Event.PUSH]
    if not found:
        _refuse(HTTPStatus.NOT_FOUND)
    return _json(pipeline_json(repo, found[-1], with_workflows=True))


def _restart(call: Call) -> web.Response:
    repo = call.repository(Right.PUSH)
    old = call.pipeline(repo)
    if old.status is State.BLOCKED:
        _refuse(HTTPStatus.BAD_REQUEST, "cannot restart a pipeline with status blocked")
    return _json(pipeline_json(repo, call.story.restart_pipeline(repo, old), with_workflows=True))


def _cancel(call: Call) -> web.Response:
    pipeline = call.pipeline(call.repository(Right.PUSH))
    if pipeline.status not in {State.RUNNING, State.PENDING, State.BLOCKED}:
        _refuse(HTTPStatus.BAD_REQUEST, "Cannot cancel a non-running or non-pending or non-blocked pipeline")
    login = call.user.login if call.user else ""
    call.story.cancel_pipeline(pipeline, Cancellation(canceled_by_user=login))
    return web.Response(status=HTTPStatus.NO_CONTENT)


def _log(call: Call) -> web.Response:
    """A step of another pipeline is not found here."""
    pipeline = call.pipeline(call.repository())
    number = call.request.match_info["step_id"]
    if not number.isdecimal():
        _refuse(HTTPStatus.BAD_REQUEST)
    steps = [step for one in pipeline.workflows for step in one.steps if step.id == int(number)]
    if not steps:
        _refuse(HTTPStatus.NOT_FOUND)
    return _json(log_json(steps[0]))


def _number(call: Call, name: str, largest: int | None) -> int | None:
    """Nonsense, zero and too much all count as absent."""
    text = call.query(name)
    number = int(text) if text.isdecimal() else 0
    return number if number and (largest is None or number <= largest) else None


def _dates(call: Call) -> list[Callable[[Pipeline], bool]]:
    before, after = _moment(call, "before"), _moment(call, "after")
    tests: list[Callable[[Pipeline], bool]] = []
    if before:
        tests.append(lambda one: one.created < before)
    if after:
        tests.append(lambda one: one.created > after)
    return tests


def _choices(call: Call) -> list[Callable[[Pipeline], bool]]:
    branch, status, ref = (call.query(name) for name in ("branch", "status", "ref"))
    events = [event for event in call.query("event").split(",") if event]
    if not set(events) <= set(Event) or (status and status not in set(State)):
        _refuse(HTTPStatus.BAD_REQUEST)
    return [
        lambda one: not branch or one.branch == branch,
        lambda one: not status or one.status == status,
        lambda one: not ref or ref in f"refs/heads/{one.branch}",
        lambda one: not events or one.event in events,
    ]


def _moment(call: Call, name: str) -> datetime | None:
    text = call.query(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        _refuse(HTTPStatus.BAD_REQUEST)
    return moment


@dataclass(frozen=True, slots=True)
class Route:
    method: str
    path: str
    answer: Callable[[Call], web.Response]


ROUTES = (
    Route("GET", "/user", _me),
    Route("GET", "/repos/lookup/{full_name:.+}", _repository),
    Route("GET", "/repos/{repo_id}", _repository),
    Route("GET", "/repos/{repo_id}/pipelines", _pipelines),
    Route("GET", "/repos/{repo_id}/pipelines/latest", _latest),
    Route("GET", "/repos/{repo_id}/pipelines/{number}", _pipeline),
    Route("POST", "/repos/{repo_id}/pipelines/{number}", _restart),
    Route("POST", "/repos/{repo_id}/pipelines/{number}/cancel", _cancel),
    Route("GET", "/repos/{repo_id}/logs/{number}/{step_id}", _log),
)
