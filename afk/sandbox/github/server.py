"""Serve the simulated GitHub: REST under the root, GraphQL at `/graphql`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aiohttp import web

from afk.sandbox.github.access import Refusal
from afk.sandbox.github.forge import Forge
from afk.sandbox.github.graphql.endpoint import answer
from afk.sandbox.github.rest.ci import LOGS, read_log
from afk.sandbox.github.rest.routes import ENDPOINTS, paths
from afk.sandbox.github.rest.service import check_headers, common_headers, refuse, serve
from afk.sandbox.github.verbs.code import CodeVerbs
from afk.sandbox.github.verbs.issues import IssueVerbs
from afk.sandbox.github.verbs.people import PeopleVerbs
from afk.sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from afk.sandbox.github.graphql.faults import GraphqlFaults
    from afk.sandbox.github.rest.call import Endpoint

GRAPHQL_DOCS = "https://docs.github.com/graphql"
OK = 200


def system_clock() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a sandbox without a story's clock goes with the machine's


class GithubServer(PeopleVerbs, IssueVerbs, CodeVerbs, Server):
    """One GitHub with everything in it. `forge` holds the switches for what nobody could confirm."""

    def __init__(self, port: int = 0, *, clock: Callable[[], datetime] = system_clock) -> None:
        super().__init__(port)
        self.forge = Forge(clock)

    @property
    def graphql_faults(self) -> GraphqlFaults:
        return self.forge.graphql_faults

    def routes(self, router: web.UrlDispatcher) -> None:
        for endpoint in ENDPOINTS:
            for path in paths(endpoint.path):
                router.add_route(endpoint.method, path, self._rest(endpoint))
        router.add_post("/graphql", self._graphql)
        router.add_get(LOGS, self._job_log)
        router.add_route("*", "/{anything:.*}", self._rest(None))

    def _rest(self, endpoint: Endpoint | None) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            body = await request.read()
            with self.lock:
                self.forge.url = self.url
                return serve(self.forge, endpoint, request, body)

        return handle

    async def _graphql(self, request: web.Request) -> web.Response:
        body = await request.read()
        with self.lock:
            try:
                check_headers(request.headers)
                token = self.forge.access.authenticate(request.headers.get("Authorization", ""))
            except Refusal as refusal:
                return refuse(refusal, GRAPHQL_DOCS, {})
            try:
                shape = answer(self.forge, token, body)
            except Refusal as refusal:
                headers = common_headers(self.forge, token, "graphql")
                if refusal.status != OK:
                    return refuse(refusal, GRAPHQL_DOCS, headers)
                headers |= refusal.headers
                return web.json_response({"errors": [{"message": refusal.message}]}, headers=headers)
            return web.json_response(shape, headers=common_headers(self.forge, token, "graphql"))

    async def _job_log(self, request: web.Request) -> web.Response:
        """A file store of its own: it refuses a GitHub token."""
        if "Authorization" in request.headers:
            return web.Response(status=401, text="<Error><Code>InvalidAuthenticationInfo</Code></Error>")
        number = request.match_info["job_id"]
        with self.lock:
            text = read_log(self.forge, int(number)) if number.isdecimal() else None
        if text is None:
            return web.Response(status=404, text="<Error><Code>BlobNotFound</Code></Error>")
        return web.Response(text=text)
