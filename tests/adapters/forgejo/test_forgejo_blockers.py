"""What an issue waits for, on the forge and in its text, and what cannot be read of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from afk.core.model import Blocker, BlockerState
from afk.sandbox.faults import Fault, Trouble
from tests.adapters.forgejo.conftest import released, vetted
from tests.contract.forgejo_forge import SLUG, ForgejoForge

if TYPE_CHECKING:
    from afk.core.model import Issue

SECRET = "acme/secret"


def blockers(forge: ForgejoForge, issue: Issue) -> list[tuple[str, BlockerState]] | None:
    found = vetted(forge, issue).blockers
    return None if found is None else [(each.name, each.state) for each in found]


def test_a_blocker_in_another_repository_is_named_with_it(forge: ForgejoForge) -> None:
    forge.enrol("acme/web")
    number = forge.server.open_issue("acme/web", "ada", "First this")
    issue = released(forge)
    forge.server.block(SLUG, issue.ref.number, on=("acme/web", number), by="ada")

    assert blockers(forge, issue) == [("acme/web#1", BlockerState.OPEN)]


def test_a_blocker_that_is_hidden_from_us_blocks(forge: ForgejoForge) -> None:
    """To a reader it is open and called HIDDEN, even when it is closed."""
    forge.server.create_repository(SECRET)
    number = forge.server.open_issue(SECRET, "olga", "Nobody may know")
    issue = released(forge)
    forge.server.block(SLUG, issue.ref.number, on=(SECRET, number), by="olga")
    forge.server.close(SECRET, number, by="olga")
    forge.server.add_collaborator(SLUG, "afk-bot", "read")

    assert vetted(forge, issue).blockers == (Blocker("a blocker that this token cannot read", BlockerState.UNREADABLE),)


def test_many_blockers_are_read_to_the_end(forge: ForgejoForge) -> None:
    issue = released(forge)
    for _ in range(60):
        forge.blocks(issue.ref, forge.opens())

    assert len(blockers(forge, issue) or ()) == 60


def test_a_repository_without_dependencies_has_none(forge: ForgejoForge) -> None:
    forge.server.turn_off_dependencies(SLUG)

    assert blockers(forge, released(forge)) == []


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(Trouble.STATUS, "/dependencies", status=500), id="a tired server"),
        pytest.param(Fault(Trouble.STATUS, "/dependencies", status=403), id="a missing scope"),
        pytest.param(Fault(Trouble.INVALID_JSON, "/dependencies"), id="half a document"),
        pytest.param(Fault(Trouble.STATUS, "/dependencies", status=200, body='[{"title": "?"}]'), id="another shape"),
        pytest.param(Fault(Trouble.STATUS, "/dependencies", status=200, body='{"message": "?"}'), id="no list"),
    ],
)
def test_dependencies_that_could_not_be_asked_are_not_none(forge: ForgejoForge, fault: Fault) -> None:
    issue = released(forge)
    forge.server.faults.add(fault)

    assert blockers(forge, issue) is None


@pytest.mark.parametrize("status", [500, 429, 200])
def test_a_named_blocker_that_could_not_be_asked_about_is_unknown(forge: ForgejoForge, status: int) -> None:
    other = forge.opens()
    issue = released(forge, body=f"Blocked by #{other.number}")
    forge.server.faults.add(Fault(Trouble.STATUS, f"/issues/{other.number}$", status=status, body="{}"))

    assert blockers(forge, issue) is None


def test_addresses_of_this_forge_name_its_issues_and_others_nobodys(forge: ForgejoForge) -> None:
    forge.opens()
    body = f"Blocked by:\n- {forge.server.url}/acme/infra/issues/1\n- https://elsewhere.test/acme/infra/issues/1"
    found: Any = blockers(forge, released(forge, body=body))

    assert found[0] == ("acme/infra#1", BlockerState.OPEN)
    assert [state for _, state in found[1:]] == [BlockerState.UNREADABLE]


def test_a_blocker_that_both_name_is_listed_once(forge: ForgejoForge) -> None:
    other = forge.opens()
    issue = released(forge, body=f"Blocked by ACME/Infra#{other.number}")
    forge.blocks(issue.ref, other)
    forge.requests()

    assert blockers(forge, issue) == [(f"acme/infra#{other.number}", BlockerState.OPEN)]
    assert f"GET /repos/acme/infra/issues/{other.number}" not in forge.requests()


def test_one_blocker_of_many_issues_is_asked_about_once(forge: ForgejoForge) -> None:
    other = forge.opens()
    issues = [released(forge, body=f"Blocked by #{other.number}") for _ in range(3)]
    forge.requests()
    forge.tracker.vet(issues)
    lines = forge.requests()

    assert lines.count(f"GET /repos/acme/infra/issues/{other.number}") == 1
    assert lines.count("GET /repos/acme/infra/collaborators/ada/permission") == 1
