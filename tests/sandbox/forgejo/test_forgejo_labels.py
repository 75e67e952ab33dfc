"""Putting labels on issues and taking them off."""

from __future__ import annotations

import pytest

INFRA = "viktor/infra"
ISSUE = f"/repos/{INFRA}/issues/1"


@pytest.fixture
def issue(forge):
    return forge.open_issue(INFRA, "viktor", "Disk is full")


def names(answer):
    return [label["name"] for label in answer.json()]


def label_id(caller, name):
    return next(label["id"] for label in caller.get(f"/repos/{INFRA}/labels").json() if label["name"] == name)


@pytest.mark.usefixtures("issue")
def test_a_label_is_added_by_name_or_by_id(forge, bot):
    by_name = bot.post(f"{ISSUE}/labels", labels=["bug"])
    by_id = bot.post(f"{ISSUE}/labels", labels=[label_id(bot, "afk:ready")])

    assert (by_name.status_code, names(by_name)) == (200, ["bug"])
    assert names(by_id) == ["afk:ready", "bug"] == forge.labels_of(INFRA, 1)


@pytest.mark.usefixtures("issue")
@pytest.mark.parametrize("unknown", ["no-such-label", 987654], ids=["name", "id"])
def test_an_unknown_label_is_ignored_in_silence(forge, bot, unknown):
    answer = bot.post(f"{ISSUE}/labels", labels=[unknown])

    assert (answer.status_code, answer.json()) == (200, [])
    assert names(bot.get(f"/repos/{INFRA}/labels")) == ["afk:ready", "bug"]


@pytest.mark.usefixtures("issue")
@pytest.mark.parametrize("labels", [["bug", 1], [True], [None]], ids=["mixed", "boolean", "null"])
def test_names_and_ids_do_not_mix(bot, labels):
    assert bot.post(f"{ISSUE}/labels", labels=labels).status_code == 400


def test_labels_of_the_organisation_are_included(forge, log_in):
    forge.add_organization("lab", owners=("viktor",))
    forge.create_repository("lab/site")
    forge.create_organization_label("lab", "shared")
    forge.open_issue("lab/site", "viktor", "Site is slow")
    owner = log_in(forge, "viktor")
    added = owner.post("/repos/lab/site/issues/1/labels", labels=["shared"])

    assert names(added) == ["shared"]
    assert added.json()[0]["url"].endswith(f"/orgs/lab/labels/{added.json()[0]['id']}")
    assert names(owner.get("/repos/lab/site/labels")) == []
    assert names(owner.get("/orgs/lab/labels")) == ["shared"]
    assert owner.get("/orgs/viktor/labels").status_code == 404


@pytest.mark.usefixtures("issue")
def test_a_label_is_removed_by_id_only(forge, bot):
    forge.label(INFRA, 1, "bug", by="viktor")
    by_name = bot.delete(f"{ISSUE}/labels/bug")
    kept = forge.labels_of(INFRA, 1)
    by_id = bot.delete(f"{ISSUE}/labels/{label_id(bot, 'bug')}")

    assert (by_name.status_code, kept) == (422, ["bug"])
    assert (by_id.status_code, by_id.content, forge.labels_of(INFRA, 1)) == (204, b"", [])


@pytest.mark.usefixtures("issue")
def test_removing_what_is_not_there_succeeds_and_an_unknown_id_does_not(bot):
    assert bot.delete(f"{ISSUE}/labels/{label_id(bot, 'bug')}").status_code == 204
    assert bot.delete(f"{ISSUE}/labels/987654").status_code == 422


@pytest.mark.usefixtures("issue")
def test_an_exclusive_label_drops_its_siblings(forge, bot):
    forge.create_label(INFRA, "afk/ready", exclusive=True)
    forge.create_label(INFRA, "afk/running", exclusive=True)
    forge.label(INFRA, 1, "bug", by="viktor")
    forge.label(INFRA, 1, "afk/ready", by="viktor")
    answer = bot.post(f"{ISSUE}/labels", labels=["afk/running"])
    rows = [row for row in bot.get(f"{ISSUE}/timeline").json() if row["user"]["login"] == "afk-bot"]

    assert names(answer) == ["afk/running", "bug"]
    assert [(row["label"]["name"], row["body"]) for row in rows] == [("afk/ready", ""), ("afk/running", "1")]


@pytest.mark.usefixtures("issue")
def test_a_reader_cannot_label(forge, log_in):
    forge.add_user("reader")
    forge.add_collaborator(INFRA, "reader", "read")
    reader = log_in(forge, "reader")

    assert reader.post(f"{ISSUE}/labels", labels=["bug"]).status_code == 403
    assert reader.delete(f"{ISSUE}/labels/1").status_code == 403
    assert reader.post(f"/repos/{INFRA}/labels", name="mine", color="#00aabb").status_code == 403
    assert forge.labels_of(INFRA, 1) == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"name": "afk:running", "color": "#00aabb"}, 201, id="created"),
        pytest.param({"name": "afk:running", "color": "00aabb"}, 201, id="without-hash"),
        pytest.param({"name": "afk:running"}, 422, id="no-colour"),
        pytest.param({"color": "#00aabb"}, 422, id="no-name"),
        pytest.param({"name": "afk:running", "color": "green"}, 422, id="no-colour-code"),
    ],
)
def test_a_label_is_created_with_a_name_and_a_colour(bot, body, status):
    answer = bot.post(f"/repos/{INFRA}/labels", **body)

    assert answer.status_code == status
    assert ("afk:running" in names(bot.get(f"/repos/{INFRA}/labels"))) == (status == 201)


def test_the_repository_s_labels_come_in_pages(forge, bot):
    for index in range(52):
        forge.create_label(INFRA, f"l{index:02}")
    first = bot.get(f"/repos/{INFRA}/labels", limit=100)

    assert (len(first.json()), first.headers["X-Total-Count"]) == (50, "54")
    assert names(bot.get(f"/repos/{INFRA}/labels", limit=100, page=2)) == ["l48", "l49", "l50", "l51"]


@pytest.mark.usefixtures("issue")
def test_old_events_show_a_renamed_label_under_its_new_name(forge, bot):
    forge.label(INFRA, 1, "afk:ready", by="viktor")
    before = bot.get(f"{ISSUE}/timeline").json()[0]["label"]
    forge.rename_label(INFRA, "afk:ready", "someday")
    after = bot.get(f"{ISSUE}/timeline").json()[0]["label"]

    assert (before["name"], after["name"], before["id"] == after["id"]) == ("afk:ready", "someday", True)


@pytest.mark.usefixtures("issue")
def test_a_deleted_label_leaves_events_without_a_label(forge, bot):
    forge.label(INFRA, 1, "afk:ready", by="viktor")
    forge.delete_label(INFRA, "afk:ready")
    rows = bot.get(f"{ISSUE}/timeline").json()

    assert [(row["type"], row["label"]) for row in rows] == [("label", None)]
    assert bot.get(f"{ISSUE}/labels").json() == []
