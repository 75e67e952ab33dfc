"""Run checks, workflows and statuses for commits, and sum them up the way GitHub does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.sandbox.github import git
from afk.sandbox.github.ci_records import CheckRun, CheckSuite, Job, Status, Step, Workflow, WorkflowRun

if TYPE_CHECKING:
    from datetime import datetime

    from afk.sandbox.github.records import Account, App, Commit, Push, Repository
    from afk.sandbox.github.world import World

BAD = ("failure", "timed_out", "cancelled", "action_required", "startup_failure", "stale")
PASSING = ("success", "neutral", "skipped")


class Checks:
    """What CI says about commits. Only the head of a push gets suites and runs."""

    def __init__(self, world: World) -> None:
        self._world = world

    def after_push(self, repo: Repository, push: Push, commit: Commit) -> None:
        """Every App that may write checks gets a suite at once; without a run in it, it stays queued for ever."""
        for app in [one.app for one in self._world.installations.values() if one.permissions.get("checks") == "write"]:
            if self._world.installation_of(app, repo):
                self.suite(repo, app, commit.sha, push.ref.removeprefix("refs/heads/"), push.before)
        if not git.skips_ci(commit.message):
            for workflow in repo.workflows:
                if workflow.on_push and workflow.state == "active":
                    self.start_workflow(workflow, commit.sha, push.actor, "push")

    def suite(self, repo: Repository, app: App, sha: str, branch: str, before: str) -> CheckSuite:
        number, now = self._world.next_id(), self._world.now()
        made = CheckSuite(number, self._world.node_id("CS", number), repo, app, sha, branch, before, now, now)
        repo.suites.append(made)
        return self._world.known(made)

    def suite_of(self, repo: Repository, app: App, sha: str) -> CheckSuite:
        """The App's suite for this commit, made if it has none that is not a workflow's."""
        for made in repo.suites:
            if made.app is app and made.head_sha == sha and made.workflow_run is None:
                return made
        return self.suite(repo, app, sha, branch_of(repo, sha), before_of(repo, sha))

    def run(self, suite: CheckSuite, name: str, status: str) -> CheckRun:
        number = self._world.next_id()
        url = f"{self._world.site}/{suite.repo.full_name}/runs/{number}"
        started = self._world.now() if status == "in_progress" else None
        made = CheckRun(number, self._world.node_id("CR", number), suite, name, status, None, started, None, url)
        suite.runs.append(made)
        suite.updated_at = self._world.now()
        return self._world.known(made)

    def move(self, run: CheckRun, status: str, conclusion: str | None, summary: str | None = None) -> None:
        run.status, run.conclusion = status, conclusion
        run.started_at = run.started_at or (None if status == "queued" else self._world.now())
        run.completed_at = self._world.now() if status == "completed" else None
        run.summary = summary or run.summary
        run.suite.updated_at = self._world.now()

    def set_status(
        self, repo: Repository, sha: str, state: str, context: str, creator: Account,
        description: str | None, target_url: str | None,
    ) -> Status:  # fmt: skip
        number, now = self._world.next_id(), self._world.now()
        node_id = self._world.node_id("SC", number)
        made = Status(number, node_id, sha, state, context, description, target_url, creator, now)
        repo.statuses.append(made)
        return made

    def add_workflow(self, repo: Repository, name: str, path: str, jobs: tuple[str, ...], *, on_push: bool) -> Workflow:
        number = self._world.next_id()
        node_id = self._world.node_id("W", number)
        made = Workflow(number, node_id, repo, name, path, "active", jobs, on_push, self._world.now())
        repo.workflows.append(self._world.known(made))
        return made

    def start_workflow(self, workflow: Workflow, sha: str, actor: Account, event: str) -> WorkflowRun:
        repo, app = workflow.repo, self._world.actions_app
        if event == "push" and not any(push.after == sha for push in repo.pushes):
            raise ValueError(f"{sha} was never the head of a push, so no push run starts on it")
        number, now = self._world.next_id(), self._world.now()
        suite = self.suite(repo, app, sha, branch_of(repo, sha), before_of(repo, sha))
        count = 1 + sum(run.workflow is workflow for run in repo.workflow_runs)
        node_id = self._world.node_id("WFR", number)
        run = WorkflowRun(
            number, node_id, workflow, suite, event, actor, count, 1, "queued", None, now, now, now
        )  # fmt: skip
        suite.workflow_run = run
        repo.workflow_runs.append(self._world.known(run))
        self._queue_jobs(run)
        return run

    def _queue_jobs(self, run: WorkflowRun) -> None:
        for name in run.workflow.jobs:
            check = self.run(run.suite, name, "queued")
            where = f"{self._world.site}/{run.workflow.repo.full_name}/actions/runs/{run.id}"
            check.details_url = f"{where}/job/{check.id}"
            run.jobs.append(Job(check, run.attempt))

    def rerun(self, run: WorkflowRun) -> None:
        """The same run id with the next attempt; the conclusion is gone until it ends again."""
        run.attempt += 1
        run.status, run.conclusion, run.started_at = "queued", None, self._world.now()
        run.updated_at = self._world.now()
        self._queue_jobs(run)

    def begin(self, run: WorkflowRun) -> None:
        run.status, run.updated_at = "in_progress", self._world.now()
        for job in current_jobs(run):
            self.move(job.check, "in_progress", None)

    def step(self, job: Job, name: str, conclusion: str | None, log: list[str]) -> None:
        status, now = "completed" if conclusion else "in_progress", self._world.now()
        job.steps.append(Step(name, len(job.steps) + 1, status, conclusion, now, now if conclusion else None))
        job.log += log

    def end_job(self, run: WorkflowRun, job: Job, conclusion: str) -> None:
        self.move(job.check, "completed", conclusion)
        done = [one.check.conclusion for one in current_jobs(run)]
        if None not in done:
            self.end(run, worst([word or "" for word in done]))

    def end(self, run: WorkflowRun, conclusion: str) -> None:
        for job in current_jobs(run):
            if job.check.status != "completed":
                self.move(job.check, "completed", conclusion)
        run.status, run.conclusion, run.updated_at = "completed", conclusion, self._world.now()


def current_jobs(run: WorkflowRun) -> list[Job]:
    return [job for job in run.jobs if job.attempt == run.attempt]


def latest_runs(suite: CheckSuite) -> list[CheckRun]:
    """The newest run of each name."""
    return list({run.name: run for run in suite.runs}.values())


def suite_status(suite: CheckSuite) -> tuple[str, str | None]:
    """A suite without runs is queued; that of a workflow goes with the workflow's run."""
    if suite.workflow_run:
        return suite.workflow_run.status, suite.workflow_run.conclusion
    runs = latest_runs(suite)
    if not runs or all(run.status == "queued" for run in runs):
        return "queued", None
    if any(run.status != "completed" for run in runs):
        return "in_progress", None
    return "completed", worst([run.conclusion or "" for run in runs])


