"""Commit statuses: the newest of each context, folded strictly, with cancelled runs told from failed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from afk.adapters.forgejo import Client, ForgejoChecks
from afk.core.model import CommitAsk, StageReading, StageState
from afk.ports import PortError, Refused, Unexpected, Unreachable
from afk.sandbox.faults import Fault, Trouble
from tests.adapters.forgejo.conftest import URL
from tests.contract.ci_worlds import ForgejoCi
from tests.contract.forgejo_forge import INFRA, SLUG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import respx

SHA, NEXT = "5f2c1e9a" * 5, "0a1b2c3d" * 5
STATUSES = f"/repos/acme/infra/commits/{SHA}/statuses"
ACTION = "ci.yml / test (push)"


@pytest.fixture(params=["forgejo", "gitea"])
def ci(request: pytest.FixtureRequest) -> Iterator[ForgejoCi]:
    made = ForgejoCi(request.param)
    yield made
    made.stop()


@pytest.fixture
def checks(wire: respx.MockRouter, wired_client: Client) -> ForgejoChecks:
    wire.get("/repos/acme/infra").respond(200, json={"full_name": "acme/infra", "default_branch": "main"})
    return ForgejoChecks(wired_client)


def status(number: int, word: str, context: str = "ci/test", says: str = "", url: str = "") -> dict[str, Any]:
    return {"id": number, "context": context, "status": word, "target_url": url, "description": says}


def told(wire: respx.MockRouter, *rows: dict[str, Any]) -> None:
    wire.get(STATUSES).respond(200, json=list(rows), headers={"X-Total-Count": str(len(rows))})


def said(stage: Any, *commits: str) -> Mapping[str, StageReading]:
    found = stage.read([CommitAsk(INFRA, commits or (SHA,))])["infra"]
    assert not isinstance(found, PortError), found
    return dict(found)


@pytest.mark.parametrize(
    ("words", "state"),
    [
        pytest.param([], StageState.ABSENT, id="none"),
        pytest.param(["success"], StageState.SUCCESS, id="success"),
        pytest.param(["success", "success"], StageState.SUCCESS, id="two successes"),
        pytest.param(["failure"], StageState.FAILURE, id="failure"),
        pytest.param(["error"], StageState.FAILURE, id="error"),
        pytest.param(["pending"], StageState.PENDING, id="pending"),
        pytest.param(["success", "pending"], StageState.PENDING, id="pending beside success"),
        pytest.param(["success", "warning"], StageState.UNKNOWN, id="nobody agreed on warnings"),
        pytest.param(["success", "skipped"], StageState.UNKNOWN, id="nobody agreed on what is skipped"),
        pytest.param(["success", "odd"], StageState.UNKNOWN, id="a new word"),
        pytest.param(["success", "odd", "pending"], StageState.PENDING, id="pending before unknown"),
        pytest.param(["success", "odd", "pending", "failure"], StageState.FAILURE, id="failure before all"),
    ],
)
def test_the_worst_status_wins(
    wire: respx.MockRouter, checks: ForgejoChecks, words: list[str], state: StageState
) -> None:
    told(wire, *(status(n, word, f"context {n}") for n, word in enumerate(words)))

    assert said(checks)[SHA].state is state


def test_of_each_context_the_highest_number_counts_in_whatever_order_they_come(
    wire: respx.MockRouter, checks: ForgejoChecks
) -> None:
    """Within one second the forge lists the oldest first."""
    told(wire, status(2, "success"), status(3, "pending"), status(1, "failure"), status(4, "success", "lint"))

    assert said(checks)[SHA].state is StageState.PENDING


def test_a_failure_tells_context_address_and_words(wire: respx.MockRouter, checks: ForgejoChecks) -> None:
    told(
        wire,
        status(1, "success", "lint"),
        status(2, "failure", says="12 of 40 failed", url="/acme/infra/actions/runs/5"),
    )
    found = said(checks)[SHA]

    assert (found.job, found.url, found.errors) == (
        "ci/test",
        f"{URL}/acme/infra/actions/runs/5",
        ("12 of 40 failed",),
    )


@pytest.mark.parametrize(
    ("context", "state"),
    [
        pytest.param("nightly.yml / test (schedule)", StageState.ABSENT, id="a schedule"),
        pytest.param("ci.yml / test (pull_request)", StageState.ABSENT, id="a pull request"),
        pytest.param("tool.yml / run (workflow_dispatch)", StageState.ABSENT, id="by hand"),
        pytest.param(ACTION, StageState.FAILURE, id="a push"),
        pytest.param("Jenkins / test (linux)", StageState.FAILURE, id="something that only looks like it"),
        pytest.param("ci/woodpecker/push/test", StageState.FAILURE, id="Woodpecker"),
    ],
)
def test_what_no_push_started_says_nothing_about_the_push(
    wire: respx.MockRouter, checks: ForgejoChecks, context: str, state: StageState
) -> None:
    told(wire, status(1, "failure", context))

    assert said(checks)[SHA].state is state


def test_every_page_of_reports_is_read(ci: ForgejoCi) -> None:
    sha = ci.pushes()
    ci.report(sha, "failure", context="the first one")
    for n in range(120):
        ci.report(sha, "success", context=f"green {n}")

    assert said(ci.stage, sha)[sha].job == "the first one"


def test_commits_are_read_up_to_the_first_that_speaks(ci: ForgejoCi) -> None:
    shas = [ci.pushes() for _ in range(12)]
    ci.goes_green(shas[10])
    ci.goes_red(shas[11])
    found = said(ci.stage, *shas)

    assert [each.state for each in found.values()] == [StageState.ABSENT] * 10 + [StageState.SUCCESS]


def test_nothing_is_read_after_ours_if_it_speaks(ci: ForgejoCi) -> None:
    shas = [ci.pushes() for _ in range(3)]
    ci.goes_green(shas[0])
    said(ci.stage, *shas)

    assert ci.forge.requests() == ["GET /repos/acme/infra", f"GET /repos/acme/infra/commits/{shas[0]}/statuses"]


def test_a_commit_that_could_not_be_read_stops_the_search_there(ci: ForgejoCi) -> None:
    shas = [ci.pushes() for _ in range(3)]
    ci.goes_green(shas[2])
    ci.server.faults.add(Fault(Trouble.STATUS, f"{shas[1]}/statuses", status=502))
    found = said(ci.stage, *shas)

    assert [each.state for each in found.values()] == [StageState.ABSENT, StageState.UNKNOWN]


# cancelled


def test_a_cancelled_run_is_superseded_if_there_is_a_newer_commit(ci: ForgejoCi) -> None:
    sha = ci.pushes()
    ci.server.finish_run(SLUG, ci.server.start_run(SLUG, sha, by="ada"), "cancelled")
    assert said(ci.stage, sha)[sha].state is StageState.FAILURE
    newer = ci.pushes()
    ci.goes_green(newer)
    found = said(ci.stage, sha, newer)

    assert [each.state for each in found.values()] == [StageState.SUPERSEDED, StageState.SUCCESS]


def test_a_failed_run_is_a_failure_whatever_was_pushed_after_it(ci: ForgejoCi) -> None:
    sha = ci.pushes()
    ci.server.finish_run(SLUG, ci.server.start_run(SLUG, sha, by="ada"), "cancelled")
    ci.server.finish_run(SLUG, ci.server.start_run(SLUG, sha, by="ada", workflow="lint.yml"), "failure")

    assert said(ci.stage, sha, ci.pushes())[sha].state is StageState.FAILURE


def test_the_newest_run_of_a_workflow_counts(ci: ForgejoCi) -> None:
    sha = ci.pushes()
    for end in ("failure", "cancelled"):
        ci.server.finish_run(SLUG, ci.server.start_run(SLUG, sha, by="ada"), end)

    assert said(ci.stage, sha, ci.pushes())[sha].state is StageState.SUPERSEDED


@pytest.mark.parametrize(
    ("rows", "runs", "state"),
    [
        pytest.param([status(1, "failure", says="Has been cancelled")], None, StageState.SUPERSEDED, id="it says so"),
        pytest.param(
            [status(1, "error", says="Build was canceled")], None, StageState.SUPERSEDED, id="the other spelling"
        ),
        pytest.param(
            [status(1, "failure", says="cancelled"), status(2, "failure", "lint")],
            None,
            StageState.FAILURE,
            id="another one failed",
        ),
        pytest.param([status(1, "failure")], None, StageState.FAILURE, id="not of Actions: nobody to ask"),
        pytest.param([status(1, "failure", ACTION)], (404, {}), StageState.FAILURE, id="an older version has no runs"),
        pytest.param(
            [status(1, "failure", ACTION)],
            (200, {"workflow_runs": None, "total_count": 0}),
            StageState.FAILURE,
            id="no run is known",
        ),
        pytest.param([status(1, "failure", ACTION)], (200, {"runs": []}), StageState.FAILURE, id="another shape"),
        pytest.param(
            [status(1, "failure", ACTION)],
            (200, {"workflow_runs": [], "total_count": 500}),
            StageState.FAILURE,
            id="too many",
        ),
    ],
)
def test_a_failure_is_superseded_only_if_all_of_it_was_cancelled(
    wire: respx.MockRouter, checks: ForgejoChecks, rows: list[dict[str, Any]], runs: Any, state: StageState
) -> None:
    told(wire, *rows)
    wire.get(f"/repos/acme/infra/commits/{NEXT}/statuses").respond(200, json=[])
    if runs:
        wire.get("/repos/acme/infra/actions/runs").respond(runs[0], json=runs[1])

    assert said(checks, SHA, NEXT)[SHA].state is state


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(
            {"id": 1, "workflow_id": "ci.yml", "head_sha": SHA, "event": "push", "status": "cancelled"}, id="Forgejo"
        ),
        pytest.param(
            {
                "id": 1,
                "workflow_id": "ci.yml",
                "commit_sha": SHA,
                "event": "push",
                "trigger_event": "push",
                "status": "cancelled",
            },
            id="a released Forgejo",
        ),
        pytest.param(
            {
                "id": 1,
                "workflow_id": "ci.yml",
                "head_sha": SHA,
                "event": "push",
                "status": "completed",
                "conclusion": "cancelled",
            },
            id="Gitea",
        ),
    ],
)
def test_runs_are_asked_for_by_commit_and_event_and_understood_in_every_dialect(
    wire: respx.MockRouter, checks: ForgejoChecks, run: dict[str, Any]
) -> None:
    told(wire, status(1, "failure", ACTION))
    wire.get(f"/repos/acme/infra/commits/{NEXT}/statuses").respond(200, json=[])
    others = [run | {"id": 2, "event": "schedule", "trigger_event": "schedule", "status": "failure"}]
    asked = {"head_sha": SHA, "event": "push", "page": "1", "limit": "50"}
    body = {"workflow_runs": [run, *others], "total_count": 2}
    wire.get("/repos/acme/infra/actions/runs", params=asked).respond(200, json=body)

    assert said(checks, SHA, NEXT)[SHA].state is StageState.SUPERSEDED


# trouble


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param({"status_code": 403, "json": {"message": "scope"}}, Refused, id="a missing scope"),
        pytest.param({"status_code": 503, "text": ""}, Unreachable, id="down"),
        pytest.param({"status_code": 200, "json": {"state": ""}}, Unexpected, id="no list"),
        pytest.param({"status_code": 200, "json": [{"state": "success"}]}, Unexpected, id="a row of another shape"),
        pytest.param({"status_code": 200, "json": [status(1, "success")] * 50}, Unexpected, id="no end"),
    ],
)
def test_statuses_that_could_not_be_read_are_not_none(
    wire: respx.MockRouter, checks: ForgejoChecks, answer: dict[str, Any], error: type[PortError]
) -> None:
    wire.get(STATUSES).respond(**answer)

    assert isinstance(checks.read([CommitAsk(INFRA, (SHA,))])["infra"], error)


def test_a_repository_that_cannot_be_seen_is_not_one_without_ci(ci: ForgejoCi) -> None:
    sha = ci.pushes()
    ci.server.remove_collaborator(SLUG, "afk-bot")

    assert isinstance(ci.stage.read([CommitAsk(INFRA, (sha,))])["infra"], Refused)
