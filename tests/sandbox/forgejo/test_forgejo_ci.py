"""Commit statuses, their misleading combination, and Actions runs."""

from __future__ import annotations

import pytest

from afk.sandbox.forgejo import ForgejoServer

INFRA = "viktor/infra"
REPO = f"/repos/{INFRA}"


@pytest.fixture
def sha(forge):
    return forge.push(INFRA, "Start", by="viktor")


def listed(caller, sha, **query):
    return [(row["id"], row["status"]) for row in caller.get(f"{REPO}/commits/{sha}/statuses", **query).json()]


def combined(caller, sha, **query):
    return caller.get(f"{REPO}/commits/{sha}/status", **query).json()


def test_the_field_is_called_status(forge, bot, sha):
    forge.report_status(INFRA, sha, "ci/test", "success", by="viktor", description="12 passed", url="https://ci.test/1")
    row = bot.get(f"{REPO}/statuses/{sha}").json()[0]

    assert set(row) == {
        "id",
        "status",
        "target_url",
        "description",
        "url",
        "context",
        "creator",
        "created_at",
        "updated_at",
    }
    assert (row["status"], row["context"], row["target_url"]) == ("success", "ci/test", "https://ci.test/1")


def test_without_statuses_forgejo_says_nothing(bot, sha):
    answer = combined(bot, sha)

    assert (answer["state"], answer["total_count"], answer["statuses"]) == ("", 0, None)


def test_without_statuses_gitea_says_pending(gitea, on_gitea):
    sha = gitea.push(INFRA, "Start", by="viktor")
    answer = combined(on_gitea, sha)

    assert (answer["state"], answer["total_count"], answer["sha"]) == ("pending", 0, sha)


def test_a_full_sha_nobody_pushed_has_no_statuses_instead_of_not_existing(bot, sha):
    assert bot.get(f"{REPO}/commits/{'0' * 40}/statuses").json() == []
    assert combined(bot, "0" * 40)["total_count"] == 0
    assert bot.get(f"{REPO}/commits/nowhere/status").status_code == 404


def test_the_combination_speaks_of_its_page_only(forge, bot, sha):
    forge.report_status(INFRA, sha, "the-red-one", "failure", by="viktor")
    for index in range(50):
        forge.report_status(INFRA, sha, f"green-{index}", "success", by="viktor")
    first, second = combined(bot, sha, limit=100), combined(bot, sha, limit=100, page=2)

    assert (first["state"], first["total_count"]) == ("success", 50)
    assert (second["state"], second["total_count"]) == ("failure", 1)


def test_the_combination_takes_the_newest_of_each_context(forge, bot, sha):
    forge.report_status(INFRA, sha, "ci/test", "failure", by="viktor")
    forge.report_status(INFRA, sha, "ci/test", "success", by="viktor")

    assert (combined(bot, sha)["state"], combined(bot, sha)["total_count"]) == ("success", 1)


@pytest.mark.parametrize(
    ("states", "on_forgejo", "on_gitea_"),
    [
        pytest.param(["success", "error"], "failure", "failure", id="error"),
        pytest.param(["success", "failure", "pending"], "failure", "failure", id="failure"),
        pytest.param(["success", "pending"], "pending", "pending", id="pending"),
        pytest.param(["success", "warning"], "warning", "success", id="warning"),
        pytest.param(["success", "success"], "success", "success", id="success"),
    ],
)
def test_the_two_programs_combine_differently(forge, bot, gitea, on_gitea, states, on_forgejo, on_gitea_):
    said = []
    for server, caller in ((forge, bot), (gitea, on_gitea)):
        sha = server.push(INFRA, "Start", by="viktor")
        for index, state in enumerate(states):
            server.report_status(INFRA, sha, f"context {index}", state, by="viktor")
        said.append(combined(caller, sha)["state"])

    assert said == [on_forgejo, on_gitea_]


def test_ids_of_statuses_count_per_commit(forge, bot, sha):
    other = forge.push(INFRA, "Next", by="viktor")
    forge.report_status(INFRA, sha, "ci/test", "pending", by="viktor")
    forge.report_status(INFRA, other, "ci/test", "success", by="viktor")

    assert (listed(bot, sha), listed(bot, other)) == ([(1, "pending")], [(1, "success")])


def test_within_one_second_the_default_order_says_nothing_about_which_is_newer(forge, bot, clock, sha):
    forge.report_status(INFRA, sha, "ci/test", "pending", by="viktor")
    forge.report_status(INFRA, sha, "ci/test", "success", by="viktor")
    clock.passes(seconds=2)
    forge.report_status(INFRA, sha, "ci/lint", "success", by="viktor")

    assert [number for number, _ in listed(bot, sha)] == [3, 1, 2]
    assert [number for number, _ in listed(bot, sha, sort="highestindex")] == [3, 2, 1]
    assert [number for number, _ in listed(bot, sha, sort="leastindex")] == [1, 2, 3]


