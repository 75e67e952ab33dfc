"""Look whether GitHub takes our App's signature, and what its installations were granted."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from afk.adapters.github.answer import understood
from afk.adapters.github.app_login import SYSTEM
from afk.adapters.http import content, refusal
from afk.core import checkup
from afk.core.checkup import broken, doubtful, fine
from afk.core.text import plain
from afk.ports import Refused

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    import httpx

    from afk.adapters.github.app_login import AppLogin
    from afk.adapters.http import Http
    from afk.core.checkup import Finding
    from afk.core.model import Repo, Slug
    from afk.ports import Clock

KEY = "Correct AFK_GITHUB_APP_ID and AFK_GITHUB_APP_PRIVATE_KEY_FILE, and see that the clock is right"
GRANT = "Grant it in the App's settings, and accept it in the installation"
INSTALL = "Install the App for its repositories, or take them out of the rules"
LEVELS = ("read", "write", "admin")
NEEDED = {"metadata": "read", "contents": "read", "issues": "write"}
CHECKS, INSTEAD = "checks", ("actions", "statuses")


def app_findings(
    login: AppLogin, http: Http, repos: Mapping[str, Repo], clock: Clock
) -> Generator[Finding, None, bool]:
    """Whether it is worth while to go on."""
    asked = clock.now()
    try:
        response = _ask(login, http, "/app")
    except Refused as error:  # the key file
        yield broken(SYSTEM, "App", str(error), KEY)
        return False
    yield from checkup.clock(SYSTEM, response.headers, asked, clock.now())
    if not response.is_success:
        yield broken(SYSTEM, "App", f"its signature is refused ({refusal(SYSTEM, response)})", KEY)
        return False
    with understood("the App"):
        yield fine(SYSTEM, "App", f"signed in as {plain(str(content(SYSTEM, response)['slug']), 100)}")
    owners: dict[str, list[Slug]] = {}
    for repo in repos.values():
        owners.setdefault(repo.slug.owner.lower(), []).append(repo.slug)
    for slugs in owners.values():
        yield from _installation(login, http, slugs)
    return True


def _ask(login: AppLogin, http: Http, path: str) -> httpx.Response:
    return http.send("GET", path, headers={"Authorization": f"Bearer {login.signature()}"})


def _installation(login: AppLogin, http: Http, slugs: Sequence[Slug]) -> Iterator[Finding]:
    """Of one owner, as the first repository tells that it covers."""
    subject = f"installation for {slugs[0].owner}"
    for slug in slugs:
        response = _ask(login, http, f"/repos/{slug}/installation")
        if response.status_code == HTTPStatus.NOT_FOUND:
            continue
        if not response.is_success:
            raise refusal(SYSTEM, response, str(slug))
        with understood(subject):
            row: Mapping[str, Any] = content(SYSTEM, response, str(slug))
            is_suspended, granted = row.get("suspended_at") is not None, dict(row["permissions"])
        if is_suspended:
            yield broken(SYSTEM, subject, "it is suspended", "Let the owner unsuspend it")
        yield from _granted(subject, granted)
        return
    yield broken(SYSTEM, subject, "the App is installed in none of its repositories", INSTALL)


def _granted(subject: str, granted: Mapping[str, str]) -> Iterator[Finding]:
    lacking = [f"{name}: {level}" for name, level in NEEDED.items() if not _covers(granted.get(name), level)]
    if lacking:
        yield broken(SYSTEM, subject, f"it lacks {', '.join(lacking)}", GRANT)
    else:
        yield fine(SYSTEM, subject, "may read the code, and read and write issues")
    if not _covers(granted.get(CHECKS), "read") and not all(_covers(granted.get(name), "read") for name in INSTEAD):
        yield doubtful(SYSTEM, subject, "it may see no CI (checks: read; or actions and statuses: read)", GRANT)


def _covers(granted: str | None, needed: str) -> bool:
    return granted in LEVELS and LEVELS.index(granted) >= LEVELS.index(needed)
