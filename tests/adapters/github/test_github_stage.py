"""What CI said about a commit: only of pushes, only of the head, and only what it really said."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from afk.core.ci_verdict import judged
from afk.core.model import CommitAsk, StageKind, StageReading, StageState
from afk.ports import Refused, Unreachable
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.github import GraphqlFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.adapters.github import GithubChecks
    from tests.adapters.github.conftest import Hub

INFRA = "acme/infra"
RUNS = "GET /repos/acme/infra/actions/runs"
FINE = {"issues": "write", "contents": "read", "actions": "read", "statuses": "read"}


def fine_grained(hub: Hub, **changes: str) -> GithubChecks:
    """By a token that has no Checks permission, for there is none."""
    may = {name: level for name, level in {**FINE, **changes}.items() if level}
    return hub.checks(token=SecretStr(hub.server.token_fine_grained("afk-bot", may, resource_owner="acme")))


@pytest.fixture(params=["graphql", "rest"])
def stage(request: pytest.FixtureRequest, hub: Hub) -> GithubChecks:
    return hub.checks() if request.param == "graphql" else fine_grained(hub)


def readings(hub: Hub, stage: GithubChecks, *shas: str) -> Mapping[str, StageReading]:
    found = stage.read([CommitAsk(hub.repos["infra"], shas)])["infra"]
    assert not isinstance(found, Exception), found
    return found


def state(hub: Hub, stage: GithubChecks, *shas: str) -> StageState:
    """Of the commit that speaks for the first one."""
    return judged(StageKind.CHECKS, shas, readings(hub, stage, *shas)).reading.state


def pushed(hub: Hub, conclusion: str = "", message: str = "Work") -> str:
    """A commit, with its workflow's run ended if a conclusion is given."""
    sha = hub.server.push(INFRA, message, "ada")
    if conclusion:
        hub.server.finish_run(INFRA, hub.server.run_of(INFRA, sha), conclusion)
    return sha


@pytest.mark.parametrize(
    ("conclusion", "wanted"),
    [
        pytest.param("", StageState.PENDING, id="not finished"),
        pytest.param("success", StageState.SUCCESS, id="success"),
        pytest.param("failure", StageState.FAILURE, id="failure"),
        pytest.param("timed_out", StageState.FAILURE, id="timed out"),
        pytest.param("cancelled", StageState.FAILURE, id="cancelled at the head"),
        pytest.param("action_required", StageState.BLOCKED, id="waits for an approval"),
        pytest.param("skipped", StageState.ABSENT, id="skipped"),
        pytest.param("stale", StageState.UNKNOWN, id="stale"),
    ],
)
def test_a_push_is_judged_by_its_workflow(hub: Hub, stage: GithubChecks, conclusion: str, wanted: StageState) -> None:
    hub.server.add_workflow(INFRA)

    assert state(hub, stage, pushed(hub, conclusion)) is wanted


def test_a_commit_without_any_run_is_absent(hub: Hub, stage: GithubChecks) -> None:
    assert state(hub, stage, pushed(hub)) is StageState.ABSENT


def test_a_workflow_without_a_job_yet_is_pending_and_not_absent(hub: Hub, stage: GithubChecks) -> None:
    hub.server.add_workflow(INFRA, jobs=())

    assert state(hub, stage, pushed(hub)) is StageState.PENDING


def test_a_workflow_that_could_not_start_failed(hub: Hub, stage: GithubChecks) -> None:
    hub.server.add_workflow(INFRA, jobs=())
    sha = pushed(hub, "startup_failure")
    found = readings(hub, stage, sha)[sha]

    assert (found.state, found.job, found.errors) == (StageState.FAILURE, "CI", ("startup_failure",))
    assert "/actions/runs/" in found.url


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch", "dynamic"])
def test_runs_of_other_events_say_nothing_about_a_push(hub: Hub, stage: GithubChecks, event: str) -> None:
    hub.server.add_workflow(INFRA, "Nightly", on_push=False)
    sha = pushed(hub)
    run = hub.server.run_workflow(INFRA, sha, "Nightly", event=event)
    hub.server.finish_run(INFRA, run, "failure")

    assert state(hub, stage, sha) is StageState.ABSENT


def test_a_run_on_another_branch_says_nothing_about_the_default_one(hub: Hub, stage: GithubChecks) -> None:
    hub.server.add_workflow(INFRA)
    sha = hub.server.push(INFRA, "Work", "ada", "topic")
    hub.server.finish_run(INFRA, hub.server.run_of(INFRA, sha), "failure")
    hub.server.fast_forward(INFRA, sha)
    with hub.server.lock:
        runs = hub.server.forge.world.repository(INFRA).workflow_runs
    hub.server.finish_run(INFRA, runs[-1].id, "success")

    assert [run.suite.head_branch for run in runs] == ["topic", "main"]
    assert state(hub, stage, sha) is StageState.SUCCESS


