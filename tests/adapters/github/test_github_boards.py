"""Boards of many repositories take few requests and few points, and one repository's trouble is its own."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from afk.adapters.github import boards as boards_module
from afk.core.model import Board, Issue
from afk.ports import Refused, Unexpected, Unreachable
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.github import GraphqlFault
from tests.adapters.github.conftest import LABELS, PEOPLE, Hub, a_repo, ready

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.adapters.github import GithubTracker
    from afk.ports import PortError

QUIET = timedelta(minutes=5)


def boards(hub: Hub, tracker: GithubTracker) -> Mapping[str, Board | PortError]:
    return tracker.boards(list(hub.repos.values()))


def crowd(hub: Hub, repositories: int, issues: int = 3) -> None:
    hub.enrol(*(f"repo{n}" for n in range(1, repositories)))
    for name in hub.repos:
        for _ in range(issues):
            hub.released(name)


def test_a_poll_of_a_hundred_repositories_with_three_hundred_issues_takes_few_requests(hub: Hub) -> None:
    crowd(hub, 100)
    tracker = hub.tracker()
    hub.clock.time += QUIET
    found = boards(hub, tracker)
    issues = [issue for board in found.values() if isinstance(board, Board) for issue in board.ready]
    vettings = tracker.vet(issues)

    assert (len(issues), len(vettings)) == (300, 300)
    assert {getattr(each, "trust", each) for each in vettings.values()} == {"trusted"}
    assert len(hub.requests()) <= 7  # 12 are allowed


def test_a_quiet_tick_takes_a_request_and_a_point_for_sixty_repositories(hub: Hub) -> None:
    """So a thousand repositories polled each minute take 1,020 points an hour, a fifth of the smallest budget."""
    crowd(hub, 60)
    tracker = hub.tracker()
    hub.clock.time += QUIET
    boards(hub, tracker)
    hub.requests()
    spent = hub.points()
    boards(hub, tracker)

    assert hub.requests() == ["POST /graphql"]
    assert hub.points() - spent == 1


def test_labels_are_asked_again_only_of_the_issue_that_changed(hub: Hub) -> None:
    first, second = hub.released(), hub.released()
    tracker = hub.tracker()
    hub.clock.time += QUIET
    ready(tracker, hub.repos["infra"])
    hub.server.label("acme/infra", second.number, LABELS.human, "ada")
    hub.clock.time += QUIET
    hub.requests()
    found = {issue.ref: issue.labels for issue in ready(tracker, hub.repos["infra"])}

    assert found == {first: {LABELS.ready}, second: {LABELS.ready, LABELS.human}}
    assert len(hub.requests()) == 2
    ready(tracker, hub.repos["infra"])
    assert len(hub.requests()) == 1


def test_a_change_in_the_same_second_as_the_last_look_is_not_missed(hub: Hub) -> None:
    ref = hub.released()
    tracker = hub.tracker()
    ready(tracker, hub.repos["infra"])
    hub.server.label("acme/infra", ref.number, LABELS.human, "ada")

    assert ready(tracker, hub.repos["infra"])[0].labels == {LABELS.ready, LABELS.human}


def test_another_process_with_the_same_memory_starts_with_what_is_known(hub: Hub) -> None:
    hub.released()
    hub.clock.time += QUIET
    first = ready(hub.tracker(), hub.repos["infra"])
    hub.requests()

    assert ready(hub.tracker(), hub.repos["infra"]) == first
    assert len(hub.requests()) == 1


def test_of_many_repositories_some_are_looked_through_for_orphans_at_each_tick(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who looks is remembered from process to process; the ready lists are all read."""
    monkeypatch.setattr(boards_module, "ORPHANS_AT_ONCE", 1)
    hub.enrol("web")
    orphans = {name: hub.server.open_issue(f"acme/{name}", "A title") for name in ("infra", "web")}
    for name, number in orphans.items():
        hub.server.label(f"acme/{name}", number, LABELS.in_progress, "ada")
        hub.released(name)
    looks = [boards(hub, hub.tracker()) for _ in range(3)]
    found = [[name for name, board in look.items() if isinstance(board, Board) and board.in_progress] for look in looks]

    assert found == [["infra"], ["web"], ["infra"]]
    assert all(isinstance(board, Board) and board.ready for look in looks for board in look.values())


def test_lists_are_read_to_their_end_and_the_oldest_is_there(hub: Hub) -> None:
    hub.enrol("web")
    refs = [hub.released() for _ in range(230)]
    hub.released("web")
    found = boards(hub, hub.tracker())

    assert isinstance(found["infra"], Board)
    assert [issue.ref for issue in found["infra"].ready] == refs
    assert isinstance(found["web"], Board)
    assert len(found["web"].ready) == 1


def test_a_label_that_the_repository_spells_otherwise_is_ours_all_the_same(hub: Hub) -> None:
    hub.server.create_repository("acme/loud", collaborators=PEOPLE)
    hub.repos["loud"] = a_repo("loud")
    hub.create_label("loud", "Ready-For-Agent")
    hub.released("loud")

    assert ready(hub.tracker(), hub.repos["loud"])[0].labels == {LABELS.ready}


