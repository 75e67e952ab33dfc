"""Two forges as one tracker: each call goes to its own, and one's silence is no answer about the other."""

from __future__ import annotations

import pytest

from afk.adapters.by_forge import StageByForge, TrackerByForge
from afk.adapters.memory import World
from afk.core.model import CommitAsk, ForgeKind, Issue, IssueRef, Repo, Slug, StageKind, StageState
from afk.ports import PortError, Refused, TrackAsk

INFRA = Repo("infra", ForgeKind.GITHUB, Slug("acme", "infra"), (StageKind.CHECKS,))
WEB = Repo("web", ForgeKind.FORGEJO, Slug("acme", "web"), (StageKind.CHECKS,))
REPOS = {"infra": INFRA, "web": WEB}
ON_INFRA, ON_WEB, NOWHERE = IssueRef("infra", 1), IssueRef("web", 1), IssueRef("gone", 1)


@pytest.fixture
def worlds() -> dict[ForgeKind, World]:
    found = {}
    for repo, ref in ((INFRA, ON_INFRA), (WEB, ON_WEB)):
        world = World()
        world.enrol(repo, "ada")
        world.open_issue(ref, f"An issue of {repo.name}")
        world.label_ready(ref)
        found[repo.forge] = world
    return found


@pytest.fixture
def both(worlds: dict[ForgeKind, World]) -> TrackerByForge:
    return TrackerByForge({forge: world.tracker for forge, world in worlds.items()}, REPOS)


def an_issue(ref: IssueRef) -> Issue:
    return Issue(ref, f"key-{ref}", "", "", is_open=True, labels=frozenset())


def test_batch_is_split_and_joined(both: TrackerByForge) -> None:
    boards = both.boards([INFRA, WEB])

    assert {name: [issue.title for issue in board.ready] for name, board in boards.items()} == {
        "infra": ["An issue of infra"],
        "web": ["An issue of web"],
    }


def test_silent_forge_is_an_error_about_its_own_subjects_only(
    both: TrackerByForge, worlds: dict[ForgeKind, World]
) -> None:
    worlds[ForgeKind.GITHUB].tracker_is_down()
    now = worlds[ForgeKind.FORGEJO].now()

    answers = [
        both.boards([INFRA, WEB]),
        both.issues([ON_INFRA, ON_WEB]),
        both.vet([an_issue(ON_INFRA), an_issue(ON_WEB)]),
        both.track([TrackAsk(ref, "", now, "r") for ref in (ON_INFRA, ON_WEB)]),
    ]

    for answer in answers:
        assert [isinstance(each, PortError) for each in answer.values()] == [True, False]


def test_repository_that_left_the_enrolment_is_refused(both: TrackerByForge) -> None:
    assert isinstance(both.issues([NOWHERE])[NOWHERE], Refused)
    with pytest.raises(Refused, match="gone is not enrolled"):
        both.close(NOWHERE)


def test_forge_that_is_not_configured_is_refused(worlds: dict[ForgeKind, World]) -> None:
    only = TrackerByForge({ForgeKind.GITHUB: worlds[ForgeKind.GITHUB].tracker}, REPOS)

    assert str(only.boards([WEB])["web"]) == "tracker: forgejo is not configured"


def test_single_calls_reach_the_forge_of_the_issue(both: TrackerByForge, worlds: dict[ForgeKind, World]) -> None:
    comment = both.put_comment(ON_WEB, "<!-- m -->", "<!-- m -->\nhello", "")
    both.add_label(ON_WEB, "agent-in-progress")
    both.remove_label(ON_WEB, "ready-for-agent")
    both.close(ON_WEB)

    ticket = worlds[ForgeKind.FORGEJO].ticket(ON_WEB)
    assert ([remark.id for remark in ticket.remarks], ticket.labels, ticket.is_open) == (
        [comment],
        {"agent-in-progress"},
        False,
    )
    both.reopen(ON_WEB)
    assert ticket.is_open
    assert both.brief(an_issue(ON_WEB)).title == "An issue of web"
    assert worlds[ForgeKind.GITHUB].troubles.calls == []


def test_checks_are_asked_of_the_repositorys_own_forge(worlds: dict[ForgeKind, World]) -> None:
    sha = worlds[ForgeKind.FORGEJO].somebody_pushes("web")
    worlds[ForgeKind.FORGEJO].ci("web", sha, StageState.SUCCESS)
    worlds[ForgeKind.GITHUB].ci_is_down()
    checks = StageByForge({forge: world.stages[StageKind.CHECKS] for forge, world in worlds.items()})

    answers = checks.read([CommitAsk(INFRA, ("a" * 40,)), CommitAsk(WEB, (sha,))])

    assert isinstance(answers["infra"], PortError)
    assert answers["web"][sha].state is StageState.SUCCESS
