"""Every operation served stands in the reference, and answers with the fields it describes and no others."""

from __future__ import annotations

import pytest

from afk.sandbox.forgejo import ROUTES

INFRA = "viktor/infra"
REPO = "/repos/{owner}/{repo}"
ISSUE = f"{REPO}/issues/{{index}}"

REFERENCE = {
    ("GET", "/user"): "7.3 ours is user.id",
    ("GET", "/users/{username}"): "7.2 the id behind a login",
    ("GET", "/repos/issues/search"): "7.1 across repositories",
    ("GET", "/orgs/{org}/labels"): "7.3 organisation labels",
    ("GET", REPO): "7.5 default branch",
    ("GET", f"{REPO}/collaborators"): "7.2 explicit collaborators",
    ("GET", f"{REPO}/collaborators/{{login}}"): "7.2 explicit collaborators",
    ("GET", f"{REPO}/collaborators/{{login}}/permission"): "7.2 permission",
    ("GET", f"{REPO}/issues"): "7.1 list",
    ("GET", f"{REPO}/issues/comments/{{id}}"): "7.3 comment",
    ("PATCH", f"{REPO}/issues/comments/{{id}}"): "7.3 comment",
    ("DELETE", f"{REPO}/issues/comments/{{id}}"): "7.3 comment, from the server's source",
    ("GET", ISSUE): "7.1 fields",
    ("PATCH", ISSUE): "7.1 close",
    ("GET", f"{ISSUE}/timeline"): "7.2 timeline",
    ("GET", f"{ISSUE}/comments"): "7.3 comment",
    ("POST", f"{ISSUE}/comments"): "7.3 comment",
    ("GET", f"{ISSUE}/labels"): "7.3 add label",
    ("POST", f"{ISSUE}/labels"): "7.3 add label",
    ("DELETE", f"{ISSUE}/labels/{{id}}"): "7.3 remove label",
    ("GET", f"{ISSUE}/dependencies"): "7.1 dependencies",
    ("POST", f"{ISSUE}/dependencies"): "7.1 dependencies",
    ("DELETE", f"{ISSUE}/dependencies"): "7.1 dependencies",
    ("GET", f"{ISSUE}/blocks"): "7.1 dependencies",
    ("GET", f"{REPO}/labels"): "7.3 add label",
    ("POST", f"{REPO}/labels"): "7.3 add label",
    ("GET", f"{REPO}/commits"): "7.4 commits",
    ("GET", f"{REPO}/git/commits/{{sha}}"): "7.4 commits",
    ("GET", f"{REPO}/git/trees/{{sha}}"): "7 repository scope, from the server's source",
    ("GET", f"{REPO}/compare/{{basehead:.+}}"): "7.4 the on-default check, from the server's source",
    ("GET", f"{REPO}/branches"): "7.4 default branch",
    ("GET", f"{REPO}/branches/{{branch:.+}}"): "7.4 default branch",
    ("GET", f"{REPO}/branch_protections"): "7 repository scope, from the server's source",
    ("GET", f"{REPO}/commits/{{ref}}/status"): "7.5 combined status",
    ("GET", f"{REPO}/commits/{{ref}}/statuses"): "7.5 statuses",
    ("GET", f"{REPO}/statuses/{{sha}}"): "7.5 statuses",
    ("GET", f"{REPO}/actions/runs"): "7.5 Actions runs",
}

ISSUE_FIELDS = {
    "id",
    "url",
    "html_url",
    "number",
    "user",
    "original_author",
    "original_author_id",
    "title",
    "body",
    "ref",
    "assets",
    "labels",
    "milestone",
    "assignee",
    "assignees",
    "state",
    "is_locked",
    "comments",
    "created_at",
    "updated_at",
    "closed_at",
    "due_date",
    "pull_request",
    "repository",
    "pin_order",
}
TIMELINE_FIELDS = {
    "id",
    "type",
    "html_url",
    "pull_request_url",
    "issue_url",
    "user",
    "body",
    "created_at",
    "updated_at",
    "old_project_id",
    "project_id",
    "old_milestone",
    "milestone",
    "tracked_time",
    "old_title",
    "new_title",
    "old_ref",
    "new_ref",
    "ref_issue",
    "ref_comment",
    "ref_action",
    "ref_commit_sha",
    "review_id",
    "label",
    "assignee",
    "assignee_team",
    "removed_assignee",
    "resolve_doer",
    "dependent_issue",
}
COMMENT_FIELDS = {
    "id",
    "html_url",
    "pull_request_url",
    "issue_url",
    "user",
    "original_author",
    "original_author_id",
    "body",
    "assets",
    "created_at",
    "updated_at",
}


