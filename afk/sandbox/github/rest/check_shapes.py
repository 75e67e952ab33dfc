"""Shape check runs, suites, statuses and Actions runs as REST shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github.checks import current_jobs, latest_runs, suite_status, when
from afk.sandbox.github.rest.shapes import app, maybe_user, repository, simple_commit

if TYPE_CHECKING:
    from afk.sandbox.github.ci_records import CheckRun, CheckSuite, Job, Status, Workflow, WorkflowRun
    from afk.sandbox.github.forge import Forge

Json = dict[str, Any]


def check_run(forge: Forge, one: CheckRun) -> Json:
    repo = one.suite.repo
    url = f"{forge.url}/repos/{repo.full_name}/check-runs/{one.id}"
    output = {"title": one.title, "summary": one.summary, "text": None, "annotations_count": 0}
    return {
        "id": one.id,
        "name": one.name,
        "node_id": one.node_id,
        "head_sha": one.suite.head_sha,
        "external_id": "",
        "url": url,
        "html_url": one.details_url,
        "details_url": one.details_url,
        "status": one.status,
        "conclusion": one.conclusion,
        "started_at": when(one.started_at),
        "completed_at": when(one.completed_at),
        "output": {**output, "annotations_url": f"{url}/annotations"},
        "check_suite": {"id": one.suite.id},
        "app": app(forge, one.suite.app),
        "pull_requests": [],
    }


def check_suite(forge: Forge, one: CheckSuite) -> Json:
    url = f"{forge.url}/repos/{one.repo.full_name}/check-suites/{one.id}"
    status, conclusion = suite_status(one)
    return {
        "id": one.id,
        "node_id": one.node_id,
        "head_branch": one.head_branch,
        "head_sha": one.head_sha,
        "status": status,
        "conclusion": conclusion,
        "url": url,
        "before": one.before,
        "after": one.head_sha,
        "pull_requests": [],
        "app": app(forge, one.app),
        "created_at": when(one.created_at),
        "updated_at": when(one.updated_at),
        "rerequestable": True,
        "runs_rerequestable": one.workflow_run is None,
        "latest_check_runs_count": len(latest_runs(one)),
        "check_runs_url": f"{url}/check-runs",
        "head_commit": simple_commit(one.repo.commits[one.head_sha]),
        "repository": repository(forge, one.repo),
    }


def simple_status(forge: Forge, one: Status, repo_name: str) -> Json:
    """As it stands in the combined status: without its creator."""
    return {
        "url": f"{forge.url}/repos/{repo_name}/statuses/{one.sha}",
        "avatar_url": f"https://avatars.githubusercontent.com/u/{one.creator.id}?v=4",
        "id": one.id,
        "node_id": one.node_id,
        "state": one.state,
        "description": one.description,
        "target_url": one.target_url,
        "context": one.context,
        "created_at": when(one.created_at),
        "updated_at": when(one.created_at),
    }


def status(forge: Forge, one: Status, repo_name: str) -> Json:
    return {**simple_status(forge, one, repo_name), "creator": maybe_user(forge, one.creator)}


def workflow(forge: Forge, one: Workflow) -> Json:
    page = f"{forge.world.site}/{one.repo.full_name}"
    return {
        "id": one.id,
        "node_id": one.node_id,
        "name": one.name,
        "path": one.path,
        "state": one.state,
        "created_at": when(one.created_at),
        "updated_at": when(one.created_at),
        "url": f"{forge.url}/repos/{one.repo.full_name}/actions/workflows/{one.id}",
        "html_url": f"{page}/blob/{one.repo.default_branch}/{one.path}",
        "badge_url": f"{page}/actions/workflows/{one.path.rpartition('/')[2]}/badge.svg",
    }


def workflow_run(forge: Forge, one: WorkflowRun) -> Json:
    repo, suite = one.workflow.repo, one.suite
    commit = repo.commits[suite.head_sha]
    base = f"{forge.url}/repos/{repo.full_name}"
    url = f"{base}/actions/runs/{one.id}"
    actor = maybe_user(forge, one.actor)
    return {
        "id": one.id,
        "name": one.workflow.name,
        "node_id": one.node_id,
        "head_branch": suite.head_branch,
        "head_sha": suite.head_sha,
        "path": one.workflow.path,
        "display_title": commit.message.split("\n", 1)[0],
        "run_number": one.number,
        "run_attempt": one.attempt,
        "event": one.event,
        "status": one.status,
        "conclusion": one.conclusion,
        "workflow_id": one.workflow.id,
        "check_suite_id": suite.id,
        "check_suite_node_id": suite.node_id,
        "url": url,
        "html_url": f"{forge.world.site}/{repo.full_name}/actions/runs/{one.id}",
        "pull_requests": [],
        "created_at": when(one.created_at),
        "updated_at": when(one.updated_at),
        "run_started_at": when(one.started_at),
        "actor": actor,
        "triggering_actor": actor,
        "referenced_workflows": [],
        **{f"{name}_url": f"{url}/{name}" for name in ("jobs", "logs", "artifacts", "cancel", "rerun")},
        "check_suite_url": f"{base}/check-suites/{suite.id}",
        "previous_attempt_url": f"{url}/attempts/{one.attempt - 1}" if one.attempt > 1 else None,
        "workflow_url": f"{base}/actions/workflows/{one.workflow.id}",
        "head_commit": simple_commit(commit),
        "repository": repository(forge, repo),
        "head_repository": repository(forge, repo),
    }


def jobs_of(run: WorkflowRun, which: str) -> list[Job]:
    return run.jobs if which == "all" else current_jobs(run)


def job(forge: Forge, run: WorkflowRun, one: Job) -> Json:
    repo, check = run.workflow.repo, one.check
    base = f"{forge.url}/repos/{repo.full_name}"
    ran = check.started_at is not None
    return {
        "id": check.id,
        "run_id": run.id,
        "workflow_name": run.workflow.name,
        "head_branch": run.suite.head_branch,
        "run_url": f"{base}/actions/runs/{run.id}",
        "run_attempt": one.attempt,
        "node_id": check.node_id,
        "head_sha": run.suite.head_sha,
        "url": f"{base}/actions/jobs/{check.id}",
        "html_url": check.details_url,
        "status": check.status,
        "conclusion": check.conclusion,
        "created_at": when(run.started_at),
        "started_at": when(check.started_at or run.started_at),
        "completed_at": when(check.completed_at),
        "name": check.name,
        "steps": [
            {
                "name": step.name,
                "status": step.status,
                "conclusion": step.conclusion,
                "number": step.number,
                "started_at": when(step.started_at),
                "completed_at": when(step.completed_at),
            }
            for step in one.steps
        ],
        "check_run_url": f"{base}/check-runs/{check.id}",
        "labels": ["ubuntu-latest"],
        "runner_id": 1 if ran else None,
        "runner_name": "GitHub Actions 1" if ran else None,
        "runner_group_id": 0 if ran else None,
        "runner_group_name": "GitHub Actions" if ran else None,
    }
