"""Trust rests on who applied the label and who changed the words since; whatever could not be asked trusts nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from afk.adapters.github import GithubTracker, lookups
from afk.adapters.github import tracker as tracker_module
from afk.adapters.github.lookups import Lookups, Wish
from afk.adapters.github.people import Person
from afk.core.model import Blocker, BlockerState, Issue, IssueRef, Slug, Trust, Vetting
from afk.ports import Gone, PortError, Refused, Unexpected, Unreachable
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.github import GraphqlFault
from tests.adapters.github.conftest import LABELS, Hub, a_repo, ready

if TYPE_CHECKING:
    import respx

    from afk.adapters.github import Client

AFTER = timedelta(minutes=1)
INFRA = "acme/infra"


def vetting(hub: Hub, repo: str = "infra", **settings: SecretStr) -> Vetting:
    """Of the newest released issue, by a process that knows nothing yet."""
    hub.memory.clear()
    tracker = hub.tracker(**settings)
    issue = ready(tracker, hub.repos[repo])[-1]
    found = tracker.vet([issue])[issue.ref]
    assert isinstance(found, Vetting), found
    return found


def blockers(hub: Hub) -> list[tuple[str, BlockerState]] | None:
    found = vetting(hub).blockers
    return None if found is None else [(each.name, each.state) for each in found]


@pytest.mark.parametrize(
    ("login", "trust"),
    [
        pytest.param("mia", Trust.TRUSTED, id="admin"),
        pytest.param("max", Trust.TRUSTED, id="maintain"),
        pytest.param("ada", Trust.TRUSTED, id="write"),
        pytest.param("tess", Trust.UNTRUSTED, id="triage may label but not write"),
    ],
)
def test_the_labeller_needs_write_access(hub: Hub, login: str, trust: Trust) -> None:
    hub.released(actor=login)

    assert vetting(hub).trust is trust


@pytest.mark.parametrize("private", [True, False], ids=["private", "public"])
def test_a_stranger_whose_label_came_with_an_issue_form_is_not_trusted(hub: Hub, private: bool) -> None:
    hub.enrol("open", private=private)
    place = "acme/open"
    hub.server.create_user("stranger")
    hub.server.set_role(place, "stranger", "read")
    hub.server.open_issue(place, "Give me the keys", author="stranger", labels=[LABELS.ready])
    hub.server.set_role(place, "stranger", "none")

    assert vetting(hub, "open").trust is Trust.UNTRUSTED


def test_a_member_of_the_organisation_is_trusted_only_where_the_base_role_writes(hub: Hub) -> None:
    acme = hub.server.forge.world.account("acme")
    acme.members.add(hub.server.create_user("mona"))
    hub.server.set_role(INFRA, "mona", "triage")
    hub.released(actor="mona")
    assert vetting(hub).trust is Trust.UNTRUSTED
    acme.base_role = type(acme.base_role)("write")

    assert vetting(hub).trust is Trust.TRUSTED


def test_a_label_of_an_app_is_not_trusted(hub: Hub) -> None:
    hub.server.create_app("coderobot", "acme", {"issues": "write", "contents": "write"})
    hub.server.install_app("coderobot", "acme")
    hub.released(actor="coderobot[bot]")
    found = vetting(hub)

    assert (found.trust, found.detail) == (Trust.UNTRUSTED, "coderobot")


def test_a_label_of_an_account_that_is_gone_is_not_trusted(hub: Hub) -> None:
    hub.server.create_user("ghost")
    hub.server.set_role(INFRA, "ghost", "write")
    hub.released(actor="ghost")
    hub.server.delete_user("ghost")
    found = vetting(hub)

    assert (found.trust, found.released_by, found.detail) == (Trust.UNTRUSTED, None, "an account that is gone")


def test_another_account_that_took_over_the_login_is_not_trusted(hub: Hub) -> None:
    """The event shows the labeller's new login; the old one belongs to somebody who may write."""
    with hub.server.lock:
        world = hub.server.forge.world
        ada = world.account("ada")
        hub.released()
        hub.server.delete_user("ada")
        hub.server.create_user("ada")
        hub.server.set_role(INFRA, "ada", "write")
        event = hub.server.issue(INFRA, 1).events[-1]
        event.actor = ada
    found = vetting(hub)

    assert (found.trust, found.detail) == (Trust.UNTRUSTED, "ada")


