"""Answer as Forgejo or Gitea does under `/api/v1`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from afk.sandbox.forgejo import ci, code, conversation, dependencies, issues, labels, people
from afk.sandbox.forgejo.answers import RefusedError, answer
from afk.sandbox.forgejo.call import Call, admit
from afk.sandbox.forgejo.pushes import Pushes
from afk.sandbox.forgejo.records import Flavour

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web


@dataclass(frozen=True, slots=True)
class Route:
    """One operation, and the kinds of thing the token must have a scope for."""

    method: str
    path: str
    answer: Callable[[Call], web.Response]
    scopes: tuple[str, ...]


class ForgejoServer(Pushes):
    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/api/v1/version", self._version)
        for route in ROUTES:
            router.add_route(route.method, f"/api/v1{route.path}", self._handler(route))

    def _handler(self, route: Route) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            content = await request.read()
            with self.lock:
                try:
                    return route.answer(admit(self, request, route.scopes, content))
                except RefusedError as refused:
                    return refused.response

        return handle

    async def _version(self, _request: web.Request) -> web.Response:
        """The one thing that needs no token."""
        match self.flavour:
            case Flavour.FORGEJO:
                return answer({"version": "12.0.0-dev-340-ea2f1e6e70+gitea-1.22.0"})
            case Flavour.GITEA:
                return answer({"version": "1.27.0-rc0"})


REPO = "/repos/{owner}/{repo}"
ISSUE = f"{REPO}/issues/{{index}}"
_ISSUE, _REPO, _USER, _ORG = ("issue",), ("repository",), ("user",), ("organization",)

ROUTES = (
    Route("GET", "/user", people.me, _USER),
    Route("GET", "/users/{username}", people.somebody, _USER),
    Route("GET", "/repos/issues/search", issues.search, _ISSUE),
    Route("GET", "/orgs/{org}/labels", labels.organization_labels, _ORG),
    Route("GET", REPO, people.repository, _REPO),
    Route("GET", f"{REPO}/collaborators", people.collaborators, _REPO),
    Route("GET", f"{REPO}/collaborators/{{login}}", people.is_collaborator, _REPO),
    Route("GET", f"{REPO}/collaborators/{{login}}/permission", people.permission, _REPO),
    Route("GET", f"{REPO}/issues", issues.issues, _ISSUE),
    Route("GET", f"{REPO}/issues/comments/{{id}}", conversation.comment, _ISSUE),
    Route("PATCH", f"{REPO}/issues/comments/{{id}}", conversation.edit_comment, _ISSUE),
    Route("DELETE", f"{REPO}/issues/comments/{{id}}", conversation.delete_comment, _ISSUE),
    Route("GET", ISSUE, issues.issue, _ISSUE),
    Route("PATCH", ISSUE, issues.edit_issue, _ISSUE),
    Route("GET", f"{ISSUE}/timeline", conversation.timeline, _ISSUE),
    Route("GET", f"{ISSUE}/comments", conversation.comments, _ISSUE),
    Route("POST", f"{ISSUE}/comments", conversation.write_comment, _ISSUE),
    Route("GET", f"{ISSUE}/labels", labels.issue_labels, _ISSUE),
    Route("POST", f"{ISSUE}/labels", labels.add_issue_labels, _ISSUE),
    Route("DELETE", f"{ISSUE}/labels/{{id}}", labels.remove_issue_label, _ISSUE),
    Route("GET", f"{ISSUE}/dependencies", dependencies.dependencies, _ISSUE),
    Route("POST", f"{ISSUE}/dependencies", dependencies.add_dependency, _ISSUE),
    Route("DELETE", f"{ISSUE}/dependencies", dependencies.remove_dependency, _ISSUE),
    Route("GET", f"{ISSUE}/blocks", dependencies.blocks, _ISSUE),
    Route("GET", f"{REPO}/labels", labels.repository_labels, _ISSUE),
    Route("POST", f"{REPO}/labels", labels.create_label, _ISSUE),
    Route("GET", f"{REPO}/commits", code.commits, _REPO),
    Route("GET", f"{REPO}/git/commits/{{sha}}", code.commit, _REPO),
    Route("GET", f"{REPO}/git/trees/{{sha}}", code.tree, _REPO),
    Route("GET", f"{REPO}/compare/{{basehead:.+}}", code.compare, _REPO),
    Route("GET", f"{REPO}/branches", code.branches, _REPO),
    Route("GET", f"{REPO}/branches/{{branch:.+}}", code.branch, _REPO),
    Route("GET", f"{REPO}/branch_protections", code.branch_protections, _REPO),
    Route("GET", f"{REPO}/commits/{{ref}}/status", ci.combined_status, _REPO),
    Route("GET", f"{REPO}/commits/{{ref}}/statuses", ci.statuses, _REPO),
    Route("GET", f"{REPO}/statuses/{{sha}}", ci.statuses, _REPO),
    Route("GET", f"{REPO}/actions/runs", ci.runs, _REPO),
)
