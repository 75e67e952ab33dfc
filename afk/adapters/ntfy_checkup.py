"""Look whether ntfy is there and lets us read the topic. Reads only."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from afk.adapters.http import Http
from afk.core import checkup
from afk.core.checkup import broken, doubtful, fine
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import httpx

    from afk.core.checkup import Finding
    from afk.ports import Clock
    from afk.systems import Ntfy

SYSTEM = "ntfy"
ADDRESS = "Set AFK_NTFY_URL to the address of a topic, such as https://ntfy.example.org/afk, and see that it runs"
TOKEN = "Set AFK_NTFY_TOKEN to a token that may read and write the topic"  # noqa: S105 - the words of a hint


def look(settings: Ntfy, clock: Clock) -> Iterator[Finding]:
    """The topic is as good as a password on a public server: no line names it."""
    token = settings.token

    def credential() -> Mapping[str, str]:
        return {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}

    http = Http(SYSTEM, settings.url, credential, patience=settings.patience)
    try:
        asked = clock.now()
        response = http.send("GET", "/auth")
        yield from checkup.clock(SYSTEM, response.headers, asked, clock.now())
    except PortError as error:
        yield broken(SYSTEM, "topic", str(error), ADDRESS)
        return
    finally:
        http.close()
    match response.status_code:
        case HTTPStatus.OK if _is_ntfy(response):
            yield fine(SYSTEM, "topic", "may be read; whether it may be written cannot be seen by reading")
        case HTTPStatus.UNAUTHORIZED:
            yield broken(SYSTEM, "token", "refused as wrong or expired (401)", TOKEN)
        case HTTPStatus.FORBIDDEN:
            what = "may not be read (403): a message whose receipt is lost would be sent a second time"
            yield doubtful(SYSTEM, "topic", what, TOKEN)
        case status:
            yield broken(SYSTEM, "topic", f"it is none: answered {status}, not as ntfy does", ADDRESS)


def _is_ntfy(response: httpx.Response) -> bool:
    """Other servers answer 200 with JSON, too."""
    try:
        return bool(response.json()["success"] is True)
    except (ValueError, TypeError, LookupError):
        return False
