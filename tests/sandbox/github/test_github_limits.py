"""What requests cost, what is free, and what happens when the budget is spent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.sandbox.faults import Fault, Trouble
from tests.sandbox.github.conftest import INFRA, Hub, ask, data

if TYPE_CHECKING:
    import httpx

VIEWER = "{ viewer { login } }"


def budget(answer: httpx.Response) -> tuple[str, int, int]:
    headers = answer.headers
    return headers["X-RateLimit-Resource"], int(headers["X-RateLimit-Used"]), int(headers["X-RateLimit-Remaining"])


def test_every_answer_says_what_is_left(hub: Hub, owner: httpx.Client):
    first, second = owner.get(INFRA), owner.get("/nowhere")
    graphql = owner.post("/graphql", json={"query": VIEWER})

    assert (budget(first), budget(second)) == (("core", 1, 4999), ("core", 2, 4998))
    assert budget(graphql) == ("graphql", 1, 4999)
    assert int(first.headers["X-RateLimit-Reset"]) == int(hub.clock().timestamp()) + 3600
    assert (hub.server.rest_requests, hub.server.points_spent) == (2, 1)


def test_looking_at_the_limits_is_free(owner: httpx.Client):
    for _ in range(3):
        found = owner.get("/rate_limit").json()

    assert found["resources"]["core"] == {"limit": 5000, "used": 0, "remaining": 5000, "reset": found["rate"]["reset"]}


def test_what_has_not_changed_is_a_304_and_free(hub: Hub, owner: httpx.Client):
    hub.server.open_issue("alice/infra", "t")
    first = owner.get(f"{INFRA}/issues")
    same = owner.get(f"{INFRA}/issues", headers={"If-None-Match": first.headers["ETag"]})
    hub.server.label("alice/infra", 1, "bug", "bob")
    other = owner.get(f"{INFRA}/issues", headers={"If-None-Match": first.headers["ETag"]})

    assert (same.status_code, same.content, budget(same)) == (304, b"", ("core", 1, 4999))
    assert (other.status_code, budget(other)) == (200, ("core", 2, 4998))
    assert hub.server.rest_requests == 2


def test_an_etag_is_worth_nothing_with_another_token(hub: Hub):
    first, second = hub.robot(), hub.robot()
    etag = first.get(f"{INFRA}/issues").headers["ETag"]

    assert first.get(f"{INFRA}/issues", headers={"If-None-Match": etag}).status_code == 304
    assert second.get(f"{INFRA}/issues", headers={"If-None-Match": etag}).status_code == 200


def test_a_person_has_one_budget_for_all_tokens_and_an_installation_its_own(hub: Hub, robot: httpx.Client):
    hub.person("alice").get(INFRA)

    assert budget(hub.person("alice").get(INFRA))[1] == 2
    assert budget(robot.get(INFRA))[1] == 1
    assert budget(hub.robot().get(INFRA))[1] == 2


def test_an_installation_on_many_repositories_has_more(hub: Hub):
    for number in range(20):
        hub.server.create_repository(f"alice/r{number}", empty=True)

    assert hub.robot().get(INFRA).headers["X-RateLimit-Limit"] == "5100"


def test_a_spent_hour_refuses_rest_with_403_until_it_is_over(hub: Hub):
    token = hub.server.token_classic("alice")
    client = hub.with_token(token)
    hub.server.exhaust(token, "core")

    answer = client.get(INFRA)

    assert (answer.status_code, answer.headers["X-RateLimit-Remaining"]) == (403, "0")
    assert answer.json()["message"].startswith("API rate limit exceeded for user ID")
    assert client.post("/graphql", json={"query": VIEWER}).json()["data"] == {"viewer": {"login": "alice"}}
    hub.clock.forward(hours=1)
    assert budget(client.get(INFRA)) == ("core", 1, 4999)


@pytest.mark.parametrize("kind", ["RATE_LIMIT", "RATE_LIMITED"])
def test_a_spent_hour_is_a_200_with_errors_in_graphql(hub: Hub, kind: str):
    hub.server.forge.rate_limit_type = kind
    token = hub.server.token_classic("alice")
    client = hub.with_token(token)
    hub.server.exhaust(token)

    answer = client.post("/graphql", json={"query": VIEWER})

    assert (answer.status_code, budget(answer)[2]) == (200, 0)
    assert "data" not in answer.json()
    assert [error["type"] for error in answer.json()["errors"]] == [kind]
    assert client.get(INFRA).status_code == 200


@pytest.mark.parametrize(("status", "retry_after"), [(403, 60), (429, 7), (403, None)])
def test_a_secondary_limit_can_be_tripped(hub: Hub, owner: httpx.Client, status: int, retry_after: int | None):
    hub.server.trip_secondary(status=status, retry_after=retry_after)

    answer = owner.get(INFRA)

    assert (answer.status_code, answer.headers.get("Retry-After")) == (status, retry_after and str(retry_after))
    assert "secondary rate limit" in answer.json()["message"]
    assert owner.get(INFRA).status_code == 200


@pytest.mark.parametrize("status", [200, 403])
def test_graphql_may_answer_a_secondary_limit_with_either_status(hub: Hub, owner: httpx.Client, status: int):
    hub.server.trip_secondary(status=status, surface="graphql")
    assert owner.get(INFRA).status_code == 200

    answer = owner.post("/graphql", json={"query": VIEWER})

    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "60")
    assert "data" not in answer.json()
    assert int(answer.headers["X-RateLimit-Remaining"]) > 0


def test_nine_hundred_points_a_minute_over_rest(hub: Hub, owner: httpx.Client):
    """A write counts five times."""
    hub.server.open_issue("alice/infra", "t")
    for _ in range(60):
        owner.patch(f"{INFRA}/issues/1", json={"state": "open"})
    statuses = [owner.get("/user").status_code for _ in range(601)]

    assert statuses.index(403) == 600
    hub.clock.forward(seconds=61)
    assert owner.get("/user").status_code == 200


def test_eighty_new_contents_a_minute(hub: Hub, owner: httpx.Client):
    hub.server.open_issue("alice/infra", "t")

    statuses = [owner.post(f"{INFRA}/issues/1/comments", json={"body": "x"}).status_code for _ in range(81)]

    assert statuses == [201] * 80 + [403]
    assert owner.patch(f"{INFRA}/issues/1", json={"state": "closed"}).status_code == 200
    hub.clock.forward(seconds=61)
    assert owner.post(f"{INFRA}/issues/1/comments", json={"body": "x"}).status_code == 201


def test_five_hundred_new_contents_an_hour(hub: Hub, owner: httpx.Client):
    hub.server.open_issue("alice/infra", "t")
    statuses = []
    for _ in range(7):
        statuses += [owner.post(f"{INFRA}/issues/1/comments", json={"body": "x"}).status_code for _ in range(72)]
        hub.clock.forward(seconds=61)

    assert (statuses.count(201), statuses[-4:]) == (500, [403] * 4)


def test_the_faults_of_every_sandbox_server_work_here_too(hub: Hub, owner: httpx.Client):
    hub.server.open_issue("alice/infra", "t")
    hub.server.faults.add(Fault(Trouble.STATUS_AFTER, r"POST .*/comments", status=502))

    assert owner.post(f"{INFRA}/issues/1/comments", json={"body": "x"}).status_code == 502
    assert hub.server.comments_of("alice/infra", 1) == [("alice", "x")]


def test_refusals_by_the_clock_leave_no_trace_in_the_points(hub: Hub):
    token = hub.server.token_classic("alice")
    client = hub.with_token(token)
    data(client, VIEWER)
    hub.server.exhaust(token)
    ask(client, VIEWER)

    assert hub.server.points_spent == 1


def test_two_thousand_points_a_minute_over_graphql(hub: Hub):
    """A mutation counts five times."""
    value = hub.server.token_classic("alice")
    token, limits = hub.server.forge.access.find(value), hub.server.forge.limits
    assert token is not None
    for _ in range(399):
        limits.check_pace(token, "graphql", write=True, content=False)
    client = hub.with_token(value)

    statuses = [client.post("/graphql", json={"query": VIEWER}).status_code for _ in range(6)]

    assert statuses == [200] * 5 + [403]
