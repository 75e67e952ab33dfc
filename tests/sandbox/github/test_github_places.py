"""What happens to addresses when a repository or an issue moves or goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sandbox.github.conftest import INFRA, Hub, ask, data

if TYPE_CHECKING:
    import httpx

    from afk.sandbox.github import GithubServer

NODES = "query N($ids: [ID!]!) { nodes(ids: $ids) { __typename ... on Issue { number } } }"
BY_NAME = """query B($n: String!, $f: Boolean) {
  repository(owner: "alice", name: $n, followRenames: $f) { nameWithOwner } }"""


def test_a_renamed_repository_redirects_under_its_id(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    number = owner.get(INFRA).json()["id"]
    server.rename_repository("alice/infra", "platform")

    answer = owner.get(f"{INFRA}/issues?state=all")

    assert answer.status_code == 301
    assert answer.json()["message"] == "Moved Permanently"
    assert answer.headers["Location"] == f"{server.url}/repositories/{number}/issues?state=all"
    assert owner.get(f"{INFRA}/issues", follow_redirects=True).json()[0]["title"] == "t"
    assert owner.post(f"{INFRA}/issues/1/comments", json={"body": "x"}).status_code == 307
    assert owner.post(f"{INFRA}/issues/1/comments", json={"body": "x"}, follow_redirects=True).status_code == 201


def test_nobody_else_learns_of_a_renaming(hub: Hub):
    hub.server.rename_repository("alice/infra", "platform")

    assert hub.person("stranger").get(INFRA).status_code == 404


def test_graphql_follows_renames_unless_told_not_to(server: GithubServer, owner: httpx.Client):
    server.rename_repository("alice/infra", "platform")

    assert data(owner, BY_NAME, n="infra")["repository"] == {"nameWithOwner": "alice/platform"}
    body = ask(owner, BY_NAME, n="infra", f=False)
    assert body["data"] == {"repository": None}
    assert body["errors"][0]["type"] == "NOT_FOUND"


def test_names_ignore_the_case(owner: httpx.Client):
    assert owner.get("/repos/Alice/INFRA").json()["full_name"] == "alice/infra"


@pytest.mark.parametrize("name", ["nothing", "infra"], ids=["missing", "not ours to see"])
def test_missing_and_hidden_look_the_same(hub: Hub, name: str):
    stranger = hub.person("stranger")

    assert stranger.get(f"/repos/alice/{name}").json()["message"] == "Not Found"
    body = ask(stranger, BY_NAME, n=name)
    assert body["data"] == {"repository": None}
    assert body["errors"][0]["message"] == f"Could not resolve to a Repository with the name 'alice/{name}'."
    assert body["errors"][0]["path"] == ["repository"]


def test_a_transferred_issue_redirects_and_its_node_is_gone(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    server.comment("alice/infra", 1, "kept", "bob")
    node = server.issue("alice/infra", 1).node_id
    number = server.transfer_issue("alice/infra", 1, "alice/web", "bob")

    answer = owner.get(f"{INFRA}/issues/1")

    assert answer.status_code == 301
    assert answer.headers["Location"].endswith(f"/issues/{number}")
    moved = owner.get(f"{INFRA}/issues/1", follow_redirects=True).json()
    assert (moved["repository_url"].rsplit("/", 1)[1], moved["comments"]) == ("web", 1)
    assert moved["node_id"] != node
    body = ask(owner, NODES, ids=[node, moved["node_id"]])
    assert body["data"]["nodes"] == [None, {"__typename": "Issue", "number": number}]
    assert [(e["type"], e["path"]) for e in body["errors"]] == [("NOT_FOUND", ["nodes", 0])]
    assert owner.get(f"{INFRA}/issues", params={"state": "all"}).json() == []


def test_a_transfer_to_a_hidden_repository_is_a_404(hub: Hub):
    hub.server.open_issue("alice/web", "t")
    hub.server.transfer_issue("alice/web", 1, "alice/infra", "bob")

    assert hub.person("stranger").get("/repos/alice/web/issues/1").status_code == 404


def test_dependencies_go_along_with_a_transfer(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    server.open_issue("alice/infra", "blocker")
    server.block("alice/infra", 1, 2)
    server.transfer_issue("alice/infra", 2, "alice/web", "bob")

    rows = owner.get(f"{INFRA}/issues/1/dependencies/blocked_by").json()

    assert [row["html_url"] for row in rows] == ["https://github.com/alice/web/issues/1"]


def test_a_deleted_issue_is_gone_for_good(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    node = server.issue("alice/infra", 1).node_id
    server.delete_issue("alice/infra", 1, "alice")

    assert (owner.get(f"{INFRA}/issues/1").status_code, owner.get(f"{INFRA}/issues/2").status_code) == (410, 404)
    assert owner.post(f"{INFRA}/issues/1/comments", json={"body": "x"}).status_code == 410
    assert ask(owner, NODES, ids=[node])["data"]["nodes"] == [None]
    assert server.open_issue("alice/infra", "next") == 2
    with pytest.raises(PermissionError):
        server.delete_issue("alice/infra", 2, "bob")


def test_disabled_issues_are_a_410(server: GithubServer, owner: httpx.Client):
    server.disable_issues("alice/infra")

    assert owner.get(f"{INFRA}/issues").status_code == 410
    assert owner.post(f"{INFRA}/issues", json={"title": "t"}).status_code == 410


def test_a_deleted_repository_is_a_404(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    node = server.issue("alice/infra", 1).node_id
    server.delete_repository("alice/infra")

    assert owner.get(INFRA).status_code == 404
    assert ask(owner, NODES, ids=[node])["data"]["nodes"] == [None]


def test_a_deleted_issue_blocks_nobody(server: GithubServer, owner: httpx.Client):
    for title in ("blocker", "middle", "last"):
        server.open_issue("alice/infra", title)
    server.block("alice/infra", 2, 1)
    server.block("alice/infra", 3, 2)
    server.delete_issue("alice/infra", 2, "alice")

    assert owner.get(f"{INFRA}/issues/3/dependencies/blocked_by").json() == []
    assert owner.get(f"{INFRA}/issues/1/dependencies/blocking").json() == []


def test_a_dependent_that_moves_stays_blocked(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "moves")
    server.open_issue("alice/infra", "blocker")
    server.block("alice/infra", 1, 2)
    server.transfer_issue("alice/infra", 1, "alice/web", "bob")

    blocked = owner.get("/repos/alice/web/issues/1/dependencies/blocked_by").json()

    assert [row["number"] for row in blocked] == [2]
