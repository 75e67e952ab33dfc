"""A request carries what GitHub wants, and an answer is taken for what it says, not for its status alone."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.model import Slug
from afk.ports import Gone, PortError, Refused, Unexpected, Unreachable
from tests.adapters.github.conftest import API, TOKEN

if TYPE_CHECKING:
    import respx

    from afk.adapters.github import Client
    from tests.contract.forges import StoryClock

INFRA = Slug("acme", "infra")
QUERY = "query AfkTest { viewer { login } }"


def test_a_query_is_posted_with_its_name_and_the_headers_that_github_wants(
    wire: respx.MockRouter, wired: Client
) -> None:
    route = wire.post("/graphql").respond(200, json={"data": {"viewer": {"login": "afk-bot"}}})

    assert wired.query("", "AfkTest", QUERY, {"a": 1}).at("viewer", "login") == "afk-bot"
    request = route.calls.last.request
    assert json.loads(request.content) == {"query": QUERY, "variables": {"a": 1}, "operationName": "AfkTest"}
    wanted = {
        "accept": "application/vnd.github+json",
        "x-github-api-version": "2022-11-28",
        "user-agent": "afk",
        "authorization": f"Bearer {TOKEN}",
    }
    assert {name: request.headers[name] for name in wanted} == wanted


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        pytest.param({"type": "NOT_FOUND", "path": ["r0"]}, Gone, id="not found"),
        pytest.param({"type": "FORBIDDEN", "path": ["r0", "issues"]}, Refused, id="forbidden below it"),
        pytest.param({"type": "INTERNAL", "path": ["r0", "issues"]}, Unreachable, id="github broke"),
        pytest.param({"path": ["r0", "issues"]}, Unreachable, id="github broke and said no kind"),
        pytest.param({"type": "SOMETHING_NEW", "path": ["r0"]}, Unexpected, id="a kind nobody knows"),
        pytest.param({"type": "RESOURCE_LIMITS_EXCEEDED"}, Unexpected, id="partial data, of which nobody knows what"),
    ],
)
def test_an_error_in_a_200_belongs_to_its_path(
    wire: respx.MockRouter, wired: Client, error: dict[str, Any], kind: type[PortError]
) -> None:
    data = {"r0": {"issues": None}, "r1": {"issues": []}}
    wire.post("/graphql").respond(200, json={"data": data, "errors": [{"message": "no", **error}]})
    answer = wired.query("", "AfkTest", QUERY)

    with pytest.raises(PortError) as caught:
        answer.at("r0")
    assert type(caught.value) is kind
    if "path" in error:
        assert answer.at("r1", "issues") == []
    else:
        with pytest.raises(kind):
            answer.at("r1", "issues")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            {"errors": [{"message": "Field 'x' doesn't exist", "path": ["query", "x"]}]}, id="a refused query"
        ),
        pytest.param({"data": None}, id="no data"),
        pytest.param({}, id="nothing"),
    ],
)
def test_an_answer_without_data_is_an_error_of_everything(
    wire: respx.MockRouter, wired: Client, body: dict[str, Any]
) -> None:
    wire.post("/graphql").respond(200, json=body)

    with pytest.raises(Unexpected):
        wired.query("", "AfkTest", QUERY).at("r7")


@pytest.mark.parametrize("body", [[], "no", {"data": {}, "errors": ["no"]}])
def test_an_answer_of_another_shape_is_not_believed(wire: respx.MockRouter, wired: Client, body: Any) -> None:
    wire.post("/graphql").respond(200, json=body)

    with pytest.raises(Unexpected, match="AfkTest"):
        wired.query("", "AfkTest", QUERY).at("viewer")


@pytest.mark.parametrize("status", [500, 502, 504])
def test_a_query_that_broke_may_be_asked_again(wire: respx.MockRouter, wired: Client, status: int) -> None:
    wire.post("/graphql").respond(status, text="<h1>Unicorn!</h1>")

    with pytest.raises(Unreachable):
        wired.query("", "AfkTest", QUERY)


@pytest.mark.parametrize(
    ("status", "headers", "body", "seconds"),
    [
        pytest.param(200, {"x-ratelimit-remaining": "0"}, {"type": "RATE_LIMIT"}, 1800, id="spent, said with 200"),
        pytest.param(200, {"x-ratelimit-remaining": "0"}, {"type": "RATE_LIMITED"}, 1800, id="spent, in other words"),
        pytest.param(
            200,
            {"retry-after": "30"},
            {"message": "You have exceeded a secondary rate limit."},
            30,
            id="too fast, said with 200",
        ),
        pytest.param(
            403, {"retry-after": "30"}, {"message": "You have exceeded a secondary rate limit."}, 30, id="too fast"
        ),
        pytest.param(
            403,
            {},
            {"message": "You have exceeded a secondary rate limit."},
            60,
            id="too fast, for how long nobody says",
        ),
        pytest.param(429, {}, {"message": "Slow down"}, 60, id="too many"),
        pytest.param(403, {"x-ratelimit-remaining": "0"}, {"message": "API rate limit exceeded"}, 1800, id="spent"),
    ],
)
def test_a_limit_is_told_from_a_refusal_and_holds_what_comes_after(
    wire: respx.MockRouter, wired: Client, clock: StoryClock, status: int, headers: dict[str, str],
    body: dict[str, str], seconds: int,
) -> None:  # fmt: skip
    reset = str(int((clock.time + timedelta(minutes=30)).timestamp()))
    limits = {"x-ratelimit-limit": "5000", "x-ratelimit-remaining": "4000", "x-ratelimit-reset": reset, **headers}
    shape = {"errors": [{"message": "API rate limit exceeded", **body}]} if status == 200 else body
    route = wire.post("/graphql").respond(status, json=shape, headers=limits)

    for _ in range(3):
        with pytest.raises(Unreachable) as caught:
            wired.query("", "AfkTest", QUERY)
        assert caught.value.until == clock.time + timedelta(seconds=seconds)
    assert route.call_count == 1


def test_a_403_about_permission_is_a_refusal_and_holds_nothing(wire: respx.MockRouter, wired: Client) -> None:
    route = wire.get("/repos/acme/infra/issues/1").respond(
        403, json={"message": "Resource not accessible by integration"}, headers={"x-ratelimit-remaining": "4000"}
    )

    for _ in range(2):
        with pytest.raises(Refused, match="Resource not accessible"):
            wired.json(INFRA, "GET", "/issues/1", "infra#1")
    assert route.call_count == 2


def test_a_person_s_token_that_is_refused_is_not_tried_again(wire: respx.MockRouter, wired: Client) -> None:
    route = wire.post("/graphql").respond(401, json={"message": "Bad credentials"})

    with pytest.raises(Refused, match="Bad credentials") as caught:
        wired.query("", "AfkTest", QUERY)
    assert route.call_count == 1
    assert TOKEN not in str(caught.value)


def test_a_write_follows_a_renamed_repository(wire: respx.MockRouter, wired: Client) -> None:
    wire.post("/repos/acme/infra/issues/1/labels").respond(
        307, headers={"Location": f"{API}/repositories/7/issues/1/labels"}
    )
    moved = wire.post("/repositories/7/issues/1/labels").respond(200, json=[{"name": "x"}])

    assert wired.json(INFRA, "POST", "/issues/1/labels", "infra#1", body={"labels": ["x"]}) == [{"name": "x"}]
    assert json.loads(moved.calls.last.request.content) == {"labels": ["x"]}
    assert moved.calls.last.request.headers["authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("place", ["https://evil.test/labels", f"{API}.evil.test/labels", ""])
def test_a_write_is_not_sent_anywhere_else(wire: respx.MockRouter, wired: Client, place: str) -> None:
    wire.post("/repos/acme/infra/issues/1/labels").respond(307, headers={"Location": place})

    with pytest.raises(Unexpected, match="outside of the API"):
        wired.json(INFRA, "POST", "/issues/1/labels", "infra#1", body={})


def test_a_list_is_read_to_its_end_from_either_side(wire: respx.MockRouter, wired: Client) -> None:
    """The address in `Link` names the repository by number: only the page is taken from it."""

    def link(*pages: tuple[int, str]) -> dict[str, str]:
        base = f"{API}/repositories/7/issues/1/events"
        return {"Link": ", ".join(f'<{base}?per_page=100&page={number}>; rel="{name}"' for number, name in pages)}

    rows = {1: [1, 2], 2: [3, 4], 3: [5]}
    links = {1: link((2, "next"), (3, "last")), 2: link((1, "prev"), (3, "next"), (3, "last")), 3: link((2, "prev"))}
    for page, numbers in rows.items():
        wire.get("/repos/acme/infra/issues/1/events", params={"page": page, "per_page": 100}).respond(
            200, json=numbers, headers=links[page]
        )

    assert list(wired.pages(INFRA, "/issues/1/events", "infra#1")) == [[1, 2], [3, 4], [5]]
    assert list(wired.pages_backwards(INFRA, "/issues/1/events", "infra#1")) == [[5], [3, 4], [1, 2]]


def test_a_list_without_end_is_given_up(wire: respx.MockRouter, wired: Client) -> None:
    wire.get("/repos/acme/infra/issues/1/events").respond(
        200, json=[1], headers={"Link": f'<{API}/x?page=2>; rel="next"'}
    )

    with pytest.raises(Unexpected, match="more than 50 pages"):
        list(wired.pages(INFRA, "/issues/1/events", "infra#1"))


def test_a_list_that_is_none_is_not_believed(wire: respx.MockRouter, wired: Client) -> None:
    wire.get("/repos/acme/infra/actions/runs").respond(200, json={"message": "no list"})

    with pytest.raises(Unexpected):
        list(wired.pages(INFRA, "/actions/runs", "infra", "workflow_runs"))
