"""Look whether Woodpecker takes our token and knows the repositories that it builds. Reads only."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from afk.adapters.http import together
from afk.adapters.woodpecker.server import SYSTEM, Server
from afk.core.checkup import broken, fine
from afk.core.model import StageKind
from afk.core.text import plain
from afk.ports import PortError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afk.core.checkup import Finding
    from afk.core.model import Repo
    from afk.systems import Woodpecker

ADDRESS = "Start Woodpecker, or correct AFK_WOODPECKER_URL"
ACTIVATE = (
    "Activate it in Woodpecker, and set AFK_WOODPECKER_TOKEN to the personal token of somebody who may see it there"
)


def look(settings: Woodpecker, repos: Mapping[str, Repo]) -> Iterator[Finding]:
    built = [repo for repo in repos.values() if StageKind.WOODPECKER in repo.stages]
    if not built:
        yield fine(SYSTEM, "server", "not asked: no enrolled repository has the stage woodpecker")
        return
    server = Server(settings)
    try:
        homes = together([partial(server.home, repo.slug) for repo in built])
    finally:
        server.close()
    for repo, home in zip(built, homes, strict=True):
        subject = str(repo.slug)
        match home:
            case Unreachable():
                yield broken(SYSTEM, subject, str(home), ADDRESS)
            case PortError():
                yield broken(SYSTEM, subject, str(home), ACTIVATE)
            case _:
                yield fine(SYSTEM, subject, f"active; its default branch is {plain(home.branch, 100)}")
