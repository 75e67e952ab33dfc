"""Blockers: seen, hidden, in other repositories, and in the way of closing."""

from __future__ import annotations

import pytest

INFRA = "viktor/infra"
SECRET = "viktor/secret"
ISSUE = f"/repos/{INFRA}/issues/1"


@pytest.fixture(autouse=True)
def issues(forge):
    forge.open_issue(INFRA, "viktor", "Wait for the other")
    forge.open_issue(INFRA, "viktor", "The other")
    forge.create_repository(SECRET)
    forge.open_issue(SECRET, "viktor", "Nobody may know")


def test_a_blocker_is_listed_on_both_sides(forge, bot):
    forge.block(INFRA, 1, on=(INFRA, 2), by="viktor")

    assert [issue["number"] for issue in bot.get(f"{ISSUE}/dependencies").json()] == [2]
    assert [issue["number"] for issue in bot.get(f"/repos/{INFRA}/issues/2/blocks").json()] == [1]


def test_closed_blockers_stay_in_the_list(forge, bot):
    forge.block(INFRA, 1, on=(INFRA, 2), by="viktor")
    forge.close(INFRA, 2, by="viktor")

    assert [issue["state"] for issue in bot.get(f"{ISSUE}/dependencies").json()] == ["closed"]


def test_a_blocker_elsewhere_names_its_repository(forge, log_in):
    forge.block(INFRA, 1, on=(SECRET, 1), by="viktor")
    blocker = log_in(forge, "viktor").get(f"{ISSUE}/dependencies").json()[0]

    assert (blocker["repository"]["full_name"], blocker["number"]) == (SECRET, 1)


def test_a_reader_sees_of_an_unreadable_blocker_nothing_but_hidden(forge, log_in):
    forge.add_user("reader")
    forge.add_collaborator(INFRA, "reader", "read")
    forge.block(INFRA, 1, on=(SECRET, 1), by="viktor")
    forge.close(SECRET, 1, by="viktor")
    blocker = log_in(forge, "reader").get(f"{ISSUE}/dependencies").json()[0]

    assert (blocker["title"], blocker["number"], blocker["id"], blocker["repository"]) == ("HIDDEN", 0, 0, None)
    assert blocker["state"] == "open"
    assert blocker["user"] is None


def test_a_writer_sees_title_and_state_of_an_unreadable_blocker(forge, bot):
    forge.block(INFRA, 1, on=(SECRET, 1), by="viktor")
    blocker = bot.get(f"{ISSUE}/dependencies").json()[0]

    assert (blocker["title"], blocker["state"], blocker["body"]) == ("Nobody may know", "open", "")
    assert (blocker["id"], blocker["user"], blocker["number"]) == (0, None, 1)


def test_unreadable_issues_are_missing_from_what_is_blocked(forge, bot):
    forge.block(SECRET, 1, on=(INFRA, 2), by="viktor")

    assert bot.get(f"/repos/{INFRA}/issues/2/blocks").json() == []


def test_closing_with_open_blockers_is_refused(forge, bot):
    forge.block(INFRA, 1, on=(INFRA, 2), by="viktor")
    refused = bot.patch(ISSUE, state="closed")

    assert refused.status_code == 412
    assert refused.json()["message"] == "cannot close this issue because it still has open dependencies"
    assert forge.state_of(INFRA, 1) == "open"


def test_closing_succeeds_once_the_blocker_is_closed(forge, bot):
    forge.block(INFRA, 1, on=(INFRA, 2), by="viktor")
    forge.close(INFRA, 2, by="viktor")

    assert bot.patch(ISSUE, state="closed").status_code == 201


def test_a_dependency_is_added_and_removed_with_201(forge, bot):
    body = {"index": 2, "owner": "viktor", "repo": "infra"}
    added = bot.post(f"{ISSUE}/dependencies", **body)
    listed = len(bot.get(f"{ISSUE}/dependencies").json())
    removed = bot.delete(f"{ISSUE}/dependencies", **body)

    assert (added.status_code, listed, removed.status_code) == (201, 1, 201)
    assert bot.get(f"{ISSUE}/dependencies").json() == []


def test_a_circle_is_an_error_of_the_server(forge, bot):
    forge.block(INFRA, 2, on=(INFRA, 1), by="viktor")
    answer = bot.post(f"{ISSUE}/dependencies", index=2, owner="viktor", repo="infra")

    assert answer.status_code == 500


def test_removing_a_dependency_that_is_not_there_is_an_error_of_the_server(bot):
    assert bot.delete(f"{ISSUE}/dependencies", index=2, owner="viktor", repo="infra").status_code == 500


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"index": 99, "owner": "viktor", "repo": "infra"}, id="no-such-issue"),
        pytest.param({"index": 1, "owner": "viktor", "repo": "nowhere"}, id="no-such-repository"),
        pytest.param({"index": 1, "owner": "viktor", "repo": "secret"}, id="unreadable"),
    ],
)
def test_a_blocker_must_exist_and_be_readable(bot, body):
    assert bot.post(f"{ISSUE}/dependencies", **body).status_code == 404


def test_a_repository_without_dependencies_has_no_such_list(forge, bot):
    forge.turn_off_dependencies(INFRA)

    assert bot.get(f"{ISSUE}/dependencies").status_code == 404


def test_blockers_are_paged_without_a_total(forge, bot):
    for index in range(52):
        number = forge.open_issue(INFRA, "viktor", f"Blocker {index}")
        forge.block(INFRA, 1, on=(INFRA, number), by="viktor")
    first, second = (bot.get(f"{ISSUE}/dependencies", limit=100, page=page) for page in (1, 2))

    assert (len(first.json()), len(second.json())) == (50, 2)
    assert "X-Total-Count" not in first.headers
