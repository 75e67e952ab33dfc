"""What CI says about commits: suites, runs, statuses, workflows, logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.sandbox.github.conftest import INFRA, data

if TYPE_CHECKING:
    from afk.sandbox.github import GithubServer

ROLLUP = """query R($sha: String!) { repository(owner: "alice", name: "infra") { object(expression: $sha) {
  ... on Commit {
    statusCheckRollup { state contexts(first: 50) { totalCount nodes {
      __typename ... on CheckRun { name status conclusion checkSuite { workflowRun { event workflow { name } } } }
      ... on StatusContext { context state creator { login } } } } }
    checkSuites(first: 20) { totalCount nodes { status conclusion app { slug } checkRuns(first: 1) { totalCount } } }
    status { state contexts { context } } } } } }"""


def rollup(owner: httpx.Client, sha: str) -> dict[str, Any]:
    found: dict[str, Any] = data(owner, ROLLUP, sha=sha)["repository"]["object"]
    return found


def test_a_push_gives_every_app_a_suite_that_stays_queued_when_nothing_runs(server: GithubServer, owner: httpx.Client):
    sha = server.push("alice/infra", "work")

    suites = owner.get(f"{INFRA}/commits/{sha}/check-suites").json()

    assert [
        (s["app"]["slug"], s["status"], s["conclusion"], s["latest_check_runs_count"]) for s in suites["check_suites"]
    ] == [("afk", "queued", None, 0)]
    commit = rollup(owner, sha)
    assert (commit["statusCheckRollup"], commit["status"]) == (None, None)
    assert commit["checkSuites"]["nodes"][0]["checkRuns"] == {"totalCount": 0}


def test_a_workflow_runs_on_the_head_of_a_push_and_nowhere_else(server: GithubServer, owner: httpx.Client):
    server.add_workflow("alice/infra", jobs=["lint", "test"])
    head = server.push("alice/infra", "head", below=["below"])
    below = owner.get(f"{INFRA}/commits/{head}").json()["parents"][0]["sha"]

    runs = owner.get(f"{INFRA}/actions/runs", params={"head_sha": head, "event": "push"}).json()
    checks = owner.get(f"{INFRA}/commits/{head}/check-runs").json()

    assert [(r["status"], r["conclusion"], r["head_branch"]) for r in runs["workflow_runs"]] == [
        ("queued", None, "main")
    ]
    assert {run["name"] for run in checks["check_runs"]} == {"lint", "test"}
    assert owner.get(f"{INFRA}/actions/runs", params={"head_sha": below}).json()["total_count"] == 0
    assert owner.get(f"{INFRA}/commits/{below}/check-runs").json() == {"total_count": 0, "check_runs": []}
    with pytest.raises(ValueError, match="never the head of a push"):
        server.run_workflow("alice/infra", below)


@pytest.mark.parametrize(
    "message",
    ["x [skip ci]", "x [ci skip]", "[no ci] x", "x [skip actions]", "x [actions skip]", "x\n\nskip-checks: true"],
)
def test_a_message_can_skip_ci(server: GithubServer, owner: httpx.Client, message: str):
    server.add_workflow("alice/infra")

    sha = server.push("alice/infra", message)

    assert owner.get(f"{INFRA}/actions/runs", params={"head_sha": sha}).json()["total_count"] == 0


def test_a_disabled_workflow_does_not_run_and_is_still_listed(server: GithubServer, owner: httpx.Client):
    server.add_workflow("alice/infra")
    server.set_workflow_state("alice/infra", "CI", "disabled_manually")
    server.push("alice/infra", "work")

    assert owner.get(f"{INFRA}/actions/runs").json()["total_count"] == 0
    assert owner.get(f"{INFRA}/actions/workflows").json()["workflows"][0]["state"] == "disabled_manually"


def test_a_red_run_tells_job_step_and_log(server: GithubServer, owner: httpx.Client):
    server.add_workflow("alice/infra", jobs=["lint", "test"])
    sha = server.push("alice/infra", "work")
    run = server.run_of("alice/infra", sha)
    server.begin_run("alice/infra", run)
    server.finish_job("alice/infra", run, "lint", "success")
    half = owner.get(f"{INFRA}/actions/runs/{run}").json()
    server.add_step("alice/infra", run, "test", "Set up job", "success")
    server.add_step("alice/infra", run, "test", "Run tests", "failure", ["collected 1 item", "E assert 1 == 2"])
    server.finish_job("alice/infra", run, "test", "failure")

    assert (half["status"], half["conclusion"]) == ("in_progress", None)
    assert owner.get(f"{INFRA}/actions/runs/{run}").json()["conclusion"] == "failure"
    jobs = {job["name"]: job for job in owner.get(f"{INFRA}/actions/runs/{run}/jobs").json()["jobs"]}
    assert [(s["number"], s["name"], s["conclusion"]) for s in jobs["test"]["steps"]] == [
        (1, "Set up job", "success"),
        (2, "Run tests", "failure"),
    ]
    assert jobs["lint"]["conclusion"] == "success"
    assert owner.get(f"{INFRA}/actions/jobs/{jobs['test']['id']}").json() == jobs["test"]
    logs = owner.get(f"{INFRA}/actions/jobs/{jobs['test']['id']}/logs")
    assert (logs.status_code, logs.text) == (302, "")
    text = httpx.get(logs.headers["Location"]).text
    assert [line.split("Z ", 1)[1] for line in text.splitlines()] == ["collected 1 item", "E assert 1 == 2"]
    assert rollup(owner, sha)["statusCheckRollup"]["state"] == "FAILURE"


def test_the_log_store_is_another_host_that_refuses_the_token(server: GithubServer, owner: httpx.Client):
    server.add_workflow("alice/infra")
    run = server.run_of("alice/infra", server.push("alice/infra", "work"))
    job = owner.get(f"{INFRA}/actions/runs/{run}/jobs").json()["jobs"][0]["id"]
    assert owner.get(f"{INFRA}/actions/jobs/{job}/logs").status_code == 404
    server.finish_run("alice/infra", run, "success")

    place = owner.get(f"{INFRA}/actions/jobs/{job}/logs").headers["Location"]

    assert not place.startswith(server.url)
    assert httpx.get(place, headers=owner.headers).status_code == 401
    assert owner.get(f"{INFRA}/actions/jobs/{job}/logs", follow_redirects=True).status_code == 200


def test_a_rerun_keeps_the_id_and_forgets_the_conclusion(server: GithubServer, owner: httpx.Client):
    server.add_workflow("alice/infra")
    sha = server.push("alice/infra", "work")
    run = server.run_of("alice/infra", sha)
    server.finish_run("alice/infra", run, "failure")
    server.rerun("alice/infra", run)

    again = owner.get(f"{INFRA}/actions/runs/{run}").json()

    assert (again["run_attempt"], again["status"], again["conclusion"]) == (2, "queued", None)
    assert again["previous_attempt_url"].endswith(f"{run}/attempts/1")
    assert owner.get(f"{INFRA}/actions/runs/{run}/jobs").json()["total_count"] == 1
    assert owner.get(f"{INFRA}/actions/runs/{run}/jobs", params={"filter": "all"}).json()["total_count"] == 2
    latest = owner.get(f"{INFRA}/commits/{sha}/check-runs").json()
    every = owner.get(f"{INFRA}/commits/{sha}/check-runs", params={"filter": "all"}).json()
    assert ([r["conclusion"] for r in latest["check_runs"]], every["total_count"]) == ([None], 2)


def test_other_events_attach_to_the_same_commit(server: GithubServer, owner: httpx.Client):
    server.add_workflow("alice/infra")
    server.add_workflow("alice/infra", "Nightly", path=".github/workflows/n.yml", on_push=False)
    sha = server.push("alice/infra", "work")
    server.finish_run("alice/infra", server.run_of("alice/infra", sha), "success")
    nightly = server.run_workflow("alice/infra", sha, "Nightly", event="schedule")
    server.finish_run("alice/infra", nightly, "failure")

    def runs(**query: str) -> list[str]:
        rows = owner.get(f"{INFRA}/actions/runs", params={"head_sha": sha, **query}).json()["workflow_runs"]
        return [row["event"] for row in rows]

    assert runs() == ["schedule", "push"]
    assert runs(event="push") == ["push"]
    assert runs(status="failure") == ["schedule"]
    assert runs(branch="topic") == []
    assert rollup(owner, sha)["statusCheckRollup"]["state"] == "FAILURE"


def test_the_check_of_an_app(server: GithubServer, owner: httpx.Client):
    sha = server.push("alice/infra", "work")
    check = server.start_check("alice/infra", sha, "scan", app="afk")
    pending = rollup(owner, sha)
    server.finish_check("alice/infra", check, "neutral", summary="nothing found")

    assert pending["statusCheckRollup"]["state"] == "PENDING"
    assert pending["checkSuites"]["totalCount"] == 1
    run = owner.get(f"{INFRA}/commits/{sha}/check-runs").json()["check_runs"][0]
    assert (run["id"], run["status"], run["conclusion"], run["app"]["slug"]) == (check, "completed", "neutral", "afk")
    assert run["output"]["summary"] == "nothing found"
    assert rollup(owner, sha)["statusCheckRollup"]["state"] == "SUCCESS"


@pytest.mark.parametrize(
    ("conclusions", "state"),
    [
        (["success"], "SUCCESS"),
        (["skipped", "neutral"], "SUCCESS"),
        (["success", "cancelled"], "FAILURE"),
        (["failure", None], "FAILURE"),
        (["success", None], "PENDING"),
        (["timed_out"], "FAILURE"),
        (["action_required"], "FAILURE"),
    ],
    ids=str,
)
def test_the_rollup_folds_check_runs(
    server: GithubServer, owner: httpx.Client, conclusions: list[str | None], state: str
):
    sha = server.push("alice/infra", "work")
    for number, conclusion in enumerate(conclusions):
        check = server.start_check("alice/infra", sha, str(number), app="afk")
        if conclusion:
            server.finish_check("alice/infra", check, conclusion)

    assert rollup(owner, sha)["statusCheckRollup"]["state"] == state


@pytest.mark.parametrize(
    ("states", "rest", "graphql"),
    [
        pytest.param([], "pending", None, id="none: pending in REST, null in GraphQL"),
        pytest.param(["success"], "success", "SUCCESS", id="green"),
        pytest.param(["success", "pending"], "pending", "PENDING", id="waiting"),
        pytest.param(["failure", "pending"], "failure", "FAILURE", id="red"),
        pytest.param(["error", "success"], "failure", "ERROR", id="broken"),
    ],
)
def test_statuses_are_combined(
    server: GithubServer, owner: httpx.Client, states: list[str], rest: str, graphql: str | None
):
    sha = server.push("alice/infra", "work")
    for number, state in enumerate(states):
        server.set_status("alice/infra", sha, f"ci/{number}", state, creator="bob")

    found = owner.get(f"{INFRA}/commits/{sha}/status").json()

    assert (found["state"], found["total_count"]) == (rest, len(states))
    commit = rollup(owner, sha)
    assert (commit["status"] and commit["status"]["state"]) == graphql
    assert (commit["statusCheckRollup"] and commit["statusCheckRollup"]["state"]) == graphql


def test_only_the_newest_status_of_a_context_counts(server: GithubServer, owner: httpx.Client):
    sha = server.push("alice/infra", "work")
    server.set_status("alice/infra", sha, "ci", "failure")
    server.set_status("alice/infra", sha, "ci", "success", target_url="https://ci.example.org/1")

    combined = owner.get(f"{INFRA}/commits/{sha}/status").json()

    assert (combined["state"], [s["target_url"] for s in combined["statuses"]]) == (
        "success",
        ["https://ci.example.org/1"],
    )
    assert "creator" not in combined["statuses"][0]
    assert [s["state"] for s in owner.get(f"{INFRA}/commits/{sha}/statuses").json()] == ["success", "failure"]


def test_many_check_runs_come_in_pages(server: GithubServer, owner: httpx.Client):
    server.add_workflow("alice/infra", jobs=[f"job {n}" for n in range(35)])
    sha = server.push("alice/infra", "work")

    first = owner.get(f"{INFRA}/commits/{sha}/check-runs")
    second = owner.get(first.links["next"]["url"])

    assert first.json()["total_count"] == 35
    assert len({r["id"] for r in first.json()["check_runs"] + second.json()["check_runs"]}) == 35
    short = data(owner, ROLLUP.replace("first: 50", "first: 10"), sha=sha)["repository"]["object"]["statusCheckRollup"]
    assert (short["contexts"]["totalCount"], len(short["contexts"]["nodes"])) == (35, 10)


def test_checks_of_one_app_share_its_suite_and_run_by_name(server: GithubServer, owner: httpx.Client):
    sha = server.push("alice/infra", "work")
    for name in ("scan", "scan", "lint"):
        server.start_check("alice/infra", sha, name, app="afk")

    suites = owner.get(f"{INFRA}/commits/{sha}/check-suites").json()
    runs = owner.get(f"{INFRA}/commits/{sha}/check-runs").json()

    assert (suites["total_count"], suites["check_suites"][0]["latest_check_runs_count"]) == (1, 2)
    assert [run["name"] for run in runs["check_runs"]] == ["lint", "scan"]
    named = owner.get(f"{INFRA}/commits/{sha}/check-runs", params={"check_name": "lint"}).json()
    assert named["total_count"] == 1
