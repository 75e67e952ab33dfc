"""Single labels, our comment and the state of an issue: exact requests, and what a refusal means."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.model import IssueRef
from afk.ports import Gone, PortError, Refused, Uncertain, Unexpected
from afk.sandbox.faults import Fault, Trouble
from tests.adapters.forgejo.conftest import REF, released, row, user
from tests.contract.forgejo_forge import SLUG, ForgejoForge
from tests.contract.forges import LABELS

if TYPE_CHECKING:
    import respx

    from afk.adapters.forgejo import ForgejoTracker

MARK = "<!-- afk:checklist:run-1 -->"
BASE = "/repos/acme/infra"
BUSY = {"id": 8, "name": LABELS.in_progress}


def bodies(wire: respx.MockRouter) -> list[tuple[str, str, Any]]:
    return [
        (
            call.request.method,
            call.request.url.path.removeprefix(f"/api/v1{BASE}"),
            json.loads(call.request.content or b"null"),
        )
        for call in wire.calls
    ]


# labels


def test_a_label_is_added_by_its_name(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    wire.post(f"{BASE}/issues/42/labels").respond(200, json=[BUSY])
    wired.add_label(REF, LABELS.in_progress)

    assert bodies(wire) == [("POST", "/issues/42/labels", {"labels": ["agent-in-progress"]})]


def test_a_label_that_the_repository_lacks_is_created_first(forge: ForgejoForge) -> None:
    ref = forge.opens()
    forge.server.delete_label(SLUG, LABELS.in_progress)
    forge.tracker.add_label(ref, LABELS.in_progress)

    assert forge.labels_of(ref) == {LABELS.in_progress}
    assert forge.requests() == [
        f"POST {BASE}/issues/1/labels",
        f"POST {BASE}/labels",
        f"POST {BASE}/issues/1/labels",
    ]


def test_a_label_of_the_organisation_will_do(forge: ForgejoForge) -> None:
    ref = forge.opens()
    forge.server.create_organization_label("acme", "shared")
    forge.tracker.add_label(ref, "shared")

    assert len(forge.requests()) == 1
    forge.tracker.remove_label(ref, "shared")
    assert forge.labels_of(ref) == set()


def test_a_label_that_stays_ignored_is_refused(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    wire.post(f"{BASE}/issues/42/labels").respond(200, json=None, text="null", content_type="application/json")
    wire.post(f"{BASE}/labels").respond(201, json=BUSY)

    with pytest.raises(Refused, match="was ignored"):
        wired.add_label(REF, LABELS.in_progress)


def test_a_label_is_taken_off_by_its_number(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    twins = [BUSY, {"id": 9, "name": LABELS.in_progress}, {"id": 5, "name": LABELS.ready}]
    wire.get(f"{BASE}/issues/42").respond(200, json=row(labels=twins))
    for number in (8, 9):
        wire.delete(f"{BASE}/issues/42/labels/{number}").respond(204)
    wired.remove_label(REF, LABELS.in_progress)

    assert [line[:2] for line in bodies(wire)] == [
        ("GET", "/issues/42"),
        ("DELETE", "/issues/42/labels/8"),
        ("DELETE", "/issues/42/labels/9"),
    ]


PROXY = {"status_code": 200, "text": "<html>Sign in</html>", "content_type": "text/html"}


@pytest.mark.parametrize("said", [PROXY, {"status_code": 200, "json": {"errors": []}}], ids=["html", "json"])
def test_a_label_is_off_only_where_forgejo_says_so(
    wire: respx.MockRouter, wired: ForgejoTracker, said: dict[str, Any]
) -> None:
    """What stands before it, such as a login page, also answers 200."""
    wire.get(f"{BASE}/issues/42").respond(200, json=row(labels=[BUSY]))
    wire.delete(f"{BASE}/issues/42/labels/8").respond(**said)

    with pytest.raises(Unexpected):
        wired.remove_label(REF, LABELS.in_progress)


@pytest.mark.parametrize("said", [PROXY, {"status_code": 200, "json": {"id": 8}}], ids=["html", "another comment"])
def test_a_comment_is_edited_only_where_forgejo_says_so(
    wire: respx.MockRouter, wired: ForgejoTracker, said: dict[str, Any]
) -> None:
    wire.patch(f"{BASE}/issues/comments/7").respond(**said)

    with pytest.raises(Unexpected):
        wired.put_comment(REF, MARK, f"{MARK} new", "7")


def test_a_label_that_is_not_there_takes_no_deletion(forge: ForgejoForge) -> None:
    ref = forge.opens()
    forge.tracker.remove_label(ref, LABELS.in_progress)

    assert forge.requests() == [f"GET {BASE}/issues/1"]


@pytest.mark.parametrize("write", ["add_label", "remove_label"])
def test_who_may_not_label_is_refused(forge: ForgejoForge, write: str) -> None:
    ref = forge.opens()
    forge.labels(ref, LABELS.in_progress)
    forge.server.add_collaborator(SLUG, "afk-bot", "read")

    with pytest.raises(Refused):
        getattr(forge.tracker, write)(ref, LABELS.in_progress)


# state


@pytest.mark.parametrize(("write", "state"), [("close", "closed"), ("reopen", "open")])
def test_a_state_is_set_and_answered_with_201(
    wire: respx.MockRouter, wired: ForgejoTracker, write: str, state: str
) -> None:
    wire.patch(f"{BASE}/issues/42").respond(201, json=row(state=state))
    getattr(wired, write)(REF)

    assert bodies(wire) == [("PATCH", "/issues/42", {"state": state})]


def test_an_issue_with_open_dependencies_is_not_closed_and_says_why(forge: ForgejoForge) -> None:
    issue = released(forge)
    forge.blocks(issue.ref, forge.opens())

    with pytest.raises(Refused, match="412, cannot close this issue because it still has open dependencies"):
        forge.tracker.close(issue.ref)
    assert forge.is_open(issue.ref)


def test_a_state_that_stays_is_no_success(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    wire.patch(f"{BASE}/issues/42").respond(201, json=row(state="open"))

    with pytest.raises(Refused, match="still open"):
        wired.close(REF)


@pytest.mark.parametrize(
    ("trouble", "is_open"),
    [
        pytest.param(Trouble.DROP_AFTER, False, id="after it took effect"),
        pytest.param(Trouble.DROP_BEFORE, True, id="before"),
    ],
)
def test_a_lost_answer_is_uncertain(forge: ForgejoForge, trouble: Trouble, is_open: bool) -> None:
    ref = forge.opens()
    forge.server.faults.add(Fault(trouble, "PATCH"))

    with pytest.raises(Uncertain):
        forge.tracker.close(ref)
    assert forge.is_open(ref) is is_open


# comments


def test_a_comment_is_looked_for_before_it_is_made(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    wire.get("/user").respond(200, json=user(7, "afk-bot"))
    wire.get(f"{BASE}/issues/42/comments").respond(200, json=[])
    wire.post(f"{BASE}/issues/42/comments").respond(201, json={"id": 31})

    assert wired.put_comment(REF, MARK, f"{MARK} one", "") == "31"
    assert bodies(wire)[1:] == [
        ("GET", "/issues/42/comments", None),
        ("POST", "/issues/42/comments", {"body": f"{MARK} one"}),
    ]


def test_a_known_comment_takes_one_request(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    wire.patch(f"{BASE}/issues/comments/31").respond(200, json={"id": 31})

    assert wired.put_comment(REF, MARK, f"{MARK} two", "31") == "31"
    assert bodies(wire) == [("PATCH", "/issues/comments/31", {"body": f"{MARK} two"})]


def test_a_comment_that_says_it_already_is_not_written_again(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    wire.get("/user").respond(200, json=user(7, "afk-bot"))
    ours = [
        {"id": 30, "user": user(), "body": f"{MARK} forged"},
        {"id": 31, "user": user(7), "body": f"{MARK} one"},
        {"id": 32, "user": user(7), "body": f"{MARK} one"},
    ]
    wire.get(f"{BASE}/issues/42/comments").respond(200, json=ours)

    assert wired.put_comment(REF, MARK, f"{MARK} one", "") == "31"


def test_a_comment_whose_answer_was_lost_is_not_made_twice(forge: ForgejoForge) -> None:
    ref = forge.opens()
    forge.server.faults.add(Fault(Trouble.DROP_AFTER, "POST"))
    with pytest.raises(Uncertain):
        forge.tracker.put_comment(ref, MARK, f"{MARK} one", "")
    forge.tracker.put_comment(ref, MARK, f"{MARK} one", "")

    assert forge.comments_of(ref) == [f"{MARK} one"]


def test_our_comment_is_found_among_many(forge: ForgejoForge) -> None:
    ref = forge.opens()
    for n in range(60):
        forge.comments(ref, "ada", f"Remark {n}")
    made = forge.tracker.put_comment(ref, MARK, f"{MARK} one", "")

    assert forge.tracker.put_comment(ref, MARK, f"{MARK} two", "") == made


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param({"status_code": 500, "json": {}}, PortError, id="a tired server"),
        pytest.param({"status_code": 200, "json": {"message": "?"}}, Unexpected, id="no list"),
        pytest.param({"status_code": 200, "json": [{"id": 1, "body": MARK}]}, Unexpected, id="another shape"),
    ],
)
def test_a_list_that_could_not_be_read_makes_no_second_comment(
    wire: respx.MockRouter, wired: ForgejoTracker, answer: dict[str, Any], error: type[PortError]
) -> None:
    wire.get("/user").respond(200, json=user(7))
    wire.get(f"{BASE}/issues/42/comments").respond(**answer)

    with pytest.raises(error):
        wired.put_comment(REF, MARK, f"{MARK} one", "")


def test_an_archived_repository_refuses(forge: ForgejoForge) -> None:
    ref = forge.opens()
    forge.server.archive(SLUG)

    with pytest.raises(Refused, match="423"):
        forge.tracker.put_comment(ref, MARK, f"{MARK} one", "")


@pytest.mark.parametrize("write", ["close", "reopen"])
def test_a_repository_that_went_out_of_reach_is_refused_and_not_gone(forge: ForgejoForge, write: str) -> None:
    ref = forge.opens()
    forge.server.remove_collaborator(SLUG, "afk-bot")

    with pytest.raises(Refused, match="does not reach"):
        getattr(forge.tracker, write)(ref)


def test_a_missing_issue_of_a_readable_repository_is_gone(forge: ForgejoForge) -> None:
    with pytest.raises(Gone):
        forge.tracker.close(IssueRef("infra", 99))


# the brief's comments


def test_a_brief_leaves_out_our_own_comments_and_those_of_nobody(forge: ForgejoForge) -> None:
    issue = released(forge)
    forge.server.add_user("leaver")
    forge.server.add_collaborator(SLUG, "leaver", "write")
    forge.tracker.put_comment(issue.ref, MARK, f"{MARK} one", "")
    forge.comments(issue.ref, "leaver", "Left behind")
    forge.comments(issue.ref, "afk-bot", "Written by hand")
    forge.comments(issue.ref, "ada", f"{MARK} forged")
    forge.server.delete_user("leaver")
    found = forge.tracker.brief(issue)

    assert [(each.author, each.text) for each in found.comments] == [
        ("afk-bot", "Written by hand"),
        ("ada", f"{MARK} forged"),
    ]


def test_a_comment_of_somebody_who_could_not_be_asked_about_is_left_out(forge: ForgejoForge) -> None:
    issue = released(forge)
    forge.comments(issue.ref, "olga", "Mind the gap")
    forge.server.faults.add(Fault(Trouble.STATUS, "/collaborators/olga/", status=500))

    assert forge.tracker.brief(issue).comments == ()
    assert [each.author for each in forge.tracker.brief(issue).comments] == ["olga"]