def test_statuses_come_in_pages_with_a_total(forge, bot, sha):
    for index in range(55):
        forge.report_status(INFRA, sha, f"context {index}", "success", by="viktor")
    answer = bot.get(f"{REPO}/statuses/{sha}", limit=100)

    assert (len(answer.json()), answer.headers["X-Total-Count"]) == (50, "55")
    assert len(bot.http.get(answer.links["next"]["url"]).json()) == 5


def test_statuses_can_be_chosen_by_state_and_by_branch_name(forge, bot, sha):
    forge.report_status(INFRA, sha, "a", "success", by="viktor")
    forge.report_status(INFRA, sha, "b", "failure", by="viktor")

    assert listed(bot, "main", state="failure") == [(2, "failure")]


@pytest.mark.parametrize(
    ("run", "on_forgejo", "on_gitea_"),
    [
        ("success", "success", "success"),
        ("failure", "failure", "failure"),
        ("cancelled", "failure", "failure"),
        ("skipped", "success", "skipped"),
        ("blocked", "pending", "pending"),
        ("waiting", "pending", "pending"),
        ("running", "pending", "pending"),
    ],
)
def test_a_run_ends_as_a_status(forge, bot, gitea, on_gitea, run, on_forgejo, on_gitea_):
    said = []
    for server, caller in ((forge, bot), (gitea, on_gitea)):
        sha = server.push(INFRA, "Start", by="viktor")
        server.finish_run(INFRA, server.start_run(INFRA, sha, by="viktor"), run)
        row = caller.get(f"{REPO}/commits/{sha}/statuses", sort="highestindex").json()[0]
        said.append(row["status"])
        assert row["context"] == "ci.yml / test (push)"

    assert said == [on_forgejo, on_gitea_]


def test_forgejo_tells_one_status_per_run(forge, bot, sha):
    forge.finish_run(INFRA, forge.start_run(INFRA, sha, by="viktor"), "cancelled")
    answer = bot.get(f"{REPO}/actions/runs", head_sha=sha).json()
    run = answer["workflow_runs"][0]

    assert answer["total_count"] == 1
    assert set(run) == {
        "id",
        "name",
        "run_number",
        "event",
        "status",
        "head_branch",
        "head_sha",
        "workflow_id",
        "url",
        "triggering_actor",
    }
    assert (run["status"], run["head_sha"], run["head_branch"]) == ("cancelled", sha, "main")


def test_gitea_tells_status_and_conclusion(gitea, on_gitea):
    sha = gitea.push(INFRA, "Start", by="viktor")
    run = gitea.start_run(INFRA, sha, by="viktor")
    during = on_gitea.get(f"{REPO}/actions/runs").json()["workflow_runs"][0]
    gitea.finish_run(INFRA, run, "failure")
    after = on_gitea.get(f"{REPO}/actions/runs").json()["workflow_runs"][0]

    assert (during["status"], during["conclusion"]) == ("in_progress", "")
    assert (after["status"], after["conclusion"]) == ("completed", "failure")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({}, 2, id="all"),
        pytest.param({"event": "push"}, 1, id="event"),
        pytest.param({"status": "running"}, 2, id="status"),
        pytest.param({"status": "success"}, 0, id="no-such-status"),
        pytest.param({"head_sha": "0" * 40}, 0, id="another-commit"),
    ],
)
def test_runs_are_chosen_by_event_status_and_commit(forge, bot, sha, query, found):
    forge.start_run(INFRA, sha, by="viktor")
    forge.start_run(INFRA, sha, by="viktor", event="schedule", workflow="nightly.yml")

    assert bot.get(f"{REPO}/actions/runs", **query).json()["total_count"] == found


def test_a_released_forgejo_names_the_fields_of_a_run_otherwise(knock):
    with ForgejoServer(released_runs=True) as forge:
        forge.add_user("viktor")
        forge.create_repository(INFRA)
        sha = forge.push(INFRA, "Start", by="viktor")
        forge.start_run(INFRA, sha, by="viktor")
        caller = knock(forge, forge.issue_token("viktor"))
        run = caller.get(f"{REPO}/actions/runs", head_sha=sha).json()["workflow_runs"][0]

    assert (run["commit_sha"], run["prettyref"], run["index_in_repo"]) == (sha, "main", 1)
    assert "head_sha" not in run
