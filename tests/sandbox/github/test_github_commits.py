"""Pushes and what follows from them: references, closed issues, comparisons, the push log."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.github.conftest import INFRA, WEB, Hub, data

if TYPE_CHECKING:
    import httpx

    from afk.sandbox.github import GithubServer

TRACK = """query Follow($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { state
  timelineItems(last: 50, itemTypes: [REFERENCED_EVENT, CLOSED_EVENT, CROSS_REFERENCED_EVENT, CONNECTED_EVENT]) { nodes {
    __typename
    ... on ReferencedEvent { isDirectReference isCrossRepository commitRepository { nameWithOwner }
      commit { oid author { email user { login } } } }
    ... on ClosedEvent { stateReason closer { __typename ... on Commit { oid } ... on PullRequest { number merged } } }
    ... on CrossReferencedEvent { willCloseTarget source { ... on PullRequest { number mergeCommit { oid } } } }
  } } } } }"""


@pytest.fixture
def issue(server: GithubServer) -> str:
    """Its node id."""
    server.open_issue("alice/infra", "t")
    return server.issue("alice/infra", 1).node_id


def items(owner: httpx.Client, node_id: str) -> list[dict[str, object]]:
    found = data(owner, TRACK, ids=[node_id])["nodes"][0]["timelineItems"]["nodes"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(
    ("message", "closes"),
    [
        ("Fixes #1", True),
        ("fix: #1", True),
        ("Change it\n\nCloses alice/infra#1", True),
        ("RESOLVED #1.", True),
        ("close #1 and more", True),
        ("Refs #1", False),
        ("issue #1", False),
        ("prefixes #1", False),
        ("Fixes #12", False),
        ("Fixes other/infra#1", False),
        ("Fixes the bug of #1", False),
    ],
)
def test_a_closing_keyword_on_the_default_branch_closes(server: GithubServer, issue: str, message: str, closes: bool):
    server.push("alice/infra", message, "bob")

    assert (server.issue("alice/infra", 1).state == "closed") is closes


def test_the_commit_is_the_closer(server: GithubServer, owner: httpx.Client, issue: str):
    sha = server.push("alice/infra", "Fixes #1", "bob")

    reference, closed = items(owner, issue)

    assert reference["commit"]["oid"] == sha
    assert closed == {
        "__typename": "ClosedEvent",
        "stateReason": "COMPLETED",
        "closer": {"__typename": "Commit", "oid": sha},
    }
    event = owner.get(f"{INFRA}/issues/1/events").json()[-1]
    assert (event["event"], event["commit_id"], event["actor"]["login"]) == ("closed", sha, "bob")


def test_on_another_branch_it_only_refers_until_it_is_merged(server: GithubServer, owner: httpx.Client, issue: str):
    sha = server.push("alice/infra", "Fixes #1", "bob", "topic")

    assert [row["__typename"] for row in items(owner, issue)] == ["ReferencedEvent"]
    assert server.issue("alice/infra", 1).state == "open"
    server.fast_forward("alice/infra", sha, "bob")
    assert [row["__typename"] for row in items(owner, issue)] == ["ReferencedEvent", "ClosedEvent"]


def test_commits_below_the_head_count_as_well(server: GithubServer, issue: str):
    server.push("alice/infra", "last", "bob", below=["Fixes #1", "middle"])

    assert server.issue("alice/infra", 1).state == "closed"


def test_a_reference_from_elsewhere_says_so_and_closes_for_writers_only(hub: Hub, owner: httpx.Client, issue: str):
    hub.server.create_repository("zoe/fork", private=False)
    hub.server.push("zoe/fork", "Fixes alice/infra#1", "zoe")

    assert items(owner, issue) == [
        {
            "__typename": "ReferencedEvent",
            "isDirectReference": True,
            "isCrossRepository": True,
            "commitRepository": {"nameWithOwner": "zoe/fork"},
            "commit": {
                "oid": hub.server.head("zoe/fork"),
                "author": {"email": hub.server.forge.world.account("zoe").email, "user": {"login": "zoe"}},
            },
        }
    ]
    assert hub.server.issue("alice/infra", 1).state == "open"


def test_an_email_that_belongs_to_nobody_has_no_user(server: GithubServer, owner: httpx.Client, issue: str):
    server.push("alice/infra", "Refs #1", "bob", email="agent@example.org")

    assert items(owner, issue)[0]["commit"]["author"] == {"email": "agent@example.org", "user": None}
    row = owner.get(f"{INFRA}/commits").json()[0]
    assert (row["author"], row["commit"]["author"]["email"]) == (None, "agent@example.org")


def test_a_pull_request_closes_when_it_is_merged(server: GithubServer, owner: httpx.Client, issue: str):
    server.push("alice/infra", "work", "bob", "topic")
    pull = server.open_pull_request("alice/infra", "p", "bob", body="Closes #1", head="topic", base="main")
    before = items(owner, issue)
    server.link_pull_request("alice/infra", 1, pull, "bob")
    merge = server.merge_pull_request("alice/infra", pull, "alice")

    assert before == [
        {
            "__typename": "CrossReferencedEvent",
            "willCloseTarget": True,
            "source": {"number": pull, "mergeCommit": None},
        }
    ]
    mentioned, linked, closed = items(owner, issue)
    assert mentioned["source"] == {"number": pull, "mergeCommit": {"oid": merge}}
    assert linked == {"__typename": "ConnectedEvent"}
    assert closed["closer"] == {"__typename": "PullRequest", "number": pull, "merged": True}
    assert owner.get(f"{INFRA}/activity").json()[0]["activity_type"] == "pr_merge"


def test_comparing_tells_whether_a_branch_holds_a_commit(server: GithubServer, owner: httpx.Client):
    first = server.push("alice/infra", "one")
    second = server.push("alice/infra", "two")
    aside = server.push("alice/infra", "aside", "bob", "topic")
    server.push("alice/infra", "three")

    def status(base: str, head: str) -> tuple[str, int, int]:
        found = owner.get(f"{INFRA}/compare/{base}...{head}").json()
        return found["status"], found["ahead_by"], found["behind_by"]

    assert status(first, "main") == ("ahead", 2, 0)
    assert status("main", "main") == ("identical", 0, 0)
    assert status("main", first) == ("behind", 0, 2)
    assert status(aside, "main") == ("diverged", 1, 1)
    assert status(second, "topic") == ("ahead", 1, 0)


def test_a_comparison_lists_the_new_commits_oldest_first(server: GithubServer, owner: httpx.Client):
    base = server.head("alice/infra")
    shas = [server.push("alice/infra", str(n), files={"a.txt": f"{n}\n"}) for n in range(5)]

    found = owner.get(f"{INFRA}/compare/{base}...main").json()
    page = owner.get(f"{INFRA}/compare/{base}...main", params={"per_page": 2, "page": 2}).json()

    assert [row["sha"] for row in found["commits"]] == shas
    assert [row["filename"] for row in found["files"]] == ["a.txt"]
    assert [row["sha"] for row in page["commits"]] == shas[2:4]
    assert page["total_commits"] == 5


@pytest.mark.parametrize("basehead", ["main...nothing", "main", "0" * 40 + "...main"])
def test_comparing_what_is_not_there_is_a_404(owner: httpx.Client, basehead: str):
    assert owner.get(f"{INFRA}/compare/{basehead}").status_code == 404


def test_a_force_push_leaves_the_old_commit_off_the_branch(server: GithubServer, owner: httpx.Client):
    start = server.head("alice/infra")
    lost = server.push("alice/infra", "lost")
    server.push("alice/infra", "kept", onto=start)

    assert owner.get(f"{INFRA}/compare/{lost}...main").json()["status"] == "diverged"
    row = owner.get(f"{INFRA}/activity").json()[0]
    assert (row["activity_type"], row["before"], row["after"]) == ("force_push", lost, server.head("alice/infra"))


def test_commits_are_listed_by_branch_date_and_author(hub: Hub, owner: httpx.Client):
    old = hub.clock() - timedelta(days=3)
    hub.clock.forward(minutes=1)
    hub.server.push("alice/infra", "written long ago", "bob", committed_at=old)
    hub.clock.forward(minutes=1)
    hub.server.push("alice/infra", "now", "alice")
    hub.server.push("alice/infra", "aside", "bob", "topic")

    def messages(**query: str) -> list[str]:
        return [row["commit"]["message"] for row in owner.get(f"{INFRA}/commits", params=query).json()]

    assert messages() == ["now", "written long ago", "Initial commit"]
    assert messages(since="2026-03-01T12:01:00Z") == ["now"]
    assert messages(until="2026-02-28T00:00:00Z") == ["written long ago"]
    assert messages(author="bob") == ["written long ago"]
    assert messages(sha="topic")[0] == "aside"
    assert owner.get(f"{INFRA}/commits", params={"sha": "nothing"}).status_code == 404


@pytest.mark.parametrize("name", ["main", "HEAD", "heads/main", "sha", "short sha", "feature/with/slashes"])
def test_a_commit_is_found_by_any_of_its_names(server: GithubServer, owner: httpx.Client, name: str):
    sha = server.push("alice/infra", "work")
    server.fast_forward("alice/infra", sha, branch="feature/with/slashes")
    ref = {"sha": sha, "short sha": sha[:10]}.get(name, name)

    assert owner.get(f"{INFRA}/commits/{ref}").json()["sha"] == sha
    assert owner.get(f"{INFRA}/commits/{ref}/status").json()["sha"] == sha


def test_an_unknown_commit_is_a_422(owner: httpx.Client):
    answer = owner.get(f"{INFRA}/commits/{'a' * 40}")

    assert (answer.status_code, answer.json()["message"]) == (422, f"No commit found for SHA: {'a' * 40}")


def test_the_push_log_is_paged_by_cursor(server: GithubServer, owner: httpx.Client):
    shas = [server.push("alice/infra", str(n), "bob") for n in range(5)]
    server.push("alice/infra", "aside", "mia", "topic")

    first = owner.get(f"{INFRA}/activity", params={"ref": "main", "actor": "bob", "per_page": 3})
    second = owner.get(first.links["next"]["url"])

    assert [row["after"] for row in first.json() + second.json()] == shas[::-1]
    assert sorted(second.links) == ["prev"]
    back = owner.get(second.links["prev"]["url"])
    assert back.json() == first.json()
    only = owner.get(f"{INFRA}/activity", params={"activity_type": "branch_creation"}).json()
    assert [row["ref"] for row in only] == ["refs/heads/topic", "refs/heads/main"]
    assert owner.get(f"{INFRA}/activity", params={"activity_type": "nap"}).status_code == 422


def test_the_push_log_keeps_what_was_below_the_head_between_before_and_after(server: GithubServer, owner: httpx.Client):
    before = server.head("alice/infra")
    head = server.push("alice/infra", "head", "bob", below=["one", "two"])

    row = owner.get(f"{INFRA}/activity").json()[0]

    assert (row["before"], row["after"], row["actor"]["login"]) == (before, head, "bob")
    assert owner.get(f"{INFRA}/compare/{before}...{head}").json()["ahead_by"] == 3


def test_a_deleted_branch_is_gone_and_logged(server: GithubServer, owner: httpx.Client):
    server.push("alice/infra", "aside", "bob", "topic")
    server.delete_branch("alice/infra", "topic", "bob")

    assert owner.get(f"{INFRA}/branches/topic").json()["message"] == "Branch not found"
    assert owner.get(f"{INFRA}/activity").json()[0]["after"] == "0" * 40


def test_files_and_folders_are_read_at_a_ref(server: GithubServer, owner: httpx.Client):
    old = server.push("alice/infra", "one", files={".github/workflows/ci.yml": "on: push\n"})
    server.push("alice/infra", "two", files={".github/workflows/ci.yml": "on: [push]\n"})
    path = f"{INFRA}/contents/.github/workflows/ci.yml"

    assert base64.b64decode(owner.get(path).json()["content"]) == b"on: [push]\n"
    assert base64.b64decode(owner.get(path, params={"ref": old}).json()["content"]) == b"on: push\n"
    assert [(row["name"], row["type"]) for row in owner.get(f"{INFRA}/contents/.github").json()] == [
        ("workflows", "dir")
    ]
    assert owner.get(f"{INFRA}/contents/nothing").status_code == 404


def test_branch_protection_is_for_administrators(hub: Hub, owner: httpx.Client):
    path = f"{INFRA}/branches/main/protection"

    assert (owner.get(path).status_code, owner.get(path).json()["message"]) == (404, "Branch not protected")
    hub.server.protect_branch("alice/infra", "main")
    assert owner.get(path).status_code == 200
    assert owner.get(f"{INFRA}/branches/main").json()["protected"] is True
    assert hub.person("bob").get(path).json()["message"] == "Not Found"


def test_an_empty_repository_has_no_commits(hub: Hub, owner: httpx.Client):
    hub.server.create_repository("alice/blank", empty=True)

    assert owner.get("/repos/alice/blank/commits").status_code == 409
    query = """{ repository(owner: "alice", name: "blank") { isEmpty defaultBranchRef { name } } }"""
    assert data(owner, query)["repository"] == {"isEmpty": True, "defaultBranchRef": None}


def test_history_in_graphql_is_counted_paged_and_narrowed(hub: Hub, owner: httpx.Client):
    hub.clock.forward(minutes=1)
    shas = [hub.server.push("alice/infra", f"{n}\n\nAFK-Run: r{n}", files={f"{n}.txt": ""}) for n in range(3)]
    query = """query H($after: String, $path: String) { repository(owner: "alice", name: "infra") {
      object(expression: "main") { ... on Commit {
        history(first: 2, after: $after, since: "2026-03-01T12:01:00Z", path: $path) {
          totalCount pageInfo { hasNextPage endCursor } nodes { oid messageHeadline messageBody pushedDate } } } } } }"""

    first = data(owner, query)["repository"]["object"]["history"]
    rest = data(owner, query, after=first["pageInfo"]["endCursor"])["repository"]["object"]["history"]
    one = data(owner, query, path="1.txt")["repository"]["object"]["history"]

    assert [node["oid"] for node in first["nodes"] + rest["nodes"]] == shas[::-1]
    assert (first["totalCount"], first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (3, True, False)
    assert rest["nodes"][0]["messageBody"] == "AFK-Run: r0"
    assert rest["nodes"][0]["pushedDate"] is None
    assert [node["messageHeadline"] for node in one["nodes"]] == ["1"]


def test_a_sha_that_is_too_short_is_no_name(server: GithubServer, owner: httpx.Client):
    sha = server.push("alice/infra", "work")

    assert owner.get(f"{INFRA}/commits/{sha[:7]}").status_code == 200
    assert owner.get(f"{INFRA}/commits/{sha[:6]}").status_code == 422


def test_a_branch_shows_administrators_what_protects_it(hub: Hub, owner: httpx.Client):
    hub.server.protect_branch("alice/infra", "main", "required_pull_request_reviews", "lock_branch")

    rules = owner.get(f"{INFRA}/branches/main/protection").json()

    assert "required_pull_request_reviews" in rules
    assert "restrictions" not in rules
    assert (rules["lock_branch"]["enabled"], rules["required_signatures"]["enabled"]) == (True, False)


def test_rules_of_rulesets_are_shown_to_readers_for_the_branch_that_they_are_about(hub: Hub):
    number = hub.server.protect_by_ruleset("alice/infra", "main", "pull_request", "deletion")
    reader = hub.person("rita")

    rows = reader.get(f"{INFRA}/rules/branches/main").json()

    assert [(row["type"], row["ruleset_id"]) for row in rows] == [("pull_request", number), ("deletion", number)]
    assert reader.get(f"{INFRA}/rules/branches/topic").json() == []


def test_a_free_plan_protects_no_branch_of_a_private_repository(hub: Hub, owner: httpx.Client):
    for name in ("alice/infra", "alice/web"):
        hub.server.protect_branch(name, "main", "lock_branch")
    hub.server.stop_paying("alice")

    refused = [owner.get(f"{INFRA}/{path}") for path in ("rules/branches/main", "branches/main/protection")]

    assert {each.status_code for each in refused} == {403}
    assert all(each.json()["message"].startswith("Upgrade to GitHub Pro") for each in refused)
    assert owner.get(f"{INFRA}/branches/main").json()["protected"] is False
    assert owner.get(f"{WEB}/rules/branches/main").status_code == 200
    assert owner.get(f"{WEB}/branches/main/protection").json()["lock_branch"]["enabled"]


def test_a_protection_that_github_does_not_know_cannot_be_planted(hub: Hub):
    with pytest.raises(ValueError, match="no_pushes"):
        hub.server.protect_by_ruleset("alice/infra", "main", "no_pushes")
    with pytest.raises(ValueError, match="no_pushes"):
        hub.server.protect_branch("alice/infra", "main", "no_pushes")


def test_a_tree_is_one_level_or_all_and_says_when_it_is_cut(hub: Hub, owner: httpx.Client):
    sha = hub.server.push("alice/infra", "one", files={"src/a.py": "x", "src/deep/b.py": "y"})
    path = f"{INFRA}/git/trees/{sha}"

    flat, deep = owner.get(path).json(), owner.get(path, params={"recursive": "1"}).json()
    hub.server.forge.largest_tree = 1
    cut = owner.get(path, params={"recursive": "1"}).json()

    assert [(row["path"], row["type"]) for row in flat["tree"]] == [("README.md", "blob"), ("src", "tree")]
    assert [row["path"] for row in deep["tree"]] == ["README.md", "src", "src/a.py", "src/deep", "src/deep/b.py"]
    assert (deep["truncated"], cut["truncated"], len(cut["tree"])) == (False, True, 1)
    assert owner.get(f"{INFRA}/git/trees/nothing").status_code == 404
