"""Woodpecker's pipelines by commit: how each status folds, how far one searches, and what a failure tells."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx
from pydantic import SecretStr

from afk.adapters.woodpecker import WoodpeckerStage
from afk.core.model import CommitAsk, StageKind, StageReading, StageState
from afk.ports import PortError, Refused, Unexpected, Unreachable
from afk.sandbox.faults import Fault, Trouble
from afk.systems import Woodpecker
from tests.contract.ci_worlds import WoodpeckerCi, a_repo
from tests.contract.forgejo_forge import SLUG
from tests.contract.forges import StoryClock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

API = "https://ci.test"
SHA, NEXT, LAST = ("5f2c1e9a" * 5, "0a1b2c3d" * 5, "77aa88bb" * 5)
NOON = int(datetime(2026, 11, 1, 7, 0, tzinfo=UTC).timestamp())
LIST = {"event": "push", "branch": "main", "page": "1", "perPage": "50"}
HOME = {"id": 7, "full_name": SLUG, "active": True, "default_branch": "main"}


@pytest.fixture
def ci() -> Iterator[WoodpeckerCi]:
    made = WoodpeckerCi()
    yield made
    made.stop()


@pytest.fixture
def wire() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=f"{API}/api") as router:
        yield router


@pytest.fixture
def wired() -> Iterator[WoodpeckerStage]:
    stage = WoodpeckerStage(Woodpecker(API, SecretStr("not-a-real-token")), StoryClock())
    yield stage
    stage.close()


def row(number: int = 3, status: str = "success", commit: str = SHA, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "event": "push",
        "branch": "main",
        "commit": commit,
        "status": status,
        "created": NOON,
    } | more


def asked(stage: WoodpeckerStage, *commits: str) -> Mapping[str, StageReading] | PortError:
    repo = a_repo(StageKind.WOODPECKER)
    return stage.read([CommitAsk(repo, commits or (SHA,))])[repo.name]


def said(stage: WoodpeckerStage, *commits: str) -> Mapping[str, StageReading]:
    found = asked(stage, *commits)
    assert not isinstance(found, PortError), found
    return found


def told(wire: respx.MockRouter, *rows: dict[str, Any]) -> None:
    wire.get(f"/repos/lookup/{SLUG}").respond(200, json=HOME)
    wire.get("/repos/7/pipelines").respond(200, json=list(rows))


# the wire


def test_the_requests_are_those_of_the_reference(wire: respx.MockRouter, wired: WoodpeckerStage) -> None:
    lookup = wire.get(f"/repos/lookup/{SLUG}").respond(200, json=HOME)
    listed = wire.get("/repos/7/pipelines", params=LIST).respond(200, json=[row()])
    found = said(wired)[SHA]

    assert found == StageReading(StageKind.WOODPECKER, StageState.SUCCESS, f"{API}/repos/7/pipeline/3")
    assert [one.calls.last.request.headers["authorization"] for one in (lookup, listed)] == [
        "Bearer not-a-real-token"
    ] * 2
    said(wired)
    assert (lookup.call_count, listed.call_count) == (1, 2)


@pytest.mark.parametrize(
    ("status", "cancel_info", "state"),
    [
        pytest.param("success", None, StageState.SUCCESS, id="success"),
        pytest.param("declined", None, StageState.FAILURE, id="a person declined it"),
        pytest.param("blocked", None, StageState.BLOCKED, id="waits for approval"),
        pytest.param("pending", None, StageState.PENDING, id="pending"),
        pytest.param("running", None, StageState.PENDING, id="running hides a failed workflow"),
        pytest.param("created", None, StageState.PENDING, id="created"),
        pytest.param("skipped", None, StageState.ABSENT, id="skipped is no verdict"),
        pytest.param("canceled", {"superseded_by": 4}, StageState.SUPERSEDED, id="superseded before it began"),
        pytest.param("killed", {"superseded_by": 4}, StageState.SUPERSEDED, id="superseded while it ran"),
        pytest.param("success", {"superseded_by": 2}, StageState.SUCCESS, id="a restart's leftover on a success"),
        pytest.param("running", {"superseded_by": 4}, StageState.PENDING, id="a leftover on what runs"),
        pytest.param("canceled", {"canceled_by_user": "ada"}, StageState.UNKNOWN, id="canceled by a person"),
        pytest.param("canceled", None, StageState.UNKNOWN, id="canceled without a word"),
        pytest.param("vanished", None, StageState.UNKNOWN, id="a new word"),
    ],
)
def test_a_status_folds(
    wire: respx.MockRouter, wired: WoodpeckerStage, status: str, cancel_info: Any, state: StageState
) -> None:
    told(wire, row(status=status, **({"cancel_info": cancel_info} if cancel_info else {})))

    assert said(wired)[SHA].state is state


@pytest.mark.parametrize(
    ("status", "cancel_info"),
    [
        pytest.param("failure", None, id="failure"),
        pytest.param("error", None, id="error"),
        pytest.param("killed", None, id="killed"),
        pytest.param("killed", {"canceled_by_user": "ada"}, id="killed by a person"),
        pytest.param("killed", {"superseded_by": 2}, id="killed, with the leftover of the one it restarts"),
        pytest.param("failure", {"superseded_by": 9}, id="a failure is not undone by a leftover"),
    ],
)
def test_a_failure_asks_for_the_pipeline(
    wire: respx.MockRouter, wired: WoodpeckerStage, status: str, cancel_info: Any
) -> None:
    told(wire, row(status=status, cancel_info=cancel_info))
    steps = [
        {"id": 1, "name": "clone", "state": "success"},
        {"id": 9, "name": "pytest", "state": "failure", "exit_code": 2},
    ]
    workflows = [
        {"name": "lint", "state": "success", "children": []},
        {"name": "test", "state": "failure", "error": "exit code 2", "children": steps},
    ]
    detail = row(status=status, workflows=workflows, errors=[{"message": "deprecated", "is_warning": True}])
    wire.get("/repos/7/pipelines/3").respond(200, json=detail)
    lines = [log_line("\x1b[31mE  assert 1 == 2\x1b[0m\n"), log_line("  "), log_line("2", type=2)]
    wire.get("/repos/7/logs/3/9").respond(200, json=lines)
    found = said(wired)[SHA]

    assert (found.state, found.job, found.step) == (StageState.FAILURE, "test", "pytest")
    assert found.errors == ("exit code 2", "E assert 1 == 2")


def log_line(text: str, **more: Any) -> dict[str, Any]:
    return {"data": base64.b64encode(text.encode()).decode(), "type": 0} | more


@pytest.mark.parametrize("body", [None, []], ids=["null", "empty"])
def test_a_failed_step_without_a_log_is_still_named(wire: respx.MockRouter, wired: WoodpeckerStage, body: Any) -> None:
    told(wire, row(status="failure"))
    steps = [{"id": 9, "name": "pytest", "state": "failure"}]
    wire.get("/repos/7/pipelines/3").respond(
        200, json=row(workflows=[{"name": "test", "state": "failure", "children": steps}])
    )
    wire.get("/repos/7/logs/3/9").respond(200, json=body)

    assert (said(wired)[SHA].step, said(wired)[SHA].errors) == ("pytest", ())


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param({"status_code": 500, "json": {}}, id="a tired server"),
        pytest.param({"status_code": 404, "json": {}}, id="gone meanwhile"),
        pytest.param({"status_code": 200, "json": {"workflows": [{"name": "test"}]}}, id="another shape"),
        pytest.param({"status_code": 200, "text": "<html>"}, id="a proxy's page"),
    ],
)
def test_red_stays_red_when_its_details_cannot_be_read(
    wire: respx.MockRouter, wired: WoodpeckerStage, detail: dict[str, Any]
) -> None:
    told(wire, row(status="failure"))
    wire.get("/repos/7/pipelines/3").respond(**detail)

    assert (said(wired)[SHA].state, said(wired)[SHA].job) == (StageState.FAILURE, "")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param({"status_code": 401, "text": ""}, Refused, id="not logged in"),
        pytest.param({"status_code": 404, "text": ""}, Refused, id="not activated"),
        pytest.param({"status_code": 200, "json": HOME | {"active": False}}, Refused, id="inactive"),
        pytest.param({"status_code": 200, "json": {"id": 7}}, Unexpected, id="another shape"),
        pytest.param({"status_code": 200, "text": "<html>"}, Unexpected, id="a proxy's page"),
        pytest.param({"status_code": 503, "text": ""}, Unreachable, id="down"),
    ],
)
def test_a_repository_that_cannot_be_looked_up_is_an_error(
    wire: respx.MockRouter, wired: WoodpeckerStage, answer: dict[str, Any], error: type[PortError]
) -> None:
    wire.get(f"/repos/lookup/{SLUG}").respond(**answer)
    found = asked(wired)

    assert isinstance(found, error)
    assert SLUG in str(found)
    assert "not-a-real-token" not in str(found)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param({"status_code": 200, "json": {"message": "no list"}}, Unexpected, id="no list"),
        pytest.param({"status_code": 200, "json": [{"number": 3}]}, Unexpected, id="a row of another shape"),
        pytest.param({"status_code": 429, "text": ""}, Unreachable, id="too often"),
        pytest.param({"status_code": 404, "text": ""}, Refused, id="activated again under another id"),
    ],
)
def test_a_list_that_cannot_be_read_is_never_an_absent_pipeline(
    wire: respx.MockRouter, wired: WoodpeckerStage, answer: dict[str, Any], error: type[PortError]
) -> None:
    wire.get(f"/repos/lookup/{SLUG}").respond(200, json=HOME)
    wire.get("/repos/7/pipelines").respond(**answer)

    assert isinstance(asked(wired), error)


def test_a_repository_with_another_id_is_looked_up_again(wire: respx.MockRouter, wired: WoodpeckerStage) -> None:
    wire.get(f"/repos/lookup/{SLUG}").mock(
        side_effect=[httpx.Response(200, json=HOME), httpx.Response(200, json=HOME | {"id": 8})]
    )
    wire.get("/repos/7/pipelines").respond(404)
    wire.get("/repos/8/pipelines").respond(200, json=[row()])

    assert isinstance(asked(wired), Refused)
    assert said(wired)[SHA].state is StageState.SUCCESS


# which pipeline


def test_only_pushes_to_the_default_branch_count(ci: WoodpeckerCi) -> None:
    for details in ({"event": "cron"}, {"event": "manual"}, {"branch": "topic"}, {"event": "pull_request"}):
        ci.server.finish(SLUG, ci.pipeline(SHA, **details))

    assert said(ci.process())[SHA].state is StageState.ABSENT


def test_a_version_that_filters_nothing_is_filtered_here() -> None:
    old = WoodpeckerCi((2, 8))
    old.server.finish(SLUG, old.pipeline(SHA), "success")
    old.server.finish(SLUG, old.pipeline(SHA, event="cron"), "failure")
    old.server.finish(SLUG, old.pipeline(SHA, branch="topic"), "failure")
    found = said(old.process())[SHA].state
    old.stop()

    assert found is StageState.SUCCESS


def test_a_shortened_commit_is_another_commit(ci: WoodpeckerCi) -> None:
    ci.goes_green(SHA[:12])

    assert said(ci.process())[SHA].state is StageState.ABSENT


def test_a_superseded_pipeline_leaves_the_word_to_the_newer_one(ci: WoodpeckerCi) -> None:
    old = ci.pipeline(SHA)
    ci.server.begin(SLUG, old)
    ci.server.supersede(SLUG, old, by=ci.pipeline(NEXT))
    ci.goes_green(NEXT)
    found = said(ci.process(), SHA, NEXT)

    assert [(sha, each.state) for sha, each in found.items()] == [
        (SHA, StageState.SUPERSEDED),
        (NEXT, StageState.SUCCESS),
    ]


def test_nothing_is_asked_about_commits_after_the_one_that_speaks(ci: WoodpeckerCi) -> None:
    ci.goes_green(SHA)
    ci.goes_red(NEXT)
    found = said(ci.process(), SHA, NEXT)

    assert set(found) == {SHA}
    assert len(ci.requests()) == 2


def test_a_pipeline_whose_definition_cannot_be_read_tells_why(ci: WoodpeckerCi) -> None:
    ci.server.fail_config(SLUG, ci.pipeline(SHA), "yaml: line 3: mapping values are not allowed")

    assert said(ci.process())[SHA].errors == ("yaml: line 3: mapping values are not allowed",)


def test_of_a_long_log_the_end_is_told(ci: WoodpeckerCi) -> None:
    ci.server.finish(SLUG, ci.pipeline(SHA), "failure", step="test", log=[f"line {n}" for n in range(100)])
    found = said(ci.process())[SHA]

    assert (found.job, found.step) == ("build", "test")
    assert found.errors == tuple(f"line {n}" for n in range(80, 100))


def test_a_restart_counts_though_the_search_goes_on_below_it(ci: WoodpeckerCi) -> None:
    ci.goes_red(SHA)
    ci.runs_again(SHA)

    assert said(ci.process(), SHA, NEXT)[SHA].state is StageState.SUCCESS


# how far


def test_a_pipeline_on_a_later_page_is_found(ci: WoodpeckerCi) -> None:
    """Five days of other pushes lay between once, and the run waited for ever."""
    ci.goes_green(SHA)
    others = [f"{n:040x}" for n in range(160)]
    for sha in others:
        ci.pipeline(sha)

    assert said(ci.process(), SHA, *others)[SHA].state is StageState.SUCCESS
    assert len([line for line in ci.requests() if "/pipelines?" in line]) == 4


def test_the_search_ends_once_every_commit_is_found(ci: WoodpeckerCi) -> None:
    for n in range(120):
        ci.pipeline(f"{n:040x}")
    ci.goes_green(SHA)
    said(ci.process())

    assert len(ci.requests()) == 2


def test_below_many_pipelines_of_others_a_commit_without_one_is_not_looked_for(ci: WoodpeckerCi) -> None:
    """Ours was not the head of its push, so there is none."""
    for n in range(200):
        ci.pipeline(f"{n:040x}")
    ci.goes_green(NEXT)
    found = said(ci.process(), SHA, NEXT)

    assert (found[SHA].state, found[NEXT].state) == (StageState.ABSENT, StageState.SUCCESS)
    assert len([line for line in ci.requests() if "/pipelines?" in line]) == 2


def test_what_is_older_than_any_run_is_not_looked_through(ci: WoodpeckerCi) -> None:
    for n in range(120):
        ci.pipeline(f"{n:040x}")
    ci.clock.time += timedelta(days=31)

    assert said(ci.process())[SHA].state is StageState.ABSENT
    assert len([line for line in ci.requests() if "/pipelines?" in line]) == 1


def test_what_was_looked_through_in_vain_is_not_looked_through_again(ci: WoodpeckerCi) -> None:
    for n in range(120):
        ci.pipeline(f"{n:040x}")
    said(ci.process())
    first = len([line for line in ci.requests() if "/pipelines?" in line])
    said(ci.process())
    again = len([line for line in ci.requests() if "/pipelines?" in line])
    ci.goes_green(SHA)

    assert (first, again) == (3, 1)
    assert said(ci.process())[SHA].state is StageState.SUCCESS


def test_a_memory_that_was_lost_costs_requests_and_no_answer(ci: WoodpeckerCi) -> None:
    ci.goes_green(SHA)
    for n in range(60):
        ci.pipeline(f"{n:040x}")
    said(ci.process(), NEXT)

    assert said(ci.process({}))[SHA].state is StageState.SUCCESS


def test_too_many_pages_are_an_error_that_names_the_commit(wire: respx.MockRouter, wired: WoodpeckerStage) -> None:
    told(wire, *(row(number, commit=f"{number:040x}") for number in range(9050, 9000, -1)))
    found = asked(wired)

    assert isinstance(found, Unexpected)
    assert str(found) == f"Woodpecker: {SLUG}: no pipeline of {SHA[:12]} on the newest 40 pages"


def test_a_page_that_fails_makes_the_whole_search_unknown(ci: WoodpeckerCi) -> None:
    ci.goes_green(SHA)
    for n in range(60):
        ci.pipeline(f"{n:040x}")
    stage = ci.process()
    said(stage, NEXT)
    ci.server.faults.add(Fault(Trouble.SLOW, "/pipelines", seconds=0.0))
    ci.server.faults.add(Fault(Trouble.STATUS, "/pipelines", status=502))

    assert isinstance(asked(stage), Unreachable)
