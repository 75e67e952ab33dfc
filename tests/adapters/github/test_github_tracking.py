"""Runs in flight are followed by node id in few requests; nothing is gone unless it can be seen to be."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from afk.adapters.github import GithubTracker
from afk.core.model import Closing, IssueRef, Tracked
from afk.ports import Gone, Refused, TrackAsk, Unexpected, Unreachable
from afk.sandbox.github import GraphqlFault
from tests.adapters.github.conftest import LABELS, a_repo
from tests.contract.forges import StoryClock

if TYPE_CHECKING:
    from collections.abc import Mapping

    import respx

    from afk.adapters.github import Client
    from afk.ports import PortError
    from tests.adapters.github.conftest import Hub

INFRA = "acme/infra"


def ask(hub: Hub, ref: IssueRef) -> TrackAsk:
    key = hub.server.issue(f"acme/{ref.repo}", ref.number).node_id
    return TrackAsk(ref, key, hub.clock.now(), "run-1")


def track(hub: Hub, *asks: TrackAsk) -> Mapping[IssueRef, Tracked | PortError]:
    return hub.tracker().track(asks)


def test_a_hundred_runs_take_two_requests(hub: Hub) -> None:
    hub.enrol(*(f"repo{n}" for n in range(99)))
    asks = [ask(hub, hub.released(name)) for name in hub.repos]
    hub.clock.time += timedelta(minutes=1)
    for name in hub.repos:
        hub.server.push(f"acme/{name}", "Work", "ada")
    spent = hub.points()
    found = track(hub, *asks)

    assert len(found) == 100
    assert all(isinstance(each, Tracked) and each.commits[-1].message == "Work" for each in found.values())
    assert hub.requests() == ["POST /graphql"] * 2
    assert hub.points() - spent == 2


def test_commits_are_read_to_the_end_of_the_branch(hub: Hub) -> None:
    hub.enrol("web")
    asks = [ask(hub, hub.released()), ask(hub, hub.released("web"))]
    shas = []
    for n in range(230):
        hub.clock.time += timedelta(seconds=1)
        shas.append(hub.server.push(INFRA, f"Work {n}", "ada"))
    found = track(hub, *asks)[asks[0].ref]

    assert isinstance(found, Tracked)
    assert [each.sha for each in found.commits if each.message != "Initial commit"] == shas
    assert len(hub.requests()) == 3


def test_only_the_default_branch_counts_and_a_commit_from_long_ago_does_not(hub: Hub) -> None:
    hub.server.push(INFRA, "Long ago", "ada")
    hub.clock.time += timedelta(minutes=6)
    run = ask(hub, hub.released())
    hub.server.push(INFRA, "Elsewhere", "ada", "topic")
    hub.server.push(INFRA, "Here", "ada")
    found = track(hub, run)[run.ref]

    assert isinstance(found, Tracked)
    assert [each.message for each in found.commits] == ["Here"]


def test_a_commit_that_an_agent_s_slow_clock_dated_is_not_missed(hub: Hub) -> None:
    hub.clock.time += timedelta(hours=1)
    run = ask(hub, hub.released())
    dated = hub.clock.now() - timedelta(minutes=4)
    hub.server.push(INFRA, "Work", "ada", committed_at=dated)
    found = track(hub, run)[run.ref]

    assert isinstance(found, Tracked)
    assert [(each.message, each.at) for each in found.commits] == [("Work", dated)]


def test_a_repository_where_nothing_was_ever_pushed_has_no_commits(hub: Hub) -> None:
    hub.enrol("fresh")
    with hub.server.lock:
        hub.server.forge.world.repository("acme/fresh").branches.clear()
    run = ask(hub, hub.released("fresh"))
    found = track(hub, run)[run.ref]

    assert isinstance(found, Tracked)
    assert found.commits == ()


def test_only_the_last_closing_of_a_closed_issue_is_told(hub: Hub) -> None:
    run = ask(hub, hub.released())
    sha = hub.server.push(INFRA, "Work\n\nFixes #1", "ada")
    first = track(hub, run)[run.ref]
    hub.server.reopen(INFRA, 1, "mia")
    second = track(hub, run)[run.ref]
    hub.server.close(INFRA, 1, "mia", "not_planned")
    third = track(hub, run)[run.ref]

    assert [each.closing for each in (first, second, third) if isinstance(each, Tracked)] == [
        Closing("ada", sha),
        None,
        Closing("mia"),
    ]


def test_an_issue_that_a_pull_request_closed_was_closed_by_a_person(hub: Hub) -> None:
    run = ask(hub, hub.released())
    hub.server.push(INFRA, "Work", "ada", "topic")
    pull = hub.server.open_pull_request(INFRA, "A pull", "ada", body="Fixes #1", head="topic", base="main")
    hub.server.merge_pull_request(INFRA, pull, "mia")
    found = track(hub, run)[run.ref]

    assert isinstance(found, Tracked)
    assert (found.is_open, found.closing) == (False, Closing("mia"))


def test_an_issue_that_was_transferred_is_gone(hub: Hub) -> None:
    hub.enrol("web")
    run = ask(hub, hub.released())
    hub.server.transfer_issue(INFRA, run.ref.number, "acme/web", "mia")

    assert isinstance(track(hub, run)[run.ref], Gone)


@pytest.mark.parametrize("how", ["deleted", "out of reach"])
def test_an_issue_of_a_repository_that_cannot_be_seen_is_not_gone(hub: Hub, how: str) -> None:
    hub.enrol("web")
    lost, kept = ask(hub, hub.released()), ask(hub, hub.released("web"))
    if how == "deleted":
        hub.server.delete_repository(INFRA)
    else:
        hub.server.set_role(INFRA, "afk-bot", "none")
    found = track(hub, lost, kept)

    assert isinstance(found[lost.ref], Refused)
    assert isinstance(found[kept.ref], Tracked)


@pytest.mark.parametrize(
    ("path", "kind", "error"),
    [
        pytest.param("nodes.labels", "INTERNAL", Unreachable, id="the labels"),
        pytest.param("nodes.timelineItems", None, Unreachable, id="the closing"),
        pytest.param("nodes.timelineItems.nodes.closer", "NOT_FOUND", Unexpected, id="what closed it cannot be found"),
        pytest.param("r0.defaultBranchRef.target.history", "INTERNAL", Unreachable, id="the commits"),
        pytest.param("r0.defaultBranchRef", "FORBIDDEN", Refused, id="the branch"),
    ],
)
def test_a_half_answer_is_an_error_and_never_gone(hub: Hub, path: str, kind: str, error: type[PortError]) -> None:
    run = ask(hub, hub.released())
    hub.server.close(INFRA, 1, "ada")
    asked = "AfkClosed" if "timelineItems" in path else "AfkTrack"
    hub.server.graphql_faults.add(GraphqlFault(path, asked, kind=kind))
    found = track(hub, run)[run.ref]

    assert type(found) is error


def test_an_issue_in_a_state_that_nobody_knows_is_neither_open_nor_closed(
    wire: respx.MockRouter, wired: Client
) -> None:
    labels = {"nodes": [], "pageInfo": {"hasNextPage": False}}
    data = {"nodes": [{"state": "PARKED", "labels": labels}], "r0": {"defaultBranchRef": None}}
    wire.post("/graphql").respond(json={"data": data})
    ref = IssueRef("infra", 1)
    found = GithubTracker(wired, {"infra": a_repo("infra")}, LABELS).track(
        [TrackAsk(ref, "I_1", StoryClock().now(), "run")]
    )

    assert isinstance(found[ref], Unexpected)
    assert "PARKED" in str(found[ref])


def test_commits_whose_second_page_is_lost_are_no_commits(hub: Hub) -> None:
    run = ask(hub, hub.released())
    for n in range(101):
        hub.server.push(INFRA, f"Work {n}", "ada")
    hub.server.graphql_faults.add(GraphqlFault("r0", "AfkCommits"))

    assert isinstance(track(hub, run)[run.ref], Unreachable)


def test_two_runs_in_one_repository_share_its_commits(hub: Hub) -> None:
    early = ask(hub, hub.released())
    hub.clock.time += timedelta(hours=1)
    hub.server.push(INFRA, "Work", "ada")
    hub.clock.time += timedelta(hours=1)
    late = ask(hub, hub.released())
    found = track(hub, early, late)

    assert [[c.message for c in each.commits] for each in found.values() if isinstance(each, Tracked)] == [
        ["Initial commit", "Work"],
        [],
    ]
    assert len(hub.requests()) == 1


def test_a_repository_that_is_not_enrolled_is_refused(hub: Hub) -> None:
    run = ask(hub, hub.released())
    tracker = hub.tracker()
    hub.repos.clear()

    assert isinstance(tracker.track([run])[run.ref], Refused)
