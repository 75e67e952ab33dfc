"""The timeline, its awkward pages, and comments."""

from __future__ import annotations

import pytest

INFRA = "viktor/infra"
ISSUE = f"/repos/{INFRA}/issues/1"


@pytest.fixture(autouse=True)
def issue(forge):
    return forge.open_issue(INFRA, "viktor", "Disk is full")


def rows(caller, **query):
    return caller.get(f"{ISSUE}/timeline", **query).json()


def test_adding_a_label_says_1_and_removing_it_says_nothing(forge, bot, clock):
    forge.label(INFRA, 1, "afk:ready", by="viktor")
    clock.passes(seconds=1)
    forge.unlabel(INFRA, 1, "afk:ready", by="afk-bot")
    told = [(row["type"], row["body"], row["label"]["name"], row["user"]["login"]) for row in rows(bot)]

    assert told == [("label", "1", "afk:ready", "viktor"), ("label", "", "afk:ready", "afk-bot")]


def test_labelling_twice_leaves_one_event(forge, bot):
    forge.label(INFRA, 1, "afk:ready", by="viktor")
    forge.label(INFRA, 1, "afk:ready", by="afk-bot")

    assert [row["user"]["login"] for row in rows(bot)] == ["viktor"]


def test_the_count_is_the_length_of_the_page(forge, bot):
    for index in range(7):
        forge.comment(INFRA, 1, f"remark {index}", by="viktor")
    pages = [bot.get(f"{ISSUE}/timeline", page=page, limit=5) for page in (1, 2)]

    assert [page.headers["X-Total-Count"] for page in pages] == ["5", "2"]
    assert all("Link" not in page.headers for page in pages)


def test_after_the_last_page_comes_null(forge, bot):
    forge.comment(INFRA, 1, "only one", by="viktor")
    answer = bot.get(f"{ISSUE}/timeline", page=2)

    assert (answer.status_code, answer.text.strip(), answer.headers["X-Total-Count"]) == (200, "null", "0")


def test_an_issue_without_history_is_null_too(bot):
    assert rows(bot) is None


def test_remarks_on_code_make_a_page_short_and_even_empty_before_the_end(forge, bot):
    for _ in range(2):
        forge.comment(INFRA, 1, "shown", by="viktor")
        forge.review_code(INFRA, 1, by="viktor")
    for _ in range(4):
        forge.review_code(INFRA, 1, by="viktor")
    forge.label(INFRA, 1, "afk:ready", by="viktor")
    lengths = [len(rows(bot, page=page, limit=4) or []) for page in (1, 2, 3)]

    assert lengths == [2, 0, 1]


def test_more_than_fifty_rows_need_a_second_page(forge, bot):
    for index in range(55):
        forge.comment(INFRA, 1, f"remark {index}", by="viktor")

    assert [len(rows(bot, page=page, limit=100)) for page in (1, 2)] == [50, 5]


def test_a_reference_from_a_repository_one_cannot_read_is_left_out(forge, bot, log_in):
    forge.create_repository("viktor/secret")
    forge.push("viktor/secret", f"See {INFRA}#1", by="viktor")

    assert rows(bot) is None
    assert [row["type"] for row in rows(log_in(forge, "viktor"))] == ["commit_ref"]


def test_every_kind_of_change_leaves_its_row(forge, bot):
    forge.open_issue(INFRA, "viktor", "First this")
    forge.edit_issue(INFRA, 1, "viktor", title="Disk is almost full", body="silently changed")
    forge.block(INFRA, 1, on=(INFRA, 2), by="viktor")
    bot.delete(f"{ISSUE}/dependencies", index=2, owner="viktor", repo="infra")
    bot.patch(ISSUE, ref="refs/heads/release")
    forge.close(INFRA, 1, by="viktor")
    forge.reopen(INFRA, 1, by="viktor")
    told = rows(bot)

    assert [row["type"] for row in told] == [
        "change_title",
        "add_dependency",
        "remove_dependency",
        "change_issue_ref",
        "close",
        "reopen",
    ]
    assert (told[0]["old_title"], told[0]["new_title"]) == ("Disk is full", "Disk is almost full")
    assert told[1]["dependent_issue"]["number"] == 2
    assert told[3]["new_ref"] == "refs/heads/release"
    assert told[4]["ref_commit_sha"] == ""


def test_only_rows_since_a_moment_can_be_asked_for(forge, bot, clock):
    forge.comment(INFRA, 1, "early", by="viktor")
    clock.passes(hours=1)
    forge.comment(INFRA, 1, "late", by="viktor")

    assert [row["body"] for row in rows(bot, since="2026-09-01T12:30:00Z")] == ["late"]


