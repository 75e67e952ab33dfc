"""Listing, searching, reading and editing issues."""

from __future__ import annotations

import pytest

INFRA = "viktor/infra"
LIST = f"/repos/{INFRA}/issues"


def numbers(answer):
    return [issue["number"] for issue in answer.json()]


def open_many(forge, clock, count):
    for index in range(count):
        clock.passes(seconds=1)
        forge.open_issue(INFRA, "viktor", f"Issue {index + 1}")


def test_pull_requests_are_mixed_in_unless_the_type_says_issues(forge, bot, clock):
    forge.open_issue(INFRA, "viktor", "An issue")
    clock.passes(seconds=1)
    forge.open_issue(INFRA, "viktor", "A pull request", pull=True)
    everything = bot.get(LIST).json()

    assert [bool(one["pull_request"]) for one in everything] == [True, False]
    assert numbers(bot.get(LIST, type="issues")) == [1]
    assert numbers(bot.get(LIST, type="pulls")) == [2]


def test_asking_for_a_hundred_yields_fifty(forge, bot, clock):
    open_many(forge, clock, 53)
    first = bot.get(LIST, type="issues", limit=100)
    second = bot.get(LIST, type="issues", limit=100, page=2)

    assert numbers(first) == list(range(53, 3, -1))
    assert numbers(second) == [3, 2, 1]
    assert first.headers["X-Total-Count"] == "53"


def test_a_page_has_thirty_by_default_and_links_to_the_others(forge, bot, clock):
    open_many(forge, clock, 31)
    first, second = bot.get(LIST), bot.get(LIST, page=2)

    assert (len(first.json()), len(second.json())) == (30, 1)
    assert set(first.links) == {"next", "last"}
    assert set(second.links) == {"first", "prev"}
    assert numbers(bot.http.get(first.links["next"]["url"])) == [1]


def test_a_single_page_has_no_links(forge, bot):
    forge.open_issue(INFRA, "viktor", "Alone")

    assert "Link" not in bot.get(LIST).headers


@pytest.mark.parametrize(
    ("state", "expected"), [("", [2]), ("open", [2]), ("closed", [1]), ("all", [2, 1])], ids=["default", *"oca"]
)
def test_state_chooses_open_ones_by_default(forge, bot, clock, state, expected):
    open_many(forge, clock, 2)
    forge.close(INFRA, 1, by="viktor")

    assert numbers(bot.get(LIST, state=state)) == expected


def test_all_labels_named_must_be_there(forge, bot, clock):
    forge.open_issue(INFRA, "viktor", "Both", labels=("bug", "afk:ready"))
    clock.passes(seconds=1)
    forge.open_issue(INFRA, "viktor", "One", labels=("bug",))

    assert numbers(bot.get(LIST, labels="bug,afk:ready")) == [1]
    assert numbers(bot.get(LIST, labels="bug")) == [2, 1]


@pytest.mark.parametrize("name", ["no-such-label", "of-the-lab"], ids=["unknown", "an-organisation's"])
def test_a_label_the_repository_does_not_have_filters_nothing(forge, log_in, name):
    """The trap: asking for a trigger label nobody created returns every open issue."""
    forge.add_organization("lab", owners=("viktor",))
    forge.create_repository("lab/site")
    forge.create_organization_label("lab", "of-the-lab")
    forge.open_issue("lab/site", "viktor", "Nobody asked for this")

    assert numbers(log_in(forge, "viktor").get("/repos/lab/site/issues", labels=name)) == [1]


def test_only_what_changed_since_can_be_asked_for(forge, bot, clock):
    open_many(forge, clock, 2)
    clock.passes(hours=1)
    forge.comment(INFRA, 1, "news", by="viktor")

    assert numbers(bot.get(LIST, since="2026-09-01T12:30:00Z")) == [1]
    assert bot.get(LIST, since="yesterday").status_code == 422


