"""Answer check runs, suites, statuses and Actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github.access import not_found
from afk.sandbox.github.checks import combined_state, latest_runs, latest_statuses, suites_of
from afk.sandbox.github.rest import check_shapes as shapes
from afk.sandbox.github.rest.call import REPO, Answer, Endpoint
from afk.sandbox.github.rest.paging import page
from afk.sandbox.github.rest.shapes import repository

if TYPE_CHECKING:
    from afk.sandbox.github.ci_records import Job, WorkflowRun
    from afk.sandbox.github.forge import Forge
    from afk.sandbox.github.rest.call import Call

RUN_FILTERS = {"event": "event", "head_branch": "branch", "head_sha": "head_sha", "check_suite_id": "check_suite_id"}
MOST_RUNS = 1000


def list_check_runs(call: Call) -> Answer:
    query, sha = call.query, call.commit().sha
    suites = suites_of(call.repo, sha)[-MOST_RUNS:]
    rows = [run for suite in suites for run in (suite.runs if query.get("filter") == "all" else latest_runs(suite))]
    rows = [
        run
        for run in rows
        if query.get("app_id") in {None, str(run.suite.app.id)}
        and query.get("check_name") in {None, run.name}
        and query.get("status") in {None, run.status}
    ]
    rows.sort(key=lambda run: run.id, reverse=True)
    cut, headers = page(call, rows)
    shown = [shapes.check_run(call.forge, run) for run in cut]
    return Answer({"total_count": len(rows), "check_runs": shown}, headers=headers)


def list_check_suites(call: Call) -> Answer:
    app_id, name = call.query.get("app_id"), call.query.get("check_name")
    rows = [
        suite
        for suite in suites_of(call.repo, call.commit().sha)
        if app_id in {None, str(suite.app.id)} and (name is None or any(run.name == name for run in suite.runs))
    ]
    cut, headers = page(call, rows)
    shown = [shapes.check_suite(call.forge, suite) for suite in cut]
    return Answer({"total_count": len(rows), "check_suites": shown}, headers=headers)


def combined_status(call: Call) -> Answer:
    """`pending` when there is no status at all: only the count tells."""
    sha, name = call.commit().sha, call.repo.full_name
    statuses = latest_statuses(call.repo, sha)
    cut, headers = page(call, statuses)
    url = f"{call.url}/repos/{name}/commits/{sha}"
    shape = {
        "state": combined_state(statuses),
        "statuses": [shapes.simple_status(call.forge, one, name) for one in cut],
        "sha": sha,
        "total_count": len(statuses),
        "repository": repository(call.forge, call.repo),
        "commit_url": url,
        "url": f"{url}/status",
    }
    return Answer(shape, headers=headers)


def list_statuses(call: Call) -> Answer:
    """Every status ever set, newest first."""
    sha = call.commit().sha
    rows = [one for one in reversed(call.repo.statuses) if one.sha == sha]
    cut, headers = page(call, rows)
    return Answer([shapes.status(call.forge, one, call.repo.full_name) for one in cut], headers=headers)


def list_workflow_runs(call: Call) -> Answer:
    query = call.query
    shown = [shapes.workflow_run(call.forge, run) for run in reversed(call.repo.workflow_runs)]
    for key, name in RUN_FILTERS.items():
        if name in query:
            shown = [row for row in shown if str(row[key]) == query[name]]
    if "actor" in query:
        shown = [row for row in shown if row["actor"] and row["actor"]["login"] == query["actor"]]
    if "status" in query:
        shown = [row for row in shown if query["status"] in {row["status"], row["conclusion"]}]
    cut, headers = page(call, shown[:MOST_RUNS])
    return Answer({"total_count": len(shown), "workflow_runs": cut}, headers=headers)


def get_workflow_run(call: Call) -> Answer:
    return Answer(shapes.workflow_run(call.forge, _run(call)))


def _run(call: Call) -> WorkflowRun:
    number = call.number("run_id")
    for run in call.repo.workflow_runs:
        if run.id == number:
            return run
    raise not_found()


def list_jobs(call: Call) -> Answer:
    run = _run(call)
    rows = shapes.jobs_of(run, call.query.get("filter", "latest"))
    cut, headers = page(call, rows)
    shown = [shapes.job(call.forge, run, job) for job in cut]
    return Answer({"total_count": len(rows), "jobs": shown}, headers=headers)


def _job(call: Call) -> tuple[WorkflowRun, Job]:
    number = call.number("job_id")
    for run in call.repo.workflow_runs:
        for job in run.jobs:
            if job.check.id == number:
                return run, job
    raise not_found()


def get_job(call: Call) -> Answer:
    run, job = _job(call)
    return Answer(shapes.job(call.forge, run, job))


def get_job_logs(call: Call) -> Answer:
    """A redirect to a text on another host that takes no token; 404 until the job has ended."""
    _, job = _job(call)
    if job.check.status != "completed":
        raise not_found()
    elsewhere = call.url.replace("127.0.0.1", "localhost")
    return Answer(text="", status=302, headers={"Location": f"{elsewhere}{LOGS.format(job_id=job.check.id)}"})


def read_log(forge: Forge, number: int) -> str | None:
    """The text of the place that job logs redirect to, outside of the API."""
    for repo in forge.world.repositories.values():
        for run in repo.workflow_runs:
            for job in run.jobs:
                if job.check.id == number:
                    start = run.started_at.strftime("%Y-%m-%dT%H:%M:%S")
                    return "".join(f"{start}.{i:07d}Z {line}\n" for i, line in enumerate(job.log))
    return None


def list_workflows(call: Call) -> Answer:
    rows: list[Any] = call.repo.workflows
    cut, headers = page(call, rows)
    shown = [shapes.workflow(call.forge, one) for one in cut]
    return Answer({"total_count": len(rows), "workflows": shown}, headers=headers)


LOGS = "/sandbox-logs/{job_id}"
CHECKS, ACTIONS, STATUSES = ("checks", "read"), ("actions", "read"), ("statuses", "read")
COMMIT = f"{REPO}/commits/{{ref:.+}}"
ENDPOINTS = (
    Endpoint("GET", f"{COMMIT}/check-runs", "checks/runs#list-check-runs-for-a-git-reference", list_check_runs, CHECKS),
    Endpoint("GET", f"{COMMIT}/check-suites", "checks/suites#list-check-suites-for-a-git-reference", list_check_suites, CHECKS),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{COMMIT}/status", "commits/statuses#get-the-combined-status-for-a-specific-reference", combined_status, STATUSES),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{COMMIT}/statuses", "commits/statuses#list-commit-statuses-for-a-reference", list_statuses, STATUSES),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{REPO}/actions/runs", "actions/workflow-runs#list-workflow-runs-for-a-repository", list_workflow_runs, ACTIONS),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{REPO}/actions/runs/{{run_id}}", "actions/workflow-runs#get-a-workflow-run", get_workflow_run, ACTIONS),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{REPO}/actions/runs/{{run_id}}/jobs", "actions/workflow-jobs#list-jobs-for-a-workflow-run", list_jobs, ACTIONS),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{REPO}/actions/jobs/{{job_id}}", "actions/workflow-jobs#get-a-job-for-a-workflow-run", get_job, ACTIONS),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{REPO}/actions/jobs/{{job_id}}/logs", "actions/workflow-jobs#download-job-logs-for-a-workflow-run", get_job_logs, ACTIONS),  # noqa: E501 - one row of a table
    Endpoint("GET", f"{REPO}/actions/workflows", "actions/workflows#list-repository-workflows", list_workflows, ACTIONS),  # noqa: E501 - one row of a table
)  # fmt: skip