def test_a_suite_that_an_app_left_empty_is_no_pending_check(hub: Hub) -> None:
    hub.server.create_app("coverage", "acme", {"checks": "write"})
    hub.server.install_app("coverage", "acme")
    hub.server.add_workflow(INFRA)

    assert state(hub, hub.checks(), pushed(hub, "success")) is StageState.SUCCESS


def test_a_check_of_another_app_counts(hub: Hub) -> None:
    hub.server.create_app("circle", "acme", {"checks": "write"})
    hub.server.install_app("circle", "acme")
    sha = pushed(hub)
    check = hub.server.start_check(INFRA, sha, "build", app="circle")
    assert state(hub, hub.checks(), sha) is StageState.PENDING
    hub.server.finish_check(INFRA, check, "failure")
    found = readings(hub, hub.checks(), sha)[sha]

    assert (found.state, found.job) == (StageState.FAILURE, "build")


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        pytest.param(["success"], StageState.SUCCESS, id="success"),
        pytest.param(["pending"], StageState.PENDING, id="pending"),
        pytest.param(["error"], StageState.FAILURE, id="error"),
        pytest.param(["failure", "success"], StageState.SUCCESS, id="the newest of a context counts"),
    ],
)
def test_a_commit_status_counts(hub: Hub, stage: GithubChecks, states: list[str], wanted: StageState) -> None:
    sha = pushed(hub)
    for each in states:
        hub.clock.time += timedelta(seconds=1)
        hub.server.set_status(INFRA, sha, "ci/other", each, description="two tests", target_url="https://ci.test/1")
    found = readings(hub, stage, sha)[sha]

    assert (found.state, found.url) == (wanted, "https://ci.test/1")
    assert found.errors == (("two tests",) if wanted is StageState.FAILURE else ())


def test_a_rerun_takes_the_verdict_back(hub: Hub, stage: GithubChecks) -> None:
    hub.server.add_workflow(INFRA)
    sha = pushed(hub, "failure")
    hub.server.rerun(INFRA, hub.server.run_of(INFRA, sha))

    assert state(hub, stage, sha) is StageState.PENDING


def test_the_head_of_the_push_speaks_for_the_commits_below_it(hub: Hub, stage: GithubChecks) -> None:
    hub.server.add_workflow(INFRA)
    head = hub.server.push(INFRA, "Last", "ada", below=["First", "Second"])
    hub.server.finish_run(INFRA, hub.server.run_of(INFRA, head), "success")
    with hub.server.lock:
        commits = hub.server.forge.world.repository(INFRA).commits
    second = commits[head].parents[0]
    shas = (commits[second].parents[0], second, head)

    assert judged(StageKind.CHECKS, shas, readings(hub, stage, *shas)).commit == head
    assert state(hub, stage, *shas) is StageState.SUCCESS


def test_a_run_that_a_newer_push_cancelled_is_superseded(hub: Hub, stage: GithubChecks) -> None:
    hub.server.add_workflow(INFRA)
    shas = [pushed(hub, "cancelled"), pushed(hub, "success", "More")]

    assert [each.state for each in readings(hub, stage, *shas).values()] == [StageState.SUPERSEDED, StageState.SUCCESS]


def test_commits_are_read_only_until_one_speaks(hub: Hub, stage: GithubChecks) -> None:
    hub.server.add_workflow(INFRA)
    shas = [pushed(hub, "success"), pushed(hub, "failure"), pushed(hub)]

    assert list(readings(hub, stage, *shas)) == shas[:1]


def test_the_verdict_is_found_behind_many_commits_without_one(hub: Hub) -> None:
    shas = [hub.server.push(INFRA, f"Work {n} [skip ci]", "ada") for n in range(70)]
    hub.server.add_workflow(INFRA)
    shas.append(pushed(hub, "success"))
    stage = hub.checks()

    assert state(hub, stage, *shas) is StageState.SUCCESS
    assert len(hub.requests()) == 4


def test_a_failed_job_is_told_with_its_step_its_link_and_its_lines(hub: Hub, stage: GithubChecks) -> None:
    hub.server.add_workflow(INFRA, jobs=("lint", "test"))
    sha = pushed(hub)
    run = hub.server.run_of(INFRA, sha)
    hub.server.begin_run(INFRA, run)
    hub.server.finish_job(INFRA, run, "lint", "success")
    hub.server.add_step(INFRA, run, "test", "Install", "success", ["installing"])
    hub.server.add_step(INFRA, run, "test", "Run pytest", "failure", ["E   assert 1 == 2", "FAILED test_x.py::test_y"])
    hub.server.finish_job(INFRA, run, "test", "failure")
    found = readings(hub, stage, sha)[sha]

    assert (found.state, found.job, found.step) == (StageState.FAILURE, "CI / test", "Run pytest")
    assert found.errors == ("E   assert 1 == 2".replace("   ", " "), "FAILED test_x.py::test_y", "installing")
    assert found.url.startswith(f"https://github.com/acme/infra/actions/runs/{run}/job/")


