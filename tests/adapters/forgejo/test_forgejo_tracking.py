"""Issues in flight: how they were closed, and which commits reached the default branch."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.model import Closing, Tracked
from afk.ports import Gone, PortError, Refused, TrackAsk, Unexpected, Unreachable
from afk.sandbox.faults import Fault, Trouble
from tests.adapters.forgejo.conftest import REF, event, listed, released, row, user
from tests.contract.forgejo_forge import SLUG, ForgejoForge

if TYPE_CHECKING:
    import respx

    from afk.adapters.forgejo import ForgejoTracker
    from afk.core.model import Issue

SINCE = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
ASK = TrackAsk(REF, "4200", SINCE, "run-1")
COMMITS = {"sha": "trunk", "page": "1", "limit": "50", "stat": "false", "verification": "false", "files": "false"}
SHA = "5f2c1e9a" * 5
AT_NINE = {"created_at": "2026-11-01T09:00:00+02:00"}
MENTION = event("commit_ref", ref_commit_sha=SHA, created_at="2026-11-01T08:00:00+02:00")


def tracked(forge: ForgejoForge, issue: Issue, since: datetime | None = None) -> Tracked:
    found = forge.tracker.track([TrackAsk(issue.ref, issue.key, since or SINCE, "run-1")])[issue.ref]
    assert isinstance(found, Tracked), found
    return found


def commit(sha: str = SHA, message: str = "Do it", at: str = "2026-11-01T11:00:00+02:00") -> dict[str, Any]:
    return {"sha": sha, "commit": {"message": message, "committer": {"date": at}}}


def answers(wire: respx.MockRouter, issue: dict[str, Any], commits: list[dict[str, Any]]) -> None:
    wire.get("/repos/acme/infra").respond(200, json={"full_name": "acme/infra", "default_branch": "trunk"})
    wire.get("/repos/acme/infra/issues/42").respond(200, json=issue)
    wire.get("/repos/acme/infra/commits", params=COMMITS).respond(200, json=commits)


# commits


def test_the_requests_are_those_of_the_reference(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    old = commit("0" * 40, at="2026-10-01T11:00:00+02:00")
    answers(wire, row(), [commit(), *[old] * 49])
    found = wired.track([ASK])[REF]

    assert isinstance(found, Tracked)
    assert [(each.sha, each.message, each.at.hour) for each in found.commits] == [(SHA, "Do it", 11)]


@pytest.mark.parametrize("flavour", ["forgejo", "gitea"])
def test_commits_are_read_back_to_the_beginning_of_the_run(flavour: str) -> None:
    forge = ForgejoForge(flavour)
    for n in range(30):
        forge.pushes(f"Long ago {n}")
    forge.passes(hours=1)
    issue, since = released(forge), forge.now()
    shas = []
    for n in range(120):
        forge.passes(seconds=1)
        shas.append(forge.pushes(f"New {n}"))
    forge.requests()
    found = tracked(forge, issue, since).commits
    lines = forge.requests()
    forge.stop()

    assert [each.sha for each in found] == shas
    assert lines.count("GET /repos/acme/infra/commits") == 3


def test_a_commit_with_a_date_of_long_ago_hides_none_below_it(forge: ForgejoForge) -> None:
    issue = released(forge)
    forge.passes(hours=1)
    since = forge.now()
    ours = forge.pushes("Ours")
    for n in range(60):
        old = since - timedelta(days=400) if n == 10 else since
        forge.server.push(SLUG, f"Other {n}", by="ada", dated=old)

    assert tracked(forge, issue, since).commits[0].sha == ours


def test_only_the_default_branch_counts(forge: ForgejoForge) -> None:
    forge.pushes("First")
    issue = released(forge)
    forge.passes(hours=1)
    forge.server.push(SLUG, "Elsewhere", by="ada", branch="topic")

    assert tracked(forge, issue, forge.now()).commits == ()


def test_a_repository_where_nothing_was_ever_pushed_has_no_commits(forge: ForgejoForge) -> None:
    assert tracked(forge, released(forge)).commits == ()


def test_runs_of_one_repository_share_its_commits(forge: ForgejoForge) -> None:
    for n in range(20):
        forge.pushes(f"Long ago {n}")
    forge.passes(hours=1)
    first, second = released(forge), released(forge)
    early = forge.now()
    forge.passes(hours=1)
    forge.pushes("Between")
    forge.passes(hours=1)
    late = forge.now()
    sha = forge.pushes("Last")
    forge.requests()
    found = forge.tracker.track(
        [TrackAsk(first.ref, first.key, early, "a"), TrackAsk(second.ref, second.key, late, "b")]
    )
    counts = {ref: len(each.commits) for ref, each in found.items() if isinstance(each, Tracked)}

    assert counts == {first.ref: 2, second.ref: 1}
    assert found[second.ref].commits[0].sha == sha  # type: ignore[union-attr]
    assert forge.requests().count("GET /repos/acme/infra/commits") == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param({"status_code": 500, "json": {"message": ""}}, Unreachable, id="a tired server"),
        pytest.param({"status_code": 403, "json": {"message": "scope"}}, Refused, id="a missing scope"),
        pytest.param({"status_code": 200, "json": [{"sha": SHA}]}, Unexpected, id="another shape"),
        pytest.param(
            {"status_code": 200, "json": [commit(at="2026-11-01T11:00:00")]}, Unexpected, id="a date without a zone"
        ),
        pytest.param({"status_code": 200, "json": [commit()] * 50}, Unexpected, id="no end"),
    ],
)
def test_commits_that_could_not_be_read_are_not_none(
    wire: respx.MockRouter, wired: ForgejoTracker, answer: dict[str, Any], error: type[PortError]
) -> None:
    wire.get("/repos/acme/infra").respond(200, json={"full_name": "acme/infra", "default_branch": "trunk"})
    wire.get("/repos/acme/infra/issues/42").respond(200, json=row())
    wire.get("/repos/acme/infra/commits").respond(**answer)

    assert isinstance(wired.track([ASK])[REF], error)


# the issue


def test_an_issue_that_another_one_replaced_is_gone(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    answers(wire, row(id=1), [])

    assert isinstance(wired.track([ASK])[REF], Gone)


def test_the_issue_is_read_before_the_commits(wire: respx.MockRouter, wired: ForgejoTracker) -> None:
    """Else a commit that closes it in between would look like a person who did."""
    answers(wire, row(), [])
    wired.track([ASK])
    paths = [call.request.url.path.removeprefix("/api/v1/repos/acme/infra") for call in wire.calls]

    assert paths.index("/issues/42") < paths.index("/commits")


@pytest.mark.parametrize(
    ("message", "by", "closing"),
    [
        pytest.param("Fixes #1", "ada", True, id="a keyword"),
        pytest.param("Closes acme/infra#1", "ada", True, id="a keyword with the repository"),
        pytest.param("Refs: acme/infra#1", "ada", False, id="a mention, and the pusher closes it by hand"),
        pytest.param("Fixes #1", "mallory", False, id="somebody who may not close it, and a person does"),
    ],
)
def test_a_commit_closed_an_issue_if_its_message_says_so(
    forge: ForgejoForge, message: str, by: str, closing: bool
) -> None:
    issue = released(forge, author="ada")
    forge.passes(minutes=1)
    sha = forge.server.push(SLUG, f"Do it\n\n{message}", by=by)
    forge.closes(issue.ref)

    assert tracked(forge, issue).closing == Closing("ada", sha if closing else None)


def test_closing_by_hand_long_after_such_a_commit_is_a_persons_act(forge: ForgejoForge) -> None:
    issue = released(forge)
    forge.pushes("Fixes #1")
    forge.passes(minutes=1)
    forge.server.reopen(SLUG, issue.ref.number, by="ada")
    forge.passes(minutes=1)
    forge.closes(issue.ref)

    assert tracked(forge, issue).closing == Closing("ada")


def test_a_closing_keyword_on_another_branch_closes_nothing(forge: ForgejoForge) -> None:
    issue = released(forge)
    forge.pushes("First")
    forge.server.push(SLUG, "Fixes #1", by="ada", branch="topic")

    assert (tracked(forge, issue).is_open, tracked(forge, issue).closing) == (True, None)


@pytest.mark.parametrize(
    ("events", "closing"),
    [
        pytest.param(None, Closing(None), id="no event"),
        pytest.param([event("close", user=user(-1, "Ghost"))], Closing(None), id="an account that is gone"),
        pytest.param([MENTION, event("close")], Closing("ada"), id="a mention long before"),
        pytest.param([MENTION | AT_NINE, event("close")], Closing("ada", SHA), id="a mention at that moment"),
        pytest.param(
            [event("close"), event("reopen"), event("close", user=user(4, "zoe"))], Closing("zoe"), id="the last one"
        ),
    ],
)
def test_who_closed_it_is_read_from_the_timeline_around_that_moment(
    wire: respx.MockRouter, wired: ForgejoTracker, events: Any, closing: Closing
) -> None:
    answers(wire, row(state="closed", closed_at="2026-11-01T12:00:00+02:00"), [commit(message="Fixes #42")])
    wire.get("/repos/acme/infra/commits", params=COMMITS | {"page": "2"}).respond(200, json=[])
    asked = {"since": "2026-11-01T11:59:55+02:00", "limit": "50"}
    wire.get("/repos/acme/infra/issues/42/timeline", params=asked | {"page": "1"}).respond(**listed(events))
    wire.get("/repos/acme/infra/issues/42/timeline", params=asked | {"page": "2"}).respond(**listed(None))
    found = wired.track([ASK])[REF]

    assert isinstance(found, Tracked)
    assert (found.is_open, found.closing) == (False, closing)


def test_a_timeline_that_fails_leaves_the_closing_unknown(forge: ForgejoForge) -> None:
    issue, other = released(forge), released(forge)
    forge.closes(issue.ref)
    forge.server.faults.add(Fault(Trouble.STATUS, "/timeline", status=502))
    asks = [TrackAsk(each.ref, each.key, SINCE, "run-1") for each in (issue, other)]
    found = forge.tracker.track(asks)

    assert isinstance(found[issue.ref], Unreachable)
    assert isinstance(found[other.ref], Tracked)
