"""Comments and labels over REST, refusal by refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.github.conftest import INFRA, WEB, Hub

if TYPE_CHECKING:
    import httpx

    from afk.sandbox.github import GithubServer


@pytest.fixture
def issue(server: GithubServer) -> str:
    server.open_issue("alice/web", "t", author="rita")
    return f"{WEB}/issues/1"


def names(answer: httpx.Response) -> list[str]:
    return [row["name"] for row in answer.json()]


def test_a_comment_is_made_edited_and_deleted_by_its_id(hub: Hub, robot: httpx.Client, issue: str):
    made = robot.post(f"{issue}/comments", json={"body": "one"})
    path = f"{WEB}/issues/comments/{made.json()['id']}"
    hub.clock.forward(minutes=1)
    edited = robot.patch(path, json={"body": "two"})

    assert made.status_code == 201
    assert made.headers["Location"] == made.json()["url"]
    assert (edited.status_code, edited.json()["body"]) == (200, "two")
    assert (edited.json()["created_at"], edited.json()["updated_at"]) == (
        "2026-03-01T12:00:00Z",
        "2026-03-01T12:01:00Z",
    )
    assert robot.get(path).json() == edited.json()
    assert robot.get(issue).json()["comments"] == 1
    assert robot.delete(path).status_code == 204
    assert robot.get(path).status_code == 404
    assert robot.patch(path, json={"body": "three"}).status_code == 404
    assert robot.get(f"{issue}/timeline").json() == []


def test_comments_are_listed_in_order_and_since(hub: Hub, owner: httpx.Client, issue: str):
    for text in ("a", "b"):
        hub.server.comment("alice/web", 1, text, "bob")
        hub.clock.forward(minutes=1)

    assert [row["body"] for row in owner.get(f"{issue}/comments").json()] == ["a", "b"]
    late = owner.get(f"{issue}/comments", params={"since": "2026-03-01T12:01:00Z"}).json()
    assert [row["body"] for row in late] == ["b"]
    newest = owner.get(f"{WEB}/issues/comments", params={"direction": "desc"}).json()
    assert [row["body"] for row in newest] == ["b", "a"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"body": ""}, 422, id="empty"),
        pytest.param({}, 422, id="missing"),
        pytest.param({"body": 7}, 422, id="no text"),
        pytest.param([], 422, id="no object"),
        pytest.param({"body": "x" * 65537}, 422, id="too long"),
        pytest.param({"body": "x" * 65536}, 201, id="just short enough"),
    ],
)
def test_what_a_comment_may_be(owner: httpx.Client, issue: str, body: Any, status: int):
    assert owner.post(f"{issue}/comments", json=body).status_code == status


@pytest.mark.parametrize(
    ("login", "status"),
    [("stranger", 403), ("tess", 403), ("bob", 200), ("rita", 200)],
    ids=["stranger", "triage", "writer", "author"],
)
def test_who_may_edit_a_comment(hub: Hub, issue: str, login: str, status: int):
    """Writers edit everybody's: what a comment says proves nothing."""
    number = hub.server.comment("alice/web", 1, "mine", "rita")

    answer = hub.person(login).patch(f"{WEB}/issues/comments/{number}", json={"body": "forged"})

    assert answer.status_code == status
    assert (hub.server.comments_of("alice/web", 1) == [("rita", "forged")]) is (status == 200)


def test_a_locked_issue_takes_comments_from_writers_only(hub: Hub, issue: str):
    hub.server.lock_issue("alice/web", 1, "bob")

    assert hub.person("rita").post(f"{issue}/comments", json={"body": "x"}).status_code == 403
    assert hub.person("bob").post(f"{issue}/comments", json={"body": "x"}).status_code == 201


