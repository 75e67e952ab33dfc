"""What T3's answers mean to somebody who looks whether AFK could run."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from afk.adapters.t3.checkup import look
from afk.core.checkup import Finding, Level
from afk.systems import T3
from tests.adapters.t3.replies import DESCRIBED, DESCRIPTOR, URL

if TYPE_CHECKING:
    from pathlib import Path

    import respx

SESSION = "/api/auth/session"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
BOTH = ["orchestration:read", "orchestration:operate"]


class Noon:
    def now(self) -> datetime:
        return NOON

    def new_id(self) -> str:
        raise AssertionError("a look names nothing")


def claims(**told: Any) -> str:
    """A token as T3 makes them: readable claims, and a signature that only T3 can check."""
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=") + ".signature"


def findings(token: str | Path = "planted") -> list[Finding]:
    """With a token, or the file of one."""
    held: Any = {"token": SecretStr(token)} if isinstance(token, str) else {"token_file": token}
    return list(look(T3(URL, URL, "claudeAgent", "claude-sonnet-4-6", "/data", **held), Noon()))


def one(found: list[Finding], subject: str) -> Finding:
    (only,) = [each for each in found if each.subject == subject]
    return only


def session(server: respx.MockRouter, **told: Any) -> respx.Route:
    return server.get(SESSION).mock(httpx.Response(200, json=told))


def ends(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_three_reads_tell_everything(v1: respx.MockRouter) -> None:
    session(v1, authenticated=True, scopes=BOTH, expiresAt=ends(NOON + timedelta(days=9)))

    found = findings()

    asked = [(call.request.method, call.request.url.path, "authorization" in call.request.headers) for call in v1.calls]
    assert asked == [("GET", DESCRIPTOR, False), ("GET", DESCRIPTOR, True), ("GET", SESSION, True)]
    assert [(each.subject, each.level) for each in found] == [
        (subject, Level.OK) for subject in ("server", "token", "expiry", "instance")
    ]
    assert "claudeAgent with claude-sonnet-4-6" in one(found, "instance").what


def test_protocol_2_is_spoken_too(v2: respx.MockRouter) -> None:
    session(v2, authenticated=True, scopes=BOTH)

    assert "protocol 2" in one(findings(), "server").what


@pytest.mark.parametrize(
    ("token", "why"),
    [
        pytest.param(claims(exp=int((NOON - timedelta(hours=1)).timestamp() * 1000)), "it ended at 2026-11-20 11:00", id="ended"),
        pytest.param(claims(exp=int((NOON + timedelta(hours=1)).timestamp() * 1000)), "wrong, revoked", id="not-ended"),
        pytest.param(claims(exp="tomorrow"), "wrong, revoked", id="end-is-no-number"),
        pytest.param(claims(exp=10**30), "wrong, revoked", id="end-is-beyond-time"),
        pytest.param(claims(sub="afk"), "wrong, revoked", id="without-an-end"),
        pytest.param(claims() .replace(".", "!."), "wrong, revoked", id="broken-claims"),
        pytest.param("opaque", "wrong, revoked", id="another-kind-of-token"),
        pytest.param("W10.x", "wrong, revoked", id="claims-are-a-list"),
    ],
)  # fmt: skip
def test_refused_token_says_itself_whether_it_has_ended(v1: respx.MockRouter, token: str, why: str) -> None:
    session(v1, authenticated=False)

    found = one(findings(token), "token")

    assert (found.level, f"refused: {why}" in found.what) == (Level.FAIL, True)
    assert token not in found.line


@pytest.mark.parametrize(
    ("scopes", "lacks"),
    [
        pytest.param(BOTH[:1], "orchestration:operate", id="may-not-operate"),
        pytest.param(BOTH[1:], "orchestration:read", id="operate-does-not-imply-read"),
        pytest.param([], "orchestration:read and orchestration:operate", id="nothing"),
        pytest.param("orchestration:read", "orchestration:read and orchestration:operate", id="another-shape"),
        pytest.param([*BOTH, 7], "", id="something-new-beside-both"),
    ],
)
def test_token_needs_both_scopes(v1: respx.MockRouter, scopes: Any, lacks: str) -> None:
    session(v1, authenticated=True, scopes=scopes)

    found = one(findings(), "token")

    assert (found.level is Level.FAIL) is bool(lacks)
    assert found.what == (f"it lacks {lacks}" if lacks else "it has orchestration:read and orchestration:operate")


def test_build_that_does_not_tell_about_sessions_is_to_look_at(v1: respx.MockRouter) -> None:
    v1.get(SESSION).mock(httpx.Response(200, html="<html></html>"))

    assert one(findings(), "token").level is Level.WARN


@pytest.mark.parametrize(
    ("descriptor", "todo"),
    [
        pytest.param(httpx.Response(200, html="<html></html>"), "something else answers there", id="html"),
        pytest.param(httpx.Response(404), "something else answers there", id="404"),
        pytest.param(httpx.Response(200, json={}), "something else answers there", id="json-of-somebody-else"),
        pytest.param(httpx.Response(200, json=DESCRIBED | {"orchestrationProtocolVersion": 3}), "speaks protocol 1 or 2", id="protocol-3"),
        pytest.param(httpx.Response(200, json={"environmentId": "e", "serverVersion": "0.0.24"}), "speaks protocol 1 or 2", id="too-old"),
        pytest.param(httpx.Response(503), "Start T3 Code", id="503"),
    ],
)  # fmt: skip
def test_server_that_afk_cannot_speak_to_is_told_with_its_mend(
    server: respx.MockRouter, descriptor: httpx.Response, todo: str
) -> None:
    server.get(DESCRIPTOR).mock(descriptor)

    (found,) = findings()

    assert (found.subject, found.level) == ("server", Level.FAIL)
    assert todo in found.todo


def test_clock_is_compared_with_the_descriptors_time(server: respx.MockRouter) -> None:
    told = format_datetime(NOON - timedelta(minutes=10), usegmt=True)
    server.get(DESCRIPTOR).mock(httpx.Response(200, json=DESCRIBED, headers={"Date": told}))
    session(server, authenticated=True, scopes=BOTH)

    assert one(findings(), "clock").what == "T3's is 599 s behind ours"


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"], ids=["missing", "empty", "no-text"])
def test_token_file_that_holds_no_token_is_told(v1: respx.MockRouter, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)

    found = findings(file)

    assert one(found, "token").level is Level.FAIL
    assert "AFK_T3_TOKEN_FILE" in one(found, "token").what