def test_the_label_event_is_found_behind_hundreds_of_others(hub: Hub) -> None:
    ref = hub.released(actor="tess")
    for _ in range(90):
        hub.server.label(INFRA, ref.number, "bug", "ada")
        hub.server.unlabel(INFRA, ref.number, "bug", "ada")
    found = vetting(hub)

    assert (found.trust, found.released_by) == (Trust.UNTRUSTED, "tess")
    assert sum(b"AfkHistory" in each.body for each in hub.server.exchanges) == 2


def test_a_label_that_nobody_applied_is_not_trusted(hub: Hub) -> None:
    ref = hub.released()
    hub.server.issue(INFRA, ref.number).events.clear()
    found = vetting(hub)

    assert (found.trust, found.detail) == (Trust.UNTRUSTED, "nobody applied the label")


@pytest.mark.parametrize(
    ("change", "trust"),
    [
        pytest.param({"title": "Other title"}, Trust.EDITED, id="the title"),
        pytest.param({"body": "Other body"}, Trust.EDITED, id="the body"),
        pytest.param({}, Trust.TRUSTED, id="nothing"),
    ],
)
def test_a_change_by_an_author_who_may_not_write_counts(hub: Hub, change: dict[str, str], trust: Trust) -> None:
    ref = hub.released(author="rita")
    hub.clock.time += AFTER
    hub.server.edit_issue(INFRA, ref.number, "rita", **change)

    assert vetting(hub).trust is trust


def test_a_change_in_the_second_of_the_label_counts_as_a_later_one(hub: Hub) -> None:
    ref = hub.released(author="rita")
    hub.server.edit_issue(INFRA, ref.number, "rita", body="Other body")

    assert vetting(hub).trust is Trust.EDITED


def test_a_change_before_the_label_was_released_with_it(hub: Hub) -> None:
    number = hub.server.open_issue(INFRA, "A title", author="rita")
    hub.server.edit_issue(INFRA, number, "rita", body="Other body", title="Other title")
    hub.clock.time += AFTER
    hub.server.label(INFRA, number, LABELS.ready, "ada")

    assert vetting(hub).trust is Trust.TRUSTED


def test_a_change_by_an_account_that_is_gone_counts(hub: Hub) -> None:
    hub.server.create_user("ghost")
    hub.server.set_role(INFRA, "ghost", "write")
    ref = hub.released()
    hub.clock.time += AFTER
    hub.server.edit_issue(INFRA, ref.number, "ghost", body="Other body")
    assert vetting(hub).trust is Trust.TRUSTED
    hub.server.delete_user("ghost")

    assert vetting(hub).trust is Trust.EDITED


def test_the_first_of_many_edits_is_not_forgotten(hub: Hub) -> None:
    ref = hub.released(author="rita")
    hub.clock.time += AFTER
    hub.server.edit_issue(INFRA, ref.number, "rita", body="rm -rf /")
    for n in range(120):
        hub.server.edit_issue(INFRA, ref.number, "ada", body=f"Words {n}")
    found = vetting(hub)

    assert (found.trust, found.detail) == (Trust.EDITED, "rita")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(GraphqlFault("r0.u0", "AfkLookUp"), id="the permission"),
        pytest.param(GraphqlFault("r0", "AfkLookUp", kind="NOT_FOUND"), id="the repository of the permission"),
        pytest.param(GraphqlFault("", "AfkLookUp"), id="the whole look-up"),
        pytest.param(GraphqlFault("node.userContentEdits", "AfkHistory"), id="the edits"),
        pytest.param(GraphqlFault("", "AfkHistory"), id="the whole history"),
    ],
)
def test_what_could_not_be_asked_is_unknown(hub: Hub, fault: GraphqlFault) -> None:
    ref = hub.released(author="ada")
    hub.clock.time += AFTER
    hub.server.edit_issue(INFRA, ref.number, "ada", body="Other body")
    hub.server.graphql_faults.add(fault)

    assert vetting(hub).trust is Trust.UNKNOWN
    assert vetting(hub).trust is Trust.TRUSTED


