"""Resolve the fields of commits and of what CI says about them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from afk.sandbox.github import git
from afk.sandbox.github.checks import latest_runs, latest_statuses, rollup_state, suite_status, suites_of
from afk.sandbox.github.graphql.connection import connection
from afk.sandbox.github.graphql.context import asking, require
from afk.sandbox.github.graphql.fields import constant, rule
from afk.sandbox.github.graphql.places import present
from afk.sandbox.github.records import Kind

if TYPE_CHECKING:
    from afk.sandbox.github.ci_records import CheckRun, CheckSuite, Status, Workflow, WorkflowRun
    from afk.sandbox.github.graphql.context import Info
    from afk.sandbox.github.records import Commit

Json = dict[str, Any]
SHORT = 7


@rule("Commit.abbreviatedOid")
def short(commit: Commit, _: Info) -> str:
    return commit.sha[:SHORT]


@rule("Commit.url", "Commit.commitUrl")
def url(commit: Commit, info: Info) -> str:
    return f"{asking(info).forge.world.site}{path(commit, info)}"


@rule("Commit.resourcePath")
def path(commit: Commit, _: Info) -> str:
    return f"/{commit.repo.full_name}/commit/{commit.sha}"


@rule("Commit.messageHeadline")
def headline(commit: Commit, _: Info) -> str:
    return git.headline(commit.message)


@rule("Commit.messageBody")
def message_body(commit: Commit, _: Info) -> str:
    return git.body_of(commit.message)


@rule("Commit.authoredDate")
def authored_date(commit: Commit, _: Info) -> Any:
    return commit.authored_at


@rule("Commit.committedDate")
def committed_date(commit: Commit, _: Info) -> Any:
    return commit.committed_at


@rule("Commit.pushedDate")
def pushed_date(_: Commit, __: Info) -> None:
    return None  # GitHub gave this up in 2023


@rule("Commit.author", "Commit.committer")
def author(commit: Commit, info: Info) -> Json:
    person = present(info, commit.author)
    date = commit.authored_at if info.field_name == "author" else commit.committed_at
    known = person if person and person.kind is Kind.USER else None
    return {"name": commit.author_name, "email": commit.author_email, "date": date, "user": known}


@rule("Commit.parents")
def parents(commit: Commit, _: Info, **arguments: Any) -> Json:
    return connection([commit.repo.commits[sha] for sha in commit.parents], arguments)


@rule("Commit.history")
def history(
    commit: Commit, info: Info, since: str | None = None, until: str | None = None, author: Json | None = None,
    path: str | None = None, **arguments: Any,
) -> Json:  # fmt: skip
    """Newest first; `since` and `until` are about the commit's date, not the push's."""
    require(info, commit.repo, "contents")
    rows = list(git.history(commit.repo, commit))
    if since:
        rows = [one for one in rows if one.committed_at >= datetime.fromisoformat(since)]
    if until:
        rows = [one for one in rows if one.committed_at <= datetime.fromisoformat(until)]
    if path:
        rows = [one for one in rows if _touches(one, path)]
    if author:
        emails, node = author.get("emails") or (), author.get("id")
        rows = [one for one in rows if one.author_email in emails or (one.author and one.author.node_id == node)]
    return connection(rows, arguments)


def _touches(commit: Commit, path: str) -> bool:
    before = commit.repo.commits[commit.parents[0]].tree if commit.parents else {}
    changed = {name for name in before | commit.tree if before.get(name) != commit.tree.get(name)}
    return any(name == path or name.startswith(f"{path}/") for name in changed)


def _runs(commit: Commit) -> list[CheckRun]:
    return [run for suite in suites_of(commit.repo, commit.sha) for run in latest_runs(suite)]


@rule("Commit.statusCheckRollup")
def rollup(commit: Commit, info: Info) -> Json | None:
    require(info, commit.repo, "checks")
    require(info, commit.repo, "statuses")
    runs, statuses = _runs(commit), latest_statuses(commit.repo, commit.sha)
    state = rollup_state(runs, statuses)
    if state is None:
        return None
    return {"id": f"SCR_kw{commit.sha}", "state": state, "commit": commit, "runs": runs, "statuses": statuses}


@rule("StatusCheckRollup.contexts")
def contexts(rollup: Json, _: Info, **arguments: Any) -> Json:
    runs, statuses = rollup["runs"], rollup["statuses"]
    made = connection([*runs, *statuses], arguments)
    return {**made, "checkRunCount": len(runs), "statusContextCount": len(statuses)}


@rule("Commit.checkSuites")
def check_suites(commit: Commit, info: Info, filterBy: Json | None = None, **arguments: Any) -> Json:  # noqa: N803 - the schema's name
    require(info, commit.repo, "checks")
    narrow = filterBy or {}
    rows = [
        suite
        for suite in suites_of(commit.repo, commit.sha)
        if narrow.get("appId") in {None, suite.app.id}
        and (narrow.get("checkName") is None or any(run.name == narrow["checkName"] for run in suite.runs))
    ]
    return connection(rows, arguments)


@rule("CheckSuite.checkRuns")
def check_runs(suite: CheckSuite, _: Info, filterBy: Json | None = None, **arguments: Any) -> Json:  # noqa: N803 - the schema's name
    narrow = filterBy or {}
    rows = [
        run
        for run in (suite.runs if narrow.get("checkType") == "ALL" else latest_runs(suite))
        if narrow.get("appId") in {None, suite.app.id}
        and narrow.get("checkName") in {None, run.name}
        and narrow.get("status") in {None, constant(run.status)}
    ]
    return connection(rows, arguments)


@rule("CheckSuite.status")
def status_of_suite(suite: CheckSuite, _: Info) -> str | None:
    return constant(suite_status(suite)[0])


@rule("CheckSuite.conclusion")
def conclusion_of_suite(suite: CheckSuite, _: Info) -> str | None:
    return constant(suite_status(suite)[1])


@rule("CheckSuite.commit")
def commit_of_suite(suite: CheckSuite, _: Info) -> Commit:
    return suite.repo.commits[suite.head_sha]


@rule("CheckSuite.resourcePath")
def suite_path(suite: CheckSuite, _: Info) -> str:
    return f"/{suite.repo.full_name}/commit/{suite.head_sha}/checks?check_suite_id={suite.id}"


@rule("CheckSuite.url")
def suite_url(suite: CheckSuite, info: Info) -> str:
    return f"{asking(info).forge.world.site}{suite_path(suite, info)}"


@rule("CheckSuite.workflowRun")
def workflow_run(suite: CheckSuite, info: Info) -> WorkflowRun | None:
    """Takes the permission for Actions on top of that for checks (tellahq/opensession#212)."""
    require(info, suite.repo, "actions")
    return suite.workflow_run


@rule("CheckRun.checkSuite")
def suite_of_run(run: CheckRun, _: Info) -> CheckSuite:
    return run.suite


@rule("CheckRun.status")
def run_status(run: CheckRun, _: Info) -> str | None:
    return constant(run.status)


@rule("CheckRun.conclusion")
def run_conclusion(run: CheckRun, _: Info) -> str | None:
    return constant(run.conclusion)


@rule("CheckRun.url", "CheckRun.permalink")
def run_url(run: CheckRun, _: Info) -> str:
    return run.details_url


@rule("CheckRun.externalId", "App.description")
def empty(_: object, __: Info) -> str:
    return ""


@rule("App.url")
def app_url(app: Any, info: Info) -> str:
    return f"{asking(info).forge.world.site}/apps/{app.slug}"


@rule("App.updatedAt", "Workflow.updatedAt")
def unchanged_since(record: Any, _: Info) -> Any:
    return record.created_at


@rule("WorkflowRun.runNumber")
def run_number(run: WorkflowRun, _: Info) -> int:
    return run.number


@rule("WorkflowRun.checkSuite")
def suite_of_workflow_run(run: WorkflowRun, _: Info) -> CheckSuite:
    return run.suite


@rule("WorkflowRun.resourcePath")
def workflow_run_path(run: WorkflowRun, _: Info) -> str:
    return f"/{run.workflow.repo.full_name}/actions/runs/{run.id}"


@rule("WorkflowRun.url")
def workflow_run_url(run: WorkflowRun, info: Info) -> str:
    return f"{asking(info).forge.world.site}{workflow_run_path(run, info)}"


@rule("Workflow.state")
def workflow_state(workflow: Workflow, _: Info) -> str | None:
    return constant(workflow.state)


@rule("Workflow.resourcePath")
def workflow_path(workflow: Workflow, _: Info) -> str:
    return f"/{workflow.repo.full_name}/actions/workflows/{workflow.path.rpartition('/')[2]}"


@rule("Workflow.url")
def workflow_url(workflow: Workflow, info: Info) -> str:
    return f"{asking(info).forge.world.site}{workflow_path(workflow, info)}"


@rule("Commit.status")
def status(commit: Commit, info: Info) -> Json | None:
    """The statuses alone; null when there is none."""
    require(info, commit.repo, "statuses")
    rows = latest_statuses(commit.repo, commit.sha)
    state = rollup_state([], rows)
    return {"id": f"S_kw{commit.sha}", "state": state, "contexts": rows, "commit": commit} if state else None


@rule("Status.context")
def context(status: Json, _: Info, name: str) -> Status | None:
    return next((one for one in status["contexts"] if one.context == name), None)


@rule("StatusContext.state")
def status_state(one: Status, _: Info) -> str | None:
    return constant(one.state)


@rule("StatusContext.commit")
def status_commit(one: Status, info: Info) -> Commit | None:
    repositories = asking(info).forge.world.repositories.values()
    return next((repo.commits[one.sha] for repo in repositories if one in repo.statuses), None)
