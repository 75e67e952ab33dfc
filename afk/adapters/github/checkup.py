"""Look whether GitHub takes our credential, what it lets us do, and what it finds in the repositories. Reads only."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from afk.adapters.github.answer import understood
from afk.adapters.github.app_checkup import app_findings
from afk.adapters.github.app_login import SYSTEM, AppLogin
from afk.adapters.github.client import ACCEPT, Client
from afk.adapters.github.repo_checkup import UP, RepoCheckup, mend
from afk.adapters.http import Http, content, refusal
from afk.core import checkup
from afk.core.checkup import broken, doubtful, fine
from afk.core.text import plain
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    import httpx

    from afk.core.checkup import Finding
    from afk.core.model import Labels, Repo
    from afk.ports import Clock
    from afk.systems import Github

TOKEN = "Set AFK_GITHUB_TOKEN to a valid token"  # noqa: S105 - the words of a hint
SCOPE = "Give the classic token the scope repo, or use a fine-grained one with Issues read and write"
FINE_GRAINED, INSTALLATION = "github_pat_", "ghs_"
EXPIRES = "github-authentication-token-expiration"
SCARCE = 0.1  # of an hourly budget


def look(settings: Github, repos: Mapping[str, Repo], labels: Labels, clock: Clock) -> Iterator[Finding]:
    client = Client(settings, [repo.slug for repo in repos.values()], clock)
    http = Http(SYSTEM, settings.api_url, lambda: ACCEPT, patience=settings.patience)
    try:
        is_app = yield from credential(client, http, repos, clock)
        if is_app is not None:
            yield from RepoCheckup(client, labels, is_app=is_app).findings(repos)
    except PortError as error:
        yield broken(SYSTEM, "API", str(error), mend(error, f"{UP}. If all of it is so, report it"))
    finally:
        http.close()
        client.close()


def credential(
    client: Client, http: Http, repos: Mapping[str, Repo], clock: Clock
) -> Generator[Finding, None, bool | None]:
    """Whether it is an App's; None if it is not worth while to go on."""
    if isinstance(client.login, AppLogin):
        return True if (yield from app_findings(client.login, http, repos, clock)) else None
    token = client.login.token("")
    return token.startswith(INSTALLATION) if (yield from _token_findings(token, http, clock)) else None


def _token_findings(token: str, http: Http, clock: Clock) -> Generator[Finding, None, bool]:
    """Whether it is worth while to go on."""
    asked = clock.now()
    response = http.send("GET", "/user", headers={"Authorization": f"Bearer {token}"})
    answered = clock.now()
    yield from checkup.clock(SYSTEM, response.headers, asked, answered)
    said = str(refusal(SYSTEM, response)) if not response.is_success else ""
    match response.status_code:
        case HTTPStatus.OK:
            with understood("who we are"):
                yield fine(SYSTEM, "token", f"signed in as {plain(str(content(SYSTEM, response)['login']), 100)}")
        case HTTPStatus.UNAUTHORIZED:
            yield broken(SYSTEM, "token", f"refused as wrong, expired or revoked ({said})", TOKEN)
            return False
        case HTTPStatus.FORBIDDEN if response.headers.get("x-ratelimit-remaining") != "0":  # an installation's own
            yield doubtful(SYSTEM, "token", f"it does not say whose it is ({said})", TOKEN)
        case HTTPStatus.FORBIDDEN | HTTPStatus.TOO_MANY_REQUESTS:
            yield broken(
                SYSTEM, "rate limit", said, "Wait until GitHub's hour is over, and see who else uses the token"
            )
            return False
        case _:
            yield broken(SYSTEM, "API", said, UP)
            return False
    yield _permissions(token, response)
    yield from _expiry(response, answered)
    yield from _budget(response)
    return True


def _permissions(token: str, response: httpx.Response) -> Finding:
    """A classic token names its scopes; a fine-grained one keeps its permissions to itself."""
    if (listed := response.headers.get("x-oauth-scopes")) is not None:
        scopes = {scope.strip() for scope in listed.split(",")} - {""}
        named = plain(", ".join(sorted(scopes)), 200) or "none"
        if "repo" in scopes:
            return fine(SYSTEM, "scopes", named)
        if "public_repo" in scopes:
            return fine(SYSTEM, "scopes", f"{named}: public repositories only")
        return broken(SYSTEM, "scopes", f"{named}: read-only, AFK could neither label nor comment", SCOPE)
    if token.startswith(FINE_GRAINED):
        what = (
            "fine-grained: it may see no checks, so CI is read from Actions runs and statuses. "
            "Whether it has Issues read and write cannot be seen by reading"
        )
        return fine(SYSTEM, "permissions", what)
    return fine(SYSTEM, "permissions", "this kind of token does not say what it may do")


def _expiry(response: httpx.Response, now: datetime) -> Iterator[Finding]:
    text = response.headers.get(EXPIRES, "")
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        try:
            ends = datetime.strptime(text, form)  # noqa: DTZ007 - the first form is in UTC
        except ValueError:
            continue
        ends = ends.astimezone(UTC) if ends.tzinfo else ends.replace(tzinfo=UTC)
        yield checkup.lifetime(SYSTEM, "expiry", ends, now, "Issue a new token, and set AFK_GITHUB_TOKEN to it")
        return


def _budget(response: httpx.Response) -> Iterator[Finding]:
    left, limit = (response.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "limit"))
    if not (left.isdigit() and limit.isdigit()):
        return
    what = f"{left} of {limit} requests of this hour are left"
    if int(left) < int(limit) * SCARCE:
        yield doubtful(SYSTEM, "rate limit", what, "See who else uses the token; an App has a budget of its own")
    else:
        yield fine(SYSTEM, "rate limit", what)