def test_one_issue_s_error_spoils_no_other(hub: Hub) -> None:
    kept, deleted = hub.released(), hub.released()
    tracker = hub.tracker()
    issues = ready(tracker, hub.repos["infra"])
    hub.server.delete_issue(INFRA, deleted.number, "mia")
    found = tracker.vet(issues)

    assert isinstance(found[deleted], Gone)
    assert isinstance(found[kept], Vetting)


def test_a_token_that_may_not_ask_for_permissions_trusts_nobody(hub: Hub) -> None:
    hub.released()
    hub.server.create_user("weak")
    hub.server.set_role(INFRA, "weak", "triage")
    token = hub.server.token_classic("weak")
    found = vetting(hub, token=SecretStr(token))

    assert found.trust is Trust.UNKNOWN
    assert "push access" in found.detail


def test_a_permission_that_graphql_keeps_back_is_asked_over_rest(hub: Hub) -> None:
    hub.released()
    hub.server.graphql_faults.add(GraphqlFault("r0.u0", "AfkLookUp", kind="FORBIDDEN"))

    assert vetting(hub).trust is Trust.TRUSTED
    assert "GET /repos/acme/infra/collaborators/ada/permission" in hub.requests()


@pytest.mark.parametrize(
    ("answer", "may"),
    [
        pytest.param({"permission": "admin"}, True, id="admin"),
        pytest.param({"permission": "write"}, True, id="write, and maintain"),
        pytest.param({"permission": "read"}, False, id="read, triage, and any stranger where it is public"),
        pytest.param({"permission": "none"}, False, id="none"),
        pytest.param({"permission": "push"}, False, id="a word that nobody knows"),
        pytest.param({"permission": "write", "role_name": "read"}, True, id="a custom role is told by its base"),
        pytest.param({"permission": "admin", "user": {"id": 8, "type": "User"}}, False, id="another account"),
        pytest.param({"permission": "admin", "user": {"id": 7, "type": "Bot"}}, False, id="a bot"),
    ],
)
def test_a_permission_over_rest_is_read_strictly(
    wire: respx.MockRouter, wired: Client, answer: dict[str, object], may: bool
) -> None:
    shape = {"role_name": "x", "user": {"id": 7, "type": "User"}, **answer}
    wire.get("/repos/acme/infra/collaborators/ada/permission").respond(200, json=shape)

    assert Lookups(wired).permission(Slug("acme", "infra"), Person("ada", 7)) is may


@pytest.mark.parametrize(
    ("status", "wanted"),
    [(404, bool), (403, Refused), (500, Unreachable), (200, Unexpected)],
    ids=["nobody of that name", "may not ask", "broken", "no shape"],
)
def test_a_permission_that_rest_does_not_tell_is_no_permission(
    wire: respx.MockRouter, wired: Client, status: int, wanted: type
) -> None:
    wire.get("/repos/acme/infra/collaborators/ada/permission").respond(status, json={"message": "no"})
    found = Lookups(wired).permission(Slug("acme", "infra"), Person("ada", 7))

    assert isinstance(found, wanted)
    assert found is not True


@pytest.mark.parametrize("more", [False, True], ids=["all of them", "more than fit"])
def test_native_blockers_that_were_cut_short_are_unknown(wire: respx.MockRouter, wired: Client, more: bool) -> None:
    node = {
        "id": "I_1", "title": "A title", "body": "", "url": "https://github.com/acme/infra/issues/1", "state": "OPEN",
        "lastEditedAt": None, "editor": None, "issueDependenciesSummary": {"blockedBy": 0},
        "blockedBy": {"pageInfo": {"hasNextPage": more}, "nodes": []},
        "timelineItems": {"pageInfo": {"hasPreviousPage": False, "startCursor": None}, "nodes": []},
    }  # fmt: skip
    wire.post("/graphql").respond(200, json={"data": {"nodes": [node]}})
    ref = IssueRef("infra", 1)
    issue = Issue(ref, "I_1", "A title", "", is_open=True, labels=frozenset())
    found = GithubTracker(wired, {"infra": a_repo("infra")}, LABELS).vet([issue])[ref]

    assert isinstance(found, Vetting)
    assert found.blockers == (None if more else ())


