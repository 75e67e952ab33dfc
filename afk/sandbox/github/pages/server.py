"""Serve the pages of the simulated GitHub; the addresses in the API's answers lead here from then on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Self

from afk.sandbox.github.pages import views
from afk.sandbox.pages import Pages, View

if TYPE_CHECKING:
    from afk.sandbox.github.server import GithubServer

VIEWS: dict[str, View] = {
    "/": views.front,
    "/{owner}/{repo}": views.issues,
    "/{owner}/{repo}/issues": views.issues,
    "/{owner}/{repo}/issues/{number}": views.issue,
    "/{owner}/{repo}/commit/{sha}": views.commit,
    "/{owner}/{repo}/actions/runs/{run}": views.run,
    "/{owner}/{repo}/actions/runs/{run}/job/{job}": views.run,
}


class GithubPages(Pages):
    def __init__(self, github: GithubServer, port: int = 0) -> None:
        drawn = {path: partial(view, github.forge) for path, view in VIEWS.items()}
        super().__init__(views.SITE, drawn, github.lock, port)
        self._github = github

    def start(self) -> Self:
        super().start()
        with self._github.lock:
            self._github.forge.world.site = self.url
        return self
