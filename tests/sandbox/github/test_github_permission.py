"""What the look-ups of a person's permission answer, to whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.github.conftest import INFRA, WEB, Hub, ask, data

if TYPE_CHECKING:
    import httpx

TRUST = """query Who($login: String!) { repository(owner: "alice", name: "infra") {
  collaborators(first: 5, login: $login) {
    edges { permission node { databaseId login } permissionSources { permission roleName source { __typename } } } } } }"""


@pytest.mark.parametrize(
    ("login", "permission", "role"),
    [
        ("alice", "admin", "admin"),
        ("mia", "admin", "admin"),
        ("max", "write", "maintain"),
        ("bob", "write", "write"),
        ("tess", "read", "triage"),
        ("rita", "read", "read"),
    ],
)
def test_roles_are_folded_to_four_words(owner: httpx.Client, login: str, permission: str, role: str):
    answer = owner.get(f"{INFRA}/collaborators/{login}/permission").json()

    assert (answer["permission"], answer["role_name"], answer["user"]["login"]) == (permission, role, login)


def test_a_custom_role_shows_by_its_own_name(hub: Hub, owner: httpx.Client):
    hub.server.set_role("alice/infra", "bob", "maintain", role_name="deployer")

    answer = owner.get(f"{INFRA}/collaborators/bob/permission").json()

    assert (answer["permission"], answer["role_name"]) == ("write", "deployer")


def test_everybody_reads_a_public_repository(owner: httpx.Client):
    assert owner.get(f"{WEB}/collaborators/stranger/permission").json()["permission"] == "read"


def test_a_stranger_to_a_private_repository_is_none_or_404(hub: Hub, owner: httpx.Client):
    """Which of the two could not be confirmed."""
    assert owner.get(f"{INFRA}/collaborators/stranger/permission").status_code == 404
    hub.server.forge.private_strangers_are_404 = False
    assert owner.get(f"{INFRA}/collaborators/stranger/permission").json()["permission"] == "none"


def test_bots_are_not_users_and_nobody_is_not_found(owner: httpx.Client):
    bot = owner.get(f"{INFRA}/collaborators/afk%5Bbot%5D/permission")

    assert (bot.status_code, bot.json()["message"]) == (404, "afk[bot] is not a user")
    assert owner.get(f"{INFRA}/collaborators/nobody/permission").json()["message"] == "Not Found"


@pytest.mark.parametrize("login", ["tess", "rita"])
def test_a_user_token_needs_push_access_to_ask(hub: Hub, login: str):
    client = hub.person(login)

    answer = client.get(f"{INFRA}/collaborators/bob/permission")

    assert answer.status_code == 403
    assert answer.json()["message"] == "Must have push access to view collaborator permission."
    assert client.get(f"{INFRA}/collaborators").status_code == 403
    assert client.get(f"{INFRA}/collaborators/bob").status_code == 403
    body = ask(client, TRUST, login="bob")
    assert body["data"]["repository"] == {"collaborators": None}
    assert body["errors"][0]["type"] == "FORBIDDEN"


def test_an_installation_asks_with_metadata_alone(hub: Hub):
    client = hub.robot(permissions={"metadata": "read"})

    assert client.get(f"{INFRA}/collaborators/bob/permission").json()["permission"] == "write"


def test_a_login_that_was_taken_over_has_another_id(hub: Hub, owner: httpx.Client):
    before = owner.get(f"{INFRA}/collaborators/bob/permission").json()["user"]["id"]
    hub.server.delete_user("bob")
    hub.server.create_user("bob")
    hub.server.set_role("alice/infra", "bob", "write")

    assert owner.get(f"{INFRA}/collaborators/bob/permission").json()["user"]["id"] != before


def test_a_role_that_is_taken_away_is_gone_at_once(hub: Hub, owner: httpx.Client):
    hub.server.set_role("alice/web", "bob", "none")

    assert owner.get(f"{WEB}/collaborators/bob/permission").json()["permission"] == "read"


def test_membership_alone_is_not_admin(hub: Hub):
    hub.server.create_user("otto")
    hub.server.create_user("mona")
    hub.server.create_organization("acme", owners=["otto"], members=["mona"])
    hub.server.create_repository("acme/app")
    client = hub.person("otto")

    assert client.get("/repos/acme/app/collaborators/otto/permission").json()["permission"] == "admin"
    assert client.get("/repos/acme/app/collaborators/mona/permission").json()["permission"] == "read"


def test_an_issue_author_who_is_a_member_may_still_not_write(hub: Hub):
    hub.server.create_user("mona")
    hub.server.create_organization("acme", members=["mona"])
    hub.server.create_repository("acme/app")
    hub.server.open_issue("acme/app", "t", author="mona")

    issue = hub.person("mona").get("/repos/acme/app/issues/1").json()

    assert issue["author_association"] == "MEMBER"
    with pytest.raises(PermissionError, match="triage"):
        hub.server.label("acme/app", 1, "bug", "mona")


@pytest.mark.parametrize(("login", "word"), [("max", "MAINTAIN"), ("tess", "TRIAGE"), ("bob", "WRITE")])
def test_graphql_does_not_fold(owner: httpx.Client, login: str, word: str):
    edges = data(owner, TRUST, login=login)["repository"]["collaborators"]["edges"]

    assert [(edge["permission"], edge["node"]["login"]) for edge in edges] == [(word, login)]


def test_graphql_matches_a_login_exactly_and_a_query_loosely(hub: Hub, owner: httpx.Client):
    hub.server.set_role("alice/infra", "bobby", "read")
    loose = """{ repository(owner: "alice", name: "infra") { collaborators(first: 9, query: "bob") { totalCount } } }"""

    assert data(owner, TRUST, login="bo")["repository"]["collaborators"]["edges"] == []
    assert data(owner, loose)["repository"]["collaborators"]["totalCount"] == 2


def test_graphql_says_where_a_permission_comes_from(hub: Hub):
    hub.server.create_user("otto")
    hub.server.create_user("mona")
    hub.server.create_organization("acme", owners=["otto"], members=["mona"])
    hub.server.create_repository("acme/app", collaborators={"mona": "maintain"})
    query = TRUST.replace("alice", "acme").replace("infra", "app")

    edge = data(hub.person("otto"), query, login="mona")["repository"]["collaborators"]["edges"][0]

    assert edge["permission"] == "MAINTAIN"
    assert edge["permissionSources"] == [
        {"permission": "READ", "roleName": "read", "source": {"__typename": "Organization"}},
        {"permission": "WRITE", "roleName": "maintain", "source": {"__typename": "Repository"}},
    ]


def test_the_list_of_collaborators_holds_no_strangers(owner: httpx.Client):
    people = {row["login"] for row in owner.get(f"{WEB}/collaborators").json()}
    writers = {row["login"] for row in owner.get(f"{WEB}/collaborators", params={"permission": "push"}).json()}

    assert people == {"alice", "mia", "max", "bob", "tess", "rita"}
    assert writers == {"alice", "mia", "max", "bob"}
    assert owner.get(f"{WEB}/collaborators/bob").status_code == 204
    assert owner.get(f"{WEB}/collaborators/stranger").status_code == 404