def test_what_fits_in_a_query_is_asked_again_at_every_look(hub: Hub) -> None:
    hub.released()
    tracker = hub.tracker()
    issues = ready(tracker, hub.repos["infra"])
    tracker.vet(issues)
    hub.server.set_role(INFRA, "ada", "read")
    found = tracker.vet(issues)[issues[0].ref]

    assert isinstance(found, Vetting)
    assert found.trust is Trust.UNTRUSTED


@pytest.mark.parametrize(
    ("role", "minutes"),
    [pytest.param("write", 5, id="a yes"), pytest.param("triage", 15, id="a no, which starts nothing")],
)
def test_what_does_not_fit_is_believed_for_minutes(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, role: str, minutes: int
) -> None:
    hub.server.set_role(INFRA, "ada", role)
    hub.released()
    hub.tracker().vet(ready(hub.tracker(), hub.repos["infra"]))
    slug, ada = Slug.parse(INFRA), Person("ada", hub.server.forge.world.account("ada").id)
    monkeypatch.setattr(lookups, "AT_ONCE", 1)  # and somebody unknown takes the room

    def may_write(stranger: int) -> bool | PortError:
        asked = Lookups(hub.client())
        return asked.answer("", Wish({(slug, ada), (slug, Person("rita", stranger))})).writers[slug, ada]

    remembered = may_write(901)
    hub.server.set_role(INFRA, "ada", "triage" if role == "write" else "write")
    hub.clock.time += timedelta(minutes=minutes) - timedelta(seconds=1)
    before = may_write(902)
    hub.clock.time += timedelta(seconds=1)
    after = may_write(903)

    assert (remembered, before, after) == (role == "write", role == "write", role != "write")


