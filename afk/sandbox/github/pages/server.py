"""Serve what people look at, on a port of its own; the addresses in the API's answers lead here from then on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self

from aiohttp import web

from afk.sandbox.github.pages import views
from afk.sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from afk.sandbox.github.pages.views import View
    from afk.sandbox.github.server import GithubServer

STYLE = "/pages.css"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'",
    "Cache-Control": "no-store",
    "Refresh": "3",  # nobody wants to press reload while a story goes on
}
ROUTES: dict[str, View] = {
    "/": views.front,
    "/{owner}/{repo}": views.issues,
    "/{owner}/{repo}/issues": views.issues,
    "/{owner}/{repo}/issues/{number}": views.issue,
    "/{owner}/{repo}/commit/{sha}": views.commit,
    "/{owner}/{repo}/actions/runs/{run}": views.run,
    "/{owner}/{repo}/actions/runs/{run}/job/{job}": views.run,
}


class GithubPages(Server):
    """Everybody may look at everything: whoever sees this port owns the world behind it."""

    def __init__(self, github: GithubServer, port: int = 0) -> None:
        super().__init__(port)
        self._github = github

    def start(self) -> Self:
        super().start()
        with self._github.lock:
            self._github.forge.world.site = self.url
        return self

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_get(STYLE, self._style)
        for path, view in ROUTES.items():
            router.add_get(path, self._page(view))
        router.add_get("/{anything:.*}", self._page(views.elsewhere))

    async def _style(self, _: web.Request) -> web.Response:
        text = Path(__file__).with_name("pages.css").read_text(encoding="utf-8")
        return web.Response(text=text, content_type="text/css", charset="utf-8")

    def _page(self, view: View) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            status = 200
            with self._github.lock:
                try:
                    text = view(self._github.forge, **request.match_info)
                except LookupError:
                    status, text = 404, views.nothing()
            return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=HEADERS)

        return handle
