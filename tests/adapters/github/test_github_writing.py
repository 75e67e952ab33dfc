"""A write says what it did: dropped labels, vanished comments and lost answers are no success."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from afk.adapters.github import GithubTracker
from afk.adapters.github.writing import Identity
from afk.core.model import IssueRef
from afk.ports import Gone, Refused, Uncertain, Unexpected, Unreachable
from afk.sandbox.faults import Fault, Trouble
from tests.adapters.github.conftest import LABELS, Hub, a_repo

if TYPE_CHECKING:
    import respx

    from afk.adapters.github import Client

INFRA = "acme/infra"
REF = IssueRef("infra", 1)
MARK = "<!-- afk:checklist:run-1 -->"
ISSUE = "/repos/acme/infra/issues/1"


@pytest.fixture
def tracker(wired: Client) -> GithubTracker:
    return GithubTracker(wired, {"infra": a_repo("infra")}, LABELS)


def test_a_label_is_added_by_itself(wire: respx.MockRouter, tracker: GithubTracker) -> None:
    route = wire.post(f"{ISSUE}/labels").respond(200, json=[{"name": "Agent-In-Progress"}, {"name": "bug"}])
    tracker.add_label(REF, LABELS.in_progress)

    assert json.loads(route.calls.last.request.content) == {"labels": ["agent-in-progress"]}


def test_a_label_that_was_silently_dropped_is_refused(wire: respx.MockRouter, tracker: GithubTracker) -> None:
    wire.post(f"{ISSUE}/labels").respond(200, json=[{"name": "bug"}])

    with pytest.raises(Refused, match=r"'agent-in-progress' on infra#1 was dropped"):
        tracker.add_label(REF, LABELS.in_progress)


def test_a_label_s_name_is_written_into_the_address_safely(wire: respx.MockRouter, tracker: GithubTracker) -> None:
    route = wire.delete(url__regex=rf"{ISSUE}/labels/").respond(200, json=[])
    tracker.remove_label(REF, "a/b c?")

    assert route.calls.last.request.url.raw_path.decode() == f"{ISSUE}/labels/a%2Fb%20c%3F"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        pytest.param(200, {"labels": [{"name": "bug"}]}, None, id="it was not there"),
        pytest.param(200, {"labels": [{"name": "Agent-In-Progress"}]}, Refused, id="it is there and stays"),
        pytest.param(404, {"message": "Not Found"}, Gone, id="the issue is not there"),
        pytest.param(410, {"message": "This issue was deleted"}, Gone, id="the issue was deleted"),
        pytest.param(503, {"message": "Busy"}, Unreachable, id="nobody can say"),
    ],
)
def test_a_404_on_removing_a_label_is_looked_into(
    wire: respx.MockRouter, tracker: GithubTracker, status: int, body: dict[str, object], error: type[Exception] | None
) -> None:
    wire.delete(f"{ISSUE}/labels/agent-in-progress").respond(404, json={"message": "Label does not exist"})
    wire.get(ISSUE).respond(status, json=body)

    if error is None:
        tracker.remove_label(REF, LABELS.in_progress)
    else:
        with pytest.raises(error):
            tracker.remove_label(REF, LABELS.in_progress)


@pytest.mark.parametrize(
    ("verb", "wanted"),
    [
        pytest.param("close", {"state": "closed", "state_reason": "completed"}, id="close"),
        pytest.param("reopen", {"state": "open"}, id="reopen"),
    ],
)
def test_the_state_is_set_and_checked(
    wire: respx.MockRouter, tracker: GithubTracker, verb: str, wanted: dict[str, str]
) -> None:
    route = wire.patch(ISSUE).respond(200, json={"state": wanted["state"]})
    getattr(tracker, verb)(REF)
    assert json.loads(route.calls.last.request.content) == wanted
    route.respond(200, json={"state": "something else"})

    with pytest.raises(Refused, match="still something else"):
        getattr(tracker, verb)(REF)


def test_a_comment_is_edited_by_its_id_alone(wire: respx.MockRouter, tracker: GithubTracker) -> None:
    route = wire.patch("/repos/acme/infra/issues/comments/77").respond(200, json={"id": 77})

    assert tracker.put_comment(REF, MARK, f"{MARK} two", "77") == "77"
    assert json.loads(route.calls.last.request.content) == {"body": f"{MARK} two"}


def test_a_comment_that_is_out_of_sight_with_its_issue_is_not_made_again(
    wire: respx.MockRouter, tracker: GithubTracker
) -> None:
    wire.patch("/repos/acme/infra/issues/comments/77").respond(404, json={"message": "Not Found"})
    wire.get(ISSUE).respond(404, json={"message": "Not Found"})

    with pytest.raises(Gone):
        tracker.put_comment(REF, MARK, MARK, "77")


def test_a_comment_that_says_the_same_already_is_not_written_again(
    wire: respx.MockRouter, tracker: GithubTracker
) -> None:
    wire.get("/user").respond(200, json={"id": 7})
    ours = {"id": 77, "body": MARK, "user": {"id": 7}, "performed_via_github_app": None}
    wire.get(f"{ISSUE}/comments").respond(200, json=[ours])

    assert tracker.put_comment(REF, MARK, MARK, "") == "77"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"text": "<html>Sign in</html>", "content_type": "text/html"}, id="html"),
        pytest.param({"json": {"id": 8}}, id="another comment"),
        pytest.param({"json": {"errors": []}}, id="no comment"),
    ],
)
def test_a_comment_is_edited_only_where_github_says_so(
    wire: respx.MockRouter, tracker: GithubTracker, said: dict[str, Any]
) -> None:
    """What stands before it, such as a login page, also answers 200."""
    wire.patch("/repos/acme/infra/issues/comments/7").respond(200, **said)

    with pytest.raises(Unexpected):
        tracker.put_comment(REF, MARK, f"{MARK} new", "7")


def test_a_comment_that_goes_away_while_it_is_edited_is_told(wire: respx.MockRouter, tracker: GithubTracker) -> None:
    wire.get("/user").respond(200, json={"id": 7})
    ours = {"id": 77, "body": MARK, "user": {"id": 7}, "performed_via_github_app": None}
    wire.get(f"{ISSUE}/comments").respond(200, json=[ours])
    wire.patch("/repos/acme/infra/issues/comments/77").respond(404, json={"message": "Not Found"})

    with pytest.raises(Unexpected):
        tracker.put_comment(REF, MARK, f"{MARK} two", "")


@pytest.mark.parametrize(
    ("user", "app", "by_person", "by_app"),
    [
        pytest.param(7, None, True, False, id="our account by hand"),
        pytest.param(7, 9, True, True, id="our account through our app"),
        pytest.param(7, 8, True, False, id="our account through another app"),
        pytest.param(6, 9, False, False, id="another account through our app"),
        pytest.param(None, 9, False, False, id="an account that is gone"),
    ],
)
def test_a_comment_is_ours_by_account_and_for_an_app_by_app(
    user: int | None, app: int | None, by_person: bool, by_app: bool
) -> None:
    comment = {
        "user": None if user is None else {"id": user},
        "performed_via_github_app": None if app is None else {"id": app},
    }

    assert Identity(7).wrote(comment) is by_person
    assert Identity(7, app_id=9).wrote(comment) is by_app


def test_who_we_are_is_asked_once(hub: Hub) -> None:
    tracker, ref = hub.tracker(), hub.released()
    for what in ("checklist", "ending"):
        tracker.put_comment(ref, f"<!-- {what} -->", f"<!-- {what} -->", "")

    assert hub.requests().count("GET /user") == 1


def test_our_comment_is_found_behind_hundreds_of_others(hub: Hub) -> None:
    ref = hub.released()
    for n in range(150):
        hub.server.comment(INFRA, ref.number, f"Words {n} {MARK}", "ada")
    made = hub.tracker().put_comment(ref, MARK, f"{MARK} one", "")
    for n in range(20):
        hub.server.comment(INFRA, ref.number, f"More words {n}", "ada")

    assert hub.tracker().put_comment(ref, MARK, f"{MARK} two", "") == made
    assert len(hub.server.comments_of(INFRA, ref.number)) == 171


@pytest.mark.parametrize("trouble", [Trouble.DROP_AFTER, Trouble.TRUNCATED, Trouble.STATUS_AFTER])
def test_a_comment_whose_answer_was_lost_is_there_once_after_a_repeat(hub: Hub, trouble: Trouble) -> None:
    tracker, ref = hub.tracker(), hub.released()
    hub.server.faults.add(Fault(trouble, match="POST .*/comments", status=502))
    with pytest.raises((Uncertain, Unexpected)):
        tracker.put_comment(ref, MARK, f"{MARK} one", "")
    tracker.put_comment(ref, MARK, f"{MARK} two", "")

    assert hub.server.comments_of(INFRA, ref.number) == [("afk-bot", f"{MARK} two")]


def test_a_label_that_the_repository_lacks_is_created(hub: Hub) -> None:
    ref = hub.released()
    hub.tracker().add_label(ref, "brand-new")

    assert hub.server.labels_of(INFRA, ref.number) == [LABELS.ready, "brand-new"]


def test_writes_to_a_renamed_repository_arrive(hub: Hub) -> None:
    tracker, ref = hub.tracker(), hub.released()
    hub.server.rename_repository(INFRA, "platform")
    tracker.add_label(ref, LABELS.in_progress)
    made = tracker.put_comment(ref, MARK, f"{MARK} one", "")
    tracker.put_comment(ref, MARK, f"{MARK} two", made)
    tracker.remove_label(ref, LABELS.ready)
    tracker.close(ref)

    issue = hub.server.issue("acme/platform", ref.number)
    assert hub.server.labels_of("acme/platform", ref.number) == [LABELS.in_progress]
    assert [(each.body, issue.state) for each in issue.comments] == [(f"{MARK} two", "closed")]


@pytest.mark.parametrize("how", ["archived", "without issues"])
def test_a_repository_that_takes_no_writes_refuses(hub: Hub, how: str) -> None:
    ref = hub.released()
    settings = {}
    if how == "archived":
        hub.server.archive(INFRA)
    else:
        token = hub.server.token_fine_grained("afk-bot", {"issues": "read"}, resource_owner="acme")
        settings = {"token": SecretStr(token)}

    with pytest.raises(Refused):
        hub.tracker(**settings).add_label(ref, LABELS.in_progress)
