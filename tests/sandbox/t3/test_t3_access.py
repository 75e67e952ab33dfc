"""Tokens, scopes, cookies, tickets (4.1, 4.3, 6)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from afk.sandbox.t3 import Quirks
from tests.sandbox.t3.client import PROJECT_V2, TURN, V2, Client, receive, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.t3.conftest import Watch

READ, OPERATE = "orchestration:read", "orchestration:operate"
FORM = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "subject_token_type": "urn:t3:params:oauth:token-type:environment-bootstrap",
    "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
    "scope": f"{READ} {OPERATE}",
    "client_label": "afk",
}


def unauthorised(reason: str) -> dict[str, str]:
    tag = {"_tag": "EnvironmentAuthInvalidError", "code": "auth_invalid"}
    return {**tag, "reason": reason, "traceId": "unavailable"}


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        pytest.param(None, "missing_credential", id="none"),
        pytest.param("Basic YTpi", "missing_credential", id="other-scheme"),
        pytest.param("Bearer", "missing_credential", id="empty"),
        pytest.param("Bearer nonsense", "invalid_credential", id="nonsense"),
        pytest.param("Bearer a.b", "invalid_credential", id="unsigned"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/orchestration/shell"),
        ("GET", "/api/orchestration/snapshot"),
        ("GET", "/api/orchestration/threads/t-1"),
        ("POST", "/api/orchestration/dispatch"),
        ("POST", "/api/auth/websocket-ticket"),
        ("GET", "/ws"),
    ],
)
def test_no_or_bad_credential_is_401(t3: Client, method: str, path: str, header: str | None, reason: str) -> None:
    headers = {} if header is None else {"Authorization": header}

    answer = t3.http.request(method, path, headers=headers)

    assert (answer.status_code, answer.json()) == (401, unauthorised(reason))


@pytest.mark.parametrize(
    ("scopes", "method", "path", "required"),
    [
        pytest.param([READ], "POST", "/api/orchestration/dispatch", OPERATE, id="reader-dispatches"),
        pytest.param([OPERATE], "GET", "/api/orchestration/shell", READ, id="operator-reads-shell"),
        pytest.param([OPERATE], "GET", "/api/orchestration/snapshot", READ, id="operator-reads-snapshot"),
        pytest.param([OPERATE], "GET", "/api/orchestration/threads/t-1", READ, id="operator-reads-thread"),
    ],
)
def test_missing_scope_is_403_and_names_the_scope(
    t3: Client, scopes: list[str], method: str, path: str, required: str
) -> None:
    t3.token = t3.server.issue_token(scopes)

    answer = t3.http.request(method, path, headers=t3.headers, json=TURN if method == "POST" else None)

    tag = {"_tag": "EnvironmentScopeRequiredError", "code": "insufficient_scope"}
    assert (answer.status_code, answer.json()) == (403, {**tag, "requiredScope": required, "traceId": "unavailable"})
    assert t3.server.turns("t-1") == []


@pytest.mark.parametrize(
    ("scopes", "method", "path", "required"),
    [([READ], "POST", "/api/projects/mutate", OPERATE), ([OPERATE], "GET", "/api/projects", READ)],
    ids=["reader-mutates", "operator-lists"],
)
def test_projects_have_the_same_scopes(
    serve: Callable[..., Client], scopes: list[str], method: str, path: str, required: str
) -> None:
    client = serve(protocol=2)
    client.token = client.server.issue_token(scopes)

    answer = client.http.request(method, path, headers=client.headers, json=PROJECT_V2)

    assert (answer.status_code, answer.json()["requiredScope"]) == (403, required)


def test_unknown_scope_cannot_be_issued(t3: Client) -> None:
    with pytest.raises(ValueError, match="orchestration:everything"):
        t3.server.issue_token(["orchestration:everything"])


def test_expired_token_is_invalid_and_a_new_one_works(t3: Client, watch: Watch) -> None:
    t3.token = t3.server.issue_token(life=timedelta(minutes=30))
    assert t3.get("/api/orchestration/shell").status_code == 200
    watch.at += timedelta(minutes=30)

    answer = t3.get("/api/orchestration/shell")
    assert (answer.status_code, answer.json()) == (401, unauthorised("invalid_credential"))

    t3.token = t3.server.issue_token()
    assert t3.get("/api/orchestration/shell").status_code == 200


def test_revoked_token_is_invalid(t3: Client) -> None:
    assert t3.token is not None
    t3.server.revoke_token(t3.token)

    assert t3.get("/api/orchestration/shell").json()["reason"] == "invalid_credential"


def test_token_tells_its_claims_to_its_holder(t3: Client, watch: Watch) -> None:
    body, _, signature = t3.server.issue_token([READ], timedelta(hours=1)).partition(".")

    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))

    assert signature
    assert set(claims) == {"v", "kind", "sid", "sub", "scopes", "method", "iat", "exp"}
    assert (claims["v"], claims["kind"], claims["scopes"]) == (1, "session", [READ])
    assert claims["exp"] - claims["iat"] == 3_600_000
    assert claims["iat"] == pytest.approx(watch.at.timestamp() * 1000, abs=1000)


def test_session_is_always_200_and_tells_whether_a_token_is_good(t3: Client) -> None:
    good, bad = t3.get("/api/auth/session"), t3.http.get("/api/auth/session", headers={"Authorization": "Bearer x.y"})

    assert (good.status_code, bad.status_code) == (200, 200)
    assert good.json()["authenticated"] is True
    assert good.json()["scopes"] == [READ, OPERATE]
    assert good.json()["expiresAt"].startswith("2026-07-15T")
    assert set(bad.json()) == {"authenticated", "auth"}
    assert bad.json()["authenticated"] is False


def exchange(t3: Client, credential: str, **changes: str) -> httpx.Response:
    return t3.http.post("/oauth/token", data={**FORM, "subject_token": credential, **changes})


def test_pairing_credential_is_exchanged_once_for_a_working_token(t3: Client) -> None:
    credential = t3.server.pair()

    answer = exchange(t3, credential)

    told = answer.json()
    assert set(told) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert (told["token_type"], told["scope"]) == ("Bearer", f"{READ} {OPERATE}")
    assert told["expires_in"] == pytest.approx(30 * 86_400, abs=2)
    t3.token = told["access_token"]
    assert t3.get("/api/orchestration/shell").status_code == 200
    again = exchange(t3, credential)
    assert (again.status_code, again.json()) == (401, unauthorised("invalid_credential"))


@pytest.mark.parametrize(
    ("scope", "reason"), [("orchestration:all", "invalid_scope"), ("access:write", "scope_not_granted")]
)
def test_scope_that_was_not_granted_cannot_be_exchanged_for(t3: Client, scope: str, reason: str) -> None:
    credential = t3.server.pair()

    answer = exchange(t3, credential, scope=scope)

    assert (answer.status_code, answer.json()["reason"]) == (400, reason)
    assert exchange(t3, credential).status_code == 200


def test_pairing_credential_lives_five_minutes(t3: Client, watch: Watch) -> None:
    credential = t3.server.pair()
    watch.at += timedelta(minutes=5)

    assert exchange(t3, credential).status_code == 401


@pytest.mark.parametrize("changes", [{"grant_type": "password"}, {"requested_token_type": "x"}])
def test_other_grants_do_not_decode(t3: Client, changes: dict[str, str]) -> None:
    assert exchange(t3, t3.server.pair(), **changes).status_code == 400


def test_token_exchange_takes_no_json(t3: Client) -> None:
    answer = t3.http.post("/oauth/token", json={**FORM, "subject_token": t3.server.pair()})

    assert (answer.status_code, answer.content) == (400, b"")


def test_cookie_wins_over_a_good_bearer_token(t3: Client) -> None:
    """A client that keeps cookies stops working when its session ends, whatever token it sends."""
    answer = t3.http.post("/api/auth/browser-session", json={"credential": t3.server.pair([READ])})
    assert answer.json()["authenticated"] is True

    assert t3.get("/api/orchestration/shell").status_code == 200
    assert t3.dispatch(TURN).json()["requiredScope"] == OPERATE
    t3.server.revoke_token(answer.cookies["t3_session"])
    assert t3.get("/api/orchestration/shell").json()["reason"] == "invalid_credential"
    t3.http.cookies.clear()
    assert t3.dispatch(TURN).status_code == 200


def test_bearer_token_is_no_cookie(t3: Client) -> None:
    answer = httpx.get(f"{t3.server.url}/api/orchestration/shell", cookies={"t3_session": t3.token or ""})

    assert answer.json()["reason"] == "invalid_credential"


def status_of(address: str, headers: dict[str, str] | None = None) -> int:
    """The status of an upgrade: 101 where it succeeds."""
    try:
        with connect(address, additional_headers=headers, open_timeout=5, close_timeout=1) as socket:
            send(socket, {"_tag": "Ping"})
            assert receive(socket) == {"_tag": "Pong"}
            return 101
    except InvalidStatus as refused:
        return int(refused.response.status_code)


def test_socket_takes_a_ticket_or_a_bearer_token(t3: Client) -> None:
    bare = f"{t3.server.url.replace('http', 'ws')}/ws"

    assert status_of(t3.address()) == 101
    assert status_of(bare, t3.headers) == 101
    assert status_of(bare) == 401
    assert status_of(f"{bare}?wsTicket=nonsense", t3.headers) == 401


@pytest.mark.parametrize(("once", "second"), [(True, 401), (False, 101)])
def test_ticket_is_used_up_unless_the_build_lets_it_live(serve: Callable[..., Client], once: bool, second: int) -> None:
    client = serve(quirks=Quirks(tickets_work_once=once))
    ticket = client.ticket()

    assert [status_of(client.address(ticket)) for _ in range(2)] == [101, second]


def test_ticket_lives_five_minutes(t3: Client, watch: Watch) -> None:
    told: Any = t3.post("/api/auth/websocket-ticket", {}).json()
    watch.at += timedelta(minutes=5)

    assert set(told) == {"ticket", "expiresAt"}
    assert status_of(t3.address(told["ticket"])) == 401


@pytest.mark.parametrize(
    ("query", "status"),
    [
        pytest.param("", 426, id="no-protocol"),
        pytest.param("orchestrationProtocol=1&wsTicket=nonsense", 426, id="protocol-before-ticket"),
        pytest.param("orchestrationProtocol=2&wsTicket=nonsense", 401, id="bad-ticket"),
        pytest.param("orchestrationProtocol=2", 401, id="no-login"),
    ],
)
def test_v2_socket_checks_the_protocol_before_the_login(t3_v2: Client, query: str, status: int) -> None:
    assert status_of(f"{t3_v2.server.url.replace('http', 'ws')}/ws?{query}") == status


def test_v2_reads_check_the_token_like_v1(t3_v2: Client) -> None:
    t3_v2.token = None

    assert t3_v2.get("/api/orchestration/shell", **V2).json() == unauthorised("missing_credential")