def test_pull_requests_are_no_issues(hub: Hub) -> None:
    hub.server.push("acme/infra", "Work", "ada", "topic")
    number = hub.server.open_pull_request("acme/infra", "A pull", "ada", head="topic", base="main")
    hub.server.label("acme/infra", number, LABELS.ready, "ada")

    assert ready(hub.tracker(), hub.repos["infra"]) == ()


def test_an_error_below_one_repository_is_no_empty_board_and_spoils_no_other(hub: Hub) -> None:
    hub.enrol("web")
    hub.released("infra")
    hub.released("web")
    hub.server.graphql_faults.add(GraphqlFault("r1.ready", "AfkBoards"))
    found = boards(hub, hub.tracker())

    assert isinstance(found["web"], Unreachable)
    assert isinstance(found["infra"], Board)
    assert len(found["infra"].ready) == 1


def test_an_error_below_the_labels_of_an_issue_is_its_repository_s_trouble(hub: Hub) -> None:
    hub.enrol("web")
    hub.released("infra")
    hub.server.graphql_faults.add(GraphqlFault("g0.labels", "AfkLabels"))
    found = boards(hub, hub.tracker())

    assert isinstance(found["infra"], Unreachable)
    assert found["web"] == Board()


def test_an_issue_that_vanishes_between_the_two_looks_is_not_on_the_board(hub: Hub) -> None:
    hub.released()
    hub.server.graphql_faults.add(GraphqlFault("g0", "AfkLabels", kind="NOT_FOUND"))

    assert boards(hub, hub.tracker())["infra"] == Board()


@pytest.mark.parametrize("how", ["deleted", "out of reach"])
def test_a_repository_that_cannot_be_seen_is_refused_and_not_empty(hub: Hub, how: str) -> None:
    hub.enrol("web")
    if how == "deleted":
        hub.server.delete_repository("acme/web")
    else:
        hub.server.set_role("acme/web", "afk-bot", "none")
    found = boards(hub, hub.tracker())

    assert isinstance(found["web"], Refused)
    assert "acme/web" in str(found["web"])
    assert found["infra"] == Board()


def test_a_renamed_repository_is_still_read(hub: Hub) -> None:
    hub.released()
    hub.server.rename_repository("acme/infra", "platform")

    assert len(ready(hub.tracker(), hub.repos["infra"])) == 1


def test_a_token_without_issues_is_refused_and_sees_no_empty_board(hub: Hub) -> None:
    hub.released()
    token = hub.server.token_fine_grained("afk-bot", {"contents": "read"}, resource_owner="acme")
    found = boards(hub, hub.tracker(token=SecretStr(token)))["infra"]

    assert isinstance(found, Refused)


def test_a_query_that_github_gives_up_on_is_made_smaller(hub: Hub) -> None:
    hub.enrol(*(f"repo{n}" for n in range(1, 40)))
    tracker = hub.tracker()
    hub.server.faults.add(Fault(Trouble.STATUS, match="POST /graphql", status=502))
    first = boards(hub, tracker)
    hub.requests()
    second = boards(hub, tracker)

    assert all(isinstance(each, Unreachable) for each in first.values())
    assert all(isinstance(each, Board) for each in second.values())
    assert len(hub.requests()) == 2


def test_boards_wait_while_the_rest_of_the_budget_is_kept_for_runs_in_flight(hub: Hub) -> None:
    hub.released()
    tracker = hub.tracker()
    issue = ready(tracker, hub.repos["infra"])[0]
    with hub.server.lock:
        access = hub.server.forge.access
        token = access.find(hub.token)
        assert token is not None
        hub.server.forge.limits.budget(token, "graphql").used = 4800
    tracker.issues([issue.ref])
    hub.requests()
    found = boards(hub, tracker)["infra"]

    assert isinstance(found, Unreachable)
    assert found.until is not None
    assert hub.requests() == []
    assert isinstance(tracker.issues([issue.ref])[issue.ref], Issue)


def test_a_spent_budget_sends_nothing_until_it_is_full_again(hub: Hub) -> None:
    tracker = hub.tracker()
    hub.server.exhaust(hub.token)
    first = boards(hub, tracker)["infra"]
    assert isinstance(first, Unreachable)
    assert first.until == hub.clock.now() + timedelta(hours=1)
    hub.requests()
    second = boards(hub, tracker)["infra"]
    assert isinstance(second, Unreachable)
    assert (str(second).endswith("held: rate limit until 09:00 UTC"), hub.requests()) == (True, [])
    hub.clock.time += timedelta(hours=1)

    assert isinstance(boards(hub, tracker)["infra"], Board)


def test_a_list_that_is_cut_short_by_a_lost_page_is_no_list(hub: Hub) -> None:
    for _ in range(101):
        hub.released()
    tracker = hub.tracker()
    hub.server.graphql_faults.add(GraphqlFault("r0.in_progress", "AfkBoards", kind="SOMETHING_NEW"))

    assert isinstance(boards(hub, tracker)["infra"], Unexpected)