def test_an_issue_that_has_not_moved_is_not_read_again(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    hub.released(body="Blocked by #2", actor="tess")
    hub.server.open_issue(INFRA, "First")
    hub.clock.time += AFTER * 2
    fresh = hub.tracker()
    first = fresh.vet(ready(fresh, hub.repos["infra"]))
    hub.requests()
    monkeypatch.setattr(tracker_module, "CASES_OF_A_POINT", 0)
    another_process = hub.tracker()
    again = another_process.vet(ready(another_process, hub.repos["infra"]))

    assert again == first
    assert len(hub.requests()) == 2  # the board, and the permission with the blocker's state


@pytest.mark.parametrize("change", ["moved", "old"])
def test_an_issue_that_moved_or_was_read_long_ago_is_read_again(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    ref = hub.released(actor="tess")
    hub.clock.time += AFTER * 2
    first = hub.tracker()
    first.vet(ready(first, hub.repos["infra"]))
    monkeypatch.setattr(tracker_module, "CASES_OF_A_POINT", 0)
    hub.clock.time += AFTER if change == "moved" else timedelta(hours=3)
    if change == "moved":
        hub.server.unlabel(INFRA, ref.number, LABELS.ready, "ada")
        hub.server.label(INFRA, ref.number, LABELS.ready, "ada")
    hub.requests()
    later = hub.tracker()
    found = later.vet(ready(later, hub.repos["infra"]))[ref]

    assert isinstance(found, Vetting)
    assert found.released_by == ("ada" if change == "moved" else "tess")
    assert sum(line == "POST /graphql" for line in hub.requests()) >= 3


def test_more_issues_than_one_look_takes_have_their_turn_at_the_next(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracker_module, "CASES_AT_MOST", 2)
    monkeypatch.setattr(tracker_module, "CASES_OF_A_POINT", 0)
    refs = [hub.released() for _ in range(3)]
    hub.clock.time += AFTER * 2
    looks = []
    for _ in range(2):
        tracker = hub.tracker()
        looks.append(tracker.vet(ready(tracker, hub.repos["infra"])))

    assert [type(looks[0][ref]) for ref in refs] == [Vetting, Vetting, Unreachable]
    assert str(looks[0][refs[2]]) == "GitHub: infra#3: its turn comes"
    assert [type(looks[1][ref]) for ref in refs] == [Vetting] * 3


def test_blockers_in_other_repositories_are_looked_up_where_they_are(hub: Hub) -> None:
    hub.server.create_repository("other/lib", private=False)
    hub.server.create_repository("other/secret")
    done, open_one = (hub.server.open_issue("other/lib", "A title") for _ in range(2))
    hub.server.close("other/lib", done, "other")
    hidden = hub.server.open_issue("other/secret", "A title")
    hub.released(
        body=f"Blocked by other/lib#{done}, https://github.com/other/lib/issues/{open_one} and other/secret#{hidden}"
    )

    assert blockers(hub) == [
        ("other/lib#1", BlockerState.CLOSED),
        ("other/lib#2", BlockerState.OPEN),
        ("other/secret#1", BlockerState.UNREADABLE),
    ]


def test_a_pull_request_blocks_until_it_is_merged(hub: Hub) -> None:
    hub.server.push(INFRA, "Work", "ada", "topic")
    pull = hub.server.open_pull_request(INFRA, "A pull", "ada", head="topic", base="main")
    hub.released(body=f"Blocked by #{pull}")
    assert blockers(hub) == [(f"acme/infra#{pull}", BlockerState.OPEN)]
    hub.server.merge_pull_request(INFRA, pull, "ada")

    assert blockers(hub) == [(f"acme/infra#{pull}", BlockerState.CLOSED)]


def test_a_native_blocker_that_the_token_cannot_read_blocks_until_it_is_closed(hub: Hub) -> None:
    hub.server.create_repository("acme/secret", collaborators={"ada": "admin"})
    hidden = hub.server.open_issue("acme/secret", "A title")
    ref = hub.released()
    hub.server.block(INFRA, ref.number, hidden, "acme/secret")
    assert blockers(hub) == [("a blocker that this token cannot read", BlockerState.UNREADABLE)]
    hub.server.close("acme/secret", hidden, "ada")

    assert blockers(hub) == []


def test_a_blocker_that_dependencies_and_text_name_counts_once(hub: Hub) -> None:
    blocker = hub.server.open_issue(INFRA, "A title")
    ref = hub.released(body=f"Blocked by ACME/Infra#{blocker}")
    hub.server.block(INFRA, ref.number, blocker)

    assert vetting(hub).blockers == (Blocker(f"acme/infra#{blocker}", BlockerState.OPEN),)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(GraphqlFault("r0.i1", "AfkLookUp"), id="the blocker"),
        pytest.param(GraphqlFault("", "AfkLookUp"), id="the whole look-up"),
    ],
)
def test_a_blocker_whose_state_could_not_be_asked_leaves_the_blockers_unknown(hub: Hub, fault: GraphqlFault) -> None:
    blocker = hub.server.open_issue(INFRA, "A title")
    hub.released(body=f"Blocked by #{blocker}")
    hub.server.graphql_faults.add(fault)

    assert blockers(hub) is None


def test_a_hundred_repositories_with_one_labeller_each_take_one_look_up(hub: Hub) -> None:
    hub.enrol(*(f"repo{n}" for n in range(99)))
    for name in hub.repos:
        hub.released(name, body="Blocked by #1")
    tracker = hub.tracker()
    issues = [ready(tracker, repo)[0] for repo in hub.repos.values()]
    hub.requests()
    tracker.vet(issues)

    assert len(hub.requests()) == 3


def test_a_half_answer_is_unknown(hub: Hub) -> None:
    hub.released()
    tracker = hub.tracker()
    issue = ready(tracker, hub.repos["infra"])[0]
    hub.server.faults.add(Fault(Trouble.TRUNCATED, match="POST /graphql"))
    found = tracker.vet([issue])[issue.ref]

    assert not isinstance(found, Vetting | Gone)