def worst(conclusions: list[str]) -> str:
    for word in (*BAD, *PASSING):
        if word in conclusions:
            return word
    return "success"


def latest_statuses(repo: Repository, sha: str) -> list[Status]:
    """The newest status of each context, newest first."""
    newest = {status.context: status for status in repo.statuses if status.sha == sha}
    return sorted(newest.values(), key=lambda status: status.id, reverse=True)


def combined_state(statuses: list[Status]) -> str:
    """REST's word for all statuses: `pending` also when there are none."""
    states = {status.state for status in statuses}
    if states & {"failure", "error"}:
        return "failure"
    return "success" if states == {"success"} else "pending"


def suites_of(repo: Repository, sha: str) -> list[CheckSuite]:
    return [suite for suite in repo.suites if suite.head_sha == sha]


def rollup_state(runs: list[CheckRun], statuses: list[Status]) -> str | None:
    """None when nothing was reported; empty suites are no report."""
    if not runs and not statuses:
        return None
    conclusions, states = {run.conclusion for run in runs}, {status.state for status in statuses}
    if states & {"error"}:
        return "ERROR"
    if conclusions & set(BAD) or "failure" in states:
        return "FAILURE"
    unfinished = any(run.status != "completed" for run in runs)
    return "PENDING" if unfinished or "pending" in states else "SUCCESS"


def branch_of(repo: Repository, sha: str) -> str:
    for push in reversed(repo.pushes):
        if push.after == sha:
            return push.ref.removeprefix("refs/heads/")
    return repo.default_branch


def before_of(repo: Repository, sha: str) -> str:
    return next((push.before for push in reversed(repo.pushes) if push.after == sha), git.ZERO)


def when(moment: datetime | None) -> str | None:
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")
