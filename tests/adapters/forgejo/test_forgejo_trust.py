"""Who released an issue, and whether its words are still those that were released."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.model import IssueRef, Trust, Vetting
from afk.ports import Gone, PortError, Unreachable
from afk.sandbox.faults import Fault, Trouble
from tests.adapters.forgejo.conftest import ISSUE, card, event, listed, released, row, user, vetted
from tests.contract.forgejo_forge import SLUG, ForgejoForge
from tests.contract.forges import LABELS

if TYPE_CHECKING:
    import respx

    from afk.adapters.forgejo import ForgejoTracker


RELEASE = [event()]
PERHAPS = "mallory, perhaps: something happened since, and the forge does not say what"


# who


@pytest.mark.parametrize(
    ("permission", "trust"),
    [
        ("none", Trust.UNTRUSTED),
        ("read", Trust.UNTRUSTED),
        ("write", Trust.TRUSTED),
        ("admin", Trust.TRUSTED),
    ],
)
def test_the_label_counts_if_its_applier_may_write(forge: ForgejoForge, permission: str, trust: Trust) -> None:
    forge.server.add_user("zoe")
    forge.server.grant_by_team(SLUG, "zoe", permission)
    ref = forge.opens()
    forge.labels(ref, actor="zoe")

    assert vetted(forge, card(forge, ref)).trust is trust


@pytest.mark.parametrize(
    ("before", "minutes", "after", "trust"),
    [
        pytest.param("write", 4, "read", Trust.TRUSTED, id="a yes is believed for five minutes"),
        pytest.param("write", 5, "read", Trust.UNTRUSTED, id="and no longer"),
        pytest.param("read", 0, "write", Trust.TRUSTED, id="a no is asked about again"),
    ],
)
def test_a_change_of_rights_shows(forge: ForgejoForge, before: str, minutes: int, after: str, trust: Trust) -> None:
    forge.server.add_user("zoe")
    forge.server.grant_by_team(SLUG, "zoe", before)
    ref = forge.opens()
    forge.labels(ref, actor="zoe")
    tracker = forge.tracker
    issue = card(forge, ref)
    tracker.vet([issue])
    forge.server.grant_by_team(SLUG, "zoe", after)
    forge.clock.time += timedelta(minutes=minutes)
    found = tracker.vet([issue])[ref]

    assert isinstance(found, Vetting)
    assert found.trust is trust


def test_an_owner_of_the_organisation_may_write(forge: ForgejoForge) -> None:
    ref = forge.opens()
    forge.labels(ref, actor="olga")

    assert vetted(forge, card(forge, ref)).trust is Trust.TRUSTED


def test_a_label_put_on_with_the_issue_by_its_author_is_judged_like_any_other(forge: ForgejoForge) -> None:
    number = forge.server.open_issue(SLUG, "mallory", "Run this", labels=(LABELS.ready,))
    found = vetted(forge, card(forge, IssueRef("infra", number)))

    assert (found.trust, found.released_by) == (Trust.UNTRUSTED, "mallory")


def test_an_account_that_is_gone_released_nothing(forge: ForgejoForge) -> None:
    issue = released(forge)
    forge.server.delete_user("ada")
    found = vetted(forge, issue)

    assert (found.trust, found.detail, found.released_by) == (Trust.UNTRUSTED, "an account that is gone", None)


def test_a_login_that_passed_to_somebody_else_is_not_trusted(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    answers(wire, permission={"permission": "admin", "user": user(77)})

    assert wired.vet([ISSUE])[ISSUE.ref].trust is Trust.UNTRUSTED  # type: ignore[union-attr]


def test_a_bot_that_is_no_administrator_knows_of_nobody_whether_they_may_write(forge: ForgejoForge) -> None:
    issue = released(forge)
    forge.server.add_collaborator(SLUG, "afk-bot", "write")
    found = vetted(forge, issue)

    assert found.trust is Trust.UNKNOWN
    assert found.detail.endswith("the bot must be an administrator of the repository to ask who may write")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"status_code": 500, "json": {"message": ""}}, id="a tired server"),
        pytest.param({"status_code": 200, "json": {"permission": "admin"}}, id="another shape"),
        pytest.param({"status_code": 200, "text": "<html>"}, id="a proxy's page"),
    ],
)
def test_a_permission_that_could_not_be_asked_is_unknown(
    wire: respx.MockRouter, wired: ForgejoTracker, answer: dict[str, Any]
) -> None:
    answers(wire)
    wire.get("/repos/acme/infra/collaborators/ada/permission").respond(**answer)

    assert wired.vet([ISSUE])[ISSUE.ref].trust is Trust.UNKNOWN  # type: ignore[union-attr]


def test_a_new_word_for_a_permission_is_none(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    answers(wire, permission={"permission": "superuser", "user": user()})

    assert wired.vet([ISSUE])[ISSUE.ref].trust is Trust.UNTRUSTED  # type: ignore[union-attr]


def test_an_account_that_nobody_knows_may_not_write(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    answers(wire)
    wire.get("/repos/acme/infra").respond(200, json={"full_name": "acme/infra", "default_branch": "main"})
    wire.get("/repos/acme/infra/collaborators/ada/permission").respond(404, json={"message": "no such user"})

    assert wired.vet([ISSUE])[ISSUE.ref].trust is Trust.UNTRUSTED  # type: ignore[union-attr]


def test_permissions_are_believed_for_minutes_but_a_brief_asks_again(forge: ForgejoForge) -> None:
    issue = released(forge)
    assert vetted(forge, issue).trust is Trust.TRUSTED
    forge.server.add_collaborator(SLUG, "ada", "read")

    assert vetted(forge, issue).trust is Trust.TRUSTED
    assert forge.tracker.brief(issue).vetting.trust is Trust.UNTRUSTED
    assert vetted(forge, issue).trust is Trust.UNTRUSTED


def test_permissions_are_not_believed_for_longer(forge: ForgejoForge) -> None:
    issue = released(forge)
    vetted(forge, issue)
    forge.server.add_collaborator(SLUG, "ada", "read")
    forge.passes(minutes=6)

    assert vetted(forge, issue).trust is Trust.UNTRUSTED


# the label


@pytest.mark.parametrize(
    "events",
    [
        pytest.param(None, id="no event at all"),
        pytest.param([event(body="")], id="taken off"),
        pytest.param([event(), event(body="")], id="put on and taken off"),
        pytest.param([event(label={"id": 6, "name": "bug"})], id="another label"),
        pytest.param([event(label=None)], id="a label that was deleted"),
        pytest.param([event("comment")], id="a comment"),
    ],
)
def test_a_label_that_nobody_put_on_is_no_release(
    wire: respx.MockRouter, wired: ForgejoTracker, events: list[dict[str, Any]] | None
) -> None:
    answers(wire, events)
    found = wired.vet([ISSUE])[ISSUE.ref]

    assert (found.trust, found.detail) == (Trust.UNTRUSTED, "nobody applied the label")  # type: ignore[union-attr]


def test_an_event_without_the_label_on_the_issue_is_no_release(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    answers(wire, issue=row(labels=None))

    assert wired.vet([ISSUE])[ISSUE.ref].trust is Trust.UNTRUSTED  # type: ignore[union-attr]


def test_the_last_event_counts_though_many_pages_lie_before_it(forge: ForgejoForge) -> None:
    issue = released(forge)
    for n in range(60):
        forge.comments(issue.ref, "ada", f"Remark {n}")
        if n % 2:
            forge.server.review_code(SLUG, issue.ref.number, by="ada")
    forge.passes(minutes=1)
    forge.unlabels(issue.ref, LABELS.ready)
    forge.labels(issue.ref, actor="mallory")

    assert (vetted(forge, issue).trust, vetted(forge, issue).released_by) == (Trust.UNTRUSTED, "mallory")


def test_a_page_that_fails_leaves_the_issue_unknown(forge: ForgejoForge) -> None:
    issue, other = released(forge), released(forge)
    forge.server.faults.add(Fault(Trouble.STATUS, f"/issues/{issue.ref.number}/timeline", times=None, status=502))
    found = forge.tracker.vet([issue, other])

    assert isinstance(found[issue.ref], Unreachable)
    assert found[other.ref].trust is Trust.TRUSTED  # type: ignore[union-attr]


# the words


def test_a_strangers_issue_is_trusted_as_it_was_released(forge: ForgejoForge) -> None:
    assert vetted(forge, released(forge, author="mallory")).trust is Trust.TRUSTED


def test_a_strangers_edit_cannot_hide_behind_a_comment(forge: ForgejoForge) -> None:
    """The issue's own time then is that of the comment, which says nothing about the edit before it."""
    issue = released(forge, author="mallory")
    forge.passes(minutes=1)
    forge.edits(issue.ref, "mallory", "rm -rf /")
    forge.passes(minutes=1)
    forge.comments(issue.ref, "ada", "Nice")
    found = vetted(forge, issue)

    assert (found.trust, found.detail) == (Trust.EDITED, PERHAPS)


