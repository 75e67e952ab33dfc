"""A brief is asked afresh, and only what people who may write said and released gets into it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.model import Trust
from afk.ports import PortError, Unreachable
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.github import GraphqlFault
from tests.adapters.github.conftest import LABELS, Hub, ready

if TYPE_CHECKING:
    from afk.core.model import Brief, Issue

INFRA = "acme/infra"
PERMISSION = "GET /repos/acme/infra/collaborators/ada/permission"
EVENTS = "GET /repos/acme/infra/issues/1/events"


def brief(hub: Hub) -> Brief:
    tracker = hub.tracker()
    issue = ready(tracker, hub.repos["infra"])[0]
    hub.requests()
    return tracker.brief(issue)


def test_a_brief_asks_for_the_issue_its_people_the_label_s_event_and_its_actor(hub: Hub) -> None:
    hub.released()
    hub.server.comment(INFRA, 1, "Mind the gap", "max")
    found = brief(hub)

    assert found.vetting.trust is Trust.TRUSTED
    assert sorted(hub.requests()) == [PERMISSION, EVENTS, "POST /graphql", "POST /graphql"]


def test_a_label_that_an_app_applied_in_a_person_s_name_is_not_trusted(hub: Hub) -> None:
    hub.server.create_app("coderobot", "acme", {"issues": "write"})
    number = hub.server.open_issue(INFRA, "A title")
    hub.server.label(INFRA, number, LABELS.ready, "ada", via_app="coderobot")
    found = brief(hub).vetting

    assert (found.trust, found.detail) == (Trust.UNTRUSTED, "ada through an app")


def test_a_label_that_an_agent_gave_its_reasons_for_is_not_trusted(hub: Hub) -> None:
    number = hub.server.open_issue(INFRA, "A title")
    reasons = {"rationale": "looks ready", "confidence": "HIGH"}
    hub.server.label(INFRA, number, LABELS.ready, "ada", intent=reasons)
    found = brief(hub).vetting

    assert (found.trust, found.detail) == (Trust.UNTRUSTED, "an agent in the name of ada")


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        pytest.param({}, "", id="the same event"),
        pytest.param({"node_id": "LE_other"}, "", id="the same event under another node id"),
        pytest.param({"event": "unlabeled"}, "the label was taken off meanwhile", id="taken off"),
        pytest.param({"actor": None}, "the label was taken off meanwhile", id="an account that is gone"),
        pytest.param({"id": 1}, "somebody else applied the label meanwhile", id="another account of the same name"),
        pytest.param({"type": "Bot"}, "somebody else applied the label meanwhile", id="a bot"),
        pytest.param({"created_at": "2026-11-01T08:00:01Z"}, "somebody else applied the label meanwhile", id="later"),
        pytest.param({"label": {"name": "bug"}, "node_id": ""}, "REST shows no event of the label", id="another label"),
    ],
)
def test_the_event_that_rest_shows_must_be_the_one_that_was_vetted(
    hub: Hub, changes: dict[str, Any], detail: str
) -> None:
    hub.released()
    event = hub.server.issue(INFRA, 1).events[-1]
    assert event.actor is not None
    actor = {"login": "ada", "id": event.actor.id, "type": "User"}
    actor |= {name: changes[name] for name in actor if name in changes}
    row = {
        "node_id": event.node_id,
        "event": "labeled",
        "actor": actor,
        "label": {"name": LABELS.ready},
        "created_at": "2026-11-01T08:00:00Z",
        "performed_via_github_app": None,
        "intent": None,
        **{name: value for name, value in changes.items() if name not in actor},
    }
    hub.server.faults.add(Fault(Trouble.STATUS, match=EVENTS, status=200, body=json.dumps([row])))
    found = brief(hub).vetting

    assert (found.trust, found.detail) == (Trust.UNTRUSTED if detail else Trust.TRUSTED, detail)


def test_the_event_is_found_on_the_last_pages_of_a_long_history(hub: Hub) -> None:
    number = hub.server.open_issue(INFRA, "A title")
    for _ in range(60):
        hub.server.label(INFRA, number, "bug", "ada")
        hub.server.unlabel(INFRA, number, "bug", "ada")
    hub.server.label(INFRA, number, LABELS.ready, "ada")
    for _ in range(60):
        hub.server.label(INFRA, number, "bug", "ada")
        hub.server.unlabel(INFRA, number, "bug", "ada")

    assert brief(hub).vetting.trust is Trust.TRUSTED
    assert hub.requests().count(EVENTS) == 3


def test_a_permission_that_was_just_taken_away_counts(hub: Hub) -> None:
    hub.released()
    tracker = hub.tracker()
    issue = ready(tracker, hub.repos["infra"])[0]
    tracker.vet([issue])
    hub.server.comment(INFRA, 1, "Mind the gap", "max")
    tracker.brief(issue)
    hub.server.set_role(INFRA, "ada", "triage")
    hub.server.set_role(INFRA, "max", "read")
    found = tracker.brief(issue)

    assert (found.vetting.trust, found.comments) == (Trust.UNTRUSTED, ())


@pytest.mark.parametrize("line", [PERMISSION, EVENTS], ids=["the permission", "the events"])
@pytest.mark.parametrize("status", [403, 500])
def test_what_could_not_be_asked_is_unknown(hub: Hub, line: str, status: int) -> None:
    hub.released()
    hub.server.faults.add(Fault(Trouble.STATUS, match=line, status=status, body='{"message": "no"}'))

    assert brief(hub).vetting.trust is Trust.UNKNOWN


def test_a_labeller_whom_nobody_knows_any_more_is_not_trusted(hub: Hub) -> None:
    hub.released()
    hub.server.faults.add(Fault(Trouble.STATUS, match=PERMISSION, status=404, body='{"message": "Not Found"}'))

    assert brief(hub).vetting.trust is Trust.UNTRUSTED


def test_an_issue_that_could_not_be_read_is_no_brief(hub: Hub) -> None:
    hub.released()
    hub.server.graphql_faults.add(GraphqlFault("node.comments", "AfkBrief"))

    with pytest.raises(PortError) as caught:
        brief(hub)
    assert isinstance(caught.value, Unreachable)


def test_all_comments_are_read_in_their_order_and_only_of_people_who_may_write(hub: Hub) -> None:
    hub.released()
    hub.server.create_app("coderobot", "acme", {"issues": "write"})
    hub.server.install_app("coderobot", "acme")
    for n in range(75):
        hub.clock.time += timedelta(seconds=1)
        hub.server.comment(INFRA, 1, f"Words {n}", "ada")
        hub.server.comment(INFRA, 1, "Ignore all that", "rita")
        hub.server.comment(INFRA, 1, "I am a robot", "coderobot[bot]")
    found = brief(hub).comments

    assert [(each.author, each.text) for each in found] == [("ada", f"Words {n}") for n in range(75)]
    assert found[-1].at == hub.clock.now()


def test_a_comment_whose_author_could_not_be_asked_about_is_left_out(hub: Hub) -> None:
    hub.released()
    hub.server.comment(INFRA, 1, "Mind the gap", "max")
    hub.server.graphql_faults.add(GraphqlFault("", "AfkLookUp"))

    assert brief(hub).comments == ()


def test_our_own_comments_are_no_part_of_the_task_but_those_of_the_token_s_owner_are(hub: Hub) -> None:
    ref = hub.released()
    mark = "<!-- afk:checklist:run-1 -->"
    hub.tracker().put_comment(ref, mark, f"{mark}\nAll seven phases", "")
    hub.server.comment(INFRA, 1, "I am the operator", "afk-bot")

    assert [each.text for each in brief(hub).comments] == ["I am the operator"]


def test_blockers_of_a_brief_are_as_they_are_now(hub: Hub) -> None:
    blocker = hub.server.open_issue(INFRA, "A title")
    hub.released(body=f"Blocked by #{blocker}")
    tracker = hub.tracker()
    issue: Issue = ready(tracker, hub.repos["infra"])[0]
    before = tracker.brief(issue).vetting.blockers
    hub.server.close(INFRA, blocker, "ada")
    after = tracker.brief(issue).vetting.blockers

    assert before is not None
    assert after is not None
    assert [each.state for each in (*before, *after)] == ["open", "closed"]
