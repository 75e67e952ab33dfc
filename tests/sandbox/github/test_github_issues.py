"""Lists of issues, changes to them, the events that stay behind, and dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.github.conftest import INFRA, WEB, Hub, data

if TYPE_CHECKING:
    import httpx

    from afk.sandbox.github import GithubServer

EDITOR = """{ repository(owner: "alice", name: "infra") { issue(number: 1) {
  title body lastEditedAt editor { login } userContentEdits(first: 5) { totalCount nodes { editor { login } diff } }
  timelineItems(first: 5, itemTypes: [RENAMED_TITLE_EVENT]) {
    nodes { ... on RenamedTitleEvent { previousTitle currentTitle actor { login } } } } } } }"""


def numbers(answer: httpx.Response) -> list[int]:
    return [row["number"] for row in answer.json()]


def test_pull_requests_are_mixed_in_and_marked(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "an issue")
    server.push("alice/infra", "work", "bob", "topic")
    server.open_pull_request("alice/infra", "a pull request", "bob", head="topic", base="main")

    rows = owner.get(f"{INFRA}/issues").json()

    assert [(row["number"], "pull_request" in row) for row in rows] == [(2, True), (1, False)]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        pytest.param({}, [3, 1], id="open ones, newest first"),
        pytest.param({"state": "closed"}, [2], id="closed ones"),
        pytest.param({"state": "all", "direction": "asc"}, [1, 2, 3], id="all, oldest first"),
        pytest.param({"labels": "bug"}, [3, 1], id="one label"),
        pytest.param({"labels": "bug,QUESTION"}, [3], id="all of several labels, in any case"),
        pytest.param({"creator": "rita"}, [3], id="creator"),
        pytest.param({"sort": "comments"}, [1, 3], id="most comments first"),
        pytest.param({"state": "all", "since": "2026-03-01T12:30:00Z"}, [2], id="changed since"),
        pytest.param({"state": "all", "sort": "updated"}, [2, 3, 1], id="latest change first"),
    ],
)
def test_the_list_is_narrowed_and_sorted(hub: Hub, owner: httpx.Client, query: dict[str, str], found: list[int]):
    hub.server.open_issue("alice/infra", "one", labels=["bug"])
    hub.server.open_issue("alice/infra", "two")
    hub.server.open_issue("alice/infra", "three", author="rita", labels=["bug", "question"])
    hub.server.comment("alice/infra", 1, "hello", "bob")
    hub.clock.forward(hours=1)
    hub.server.close("alice/infra", 2, "bob")

    assert numbers(owner.get(f"{INFRA}/issues", params=query)) == found


@pytest.mark.parametrize("query", [{"state": "both"}, {"since": "yesterday"}, {"since": "2026-03-01T12:00:00"}])
def test_nonsense_in_a_list_is_a_422(owner: httpx.Client, query: dict[str, str]):
    assert owner.get(f"{INFRA}/issues", params=query).status_code == 422


def test_lists_come_in_pages_of_thirty_and_link_to_the_others(server: GithubServer, owner: httpx.Client):
    for number in range(65):
        server.open_issue("alice/infra", str(number))

    first = owner.get(f"{INFRA}/issues", params={"direction": "asc"})
    second = owner.get(first.links["next"]["url"])
    third = owner.get(second.links["next"]["url"])

    assert numbers(first) + numbers(second) + numbers(third) == list(range(1, 66))
    assert [len(page.json()) for page in (first, second, third)] == [30, 30, 5]
    assert [sorted(page.links) for page in (first, second, third)] == [
        ["last", "next"],
        ["first", "last", "next", "prev"],
        ["first", "prev"],
    ]
    repository = owner.get(INFRA).json()["id"]
    assert first.links["last"]["url"] == f"{server.url}/repositories/{repository}/issues?direction=asc&page=3"


@pytest.mark.parametrize(
    ("size", "rows"), [("100", 100), ("101", 100), ("1000", 100), ("0", 30), ("many", 30), ("7", 7)]
)
def test_the_size_of_a_page_is_at_most_a_hundred(server: GithubServer, owner: httpx.Client, size: str, rows: int):
    for number in range(105):
        server.open_issue("alice/infra", str(number))

    assert len(owner.get(f"{INFRA}/issues", params={"per_page": size}).json()) == rows


def test_a_page_beyond_the_last_is_empty(owner: httpx.Client):
    assert owner.get(f"{INFRA}/issues", params={"page": "9"}).json() == []


def test_labeled_events_name_actor_and_app_and_no_association(hub: Hub, owner: httpx.Client):
    hub.server.open_issue("alice/infra", "t", author="rita")
    hub.server.label("alice/infra", 1, "bug", "bob")
    hub.server.label("alice/infra", 1, "question", "bob", via_app="afk", intent={"rationale": "r", "confidence": "LOW"})
    hub.server.unlabel("alice/infra", 1, "bug", "tess")

    events = owner.get(f"{INFRA}/issues/1/events").json()

    assert [(e["event"], e["label"]["name"], e["actor"]["login"]) for e in events] == [
        ("labeled", "bug", "bob"),
        ("labeled", "question", "bob"),
        ("unlabeled", "bug", "tess"),
    ]
    assert [e["performed_via_github_app"] and e["performed_via_github_app"]["id"] for e in events] == [
        None,
        hub.app.id,
        None,
    ]
    assert events[1]["intent"] == {"rationale": "r", "confidence": "LOW"}
    assert not any("author_association" in e for e in events)
    assert events == owner.get(f"{INFRA}/issues/1/timeline").json()


def test_labels_of_a_form_are_applied_by_the_author_whoever_that_is(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/web", "t", author="stranger", labels=["bug"])

    event = owner.get(f"{WEB}/issues/1/events").json()[0]

    assert (event["event"], event["actor"]["login"]) == ("labeled", "stranger")


def test_an_actor_who_left_is_null(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    server.label("alice/infra", 1, "bug", "bob")
    server.delete_user("bob")

    assert owner.get(f"{INFRA}/issues/1/events").json()[0]["actor"] is None
    query = """{ repository(owner: "alice", name: "infra") { issue(number: 1) { timelineItems(first: 1) {
      nodes { ... on LabeledEvent { actor { login } } } } } } }"""
    assert data(owner, query)["repository"]["issue"]["timelineItems"]["nodes"] == [{"actor": None}]


def test_comments_and_mentions_are_in_the_timeline_alone(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    server.comment("alice/infra", 1, "hello", "bob")
    server.open_issue("alice/infra", "other", "see #1", author="rita")

    assert owner.get(f"{INFRA}/issues/1/events").json() == []
    commented, mentioned = owner.get(f"{INFRA}/issues/1/timeline").json()
    assert (commented["event"], commented["body"], commented["actor"]["login"]) == ("commented", "hello", "bob")
    assert (mentioned["event"], mentioned["source"]["issue"]["number"]) == ("cross-referenced", 2)


def test_a_mention_from_a_hidden_repository_is_not_shown(hub: Hub):
    hub.server.open_issue("alice/web", "t")
    hub.server.open_issue("alice/infra", "secret", "see alice/web#1")

    assert hub.person("stranger").get(f"{WEB}/issues/1/timeline").json() == []
    assert len(hub.person("bob").get(f"{WEB}/issues/1/timeline").json()) == 1


def test_the_events_of_a_repository_are_newest_first_with_their_issue(server: GithubServer, owner: httpx.Client):
    for number in (1, 2):
        server.open_issue("alice/infra", str(number))
        server.label("alice/infra", number, "bug", "bob")

    rows = owner.get(f"{INFRA}/issues/events").json()

    assert [row["issue"]["number"] for row in rows] == [2, 1]


def test_a_new_title_leaves_an_event_and_a_new_body_an_editor(hub: Hub, owner: httpx.Client):
    hub.server.open_issue("alice/infra", "old", "old text", author="rita")
    hub.server.edit_issue("alice/infra", 1, "bob", title="new")
    after_title = data(owner, EDITOR)["repository"]["issue"]
    hub.clock.forward(minutes=5)
    hub.server.edit_issue("alice/infra", 1, "rita", body="new text")
    after_body = data(owner, EDITOR)["repository"]["issue"]

    assert (after_title["lastEditedAt"], after_title["editor"]) == (None, None)
    assert after_title["timelineItems"]["nodes"] == [
        {"previousTitle": "old", "currentTitle": "new", "actor": {"login": "bob"}}
    ]
    assert (after_body["lastEditedAt"], after_body["editor"]) == ("2026-03-01T12:05:00Z", {"login": "rita"})
    assert after_body["userContentEdits"] == {
        "totalCount": 1,
        "nodes": [{"editor": {"login": "rita"}, "diff": "old text"}],
    }
    renamed = owner.get(f"{INFRA}/issues/1/events").json()[0]
    assert renamed["rename"] == {"from": "old", "to": "new"}


def test_closing_and_reopening_over_rest(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")

    closed = owner.patch(f"{INFRA}/issues/1", json={"state": "closed", "state_reason": "not_planned"}).json()
    again = owner.patch(f"{INFRA}/issues/1", json={"state": "closed", "state_reason": "completed"}).json()
    opened = owner.patch(f"{INFRA}/issues/1", json={"state": "open"}).json()

    assert (closed["state"], closed["state_reason"], closed["closed_by"]["login"]) == ("closed", "not_planned", "alice")
    assert closed["closed_at"] == "2026-03-01T12:00:00Z"
    assert again["state_reason"] == "not_planned"
    assert (opened["state"], opened["state_reason"], opened["closed_at"]) == ("open", "reopened", None)
    assert [word for word, _ in server.events_of("alice/infra", 1)] == ["closed", "reopened"]


@pytest.mark.parametrize(
    ("login", "change", "status"),
    [
        pytest.param("bob", {"title": "x"}, 200, id="a writer edits"),
        pytest.param("tess", {"title": "x"}, 403, id="triage does not edit"),
        pytest.param("tess", {"state": "closed"}, 200, id="triage closes"),
        pytest.param("rita", {"state": "closed"}, 200, id="the author closes"),
        pytest.param("stranger", {"state": "closed"}, 403, id="a stranger does not"),
        pytest.param("bob", {"state": "shut"}, 422, id="no such state"),
        pytest.param("bob", {"title": 5}, 422, id="a title that is no text"),
    ],
)
def test_who_may_change_an_issue(hub: Hub, login: str, change: dict[str, Any], status: int):
    hub.server.open_issue("alice/web", "t", author="rita")

    assert hub.person(login).patch(f"{WEB}/issues/1", json=change).status_code == status


@pytest.mark.parametrize(("login", "kept"), [("bob", ["bug"]), ("tess", []), ("stranger", [])])
def test_labels_of_a_new_issue_are_dropped_without_push_access(hub: Hub, login: str, kept: list[str]):
    answer = hub.person(login).post(f"{WEB}/issues", json={"title": "t", "labels": ["bug"]})

    assert answer.status_code == 201
    assert [label["name"] for label in answer.json()["labels"]] == kept


def test_labels_of_a_patch_are_dropped_without_push_access(hub: Hub):
    hub.server.open_issue("alice/web", "t", author="rita")

    answer = hub.person("rita").patch(f"{WEB}/issues/1", json={"labels": ["bug"]})
    written = hub.person("bob").patch(f"{WEB}/issues/1", json={"labels": ["bug", "made up"]})

    assert (answer.status_code, answer.json()["labels"]) == (200, [])
    assert [label["name"] for label in written.json()["labels"]] == ["bug", "made up"]


def test_blockers_are_named_by_database_id(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    server.open_issue("alice/web", "blocker")
    blocker = owner.get(f"{WEB}/issues/1").json()
    path = f"{INFRA}/issues/1/dependencies/blocked_by"

    assert owner.post(path, json={"issue_id": 1}).status_code == 404
    assert owner.post(path, json={"issue_id": blocker["id"]}).status_code == 201
    assert owner.post(path, json={"issue_id": blocker["id"]}).status_code == 422
    assert [row["id"] for row in owner.get(path).json()] == [blocker["id"]]
    assert owner.delete(f"{path}/{blocker['number']}").status_code == 404
    assert owner.delete(f"{path}/{blocker['id']}").status_code == 200
    assert owner.get(path).json() == []


def test_at_most_fifty_blockers(server: GithubServer, owner: httpx.Client):
    for number in range(52):
        server.open_issue("alice/infra", str(number))
    for number in range(2, 52):
        server.block("alice/infra", 1, number)
    last = owner.get(f"{INFRA}/issues/52").json()["id"]

    answer = owner.post(f"{INFRA}/issues/1/dependencies/blocked_by", json={"issue_id": last})

    assert answer.status_code == 422


def test_closed_blockers_are_listed_and_the_summary_counts_open_ones(server: GithubServer, owner: httpx.Client):
    for title in ("t", "open", "closed"):
        server.open_issue("alice/infra", title)
    server.block("alice/infra", 1, 2)
    server.block("alice/infra", 1, 3)
    server.close("alice/infra", 3, "bob", "not_planned")
    query = """{ repository(owner: "alice", name: "infra") { issue(number: 1) {
      blockedBy(first: 9) { totalCount nodes { number state stateReason repository { nameWithOwner } } }
      issueDependenciesSummary { blockedBy totalBlockedBy blocking totalBlocking } } } }"""

    issue = data(owner, query)["repository"]["issue"]

    assert [(n["number"], n["state"], n["stateReason"]) for n in issue["blockedBy"]["nodes"]] == [
        (2, "OPEN", None),
        (3, "CLOSED", "NOT_PLANNED"),
    ]
    assert issue["issueDependenciesSummary"] == {"blockedBy": 1, "totalBlockedBy": 2, "blocking": 0, "totalBlocking": 0}
    assert owner.get(f"{INFRA}/issues/1").json()["issue_dependencies_summary"]["total_blocked_by"] == 2


def test_a_blocker_that_cannot_be_read_is_counted_and_not_listed(hub: Hub):
    hub.server.open_issue("alice/web", "t")
    hub.server.open_issue("alice/infra", "secret")
    hub.server.block("alice/web", 1, 1, "alice/infra")
    stranger = hub.person("stranger")
    query = """{ repository(owner: "alice", name: "web") { issue(number: 1) {
      blockedBy(first: 9) { nodes { number } } issueDependenciesSummary { blockedBy } } } }"""

    found = data(stranger, query)["repository"]["issue"]

    assert found == {"blockedBy": {"nodes": []}, "issueDependenciesSummary": {"blockedBy": 1}}
    assert stranger.get(f"{WEB}/issues/1/dependencies/blocked_by").json() == []


@pytest.mark.parametrize(("touches", "expected"), [(False, "12:00"), (True, "13:00")])
def test_whether_closing_a_blocker_touches_the_dependent_can_be_chosen(
    hub: Hub, owner: httpx.Client, touches: bool, expected: str
):
    hub.server.forge.tracker.closing_touches_dependents = touches
    hub.server.open_issue("alice/infra", "t")
    hub.server.open_issue("alice/infra", "blocker")
    hub.server.block("alice/infra", 1, 2)
    hub.clock.forward(hours=1)
    hub.server.close("alice/infra", 2, "bob")

    assert owner.get(f"{INFRA}/issues/1").json()["updated_at"] == f"2026-03-01T{expected}:00Z"


def test_parents_and_sub_issues(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "parent")
    server.open_issue("alice/web", "child")
    server.forge.tracker.adopt(
        server.issue("alice/infra", 1), server.issue("alice/web", 1), server.issue("alice/infra", 1).author
    )
    server.close("alice/web", 1, "bob")

    assert owner.get(f"{INFRA}/issues/1").json()["sub_issues_summary"] == {
        "total": 1,
        "completed": 1,
        "percent_completed": 100,
    }
    assert owner.get(f"{WEB}/issues/1/parent").json()["html_url"] == "https://github.com/alice/infra/issues/1"
    assert owner.get(f"{INFRA}/issues/1/parent").status_code == 404


@pytest.mark.parametrize("login", ["rita", "stranger"])
def test_nobody_below_triage_labels(server: GithubServer, login: str):
    server.open_issue("alice/web", "t", author="stranger")

    with pytest.raises(PermissionError, match="needs triage"):
        server.label("alice/web", 1, "bug", login)
    assert server.labels_of("alice/web", 1) == []


def test_the_timeline_gives_the_reason_of_a_closing(server: GithubServer, owner: httpx.Client):
    server.open_issue("alice/infra", "t")
    server.close("alice/infra", 1, "bob", "not_planned")

    assert owner.get(f"{INFRA}/issues/1/timeline").json()[0]["state_reason"] == "not_planned"
    assert "state_reason" not in owner.get(f"{INFRA}/issues/1/events").json()[0]
