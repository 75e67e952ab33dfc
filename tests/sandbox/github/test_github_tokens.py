"""Who may ask at all, with which token, and what each kind is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.sandbox.github.conftest import INFRA, WEB, Hub, ask, data

if TYPE_CHECKING:
    from afk.sandbox.github import GithubServer


@pytest.mark.parametrize("path", ["/user", INFRA, WEB, "/rate_limit", "/nowhere"])
def test_without_a_token_nothing_is_told(server: GithubServer, path: str):
    answer = httpx.get(f"{server.url}{path}")

    assert (answer.status_code, answer.json()["message"]) == (401, "Requires authentication")


@pytest.mark.parametrize(
    "header", ["Bearer nonsense", "Basic YWxpY2U6eA==", "Bearer"], ids=["unknown", "basic", "empty"]
)
def test_a_bad_token_is_a_401(server: GithubServer, header: str):
    answer = httpx.get(f"{server.url}{INFRA}", headers={"Authorization": header})

    assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")
    graphql = httpx.post(f"{server.url}/graphql", json={"query": "{viewer{login}}"}, headers={"Authorization": header})
    assert graphql.status_code == 401


@pytest.mark.parametrize("scheme", ["Bearer", "token"])
def test_both_schemes_are_taken(server: GithubServer, scheme: str):
    token = server.token_classic("alice")

    assert httpx.get(f"{server.url}/user", headers={"Authorization": f"{scheme} {token}"}).status_code == 200


def test_a_revoked_token_is_a_401(hub: Hub):
    token = hub.server.token_classic("alice")
    hub.server.revoke_token(token)

    assert hub.with_token(token).get("/user").status_code == 401


@pytest.mark.parametrize(
    ("login", "scopes", "path", "status"),
    [
        pytest.param("bob", ("repo",), INFRA, 200, id="collaborator"),
        pytest.param("bob", ("public_repo",), INFRA, 404, id="scope too small for a private repository"),
        pytest.param("bob", ("read:org",), WEB, 200, id="public repository without a scope"),
        pytest.param("stranger", ("repo",), INFRA, 404, id="stranger on a private repository"),
        pytest.param("stranger", ("repo",), WEB, 200, id="stranger on a public repository"),
    ],
)
def test_a_classic_token_sees_by_scope_and_role(hub: Hub, login: str, scopes: tuple[str, ...], path: str, status: int):
    answer = hub.person(login, *scopes).get(path)

    assert answer.status_code == status
    assert answer.headers["X-OAuth-Scopes"] == ", ".join(scopes)


@pytest.mark.parametrize(
    ("permissions", "path", "status"),
    [
        pytest.param({"issues": "read"}, "/issues", 200, id="issues"),
        pytest.param({"contents": "read"}, "/issues", 403, id="issues without the permission"),
        pytest.param({}, "", 200, id="metadata comes with every token"),
        pytest.param({"contents": "read"}, "/commits", 200, id="commits"),
        pytest.param({"issues": "read"}, "/activity", 403, id="activity without contents"),
        pytest.param({"contents": "read"}, "/commits/main/check-runs", 403, id="check runs, whatever it has"),
        pytest.param({"actions": "read"}, "/actions/runs", 200, id="actions"),
        pytest.param({"statuses": "read"}, "/commits/main/status", 200, id="statuses"),
    ],
)
def test_a_fine_grained_token_has_what_it_was_given(hub: Hub, permissions: dict[str, str], path: str, status: int):
    answer = hub.fine_grained("bob", **permissions).get(f"{INFRA}{path}")

    assert answer.status_code == status, answer.text
    if status == 403:
        assert answer.json()["message"] == "Resource not accessible by personal access token"


def test_nobody_can_give_a_fine_grained_token_the_checks(server: GithubServer):
    with pytest.raises(ValueError, match="Checks"):
        server.token_fine_grained("bob", {"checks": "read"})


def test_a_fine_grained_token_stays_in_its_repositories_and_ends(hub: Hub):
    until = hub.clock() + timedelta(days=1)
    token = hub.server.token_fine_grained(
        "bob", {"issues": "write"}, resource_owner="alice", repositories=["alice/web"], expires_at=until
    )
    client = hub.with_token(token)

    assert client.get(f"{WEB}/issues").status_code == 200
    assert client.get(f"{INFRA}/issues").status_code == 404
    assert client.get(WEB).headers["GitHub-Authentication-Token-Expiration"] == "2026-03-02 12:00:00 UTC"
    hub.clock.forward(days=1)
    assert client.get(WEB).status_code == 401


def test_a_persons_token_needs_the_persons_role_as_well(hub: Hub):
    hub.server.open_issue("alice/infra", "t")

    answer = hub.fine_grained("rita", issues="write").post(f"{INFRA}/issues/1/labels", json={"labels": ["bug"]})

    assert answer.status_code == 403
    assert hub.server.labels_of("alice/infra", 1) == []


def test_an_app_proves_itself_and_gets_a_token_for_an_hour(hub: Hub):
    app = hub.as_app()

    assert app.get("/app").json()["slug"] == "afk"
    found = app.get(f"{INFRA}/installation").json()
    assert (found["id"], found["app_id"]) == (hub.installation, hub.app.id)
    made = app.post(f"/app/installations/{found['id']}/access_tokens")
    assert made.status_code == 201
    assert made.json()["expires_at"] == "2026-03-01T13:00:00Z"
    token = made.json()["token"]
    assert token.startswith(f"ghs_{hub.app.id}_")
    assert len(token) > 200
    client = hub.with_token(token)
    hub.clock.forward(minutes=59)
    assert client.get(INFRA).status_code == 200
    hub.clock.forward(minutes=1)
    assert client.get(INFRA).status_code == 401


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        pytest.param({}, 200, id="client id"),
        pytest.param({"exp_in": 600}, 200, id="ten minutes"),
        pytest.param({"exp_in": 601}, 401, id="too far in the future"),
        pytest.param({"exp_in": 0}, 401, id="expired"),
        pytest.param({"iat_in": 120}, 401, id="issued in the future"),
        pytest.param({"iss": "nobody"}, 404, id="unknown issuer"),
    ],
)
def test_the_claims_of_a_jwt_are_checked(hub: Hub, claims: dict[str, Any], status: int):
    now = int(hub.clock().timestamp())
    given = {name.removesuffix("_in"): now + v if name.endswith("_in") else v for name, v in claims.items()}

    assert hub.as_app(**given).get("/app").status_code == status


def test_the_app_id_is_an_issuer_too(hub: Hub):
    assert hub.as_app(iss=str(hub.app.id)).get("/app").status_code == 200


def test_a_jwt_that_somebody_else_signed_is_refused(hub: Hub):
    other = hub.server.create_app("other", "alice")
    hub.app = type(hub.app)(hub.app.id, hub.app.slug, hub.app.client_id, other.private_key)

    assert hub.as_app().get("/app").status_code == 401


def test_jwts_and_tokens_are_no_substitute_for_each_other(hub: Hub, owner: httpx.Client, robot: httpx.Client):
    assert hub.as_app().get(INFRA).status_code == 401
    assert owner.get("/app").status_code == 401
    assert robot.get("/app").status_code == 401


def test_an_installation_token_has_no_more_than_was_asked_for(hub: Hub):
    client = hub.robot(permissions={"issues": "read"}, repositories=["infra"])

    assert client.get(f"{INFRA}/issues").status_code == 200
    assert client.post(f"{INFRA}/issues", json={"title": "t"}).json()["message"] == (
        "Resource not accessible by integration"
    )
    assert client.get(f"{INFRA}/commits").status_code == 403
    assert [row["name"] for row in client.get("/installation/repositories").json()["repositories"]] == ["infra"]


@pytest.mark.parametrize(
    "wish",
    [
        pytest.param({"permissions": {"secrets": "read"}}, id="a permission that the installation lacks"),
        pytest.param({"permissions": {"administration": "write"}}, id="a higher level"),
        pytest.param({"repositories": ["nothing"]}, id="an unknown repository"),
        pytest.param({"repository_ids": [1]}, id="an unknown id"),
    ],
)
def test_an_installation_cannot_give_more_than_it_has(hub: Hub, wish: dict[str, Any]):
    answer = hub.as_app().post(f"/app/installations/{hub.installation}/access_tokens", json=wish)

    assert answer.status_code == 422


def test_an_app_sees_only_where_it_is_installed(hub: Hub, robot: httpx.Client):
    hub.server.create_repository("zoe/secret")

    assert robot.get("/repos/zoe/secret").status_code == 404
    assert hub.as_app().get("/repos/zoe/secret/installation").status_code == 404


def test_a_suspended_installation_is_refused_and_an_uninstalled_one_forgotten(hub: Hub, robot: httpx.Client):
    hub.server.suspend_installation(hub.installation)
    assert robot.get(INFRA).status_code == 403
    assert hub.as_app().post(f"/app/installations/{hub.installation}/access_tokens").status_code == 403

    hub.server.uninstall_app(hub.installation)
    assert robot.get(INFRA).status_code == 401


def test_an_installation_acts_as_its_bot(hub: Hub, robot: httpx.Client):
    """REST shows `[bot]`; GraphQL shows it for the viewer and leaves it out for authors."""
    hub.server.open_issue("alice/infra", "t")

    made = robot.post(f"{INFRA}/issues/1/comments", json={"body": "hello"}).json()

    assert (made["user"]["login"], made["user"]["type"]) == ("afk[bot]", "Bot")
    assert made["performed_via_github_app"]["id"] == hub.app.id
    assert robot.get("/users/afk%5Bbot%5D").json()["id"] == made["user"]["id"]
    found = data(robot, _COMMENTS)
    assert found["viewer"]["login"] == "afk[bot]"
    comment = found["repository"]["issue"]["comments"]["nodes"][0]
    assert comment == {"viewerDidAuthor": True, "author": {"__typename": "Bot", "login": "afk"}}


_COMMENTS = """{ viewer { login } repository(owner: "alice", name: "infra") { issue(number: 1) {
  comments(first: 1) { nodes { viewerDidAuthor author { __typename login } } } } } }"""


def test_whether_installations_read_user_can_be_chosen(hub: Hub, robot: httpx.Client):
    assert robot.get("/user").status_code == 403
    hub.server.forge.installations_read_user = True
    assert robot.get("/user").json()["login"] == "afk[bot]"


def test_graphql_refuses_the_subtree_that_the_token_may_not_read(hub: Hub):
    query = """{ repository(owner: "alice", name: "infra") { name defaultBranchRef { target { ... on Commit {
      oid statusCheckRollup { state } checkSuites(first: 1) { totalCount } } } } } }"""

    body = ask(hub.fine_grained("alice", contents="read", statuses="read"), query)

    commit = body["data"]["repository"]["defaultBranchRef"]["target"]
    assert (commit["statusCheckRollup"], commit["checkSuites"]) == (None, None)
    assert commit["oid"] == hub.server.head("alice/infra")
    assert {(e["type"], e["message"]) for e in body["errors"]} == {
        ("FORBIDDEN", "Resource not accessible by personal access token")
    }
    path = ["repository", "defaultBranchRef", "target"]
    assert [e["path"] for e in body["errors"]] == [[*path, "statusCheckRollup"], [*path, "checkSuites"]]


def test_an_app_without_actions_cannot_follow_a_suite_to_its_run(hub: Hub):
    hub.server.add_workflow("alice/infra")
    hub.server.push("alice/infra", "work")
    query = """{ repository(owner: "alice", name: "infra") { defaultBranchRef { target { ... on Commit {
      checkSuites(first: 5) { nodes { app { slug } workflowRun { event } } } } } } } }"""

    body = ask(hub.robot(permissions={"checks": "read", "contents": "read"}), query)

    suites = body["data"]["repository"]["defaultBranchRef"]["target"]["checkSuites"]["nodes"]
    assert {"app": {"slug": "github-actions"}, "workflowRun": None} in suites
    assert body["errors"][0]["message"] == "Resource not accessible by integration"
