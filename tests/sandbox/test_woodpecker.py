"""Woodpecker: who sees what, how pipelines are listed and end, and what a restart leaves behind."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from afk.sandbox.woodpecker import ROUTES, WoodpeckerServer

INFRA = "viktor/infra"
SHA = "5f2c1e9a7b3d4f60812a9c3e5d7b1f2a4c6e8091"
OTHER = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"

REFERENCE = {
    ("GET", "/user"): "8, the token's owner, from the server's source",
    ("GET", "/repos/lookup/{full_name:.+}"): "8, lookup",
    ("GET", "/repos/{repo_id}"): "8, lookup",
    ("GET", "/repos/{repo_id}/pipelines"): "8, list",
    ("GET", "/repos/{repo_id}/pipelines/latest"): "8, latest",
    ("GET", "/repos/{repo_id}/pipelines/{number}"): "8, by number",
    ("POST", "/repos/{repo_id}/pipelines/{number}"): "8, a restart creates a new number",
    ("POST", "/repos/{repo_id}/pipelines/{number}/cancel"): "8, cancel_info.canceled_by_user",
    ("GET", "/repos/{repo_id}/logs/{number}/{step_id}"): "step logs, from the server's source",
}


class Ci:
    """One server with one repository, and a bot that may push to it."""

    def __init__(self, server: WoodpeckerServer, http: httpx.Client) -> None:
        self.server = server
        self.http = http
        self.time = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
        server.clock = lambda: self.time
        self.bot = server.add_user("afk-bot")
        self.repo = server.activate(INFRA)
        server.grant("afk-bot", INFRA, "push")

    def ask(self, method: str, path: str, token: str | None = None, **query: object) -> httpx.Response:
        token = self.bot if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        params = {name: str(value) for name, value in query.items()}
        return self.http.request(method, f"{self.server.url}/api{path}", headers=headers, params=params, timeout=5)

    def get(self, path: str, **query: object) -> httpx.Response:
        return self.ask("GET", path, **query)

    def pipelines(self, **query: object) -> list[dict[str, Any]]:
        return self.get(f"/repos/{self.repo}/pipelines", **query).json()

    def pipeline(self, number: int | str, **query: object) -> dict[str, Any]:
        return self.get(f"/repos/{self.repo}/pipelines/{number}", **query).json()

    def push(self, commit: str = SHA, **details: Any) -> int:
        self.time += timedelta(seconds=1)
        number = self.server.push_pipeline(INFRA, commit, **details)
        assert number is not None
        return number


@pytest.fixture
def ci():
    with WoodpeckerServer() as server, httpx.Client() as http:
        yield Ci(server, http)


@pytest.fixture
def old_ci():
    with WoodpeckerServer(version=(2, 8)) as server, httpx.Client() as http:
        yield Ci(server, http)


def test_every_route_served_stands_in_the_reference():
    assert {(route.method, route.path) for route in ROUTES} == set(REFERENCE)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
@pytest.mark.parametrize("token", ["", "no-such-token"], ids=["guest", "unknown-token"])
def test_no_route_answers_a_guest(ci, route, token):
    number = ci.push()
    path = route.path.replace(":.+", "").format(repo_id=ci.repo, number=number, step_id=1, full_name=INFRA)

    assert ci.ask(route.method, path, token).status_code == 401


def test_a_repository_is_looked_up_by_its_full_name(ci):
    repo = ci.get(f"/repos/lookup/{INFRA}").json()

    assert (repo["id"], repo["full_name"], repo["active"], repo["default_branch"]) == (ci.repo, INFRA, True, "main")
    assert ci.get(f"/repos/{ci.repo}").json() == repo


def test_an_inactive_repository_says_so_and_builds_nothing(ci):
    ci.server.deactivate(INFRA)

    assert ci.get(f"/repos/lookup/{INFRA}").json()["active"] is False
    assert ci.server.push_pipeline(INFRA, SHA) is None


@pytest.mark.parametrize(
    ("right", "reading", "restarting"),
    [("none", 404, 404), ("pull", 200, 404), ("push", 200, 200), ("admin", 200, 200)],
)
def test_rights_decide_what_exists(ci, right, reading, restarting):
    token = ci.server.add_user("somebody")
    ci.server.grant("somebody", INFRA, right)
    number = ci.push()
    read = ci.ask("GET", f"/repos/{ci.repo}/pipelines/{number}", token)
    restart = ci.ask("POST", f"/repos/{ci.repo}/pipelines/{number}", token)

    assert (read.status_code, restart.status_code) == (reading, restarting)


def test_refusals_have_no_body(ci):
    answer = ci.get("/repos/lookup/viktor/nowhere")

    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize(("visibility", "guest", "user"), [("public", 200, 200), ("internal", 401, 200)])
def test_visibility_opens_a_repository(ci, visibility, guest, user):
    open_repo = ci.server.activate("viktor/open", visibility=visibility)
    token = ci.server.add_user("somebody")
    statuses = [ci.ask("GET", f"/repos/{open_repo}/pipelines", one).status_code for one in ("", token)]

    assert statuses == [guest, user]


def test_an_administrator_may_do_everything_anywhere(ci):
    token = ci.server.add_user("root", admin=True)
    number = ci.push()

    assert ci.ask("POST", f"/repos/{ci.repo}/pipelines/{number}/cancel", token).status_code == 204


def test_a_revoked_token_makes_a_guest(ci):
    ci.server.revoke_token(ci.bot)

    assert ci.get("/user").status_code == 401


def test_the_token_s_owner_is_told(ci):
    assert ci.get("/user").json()["login"] == "afk-bot"


def test_pipelines_come_newest_first_without_total_links_or_workflows(ci):
    numbers = [ci.push() for _ in range(3)]
    answer = ci.get(f"/repos/{ci.repo}/pipelines")

    assert [row["number"] for row in answer.json()] == numbers[::-1]
    assert all("workflows" not in row for row in answer.json())
    assert not {"link", "x-total-count", "x-total"} & set(answer.headers)


def test_a_row_has_the_fields_of_the_reference(ci):
    number = ci.push()
    row = ci.pipelines()[0]

    assert set(row) == {
        *("id", "number", "author", "parent", "event", "event_reason", "status", "errors", "created", "updated"),
        *("started", "finished", "deploy_to", "deploy_task", "commit", "branch", "rerun_count", "ref", "refspec"),
        *("author_avatar", "forge_url", "reviewed_by", "reviewed", "version", "title", "message", "timestamp"),
        *("sender", "author_email"),
    }
    assert (row["number"], row["commit"], row["branch"], row["ref"]) == (number, SHA, "main", "refs/heads/main")
    assert (row["status"], row["errors"], row["started"], row["created"]) == ("pending", None, 0, 1788264001)


@pytest.mark.parametrize(
    ("size", "expected"), [("100", 50), ("50", 50), ("0", 50), ("nonsense", 50), ("20", 20)], ids=str
)
def test_a_page_has_fifty_at_most_and_by_default(ci, size, expected):
    for _ in range(53):
        ci.push()

    assert len(ci.pipelines(perPage=size)) == expected


def test_paging_ends_with_a_short_page(ci):
    for _ in range(53):
        ci.push()

    assert [row["number"] for row in ci.pipelines(page=2)] == [3, 2, 1]
    assert ci.pipelines(page=3) == []


def test_the_usual_name_for_the_page_size_means_nothing(ci):
    for _ in range(3):
        ci.push()

    assert len(ci.pipelines(per_page=1)) == len(ci.pipelines(limit=1)) == 3


def test_there_is_no_filter_for_a_commit(ci):
    ci.push(SHA)
    ci.push(OTHER)

    assert len(ci.pipelines(commit=SHA)) == 2


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param({"branch": "main"}, [3, 1], id="branch"),
        pytest.param({"event": "push"}, [2, 1], id="event"),
        pytest.param({"event": "push,cron"}, [3, 2, 1], id="events"),
        pytest.param({"status": "success"}, [1], id="status"),
        pytest.param({"ref": "heads/tr"}, [2], id="part-of-ref"),
        pytest.param({"before": "2026-09-01T12:00:02Z"}, [1], id="before"),
        pytest.param({"after": "2026-09-01T12:00:02Z"}, [3], id="after"),
    ],
)
def test_filters(ci, query, expected):
    ci.push()
    ci.push(branch="try")
    ci.push(event="cron")
    ci.server.finish(INFRA, 1)

    assert [row["number"] for row in ci.pipelines(**query)] == expected


@pytest.mark.parametrize(
    "query",
    [{"event": "pushed"}, {"status": "green"}, {"before": "yesterday"}, {"after": "2026-09-01T12:00:00"}],
    ids=["event", "status", "date", "date-without-zone"],
)
def test_a_filter_that_makes_no_sense_is_refused(ci, query):
    assert ci.get(f"/repos/{ci.repo}/pipelines", **query).status_code == 400


def test_before_3_0_only_dates_filter(old_ci):
    old_ci.push()
    old_ci.push(branch="try", event="cron")

    assert len(old_ci.pipelines(branch="main", event="push", status="success")) == 2
    assert len(old_ci.pipelines(before="2026-09-01T12:00:02Z")) == 1


def test_a_single_pipeline_has_workflows_and_steps(ci):
    number = ci.push(plan={"build": ("clone", "test"), "lint": ("clone", "ruff")})
    workflows = ci.pipeline(number)["workflows"]

    assert [(one["name"], one["state"]) for one in workflows] == [("build", "pending"), ("lint", "pending")]
    assert [step["name"] for step in workflows[0]["children"]] == ["clone", "test"]
    assert [step["ppid"] for step in workflows[1]["children"]] == [workflows[1]["pid"]] * 2


@pytest.mark.parametrize(("number", "status"), [("99", 404), ("main", 400)])
def test_a_pipeline_that_is_not_there(ci, number, status):
    assert ci.get(f"/repos/{ci.repo}/pipelines/{number}").status_code == status


def test_latest_is_the_newest_push_to_the_branch(ci):
    ci.push()
    ci.push(event="cron")
    ci.push(branch="try")

    assert (ci.pipeline("latest")["number"], ci.pipeline("latest", branch="try")["number"]) == (1, 3)
    assert ci.get(f"/repos/{ci.repo}/pipelines/latest", branch="nowhere").status_code == 404


def test_a_pipeline_starts_and_succeeds(ci):
    number = ci.push()
    ci.server.begin(INFRA, number)
    running = ci.pipeline(number)
    ci.server.finish(INFRA, number)
    done = ci.pipeline(number)

    assert (running["status"], running["finished"]) == ("running", 0)
    assert running["workflows"][0]["children"][0]["state"] == "running"
    assert (done["status"], done["finished"] > 0) == ("success", True)
    assert {step["state"] for step in done["workflows"][0]["children"]} == {"success"}


def test_a_failed_step_has_an_exit_code_and_what_follows_is_skipped(ci):
    number = ci.push(plan={"build": ("clone", "test", "publish")})
    ci.server.finish(INFRA, number, "failure", step="test", exit_code=2, log=["$ pytest", "1 failed, äöü"])
    pipeline = ci.pipeline(number)
    steps = pipeline["workflows"][0]["children"]

    assert pipeline["status"] == "failure"
    assert [(step["name"], step["state"], step["exit_code"]) for step in steps] == [
        ("clone", "success", 0),
        ("test", "failure", 2),
        ("publish", "skipped", 0),
    ]


def test_the_log_of_a_step_comes_line_by_line_in_base64(ci):
    number = ci.push()
    ci.server.finish(INFRA, number, "failure", step="test", log=["$ pytest", "1 failed, äöü"])
    step = ci.pipeline(number)["workflows"][0]["children"][1]
    log = ci.get(f"/repos/{ci.repo}/logs/{number}/{step['id']}").json()

    assert [base64.b64decode(line["data"]).decode() for line in log] == ["$ pytest", "1 failed, äöü"]
    assert set(log[0]) == {"id", "step_id", "time", "line", "data", "type"}
    assert [line["line"] for line in log] == [0, 1]


def test_a_step_without_a_log_has_null(ci):
    number = ci.push()
    step = ci.pipeline(number)["workflows"][0]["children"][0]

    assert ci.get(f"/repos/{ci.repo}/logs/{number}/{step['id']}").json() is None


def test_a_step_of_another_pipeline_is_not_found(ci):
    first, second = ci.push(), ci.push()
    step = ci.pipeline(first)["workflows"][0]["children"][0]

    assert ci.get(f"/repos/{ci.repo}/logs/{second}/{step['id']}").status_code == 404
    assert ci.get(f"/repos/{ci.repo}/logs/{second}/test").status_code == 400


def test_a_running_workflow_hides_a_failed_one(ci):
    number = ci.push(plan={"build": ("clone", "test"), "lint": ("clone", "ruff")})
    ci.server.begin(INFRA, number)
    ci.server.finish(INFRA, number, "failure", workflow="lint")
    hidden = ci.pipeline(number)
    ci.server.finish(INFRA, number, workflow="build")

    assert hidden["status"] == "running"
    assert [one["state"] for one in hidden["workflows"]] == ["running", "failure"]
    assert ci.pipeline(number)["status"] == "failure"


def test_nothing_but_skipped_workflows_is_a_success(ci):
    number = ci.push()
    ci.server.finish(INFRA, number, "skipped")

    assert ci.pipeline(number)["status"] == "success"


def test_an_unreadable_definition_is_an_error_without_workflows(ci):
    number = ci.push()
    ci.server.fail_config(INFRA, number, "yaml: line 3")
    pipeline = ci.pipeline(number)

    assert (pipeline["status"], pipeline["errors"][0]["message"]) == ("error", "yaml: line 3")
    assert "workflows" not in pipeline


@pytest.mark.parametrize("message", ["Fix it [skip ci]", "[CI SKIP] docs"])
def test_a_message_can_skip_ci(ci, message):
    assert ci.server.push_pipeline(INFRA, SHA, message=message) is None
    assert ci.pipelines() == []


def test_a_push_that_no_workflow_wants_leaves_no_pipeline_but_uses_up_a_number(ci):
    assert ci.server.push_pipeline(INFRA, SHA, plan={}) is None
    assert ci.push() == 2
    assert [row["number"] for row in ci.pipelines()] == [2]


def test_a_newer_push_supersedes_what_runs_and_what_waits(ci):
    ci.server.activate("viktor/fast", cancel_previous=("push",))
    for _ in range(2):
        ci.server.push_pipeline("viktor/fast", SHA, branch="try")
    running, waiting = (ci.server.push_pipeline("viktor/fast", SHA) for _ in range(2))
    assert ci.server.status_of("viktor/fast", running) == "canceled"
    ci.server.begin("viktor/fast", waiting)
    newest = ci.server.push_pipeline("viktor/fast", OTHER)

    assert ci.server.status_of("viktor/fast", waiting) == "killed"
    assert ci.server.find("viktor/fast", waiting).cancellation.superseded_by == newest
    assert ci.server.status_of("viktor/fast", 2) == "pending"


def test_being_superseded_is_told_in_cancel_info(ci):
    first, second = ci.push(), ci.push(OTHER)
    ci.server.begin(INFRA, first)
    ci.server.supersede(INFRA, first, by=second)
    pipeline = ci.pipeline(first)

    assert (pipeline["status"], pipeline["cancel_info"]) == ("killed", {"superseded_by": second})
    assert pipeline["workflows"][0]["state"] == "killed"


def test_what_never_ran_is_canceled(ci):
    number = ci.push()
    ci.server.cancel(INFRA, number, by="viktor")
    pipeline = ci.pipeline(number)

    assert (pipeline["status"], pipeline["cancel_info"]) == ("canceled", {"canceled_by_user": "viktor"})
    assert {step["state"] for step in pipeline["workflows"][0]["children"]} == {"canceled"}


def test_before_3_14_everything_stopped_is_killed_and_nobody_says_why(old_ci):
    number = old_ci.push()
    old_ci.server.supersede(INFRA, number, by=2)
    pipeline = old_ci.pipeline(number)

    assert pipeline["status"] == "killed"
    assert "cancel_info" not in pipeline


def test_a_pipeline_is_cancelled_once(ci):
    number = ci.push()
    path = f"/repos/{ci.repo}/pipelines/{number}/cancel"
    first, second = ci.ask("POST", path), ci.ask("POST", path)

    assert (first.status_code, second.status_code) == (204, 400)
    assert ci.pipeline(number)["cancel_info"] == {"canceled_by_user": "afk-bot"}


def test_a_restart_is_a_new_pipeline_for_the_same_commit(ci):
    number = ci.push()
    ci.server.finish(INFRA, number, "failure")
    new = ci.ask("POST", f"/repos/{ci.repo}/pipelines/{number}").json()

    assert (new["number"], new["parent"], new["rerun_count"]) == (2, number, 1)
    assert (new["commit"], new["event"], new["status"], new["finished"]) == (SHA, "push", "pending", 0)
    assert ci.pipeline(number)["status"] == "failure"
    assert [one["state"] for one in new["workflows"]] == ["pending"]


def test_restarting_again_counts_on(ci):
    ci.push()
    second = ci.server.restart(INFRA, 1)
    third = ci.server.restart(INFRA, second)

    assert (ci.pipeline(third)["parent"], ci.pipeline(third)["rerun_count"]) == (second, 2)


def test_a_restart_keeps_the_cancel_info_of_the_old_pipeline(ci):
    """The trap: a green restart still says that something superseded it."""
    ci.push()
    ci.push(OTHER)
    ci.server.supersede(INFRA, 1, by=2)
    third = ci.server.restart(INFRA, 1)
    ci.server.finish(INFRA, third)

    assert (ci.pipeline(third)["status"], ci.pipeline(third)["cancel_info"]) == ("success", {"superseded_by": 2})


def test_a_blocked_pipeline_waits_for_a_person(ci):
    number = ci.push()
    ci.server.block(INFRA, number)
    blocked = ci.pipeline(number)
    refused = ci.ask("POST", f"/repos/{ci.repo}/pipelines/{number}")
    ci.server.approve(INFRA, number, by="viktor")

    assert (blocked["status"], refused.status_code) == ("blocked", 400)
    assert refused.text == "cannot restart a pipeline with status blocked"
    assert (ci.pipeline(number)["status"], ci.pipeline(number)["reviewed_by"]) == ("pending", "viktor")


def test_a_declined_pipeline_is_over(ci):
    number = ci.push()
    ci.server.block(INFRA, number)
    ci.server.decline(INFRA, number, by="viktor")

    assert (ci.pipeline(number)["status"], ci.pipeline(number)["finished"] > 0) == ("declined", True)
