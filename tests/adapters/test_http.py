"""The shared client says what an exchange came to, in the errors that the product knows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx
import pytest
import respx

from afk.adapters.http import Http, retry_at, together
from afk.ports import Gone, PortError, Refused, Uncertain, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

URL = "https://forge.test"
NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=URL) as router:
        yield router


@pytest.fixture
def http() -> Iterator[Http]:
    client = Http("forge", f"{URL}/", lambda: {"Authorization": "Bearer s3cret"}, patience=20)
    yield client
    client.close()


def test_a_request_carries_headers_parameters_and_json(wire: respx.MockRouter, http: Http) -> None:
    route = wire.post("/things").respond(201, json={"id": 7})

    assert http.call("POST", "/things", params={"page": 2}, body={"a": "ü"}, headers={"X-Key": "k"}) == {"id": 7}
    request = route.calls.last.request
    assert str(request.url) == f"{URL}/things?page=2"
    assert request.content == b'{"a": "\\u00fc"}'
    wanted = {"user-agent": "afk", "content-type": "application/json", "authorization": "Bearer s3cret", "x-key": "k"}
    assert {name: request.headers[name] for name in wanted} == wanted


def test_a_request_without_a_body_claims_no_content_type(wire: respx.MockRouter, http: Http) -> None:
    route = wire.get("/things").respond(200, json=[])
    http.call("GET", "/things")

    assert "content-type" not in route.calls.last.request.headers


def test_the_credential_is_read_again_for_every_request(wire: respx.MockRouter) -> None:
    route = wire.get("/things").respond(200, json=[])
    tokens = iter(["old", "new"])
    http = Http("forge", URL, lambda: {"Authorization": next(tokens)}, patience=20)
    http.call("GET", "/things")
    http.call("GET", "/things")
    http.close()

    assert [call.request.headers["authorization"] for call in route.calls] == ["old", "new"]


def test_a_cookie_is_never_sent_back(wire: respx.MockRouter, http: Http) -> None:
    route = wire.get("/things").respond(200, json=[], headers={"Set-Cookie": "session=1; Path=/"})
    http.call("GET", "/things")
    http.call("GET", "/things")

    assert "cookie" not in route.calls.last.request.headers


@pytest.mark.parametrize(
    ("method", "status", "error"),
    [
        pytest.param("GET", 400, Refused, id="bad request"),
        pytest.param("GET", 401, Refused, id="unknown token"),
        pytest.param("POST", 403, Refused, id="forbidden"),
        pytest.param("GET", 404, Gone, id="not found"),
        pytest.param("PATCH", 410, Gone, id="deleted"),
        pytest.param("POST", 422, Refused, id="invalid"),
        pytest.param("POST", 429, Unreachable, id="too many"),
        pytest.param("GET", 500, Unreachable, id="a read that failed"),
        pytest.param("GET", 503, Unreachable, id="a read of somebody busy"),
        pytest.param("POST", 502, Uncertain, id="a write that may have happened"),
        pytest.param("DELETE", 504, Uncertain, id="a removal that may have happened"),
        pytest.param("POST", 302, Unexpected, id="a write that was sent elsewhere"),
    ],
)
def test_a_status_is_the_error_that_fits(
    wire: respx.MockRouter, http: Http, method: str, status: int, error: type[PortError]
) -> None:
    wire.request(method, "/things").respond(status, json={"message": "no\nway"}, headers={"Location": "/others"})

    with pytest.raises(PortError) as caught:
        http.call(method, "/things", "infra#42")

    assert type(caught.value) is error
    assert str(caught.value) == f"forge: {method} /things (infra#42): {status}, no way"


@pytest.mark.parametrize(
    ("method", "trouble", "error"),
    [
        pytest.param("GET", httpx.ConnectError, Unreachable, id="nobody there"),
        pytest.param("POST", httpx.ConnectError, Unreachable, id="nobody there to write to"),
        pytest.param("POST", httpx.ConnectTimeout, Unreachable, id="no connection in time"),
        pytest.param("POST", httpx.PoolTimeout, Unreachable, id="no room to send"),
        pytest.param("GET", httpx.ReadTimeout, Unreachable, id="a read without an answer"),
        pytest.param("POST", httpx.ReadTimeout, Uncertain, id="a write without an answer"),
        pytest.param("PATCH", httpx.RemoteProtocolError, Uncertain, id="a write that was cut off"),
        pytest.param("DELETE", httpx.WriteError, Uncertain, id="a write that was half sent"),
    ],
)
def test_silence_is_told_apart_by_what_may_have_happened(
    wire: respx.MockRouter, http: Http, method: str, trouble: type[httpx.TransportError], error: type[PortError]
) -> None:
    wire.request(method, "/things").mock(side_effect=trouble("Bearer s3cret broke"))

    with pytest.raises(PortError) as caught:
        http.call(method, "/things", "infra#42")

    assert type(caught.value) is error
    assert "s3cret" not in str(caught.value)
    assert f"forge: {method} /things (infra#42)" in str(caught.value)


def test_an_address_that_is_none_is_refused(http: Http) -> None:
    with pytest.raises(Refused, match="address is not valid"):
        http.call("GET", "http://forge.test:port/")


def test_no_content_is_none(wire: respx.MockRouter, http: Http) -> None:
    wire.delete("/things").respond(204)

    assert http.call("DELETE", "/things") is None


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        pytest.param("text/html", "<p>Sign in</p>", id="a login page"),
        pytest.param("application/json", '{"half": ', id="broken JSON"),
        pytest.param("", "", id="nothing at all"),
    ],
)
def test_a_success_that_is_no_json_is_not_believed(wire: respx.MockRouter, http: Http, kind: str, body: str) -> None:
    wire.get("/things").respond(200, content=body.encode(), headers={"Content-Type": kind} if kind else {})

    with pytest.raises(Unexpected, match=r"^forge: GET /things"):
        http.call("GET", "/things")


@respx.mock
def test_reading_follows_a_redirect_and_leaves_the_token_at_home(http: Http) -> None:
    respx.get(f"{URL}/log").respond(302, headers={"Location": "https://files.test/log"})
    elsewhere = respx.get("https://files.test/log").respond(200, text="a log")

    assert http.send("GET", "/log").text == "a log"
    assert "authorization" not in elsewhere.calls.last.request.headers


@pytest.mark.parametrize(
    ("headers", "until"),
    [
        pytest.param({"Retry-After": "90"}, datetime(2026, 11, 1, 12, 1, 30, tzinfo=UTC), id="seconds"),
        pytest.param({"Retry-After": "9999999"}, datetime(2026, 11, 2, 12, 0, tzinfo=UTC), id="a day at most"),
        pytest.param(
            {"Retry-After": "Sun, 01 Nov 2026 13:00:00 GMT"}, datetime(2026, 11, 1, 13, 0, tzinfo=UTC), id="a date"
        ),
        pytest.param({}, None, id="nothing"),
        pytest.param({"Retry-After": "soon"}, None, id="nonsense"),
    ],
)
def test_a_busy_system_says_when_it_wants_to_be_asked_again(headers: dict[str, str], until: datetime | None) -> None:
    response = httpx.Response(429, headers={"Date": "Sun, 01 Nov 2026 12:00:00 GMT", **headers})

    assert retry_at(response) == until


def test_calls_side_by_side_keep_their_order_and_their_own_errors() -> None:
    def fails() -> int:
        raise Gone("two is gone")

    found = together([lambda: 1, fails, lambda: 3])

    assert [found[0], found[2]] == [1, 3]
    assert isinstance(found[1], Gone)


def test_a_bug_in_one_of_many_calls_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        together([lambda: 1, lambda: 1 // 0])