def test_search_looks_into_every_readable_repository(forge, bot, clock):
    forge.create_repository("viktor/secret")
    forge.create_repository("viktor/open", private=False)
    for repository in (INFRA, "viktor/secret", "viktor/open"):
        forge.open_issue(repository, "viktor", f"In {repository}")
        clock.passes(seconds=1)
    found = bot.get("/repos/issues/search", type="issues", owner="viktor").json()

    assert [issue["repository"]["full_name"] for issue in found] == ["viktor/open", INFRA]


def test_search_takes_any_label_and_pages_by_twenty(forge, bot, clock):
    for index in range(21):
        clock.passes(seconds=1)
        forge.open_issue(INFRA, "viktor", f"Issue {index}", labels=("bug" if index % 2 else "afk:ready",))
    answer = bot.get("/repos/issues/search", labels="bug,afk:ready")

    assert len(answer.json()) == 20
    assert answer.headers["X-Total-Count"] == "21"


def test_search_for_an_unknown_owner_is_refused(bot):
    assert bot.get("/repos/issues/search", owner="nobody").status_code == 400


def test_a_missing_issue_is_not_found(bot):
    assert bot.get(f"{LIST}/99").status_code == 404
    assert bot.get(f"{LIST}/many").status_code == 404


def test_editing_answers_201(forge, bot):
    forge.open_issue(INFRA, "viktor", "Old title", body="old")
    answer = bot.patch(f"{LIST}/1", title="New title", body="new", state="closed")

    assert answer.status_code == 201
    assert (answer.json()["title"], answer.json()["body"]) == ("New title", "new")
    assert (answer.json()["state"], answer.json()["closed_at"]) == ("closed", "2026-09-01T14:00:00+02:00")
    assert "state_reason" not in answer.json()


def test_reopening_clears_the_time_of_closing(forge, bot):
    forge.open_issue(INFRA, "viktor", "Again")
    forge.close(INFRA, 1, by="viktor")

    assert bot.patch(f"{LIST}/1", state="open").json()["closed_at"] is None
    assert forge.state_of(INFRA, 1) == "open"


def test_a_reader_may_edit_only_what_it_wrote(forge, log_in):
    forge.add_user("reader")
    forge.add_collaborator(INFRA, "reader", "read")
    forge.open_issue(INFRA, "viktor", "Not theirs")
    forge.open_issue(INFRA, "reader", "Theirs")
    reader = log_in(forge, "reader")
    refused = reader.patch(f"{LIST}/1", state="closed")

    assert (refused.status_code, refused.content) == (403, b"")
    assert reader.patch(f"{LIST}/2", state="closed").status_code == 201
    assert forge.state_of(INFRA, 1) == "open"


def test_gitea_refuses_an_edit_of_an_older_version(gitea, on_gitea):
    gitea.open_issue(INFRA, "viktor", "Contested")
    gitea.edit_issue(INFRA, 1, "viktor", body="meanwhile")
    refused = on_gitea.patch(f"{LIST}/1", body="mine", content_version=0)

    assert refused.status_code == 409
    assert on_gitea.get(f"{LIST}/1").json()["body"] == "meanwhile"


def test_forgejo_knows_no_content_version(forge, bot):
    forge.open_issue(INFRA, "viktor", "Contested")
    forge.edit_issue(INFRA, 1, "viktor", body="meanwhile")

    assert bot.patch(f"{LIST}/1", body="mine", content_version=0).json()["body"] == "mine"


def test_a_body_that_is_no_object_is_refused(forge, bot):
    forge.open_issue(INFRA, "viktor", "Disk is full")
    answer = bot.http.patch(f"{LIST}/1", content=b'["state"]')

    assert answer.status_code == 422


def test_deleted_authors_are_ghosts(forge, bot):
    forge.add_user("leaver")
    forge.open_issue(INFRA, "leaver", "Left behind")
    forge.delete_user("leaver")
    author = bot.get(f"{LIST}/1").json()["user"]

    assert (author["id"], author["login"]) == (-1, "Ghost")
