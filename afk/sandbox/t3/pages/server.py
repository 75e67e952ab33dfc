"""Serve the pages of the simulated T3 Code, at the paths to which deep links lead."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from afk.sandbox.pages import Pages, View
from afk.sandbox.t3.pages import views

if TYPE_CHECKING:
    from afk.sandbox.t3.server import T3Server

VIEWS: dict[str, View] = {"/": views.front, "/{environment}/{thread}": views.conversation}


class T3Pages(Pages):
    def __init__(self, t3: T3Server, port: int = 0) -> None:
        drawn = {path: partial(view, t3.engine.world) for path, view in VIEWS.items()}
        super().__init__(views.SITE, drawn, t3.lock, port)
