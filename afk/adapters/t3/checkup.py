"""Look which T3 is there, whether we speak its protocol, and what our token opens. Reads only."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from afk.adapters.http import Http, content
from afk.adapters.t3.fields import moment, record, text
from afk.adapters.t3.wire import DESCRIPTOR, Missing, Wire
from afk.core import checkup
from afk.core.checkup import broken, doubtful, fine
from afk.core.text import plain
from afk.ports import PortError, Refused, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    import httpx

    from afk.core.checkup import Finding
    from afk.ports import Clock
    from afk.systems import T3

SYSTEM = "T3"
SESSION = "/api/auth/session"
NEEDED = ("orchestration:read", "orchestration:operate")
START = "Start T3 Code, or correct AFK_T3_URL"
NOT_T3 = "Correct AFK_T3_URL: something else answers there, such as a proxy or a login page"
VERSION = "Run a T3 Code that speaks protocol 1 or 2, or an AFK that speaks this one"
ISSUE = f"Issue a token for {' and '.join(NEEDED)}, and set AFK_T3_TOKEN, or write it to AFK_T3_TOKEN_FILE"


def look(settings: T3, clock: Clock) -> Iterator[Finding]:
    wire, http = Wire(settings), Http("t3", settings.url, dict, patience=settings.patience)
    try:
        secret = yield from _held(settings)
        asked = clock.now()
        descriptor = http.send("GET", DESCRIPTOR)
        yield from checkup.clock(SYSTEM, descriptor.headers, asked, clock.now())
        if secret and (yield from _server(wire, descriptor)):
            yield from _token(wire, secret, clock.now())
            chosen = f"{settings.instance} with {settings.model}"
            yield fine(SYSTEM, "instance", f"{chosen}; only when a thread starts, T3 says whether it knows them")
    except Unreachable as error:
        yield broken(SYSTEM, "server", str(error), START)
    except Refused as error:
        yield broken(SYSTEM, "token", str(error), ISSUE)
    except PortError as error:
        yield broken(SYSTEM, "server", str(error), f"{NOT_T3}. If it is T3, report it")
    finally:
        http.close()
        wire.close()


def _held(settings: T3) -> Generator[Finding, None, str]:
    """The token, if there is one: whether its file can be read does not hang on whether T3 answers."""
    try:
        secret = _secret(settings)
    except (OSError, UnicodeDecodeError) as error:
        what = f"the file of AFK_T3_TOKEN_FILE cannot be read ({type(error).__name__})"
        yield broken(SYSTEM, "token", what, ISSUE)
        return ""
    if not secret:
        yield broken(SYSTEM, "token", "the file of AFK_T3_TOKEN_FILE holds no token", ISSUE)
    return secret


def _server(wire: Wire, descriptor: httpx.Response) -> Generator[Finding, None, bool]:
    """Whether it is worth while to go on."""
    try:
        found = wire.environment()
    except Refused as error:
        yield broken(SYSTEM, "server", str(error), VERSION if _is_t3(descriptor) else NOT_T3)
        return False
    said = f"version {plain(found.version, 40)}, protocol {found.protocol}, environment {plain(found.id, 80)}"
    yield fine(SYSTEM, "server", said)
    return True


def _is_t3(descriptor: httpx.Response) -> bool:
    try:
        return text(record(content("t3", descriptor), "the descriptor"), "environmentId") is not None
    except Unexpected:
        return False


def _token(wire: Wire, secret: str, now: datetime) -> Iterator[Finding]:
    try:
        told = wire.read(SESSION)
    except Missing as error:
        yield doubtful(SYSTEM, "token", f"this build does not say what a token opens ({error})", ISSUE)
        return
    if told.get("authenticated") is not True:
        ends = _ends(secret)
        why = (
            f"it ended at {ends:%Y-%m-%d %H:%M} UTC" if ends and ends <= now else "wrong, revoked, or another server's"
        )
        yield broken(SYSTEM, "token", f"refused: {why}", ISSUE)
        return
    scopes = told.get("scopes")
    held = {scope for scope in scopes if isinstance(scope, str)} if isinstance(scopes, list) else set()
    if lacking := [scope for scope in NEEDED if scope not in held]:
        yield broken(SYSTEM, "token", f"it lacks {' and '.join(lacking)}", ISSUE)
    else:
        yield fine(SYSTEM, "token", f"it has {' and '.join(NEEDED)}")
    if (ends := moment(told, "expiresAt")) is not None:
        yield checkup.lifetime(SYSTEM, "expiry", ends.astimezone(UTC), now, ISSUE)


def _secret(settings: T3) -> str:
    if settings.token is not None:
        return settings.token.get_secret_value()
    return settings.token_file.read_text("utf-8").strip() if settings.token_file else ""


def _ends(token: str) -> datetime | None:
    """What a token says of itself: its claims are readable, in milliseconds. Another kind of token says nothing."""
    claims = token.partition(".")[0]
    try:
        read = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
        return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=read["exp"])
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