def test_the_timeline_of_a_missing_issue_is_an_error_of_the_server(bot):
    answer = bot.get(f"/repos/{INFRA}/issues/99/timeline")

    assert (answer.status_code, answer.json()["message"]) == (500, "")


def test_comments_are_not_paged(forge, bot):
    for index in range(60):
        forge.comment(INFRA, 1, f"remark {index}", by="viktor")
    answer = bot.get(f"{ISSUE}/comments", page=2, limit=10)

    assert (len(answer.json()), answer.headers["X-Total-Count"]) == (60, "60")


def test_a_comment_is_written_and_edited_by_its_own_id(forge, bot, clock):
    written = bot.post(f"{ISSUE}/comments", body="first")
    clock.passes(minutes=5)
    edited = bot.patch(f"/repos/{INFRA}/issues/comments/{written.json()['id']}", body="second")

    assert (written.status_code, edited.status_code) == (201, 200)
    assert written.json()["user"]["login"] == "afk-bot"
    assert forge.comments_of(INFRA, 1) == [("afk-bot", "second")]
    assert edited.json()["updated_at"] > edited.json()["created_at"]


def test_a_comment_can_be_read_alone(forge, bot):
    number = forge.comment(INFRA, 1, "here", by="viktor")

    assert bot.get(f"/repos/{INFRA}/issues/comments/{number}").json()["body"] == "here"


def test_a_deleted_comment_cannot_be_edited(forge, bot):
    number = bot.post(f"{ISSUE}/comments", body="first").json()["id"]
    forge.delete_comment(INFRA, 1, number)

    assert bot.patch(f"/repos/{INFRA}/issues/comments/{number}", body="second").status_code == 404


def test_a_comment_is_deleted_by_its_author_and_by_who_may_write(forge, log_in):
    forge.add_collaborator(INFRA, "stranger", "read")
    reader, writer = log_in(forge, "stranger"), log_in(forge, "afk-bot")
    ours, theirs = (caller.post(f"{ISSUE}/comments", body="hello").json()["id"] for caller in (writer, reader))
    path = f"/repos/{INFRA}/issues/comments"

    assert reader.delete(f"{path}/{ours}").status_code == 403
    assert [reader.delete(f"{path}/{theirs}").status_code, writer.delete(f"{path}/{ours}").status_code] == [204, 204]
    assert writer.delete(f"{path}/{ours}").status_code == 404
    assert forge.comments_of(INFRA, 1) == []


def test_a_row_that_is_no_comment_cannot_be_edited(forge, bot):
    forge.label(INFRA, 1, "afk:ready", by="viktor")
    row = rows(bot)[0]

    assert bot.patch(f"/repos/{INFRA}/issues/comments/{row['id']}", body="second").status_code == 404


def test_a_reader_may_comment_but_edits_only_its_own(forge, log_in):
    forge.add_user("reader")
    forge.add_collaborator(INFRA, "reader", "read")
    reader = log_in(forge, "reader")
    theirs = reader.post(f"{ISSUE}/comments", body="mine").json()["id"]
    ours = forge.comment(INFRA, 1, "not theirs", by="viktor")
    refused = reader.patch(f"/repos/{INFRA}/issues/comments/{ours}", body="forged")

    assert (refused.status_code, refused.content) == (403, b"")
    assert reader.patch(f"/repos/{INFRA}/issues/comments/{theirs}", body="mine again").status_code == 200


def test_a_writer_may_edit_anybody_s_comment(forge, log_in):
    number = forge.comment(INFRA, 1, "the bot says so", by="afk-bot")
    log_in(forge, "viktor").patch(f"/repos/{INFRA}/issues/comments/{number}", body="changed by a person")

    assert forge.comments_of(INFRA, 1) == [("afk-bot", "changed by a person")]


@pytest.mark.parametrize("body", [{}, {"body": ""}, {"body": 7}], ids=["missing", "empty", "number"])
def test_an_empty_comment_is_refused(forge, bot, body):
    answer = bot.post(f"{ISSUE}/comments", **body)

    assert (answer.status_code, answer.json()["message"]) == (422, "[Body]: Required")
    assert forge.comments_of(INFRA, 1) == []


def test_an_archived_repository_takes_no_comment(forge, bot):
    forge.archive(INFRA)

    assert bot.post(f"{ISSUE}/comments", body="too late").status_code == 423


def test_a_comment_on_a_missing_issue_is_an_error_of_the_server(bot):
    assert bot.post(f"/repos/{INFRA}/issues/99/comments", body="lost").status_code == 500


def test_what_a_deleted_user_did_was_done_by_ghost(forge, bot):
    forge.add_user("leaver")
    forge.add_collaborator(INFRA, "leaver", "write")
    forge.label(INFRA, 1, "afk:ready", by="leaver")
    forge.delete_user("leaver")

    assert rows(bot)[0]["user"]["id"] == -1
