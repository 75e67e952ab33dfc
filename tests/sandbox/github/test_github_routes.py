"""Every route, where the reference describes it, and the fields that its answer always has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.github.rest.routes import ENDPOINTS
from tests.sandbox.github.conftest import INFRA, Hub

if TYPE_CHECKING:
    import httpx

    from afk.sandbox.github import GithubServer

REPO = "/repos/{owner}/{repo}"
ISSUE = f"{REPO}/issues/{{number}}"
# (route, section of the reference page on forges)
MATRIX = {
    "GET /user": "5",
    "GET /users/{login}": "5",
    "GET /rate_limit": "2.3",
    "GET /app": "5",
    f"GET {REPO}/installation": "6.1",
    "POST /app/installations/{installation_id}/access_tokens": "6.1",
    "GET /installation/repositories": "6.1",
    f"GET {REPO}": "6.2",
    f"GET {REPO}/collaborators": "1.2",
    f"GET {REPO}/collaborators/{{username}}": "1.2",
    f"GET {REPO}/collaborators/{{username}}/permission": "1.2",
    f"GET {REPO}/issues/comments": "5",
    f"GET {REPO}/issues/comments/{{comment_id}}": "5",
    f"PATCH {REPO}/issues/comments/{{comment_id}}": "5",
    f"DELETE {REPO}/issues/comments/{{comment_id}}": "5",
    f"GET {ISSUE}/comments": "5",
    f"POST {ISSUE}/comments": "5",
    f"GET {REPO}/labels": "6.2",
    f"POST {REPO}/labels": "5",
    f"GET {REPO}/labels/{{name}}": "6.2",
    f"GET {ISSUE}/labels": "5",
    f"POST {ISSUE}/labels": "5",
    f"PUT {ISSUE}/labels": "5",
    f"DELETE {ISSUE}/labels": "5",
    f"DELETE {ISSUE}/labels/{{name}}": "5",
    f"GET {REPO}/issues": "2.1",
    f"POST {REPO}/issues": "5",
    f"GET {REPO}/issues/events": "1.1",
    f"GET {ISSUE}": "2.1",
    f"PATCH {ISSUE}": "5",
    f"GET {ISSUE}/events": "1.1",
    f"GET {ISSUE}/timeline": "1.1",
    f"GET {ISSUE}/dependencies/blocked_by": "2.1",
    f"POST {ISSUE}/dependencies/blocked_by": "2.1",
    f"DELETE {ISSUE}/dependencies/blocked_by/{{issue_id}}": "2.1",
    f"GET {ISSUE}/dependencies/blocking": "2.1",
    f"GET {ISSUE}/parent": "2.1",
    f"GET {ISSUE}/sub_issues": "2.1",
    f"GET {REPO}/commits/{{ref:.+}}/check-runs": "4.1",
    f"GET {REPO}/commits/{{ref:.+}}/check-suites": "4.1",
    f"GET {REPO}/commits/{{ref:.+}}/status": "4.1",
    f"GET {REPO}/commits/{{ref:.+}}/statuses": "4.1",
    f"GET {REPO}/actions/runs": "4.1",
    f"GET {REPO}/actions/runs/{{run_id}}": "4.4",
    f"GET {REPO}/actions/runs/{{run_id}}/jobs": "4.1",
    f"GET {REPO}/actions/jobs/{{job_id}}": "4.1",
    f"GET {REPO}/actions/jobs/{{job_id}}/logs": "4.1",
    f"GET {REPO}/actions/workflows": "4.3",
    f"GET {REPO}/commits": "3",
    f"GET {REPO}/commits/{{ref:.+}}": "3",
    f"GET {REPO}/compare/{{basehead:.+}}": "3",
    f"GET {REPO}/activity": "3",
    f"GET {REPO}/branches/{{branch:.+}}/protection": "6.2",
    f"GET {REPO}/branches/{{branch:.+}}": "6.2",
    f"GET {REPO}/rules/branches/{{branch:.+}}": "6.2",
    f"GET {REPO}/git/trees/{{tree:.+}}": "6.2",
    f"GET {REPO}/contents/{{path:.*}}": "6.2",
}
USER = "login id node_id avatar_url html_url type site_admin"
NAMED = "id node_id name"
# What GitHub's OpenAPI description requires of each answer; `a/b` is b of a, and `[]` is the first row of a list.
ANSWERS = {
    "/user": f"{USER} name created_at public_repos",
    "/users/bob": f"{USER} name created_at public_repos",
    "/rate_limit": "resources/core resources/graphql resources/search rate",
    INFRA: f"{NAMED} full_name private owner default_branch archived has_issues permissions ssh_url subscribers_count",
    f"{INFRA}/issues": "[]/id []/node_id []/number []/state []/user []/labels []/comments []/issue_dependencies_summary",
    f"{INFRA}/issues/1": "id node_id number title body user labels state state_reason closed_at created_at updated_at "
    "locked comments author_association sub_issues_summary issue_dependencies_summary performed_via_github_app url "
    "repository_url labels_url comments_url events_url html_url parent_issue_url",
    f"{INFRA}/issues/1/events": "[]/id []/node_id []/url []/actor []/event []/commit_id []/commit_url []/created_at "
    "[]/performed_via_github_app []/label/name []/label/color",
    f"{INFRA}/issues/1/timeline": "[]/id []/event []/actor []/performed_via_github_app",
    f"{INFRA}/issues/events": "[]/id []/event []/issue",
    f"{INFRA}/issues/1/comments": "[]/id []/node_id []/url []/html_url []/user []/body []/issue_url []/created_at "
    "[]/updated_at []/author_association []/performed_via_github_app",
    f"{INFRA}/issues/comments": "[]/id []/issue_url",
    f"{INFRA}/labels": "[]/id []/node_id []/url []/name []/color []/default []/description",
    f"{INFRA}/labels/bug": f"{NAMED} color default description url",
    f"{INFRA}/issues/1/labels": "[]/id []/name",
    f"{INFRA}/issues/1/dependencies/blocked_by": "[]/id []/number []/state []/repository_url",
    f"{INFRA}/issues/2/dependencies/blocking": "[]/number",
    f"{INFRA}/issues/1/parent": "number",
    f"{INFRA}/issues/2/sub_issues": "[]/number",
    f"{INFRA}/collaborators": "[]/login []/id []/permissions []/role_name",
    f"{INFRA}/collaborators/bob/permission": "permission role_name user/id user/login user/permissions",
    f"{INFRA}/commits": "[]/sha []/node_id []/commit/message []/commit/committer/date []/author []/parents []/html_url",
    f"{INFRA}/commits/main": "sha commit/tree/sha stats/total files",
    f"{INFRA}/compare/main...main": "status ahead_by behind_by total_commits commits base_commit merge_base_commit url",
    f"{INFRA}/activity": "[]/id []/node_id []/before []/after []/ref []/timestamp []/activity_type []/actor",
    f"{INFRA}/commits/main/check-runs": "total_count check_runs/[]/id check_runs/[]/name check_runs/[]/head_sha "
    "check_runs/[]/status check_runs/[]/conclusion check_runs/[]/app/slug check_runs/[]/check_suite/id "
    "check_runs/[]/details_url check_runs/[]/output check_runs/[]/pull_requests",
    f"{INFRA}/commits/main/check-suites": "total_count check_suites/[]/latest_check_runs_count check_suites/[]/app/id "
    "check_suites/[]/head_commit check_suites/[]/repository check_suites/[]/before check_suites/[]/head_branch",
    f"{INFRA}/commits/main/status": "state statuses/[]/context sha total_count repository commit_url url",
    f"{INFRA}/commits/main/statuses": "[]/id []/state []/context []/creator []/created_at []/target_url",
    f"{INFRA}/actions/runs": "total_count workflow_runs/[]/id workflow_runs/[]/head_sha workflow_runs/[]/run_attempt "
    "workflow_runs/[]/event workflow_runs/[]/path workflow_runs/[]/workflow_id workflow_runs/[]/check_suite_id "
    "workflow_runs/[]/status workflow_runs/[]/conclusion workflow_runs/[]/head_repository workflow_runs/[]/jobs_url",
    f"{INFRA}/actions/workflows": "total_count workflows/[]/id workflows/[]/state workflows/[]/path",
    f"{INFRA}/branches/main": "name commit/sha protected protection _links",
    f"{INFRA}/git/trees/main": "sha url truncated tree/[]/path tree/[]/mode tree/[]/type tree/[]/sha tree/[]/size tree/[]/url",
    f"{INFRA}/contents/README.md": "type encoding size name path content sha url git_url html_url download_url _links",
    f"{INFRA}/contents/": "[]/type []/name []/path []/sha",
}


def test_the_matrix_lists_every_route_that_is_served_and_no_other():
    served = {f"{one.method} {one.path}" for one in ENDPOINTS}

    assert served == set(MATRIX)


@pytest.fixture
def filled(server: GithubServer) -> GithubServer:
    """One of everything that a list can hold."""
    for title in ("first", "second"):
        server.open_issue("alice/infra", title, "text")
    server.label("alice/infra", 1, "bug", "bob")
    server.comment("alice/infra", 1, "hello", "bob")
    server.block("alice/infra", 1, 2)
    server.add_sub_issue("alice/infra", 2, 1)
    server.add_workflow("alice/infra")
    sha = server.push("alice/infra", "work", "bob")
    server.set_status("alice/infra", sha, "ci/outside", "success")
    return server


@pytest.mark.parametrize("path", ANSWERS)
def test_an_answer_has_all_that_the_description_requires(filled: GithubServer, owner: httpx.Client, path: str):
    answer = owner.get(path)

    assert answer.status_code == 200, answer.text
    assert [name for name in ANSWERS[path].split() if not _has(answer.json(), name.split("/"))] == []


def _has(body: Any, names: list[str]) -> bool:
    if not names:
        return True
    if names[0] == "[]":
        return bool(body) and _has(body[0], names[1:])
    return names[0] in body and _has(body[names[0]], names[1:])


def test_a_repository_answers_under_its_id_too(filled: GithubServer, owner: httpx.Client):
    number = owner.get(INFRA).json()["id"]

    assert owner.get(f"/repositories/{number}/issues/2").json() == owner.get(f"{INFRA}/issues/2").json()


def test_a_path_that_leads_nowhere_is_a_404_in_json(owner: httpx.Client):
    answer = owner.get("/repos/alice/infra/nothing")

    assert answer.status_code == 404
    assert answer.json() == {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"X-GitHub-Api-Version": "2022-11-28"}, 200, id="the usual version"),
        pytest.param({"X-GitHub-Api-Version": "2026-03-10"}, 200, id="the next version"),
        pytest.param({"X-GitHub-Api-Version": "2020-01-01"}, 400, id="a version that never was"),
        pytest.param({"User-Agent": ""}, 403, id="nobody says who calls"),
    ],
)
def test_headers_are_checked(owner: httpx.Client, headers: dict[str, str], status: int):
    assert owner.get(INFRA, headers=headers).status_code == status


def test_a_body_that_is_no_json_is_a_400(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")

    answer = owner.post(f"{INFRA}/issues/1/comments", content=b"{half")

    assert (answer.status_code, answer.json()["message"]) == (400, "Problems parsing JSON")
    assert server.comments_of("alice/infra", 1) == []


def test_a_server_that_was_stopped_comes_back_with_all_it_had(hub: Hub, owner: httpx.Client):
    hub.server.open_issue("alice/infra", "kept")
    hub.server.stop()
    hub.server.start()

    assert owner.get(f"{INFRA}/issues/1").json()["title"] == "kept"
