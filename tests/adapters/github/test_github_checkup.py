"""What GitHub's answers mean to somebody who looks whether AFK could run, on the wire and with many repositories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from pydantic import SecretStr

from afk.adapters.github.checkup import look
from afk.core.checkup import Finding, Level
from afk.core.model import ForgeKind, Labels, Repo, Slug, StageKind
from afk.systems import Github

if TYPE_CHECKING:
    import respx

    from tests.adapters.github.conftest import Hub
    from tests.contract.forges import StoryClock

API = "https://api.github.test"
ME = {"login": "afk-bot", "id": 7}
BUDGET = {"x-ratelimit-remaining": "4000", "x-ratelimit-limit": "5000"}
SHA = "0123456789abcdef0123456789abcdef01234567"
PLACE = {
    "nameWithOwner": "acme/infra",
    "isArchived": False,
    "hasIssuesEnabled": True,
    "viewerPermission": "WRITE",
    "defaultBranchRef": {"name": "main", "target": {"oid": SHA}},
    "ready": {"name": "ready-for-agent"},
    "in_progress": {"name": "agent-in-progress"},
    "human": {"name": "ready-for-human"},
}


def findings(clock: StoryClock, token: str = "ghp_planted", repos: dict[str, Repo] | None = None) -> list[Finding]:
    return list(look(Github(API, SecretStr(token)), repos or {}, Labels(), clock))


def infra(*stages: StageKind) -> dict[str, Repo]:
    return {"infra": Repo("infra", ForgeKind.GITHUB, Slug("acme", "infra"), stages)}


def one(found: list[Finding], subject: str) -> Finding:
    (only,) = [each for each in found if each.subject == subject]
    return only


def answers(wire: respx.MockRouter, status: int = 200, *, body: Any = None, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    wire.get("/user").mock(httpx.Response(status, json=ME if body is None else body, headers={**BUDGET, **named}))


def test_account_is_asked_with_the_token_and_the_version(wire: respx.MockRouter, clock: StoryClock) -> None:
    answers(wire, x_oauth_scopes="repo, read:org")

    found = findings(clock)

    request = wire.calls.last.request
    assert request.headers["authorization"] == "Bearer ghp_planted"
    assert request.headers["x-github-api-version"] == "2022-11-28"
    assert [(each.subject, each.what) for each in found] == [
        ("token", "signed in as afk-bot"),
        ("scopes", "read:org, repo"),
        ("rate limit", "4000 of 5000 requests of this hour are left"),
    ]


@pytest.mark.parametrize(
    ("token", "scopes", "subject", "level", "what"),
    [
        pytest.param("ghp_x", "repo", "scopes", Level.OK, "repo", id="classic"),
        pytest.param("ghp_x", "public_repo", "scopes", Level.OK, "public_repo: public repositories only", id="public"),
        pytest.param("ghp_x", "", "scopes", Level.FAIL, "none: read-only", id="without-scopes"),
        pytest.param("ghp_x", "repo:status", "scopes", Level.FAIL, "repo:status: read-only", id="almost"),
        pytest.param("github_pat_x", None, "permissions", Level.OK, "fine-grained: it may see no checks", id="fine"),
        pytest.param("gho_x", None, "permissions", Level.OK, "does not say what it may do", id="another-kind"),
    ],
)
def test_token_tells_what_it_may_do_or_that_it_does_not(
    wire: respx.MockRouter, clock: StoryClock, token: str, scopes: str | None, subject: str, level: Level, what: str
) -> None:
    answers(wire, **({} if scopes is None else {"x_oauth_scopes": scopes}))

    found = one(findings(clock, token), subject)

    assert (found.level, what in found.what) == (level, True)


@pytest.mark.parametrize(
    ("form", "days", "level"),
    [
        pytest.param("%Y-%m-%d %H:%M:%S UTC", 2, Level.WARN, id="soon"),
        pytest.param("%Y-%m-%d %H:%M:%S +0000", 2, Level.WARN, id="soon-with-an-offset"),
        pytest.param("%Y-%m-%d %H:%M:%S UTC", 20, Level.OK, id="later"),
    ],
)
def test_token_that_ends_soon_is_to_look_at(
    wire: respx.MockRouter, clock: StoryClock, form: str, days: int, level: Level
) -> None:
    ends = clock.now().astimezone(UTC) + timedelta(days=days)
    answers(wire, github_authentication_token_expiration=ends.strftime(form))

    found = one(findings(clock), "expiry")

    assert found.level is level
    assert f"{ends:%Y-%m-%d %H:%M} UTC" in found.what


def test_end_that_cannot_be_read_is_left_out(wire: respx.MockRouter, clock: StoryClock) -> None:
    answers(wire, github_authentication_token_expiration="some day")

    assert "expiry" not in {each.subject for each in findings(clock)}


def test_budget_that_is_nearly_spent_is_to_look_at(wire: respx.MockRouter, clock: StoryClock) -> None:
    answers(wire, x_ratelimit_remaining="499")

    assert one(findings(clock), "rate limit").level is Level.WARN


def test_clock_is_compared_with_the_time_of_the_answer(wire: respx.MockRouter, clock: StoryClock) -> None:
    told: datetime = clock.now() + timedelta(minutes=10)
    answers(wire, date=format_datetime(told.astimezone(UTC), usegmt=True))

    found = one(findings(clock), "clock")

    assert (found.level, "ahead of ours" in found.what) == (Level.FAIL, True)


@pytest.mark.parametrize(
    ("status", "headers", "subject", "what"),
    [
        pytest.param(401, {}, "token", "refused as wrong, expired or revoked", id="401"),
        pytest.param(403, {"x_ratelimit_remaining": "0"}, "rate limit", "403, no", id="hour-is-spent"),
        pytest.param(429, {}, "rate limit", "429, no", id="429"),
        pytest.param(404, {}, "API", "404, no", id="404"),
        pytest.param(502, {}, "API", "502, no", id="502"),
    ],
)
def test_refusal_ends_the_look(
    wire: respx.MockRouter, clock: StoryClock, status: int, headers: dict[str, str], subject: str, what: str
) -> None:
    """The wire knows no other address: a further request would be an error."""
    answers(wire, status, body={"message": "no"}, **headers)

    found = findings(clock, repos=infra())

    assert [(each.subject, each.level) for each in found] == [(subject, Level.FAIL)]
    assert what in found[0].what


def test_answer_of_another_shape_is_not_believed(wire: respx.MockRouter, clock: StoryClock) -> None:
    answers(wire, body=["not", "an", "account"])

    assert "not the documented shape" in one(findings(clock), "API").what


def test_token_of_an_installation_has_no_account_and_goes_on(wire: respx.MockRouter, clock: StoryClock) -> None:
    answers(wire, 403, body={"message": "Resource not accessible by integration"})
    place = PLACE | {"viewerPermission": None}
    wire.post("/graphql").mock(httpx.Response(200, json={"data": {"r0": place}}))

    found = findings(clock, "ghs_planted", infra())

    assert one(found, "token").level is Level.WARN
    assert one(found, "acme/infra").what == "there; its default branch is main"


def test_one_query_asks_about_every_repository(wire: respx.MockRouter, clock: StoryClock) -> None:
    answers(wire, x_oauth_scopes="repo")
    query = wire.post("/graphql").mock(httpx.Response(200, json={"data": {"r0": PLACE}}))

    findings(clock, repos=infra())

    sent = query.calls.last.request.content.decode()
    assert query.call_count == 1
    assert '\\"acme\\"' in sent
    assert '"variables": {"ready": "ready-for-agent", "in_progress": "agent-in-progress"' in sent
    assert "mutation" not in sent


@pytest.mark.parametrize(
    ("change", "level", "what"),
    [
        pytest.param({"defaultBranchRef": None}, Level.WARN, "it is empty", id="empty"),
        pytest.param({"viewerPermission": None}, Level.FAIL, "may only look", id="no-role"),
        pytest.param({"viewerPermission": "TRIAGE"}, Level.FAIL, "may only triage", id="triage"),
        pytest.param({"viewerPermission": "NEW_ROLE"}, Level.FAIL, "may only new_role", id="role-nobody-knows"),
        pytest.param({"nameWithOwner": None}, Level.FAIL, "not the documented shape", id="another-shape"),
        pytest.param({"human": None}, Level.WARN, "no label ready-for-human", id="no-label"),
    ],
)
def test_repository_that_is_not_as_it_should_be_is_told(
    wire: respx.MockRouter, clock: StoryClock, change: dict[str, Any], level: Level, what: str
) -> None:
    answers(wire, x_oauth_scopes="repo")
    wire.post("/graphql").mock(httpx.Response(200, json={"data": {"r0": PLACE | change}}))

    found = findings(clock, repos=infra())

    assert [each.level for each in found if each.subject == "acme/infra" and what in each.what] == [level]


def test_repository_in_trouble_leaves_the_others_as_they_are(hub: Hub) -> None:
    hub.enrol("web", "shop")
    hub.server.archive("acme/web")
    hub.server.delete_repository("acme/shop")

    found = list(
        look(Github(hub.server.url, SecretStr(hub.server.token_classic("afk-bot"))), hub.repos, Labels(), hub.clock)
    )

    failed = {each.subject for each in found if each.level is Level.FAIL and "/" in each.subject}
    assert failed == {"acme/web", "acme/shop"}
    assert "acme/infra" in {each.subject for each in found if each.level is Level.OK}


def test_hundred_repositories_cost_five_requests(hub: Hub) -> None:
    hub.enrol(*(f"repo-{number}" for number in range(99)))
    hub.requests()

    found = list(
        look(Github(hub.server.url, SecretStr(hub.server.token_classic("afk-bot"))), hub.repos, Labels(), hub.clock)
    )

    assert sum("default branch is main" in each.what for each in found) == 100
    assert sorted(hub.requests()) == ["GET /user", *["POST /graphql"] * 4]