def test_words_that_were_seen_untouched_are_known_again_whatever_happens_beside_them(forge: ForgejoForge) -> None:
    issue = released(forge, author="mallory")
    vetted(forge, issue)
    forge.passes(minutes=1)
    forge.comments(issue.ref, "mallory", "Any news?")
    assert vetted(forge, issue).trust is Trust.TRUSTED
    forge.edits(issue.ref, "mallory", "rm -rf /")

    assert vetted(forge, issue).trust is Trust.EDITED


def test_without_that_memory_a_strangers_issue_needs_its_label_again(forge: ForgejoForge) -> None:
    issue = released(forge, author="mallory")
    vetted(forge, issue)
    forge.passes(minutes=1)
    forge.comments(issue.ref, "ada", "Any news?")
    forge.memory.clear()
    assert (vetted(forge, issue).trust, vetted(forge, issue).detail) == (Trust.EDITED, PERHAPS)
    forge.unlabels(issue.ref, LABELS.ready)
    forge.labels(issue.ref)

    assert vetted(forge, issue).trust is Trust.TRUSTED


def test_words_seen_under_one_release_are_not_those_of_another(forge: ForgejoForge) -> None:
    issue = released(forge, author="mallory", body="First")
    vetted(forge, issue)
    forge.edits(issue.ref, "mallory", "Second")
    forge.passes(minutes=1)
    forge.unlabels(issue.ref, LABELS.ready)
    forge.labels(issue.ref)
    forge.passes(minutes=1)
    forge.edits(issue.ref, "mallory", "First")

    assert vetted(forge, issue).trust is Trust.EDITED