def test_a_log_is_fetched_once(hub: Hub, stage: GithubChecks) -> None:
    hub.server.add_workflow(INFRA)
    sha = pushed(hub)
    run = hub.server.run_of(INFRA, sha)
    hub.server.add_step(INFRA, run, "test", "Run pytest", "failure", ["FAILED"])
    hub.server.finish_job(INFRA, run, "test", "failure")
    first = readings(hub, stage, sha)
    hub.requests()

    assert readings(hub, stage, sha) == first
    assert not [line for line in hub.requests() if line.endswith("/logs")]


@pytest.mark.parametrize("match", ["/jobs", "/logs"])
def test_a_red_commit_stays_red_where_its_job_cannot_be_looked_into(hub: Hub, stage: GithubChecks, match: str) -> None:
    hub.server.add_workflow(INFRA)
    sha = pushed(hub, "failure")
    hub.server.faults.add(Fault(Trouble.STATUS, match=match, status=500, times=None))
    found = readings(hub, stage, sha)[sha]

    assert (found.state, found.errors) == (StageState.FAILURE, ())
    assert found.job.startswith("CI")


def test_a_hundred_repositories_take_two_requests(hub: Hub) -> None:
    hub.enrol(*(f"repo{n}" for n in range(99)))
    asks = []
    for name, repo in hub.repos.items():
        hub.server.add_workflow(f"acme/{name}")
        sha = hub.server.push(f"acme/{name}", "Work", "ada")
        hub.server.finish_run(f"acme/{name}", hub.server.run_of(f"acme/{name}", sha), "success")
        asks.append(CommitAsk(repo, (sha,)))
    stage = hub.checks()
    found = stage.read(asks)

    assert len(found) == 100
    assert {r.state for each in found.values() if not isinstance(each, Exception) for r in each.values()} == {"success"}
    assert hub.requests() == ["POST /graphql"] * 2


def test_more_checks_than_a_page_holds_are_all_read(hub: Hub) -> None:
    hub.server.add_workflow(INFRA, jobs=[f"job{n}" for n in range(230)])
    sha = pushed(hub)
    run = hub.server.run_of(INFRA, sha)
    for n in range(229):
        hub.server.finish_job(INFRA, run, f"job{n}", "success")
    assert state(hub, hub.checks(), sha) is StageState.PENDING
    hub.server.finish_job(INFRA, run, "job229", "failure")
    found = readings(hub, hub.checks(), sha)[sha]

    assert (found.state, found.job) == (StageState.FAILURE, "CI / job229")


def test_a_token_without_checks_is_found_out_once_per_repository(hub: Hub) -> None:
    hub.server.add_workflow(INFRA)
    sha = pushed(hub, "success")
    stage = fine_grained(hub)
    readings(hub, stage, sha)
    hub.requests()

    assert state(hub, stage, sha) is StageState.SUCCESS
    assert hub.requests() == [RUNS, f"GET /repos/acme/infra/commits/{sha}/status"]


def test_a_token_that_may_see_neither_checks_nor_actions_is_refused(hub: Hub) -> None:
    hub.server.add_workflow(INFRA)
    sha = pushed(hub, "success")

    assert isinstance(fine_grained(hub, actions="").read([CommitAsk(hub.repos["infra"], (sha,))])["infra"], Refused)


@pytest.mark.parametrize(
    "path", ["r0.c0", "r0.c0.statusCheckRollup", "r0.c0.checkSuites", "r0.c0.statusCheckRollup.contexts"]
)
def test_a_half_answer_is_no_verdict_and_spoils_no_other_repository(hub: Hub, path: str) -> None:
    hub.enrol("web")
    hub.server.add_workflow(INFRA)
    hub.server.add_workflow("acme/web")
    sha = pushed(hub, "success")
    other = hub.server.push("acme/web", "Work", "ada")
    hub.server.graphql_faults.add(GraphqlFault(path, "AfkChecks"))
    found = hub.checks().read([CommitAsk(hub.repos["infra"], (sha,)), CommitAsk(hub.repos["web"], (other,))])

    assert isinstance(found["infra"], Unreachable)
    assert not isinstance(found["web"], Exception)
    assert found["web"][other].state is StageState.PENDING


def test_a_commit_behind_silent_ones_that_could_not_be_read_is_unknown(hub: Hub) -> None:
    silent = [pushed(hub), pushed(hub)]
    hub.server.add_workflow(INFRA)
    shas = (*silent, pushed(hub, "success"), pushed(hub, "failure"))
    hub.server.graphql_faults.add(GraphqlFault("r0.c1", "AfkChecks", times=None))
    found = readings(hub, hub.checks(), *shas)

    assert [each.state for each in found.values()] == [StageState.ABSENT, StageState.ABSENT, StageState.UNKNOWN]
    assert "Something went wrong" in found[shas[2]].detail


def test_a_commit_that_nobody_knows_has_no_verdict(hub: Hub) -> None:
    found = hub.checks().read([CommitAsk(hub.repos["infra"], ("f" * 40,))])["infra"]

    assert isinstance(found, Exception)
    assert "does not know the commit" in str(found)