def test_every_route_served_stands_in_the_reference():
    served = {(route.method, route.path) for route in ROUTES}

    assert served == set(REFERENCE)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_no_route_answers_without_a_token(forge, route, knock):
    path = route.path.replace("{basehead:.+}", "main...main").replace("{branch:.+}", "main")
    for name in ("owner", "repo", "index", "login", "username", "org", "sha", "ref", "id"):
        path = path.replace(f"{{{name}}}", "1")
    answer = knock(forge).http.request(route.method, path)

    assert (answer.status_code, answer.json()["message"]) == (401, "token is required")


def test_version_needs_no_token(forge, gitea, knock):
    versions = [knock(server).get("/version").json()["version"] for server in (forge, gitea)]

    assert [version.split(".")[0] for version in versions] == ["12", "1"]


def test_an_issue_has_the_fields_of_forgejo_and_none_of_github(forge, bot):
    forge.open_issue(INFRA, "viktor", "Disk is full", body="on node 3", labels=("bug",))
    issue = bot.get(f"/repos/{INFRA}/issues/1").json()

    assert set(issue) == ISSUE_FIELDS
    assert issue["repository"] == {
        "id": issue["repository"]["id"],
        "name": "infra",
        "owner": "viktor",
        "full_name": INFRA,
    }
    assert set(issue["labels"][0]) == {"id", "name", "exclusive", "is_archived", "color", "description", "url"}
    assert "type" not in issue["user"]


def test_gitea_adds_a_content_version_to_an_issue(gitea, on_gitea):
    gitea.open_issue(INFRA, "viktor", "Disk is full")
    issue = on_gitea.get(f"/repos/{INFRA}/issues/1").json()

    assert set(issue) - ISSUE_FIELDS == {"content_version", "time_estimate"}


def test_a_comment_and_a_timeline_row_have_their_own_fields(forge, bot):
    forge.open_issue(INFRA, "viktor", "Disk is full")
    forge.comment(INFRA, 1, "still full", by="viktor")

    assert set(bot.get(f"/repos/{INFRA}/issues/1/comments").json()[0]) == COMMENT_FIELDS
    assert set(bot.get(f"/repos/{INFRA}/issues/1/timeline").json()[0]) == TIMELINE_FIELDS


def test_times_come_with_the_offset_of_the_server(forge, bot):
    forge.open_issue(INFRA, "viktor", "Disk is full")

    assert bot.get(f"/repos/{INFRA}/issues/1").json()["created_at"] == "2026-09-01T14:00:00+02:00"


def test_a_commit_has_details_unless_they_are_turned_off(forge, bot):
    sha = forge.push(INFRA, "Add a node", by="viktor")
    path = f"/repos/{INFRA}/commits"
    full = bot.get(path).json()[0]
    lean = bot.get(path, stat="false", verification="false", files="false").json()[0]

    assert set(full) == {
        "url",
        "sha",
        "created",
        "html_url",
        "commit",
        "author",
        "committer",
        "parents",
        "files",
        "stats",
    }
    assert full["sha"] == lean["sha"] == sha
    assert full["stats"]
    assert full["files"]
    assert full["commit"]["verification"]
    assert (lean["stats"], lean["files"], lean["commit"]["verification"]) == (None, None, None)


def test_the_repository_names_its_default_branch_and_the_rights_of_the_caller(forge, bot):
    forge.push(INFRA, "Start", by="viktor")
    repo = bot.get(f"/repos/{INFRA}").json()

    assert (repo["default_branch"], repo["empty"], repo["archived"]) == ("main", False, False)
    assert repo["permissions"] == {"admin": True, "push": True, "pull": True}
