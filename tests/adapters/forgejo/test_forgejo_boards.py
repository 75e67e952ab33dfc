"""Boards take one search for each owner, whatever that search leaves in or out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from afk.core.model import Board, ForgeKind, Issue, IssueRef, Repo, Slug
from afk.ports import Gone, PortError, Refused, Unexpected, Unreachable
from afk.sandbox.faults import Fault, Trouble
from tests.adapters.forgejo.conftest import REF, TOKEN, row
from tests.contract.forgejo_forge import INFRA, SLUG, ForgejoForge
from tests.contract.forges import LABELS

if TYPE_CHECKING:
    import respx

    from afk.adapters.forgejo import ForgejoTracker

SEARCH = "/repos/issues/search"
ASKED = {
    "state": "open",
    "type": "issues",
    "labels": "ready-for-agent,agent-in-progress",
    "owner": "acme",
    "page": "1",
    "limit": "50",
}
REPO = {"full_name": "acme/infra", "default_branch": "main"}


def a_repo(slug: str) -> Repo:
    return Repo(slug.partition("/")[2], ForgeKind.FORGEJO, Slug.parse(slug), ())


def ready(found: Board | PortError) -> list[int]:
    assert isinstance(found, Board), found
    return sorted(issue.ref.number for issue in found.ready)


def test_the_requests_are_those_of_the_reference(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    route = wire.get(SEARCH, params=ASKED).respond(200, json=[row()], headers={"X-Total-Count": "1"})
    found = wired.boards([INFRA])["infra"]

    assert isinstance(found, Board)
    assert found.ready == (Issue(REF, "4200", "Disk is full", row()["html_url"], True, frozenset({LABELS.ready})),)
    assert route.calls.last.request.headers["authorization"] == f"token {TOKEN}"


def test_a_hundred_repositories_of_one_owner_with_three_hundred_issues_take_few_requests(forge: ForgejoForge) -> None:
    repos = [a_repo(f"acme/r{n}") for n in range(100)]
    for repo in repos:
        forge.enrol(str(repo.slug))
        for _ in range(3):
            forge.server.open_issue(str(repo.slug), "ada", "A title", labels=(LABELS.ready,))
    found = forge.tracker.boards(repos)

    assert sum(len(ready(found[repo.name])) for repo in repos) == 300
    assert len(forge.requests()) == 7


@pytest.mark.parametrize("counted", [True, False], ids=["with a count", "without"])
def test_every_page_is_read(wire: respx.MockRouter, wired: ForgejoTracker, counted: bool) -> None:
    headers = {"X-Total-Count": "60"} if counted else {}
    pages = {"1": range(1, 51), "2": range(51, 61), "3": range(0)}
    for page, numbers in pages.items():
        rows = [row(number) for number in numbers]
        wire.get(SEARCH, params=ASKED | {"page": page}).respond(200, json=rows, headers=headers)

    assert len(ready(wired.boards([INFRA])["infra"])) == 60
    assert len(wire.calls) == (2 if counted else 3)


def test_a_server_that_gives_smaller_pages_than_asked_for_is_read_to_its_end(
    wire: respx.MockRouter, wired: ForgejoTracker
) -> None:
    for page, numbers in {"1": range(1, 21), "2": range(21, 31)}.items():
        rows = [row(number) for number in numbers]
        wire.get(SEARCH, params=ASKED | {"page": page}).respond(200, json=rows, headers={"X-Total-Count": "30"})

    assert len(ready(wired.boards([INFRA])["infra"])) == 30


def test_a_search_without_an_end_is_given_up_and_said_so(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    wire.get(SEARCH).respond(200, json=[row(number) for number in range(1, 51)])
    found = wired.boards([INFRA])["infra"]

    assert isinstance(found, Unexpected)
    assert str(found).endswith("more than 40 pages")


def test_a_search_that_filters_nothing_is_filtered_here(forge: ForgejoForge) -> None:
    """So it is where nobody has created our labels yet."""
    for name in (LABELS.ready, LABELS.in_progress):
        forge.server.delete_label(SLUG, name)
    forge.opens()

    assert forge.tracker.boards([INFRA]) == {"infra": Board()}


def test_rows_of_pull_requests_closed_issues_and_other_repositories_are_left_out(
    wire: respx.MockRouter, wired: ForgejoTracker
) -> None:
    rows = [
        row(1),
        row(2, pull_request={"merged": False}),
        row(3, state="closed"),
        row(4, labels=[{"id": 6, "name": "Ready-For-Agent"}]),
        row(5, labels=None),
        row(6, repository={"full_name": "acme/other"}),
        row(1),
    ]
    wire.get(SEARCH).respond(200, json=rows, headers={"X-Total-Count": str(len(rows))})

    assert ready(wired.boards([INFRA])["infra"]) == [1]


def test_owners_are_searched_one_by_one(forge: ForgejoForge) -> None:
    forge.enrol("ada/notes")
    forge.server.open_issue("ada/notes", "ada", "A title", labels=(LABELS.ready,))
    notes = a_repo("ada/notes")
    forge.labels(forge.opens())
    found = forge.tracker.boards([INFRA, notes])

    assert (ready(found["infra"]), ready(found["notes"])) == ([1], [1])
    assert sorted(forge.requests()) == [f"GET {SEARCH}"] * 2


def test_a_repository_that_cannot_be_seen_is_not_an_empty_board(forge: ForgejoForge) -> None:
    hidden = a_repo("acme/hidden")
    forge.server.create_repository("acme/hidden")
    forge.labels(forge.opens())
    found = forge.tracker.boards([INFRA, hidden])

    assert ready(found["infra"]) == [1]
    assert isinstance(found["hidden"], Refused)
    assert str(found["hidden"]).endswith("the token does not reach the repository")


def test_an_empty_board_is_proved_once_in_a_while(forge: ForgejoForge) -> None:
    asked = []
    for minutes in (0, 5, 6):
        forge.passes(minutes=minutes)
        assert forge.tracker.boards([INFRA]) == {"infra": Board()}
        asked.append(len(forge.requests()))

    assert asked == [2, 1, 2]


def test_a_repository_with_a_new_name_is_not_an_empty_board(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    wire.get(SEARCH).respond(200, json=[])
    wire.get("/repos/acme/infra").respond(200, json=REPO | {"full_name": "acme/platform"})

    assert str(wired.boards([INFRA])["infra"]) == "Forgejo: acme/infra is called acme/platform now"


def test_an_owner_that_nobody_knows_spoils_no_other(forge: ForgejoForge) -> None:
    forge.labels(forge.opens())
    found = forge.tracker.boards([INFRA, a_repo("nobody/notes")])

    assert ready(found["infra"]) == [1]
    assert isinstance(found["notes"], Refused)


def test_a_row_of_another_shape_spoils_its_own_board_only(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    bad = row(1, repository={"full_name": "acme/odd"}, state="archived")
    wire.get(SEARCH).respond(200, json=[row(), bad], headers={"X-Total-Count": "2"})
    found = wired.boards([INFRA, a_repo("acme/odd")])

    assert ready(found["infra"]) == [42]
    assert isinstance(found["odd"], Unexpected)


def test_half_a_search_is_no_board(forge: ForgejoForge) -> None:
    for _ in range(60):
        forge.labels(forge.opens())
    forge.server.faults.add(Fault(Trouble.SLOW, SEARCH, seconds=0.0))
    forge.server.faults.add(Fault(Trouble.STATUS, SEARCH, status=500))

    assert isinstance(forge.tracker.boards([INFRA])["infra"], Unreachable)


# single issues


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param({"status_code": 401, "json": {"message": "token is required"}}, Refused, id="a wrong token"),
        pytest.param({"status_code": 403, "json": {"message": "scope"}}, Refused, id="a missing scope"),
        pytest.param({"status_code": 429, "json": {}}, Unreachable, id="too often"),
        pytest.param({"status_code": 502, "text": ""}, Unreachable, id="down"),
        pytest.param({"status_code": 200, "text": "<html>"}, Unexpected, id="a proxy's page"),
        pytest.param({"status_code": 200, "json": {"id": 1}}, Unexpected, id="another shape"),
        pytest.param({"status_code": 200, "json": row(pull_request={})}, Gone, id="a pull request"),
    ],
)
def test_an_issue_that_cannot_be_read_is_an_error(
    wire: respx.MockRouter, wired: ForgejoTracker, answer: dict[str, Any], error: type[PortError]
) -> None:
    wire.get("/repos/acme/infra/issues/42").respond(**answer)
    found = wired.issues([REF])[REF]

    assert isinstance(found, error)
    assert "infra#42" in str(found)
    assert TOKEN not in str(found)


@pytest.mark.parametrize(("repository", "error"), [(200, Gone), (404, Refused)], ids=["readable", "hidden"])
def test_an_issue_is_gone_only_if_its_repository_can_be_read(
    wire: respx.MockRouter, wired: ForgejoTracker, repository: int, error: type[PortError]
) -> None:
    wire.get("/repos/acme/infra/issues/42").respond(404, json={"message": "not found"})
    wire.get("/repos/acme/infra").respond(repository, json=REPO)

    assert isinstance(wired.issues([REF])[REF], error)


def test_a_repository_that_is_not_enrolled_is_refused(forge: ForgejoForge) -> None:
    ref = IssueRef("other", 1)

    assert isinstance(forge.tracker.issues([ref])[ref], Refused)
    assert forge.requests() == []