def test_whatever_happens_to_a_writers_issue_its_words_are_a_writers(forge: ForgejoForge) -> None:
    issue = released(forge, author="ada")
    forge.passes(minutes=1)
    forge.edits(issue.ref, "ada", "More")
    forge.comments(issue.ref, "mallory", "Do this, too")

    assert vetted(forge, issue).trust is Trust.TRUSTED


def test_an_author_who_is_gone_is_a_stranger(forge: ForgejoForge) -> None:
    forge.server.add_user("leaver")
    issue = released(forge, author="leaver")
    forge.server.delete_user("leaver")
    assert vetted(forge, issue).trust is Trust.TRUSTED
    forge.memory.clear()
    forge.passes(minutes=1)
    forge.edits(issue.ref, "olga", "Other words")

    assert (vetted(forge, issue).trust, vetted(forge, issue).detail) == (Trust.EDITED, "an account that is gone")


@pytest.mark.parametrize(
    ("by", "trust", "detail"),
    [("ada", Trust.TRUSTED, ""), ("mallory", Trust.EDITED, "mallory")],
)
def test_a_new_title_counts_by_who_gave_it(forge: ForgejoForge, by: str, trust: Trust, detail: str) -> None:
    issue = released(forge)
    forge.passes(minutes=1)
    forge.server.edit_issue(SLUG, issue.ref.number, by, title="Another title")
    found = vetted(forge, issue)

    assert (found.trust, found.detail) == (trust, detail)


def test_a_title_given_before_the_release_is_what_was_released(forge: ForgejoForge) -> None:
    ref = forge.opens()
    forge.server.edit_issue(SLUG, ref.number, "mallory", title="Another title")
    forge.passes(minutes=1)
    forge.labels(ref)

    assert vetted(forge, card(forge, ref)).trust is Trust.TRUSTED


def test_a_title_given_in_the_same_second_counts_as_given_afterwards(forge: ForgejoForge) -> None:
    ref = forge.opens()
    forge.server.edit_issue(SLUG, ref.number, "mallory", title="Another title")
    forge.labels(ref)

    assert vetted(forge, card(forge, ref)).trust is Trust.EDITED


# identity


def test_another_issue_under_the_same_number_is_not_the_one_that_was_meant(
    wire: respx.MockRouter, wired: ForgejoTracker
) -> None:
    answers(wire, issue=row(id=1))

    assert isinstance(wired.vet([ISSUE])[ISSUE.ref], Gone)


@pytest.mark.parametrize(
    "issue",
    [
        pytest.param(row(user={"login": "ada"}), id="an author without an id"),
        pytest.param(row(updated_at="2026-11-01T09:00:00"), id="a time without a zone"),
        pytest.param(row(state="archived"), id="a new word for a state"),
    ],
)
def test_an_issue_of_another_shape_is_believed_in_no_part(
    wire: respx.MockRouter, wired: ForgejoTracker, issue: dict[str, Any]
) -> None:
    answers(wire, issue=issue)

    assert isinstance(wired.vet([ISSUE])[ISSUE.ref], PortError)


def answers(
    wire: respx.MockRouter,
    events: list[dict[str, Any]] | None = RELEASE,
    issue: dict[str, Any] | None = None,
    permission: dict[str, Any] | None = None,
) -> None:
    """ada releases her own issue, unless it says otherwise."""
    base = "/repos/acme/infra"
    for page, rows in (("1", events), ("2", None)):
        wire.get(f"{base}/issues/42/timeline", params={"page": page, "limit": "50"}).respond(**listed(rows))
    wire.get(f"{base}/issues/42").respond(200, json=issue or row())
    wire.get(f"{base}/issues/42/dependencies").respond(200, json=[])
    said = permission or {"permission": "write", "user": user()}
    wire.get(f"{base}/collaborators/ada/permission").respond(200, json=said)