def test_adding_answers_the_whole_list_and_repeats_without_an_event(
    server: GithubServer, owner: httpx.Client, issue: str
):
    owner.post(f"{issue}/labels", json={"labels": ["bug"]})

    answer = owner.post(f"{issue}/labels", json=["Bug", {"name": "question"}])

    assert names(answer) == ["bug", "question"]
    assert names(owner.get(f"{issue}/labels")) == ["bug", "question"]
    assert [word for word, _ in server.events_of("alice/web", 1)] == ["labeled", "labeled"]


@pytest.mark.parametrize(
    ("login", "name", "status"),
    [
        pytest.param("bob", "agent-in-progress", 200, id="a writer makes a label by using it"),
        pytest.param("tess", "bug", 200, id="triage uses what is there"),
        pytest.param("tess", "agent-in-progress", 403, id="triage makes none"),
        pytest.param("rita", "bug", 403, id="the author without a role"),
        pytest.param("stranger", "bug", 403, id="a stranger"),
    ],
)
def test_who_may_add_which_label(hub: Hub, issue: str, login: str, name: str, status: int):
    answer = hub.person(login).post(f"{issue}/labels", json={"labels": [name]})

    assert answer.status_code == status
    assert hub.server.labels_of("alice/web", 1) == ([name] if status == 200 else [])


def test_a_label_made_by_use_is_grey(owner: httpx.Client, issue: str):
    owner.post(f"{issue}/labels", json={"labels": ["new/one"]})

    assert owner.get(f"{WEB}/labels/new%2Fone").json()["color"] == "ededed"


def test_removing_answers_the_rest_and_404_when_it_is_not_on_the_issue(owner: httpx.Client, issue: str):
    owner.post(f"{issue}/labels", json={"labels": ["bug", "needs work/now"]})

    removed = owner.delete(f"{issue}/labels/needs%20work%2Fnow")
    again = owner.delete(f"{issue}/labels/needs%20work%2Fnow")

    assert (removed.status_code, names(removed)) == (200, ["bug"])
    assert (again.status_code, again.json()["message"]) == (404, "Label does not exist")


def test_putting_replaces_and_deleting_empties_the_set(server: GithubServer, owner: httpx.Client, issue: str):
    owner.post(f"{issue}/labels", json={"labels": ["bug", "question"]})

    assert names(owner.put(f"{issue}/labels", json={"labels": ["question", "invalid"]})) == ["question", "invalid"]
    assert [word for word, _ in server.events_of("alice/web", 1)] == ["labeled", "labeled", "unlabeled", "labeled"]
    assert owner.delete(f"{issue}/labels").status_code == 204
    assert server.labels_of("alice/web", 1) == []


@pytest.mark.parametrize("given", ["bug", {"labels": "bug"}, {"labels": [1]}, {}], ids=str)
def test_labels_that_are_no_list_of_names_are_a_422(owner: httpx.Client, issue: str, given: Any):
    assert owner.post(f"{issue}/labels", json=given).status_code == 422


@pytest.mark.parametrize(
    ("label", "status"),
    [
        pytest.param({"name": "P1", "color": "ff0000"}, 201, id="new"),
        pytest.param({"name": "BUG"}, 422, id="there already, in another case"),
        pytest.param({"name": "x" * 51}, 422, id="too long"),
        pytest.param({"name": "P1", "color": "red"}, 422, id="no color"),
        pytest.param({}, 422, id="no name"),
    ],
)
def test_labels_of_a_repository(owner: httpx.Client, label: dict[str, str], status: int):
    assert owner.post(f"{INFRA}/labels", json=label).status_code == status


def test_an_archived_repository_is_read_only(server: GithubServer, owner: httpx.Client, issue: str):
    server.archive("alice/web")

    assert owner.get(issue).status_code == 200
    for answer in (
        owner.post(f"{issue}/comments", json={"body": "x"}),
        owner.post(f"{issue}/labels", json={"labels": ["bug"]}),
        owner.patch(issue, json={"state": "closed"}),
    ):
        assert (answer.status_code, answer.json()["message"]) == (403, "Repository was archived so is read-only.")
