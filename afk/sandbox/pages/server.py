"""Serve what people look at, on a port of its own beside the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from afk.sandbox.pages.markup import link, page, tag
from afk.sandbox.server import Server

if TYPE_CHECKING:
    from threading import RLock

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'",
    "Cache-Control": "no-store",
    "Refresh": "3",  # nobody wants to press reload while a story goes on
}
View = Callable[..., str]


class Pages(Server):
    """Everybody may look at everything: whoever sees this port owns the world behind it.

    `views` draws a page for each path, under `shown`, the lock of what is shown. A LookupError: nothing is there.
    """

    def __init__(self, site: str, views: Mapping[str, View], shown: RLock, port: int = 0) -> None:
        super().__init__(port)
        self._site = site
        self._views = views
        self._shown = shown

    def routes(self, router: web.UrlDispatcher) -> None:
        router.add_get("/pages.css", self._style)
        for path, view in self._views.items():
            router.add_get(path, partial(self._page, view))
        router.add_get("/{anything:.*}", partial(self._page, _nowhere))

    async def _style(self, _: web.Request) -> web.Response:
        text = Path(__file__).with_name("pages.css").read_text(encoding="utf-8")
        return web.Response(text=text, content_type="text/css", charset="utf-8")

    async def _page(self, view: View, request: web.Request) -> web.Response:
        status = 200
        with self._shown:
            try:
                text = view(**request.match_info)
            except LookupError:
                status, text = 404, self._nothing()
        return web.Response(status=status, text=text, content_type="text/html", charset="utf-8", headers=HEADERS)

    def _nothing(self) -> str:
        hint = tag("p", "Nothing is here. See ", link("/", "all there is"), ".")
        return page(self._site, "Not found", tag("h1", "Not found"), hint)


def _nowhere(anything: str) -> str:
    raise LookupError(anything)
