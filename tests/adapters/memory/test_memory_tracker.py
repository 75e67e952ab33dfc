"""The tracker of the world in memory: a forge's rules, as far as the product rests on them."""

from __future__ import annotations

import pytest

from afk.adapters.memory import World
from afk.core.model import Blocker, BlockerState, Closing, Issue, IssueRef, Labels, Trust, Vetting
from afk.ports import Gone, TrackAsk
from tests.house import a_repo

LABELS = Labels()
REF = IssueRef("infra", 42)
MARK = "<!-- afk:checklist:r1 -->"


@pytest.fixture
def world() -> World:
    world = World()
    world.enrol(a_repo(), "ada", "bob")
    world.open_issue(REF, "Rotate", "The body.")
    return world


def issue(world: World, ref: IssueRef = REF) -> Issue:
    found = world.tracker.issues([ref])[ref]
    assert isinstance(found, Issue)
    return found


def vetting(world: World) -> Vetting:
    found = world.tracker.vet([issue(world)])[REF]
    assert isinstance(found, Vetting)
    return found


def track(world: World) -> object:
    return world.tracker.track([TrackAsk(REF, "key", world.now(), "r1")])[REF]


def test_board_shows_open_issues_with_our_labels(world: World) -> None:
    for number, label, is_open in (
        (1, LABELS.ready, True),
        (2, LABELS.in_progress, True),
        (3, LABELS.ready, False),
        (4, "bug", True),
    ):
        ticket = world.open_issue(IssueRef("infra", number))
        world.set_label(ticket, label, actor="ada", added=True)
        if not is_open:
            world.person_closes(ticket.ref)

    board = world.tracker.boards([a_repo()])["infra"]

    assert [each.ref.number for each in board.ready] == [1]
    assert [each.ref.number for each in board.in_progress] == [2]


def test_issue_that_does_not_exist_is_gone(world: World) -> None:
    missing = IssueRef("infra", 9)

    assert isinstance(world.tracker.issues([missing])[missing], Gone)
    world.issue_vanishes(REF)
    assert isinstance(track(world), Gone)
    with pytest.raises(Gone, match="infra#42 is gone"):
        world.tracker.close(REF)


def test_last_person_to_apply_the_label_decides(world: World) -> None:
    world.label_ready(REF, "ada")
    assert (vetting(world).trust, vetting(world).released_by) == (Trust.TRUSTED, "ada")

    world.person_unlabels(REF, LABELS.ready, "mallory")
    assert vetting(world).trust is Trust.UNTRUSTED

    world.label_ready(REF, "mallory")
    assert (vetting(world).trust, vetting(world).detail) == (Trust.UNTRUSTED, "mallory")


def test_label_that_is_there_already_is_no_event(world: World) -> None:
    world.label_ready(REF, "mallory")
    world.label_ready(REF, "ada")

    assert vetting(world).released_by == "mallory"


@pytest.mark.parametrize(
    ("editor", "seconds", "trust"),
    [
        pytest.param("mallory", 1, Trust.EDITED, id="stranger after the label"),
        pytest.param("mallory", 0, Trust.TRUSTED, id="stranger not after it"),
        pytest.param("bob", 1, Trust.TRUSTED, id="writer after the label"),
    ],
)
def test_edits_after_the_label_count_by_who_made_them(world: World, editor: str, seconds: int, trust: Trust) -> None:
    world.label_ready(REF)
    world.passes(seconds=seconds)
    world.person_edits(REF, editor, "Something else.")

    assert vetting(world).trust is trust


def test_blockers_are_looked_up(world: World) -> None:
    world.open_issue(IssueRef("infra", 1))
    world.open_issue(IssueRef("infra", 2))
    world.person_closes(IssueRef("infra", 2))
    world.label_ready(REF)
    world.ticket(REF).body = "Blocked by #1, #2 and other/repo#3"

    assert vetting(world).blockers == (
        Blocker("acme/infra#1", BlockerState.OPEN),
        Blocker("acme/infra#2", BlockerState.CLOSED),
        Blocker("other/repo#3", BlockerState.UNREADABLE),
    )


def test_brief_holds_the_words_of_those_who_may_write(world: World) -> None:
    world.label_ready(REF)
    world.person_comments(REF, "bob", "Mine.")
    world.person_comments(REF, "mallory", "Not mine.")

    brief = world.tracker.brief(issue(world))

    assert (brief.title, brief.body, brief.is_open) == ("Rotate", "The body.", True)
    assert [(comment.author, comment.text) for comment in brief.comments] == [("bob", "Mine.")]


def test_comment_is_found_again_by_its_id_or_by_our_marker(world: World) -> None:
    first = world.tracker.put_comment(REF, MARK, f"{MARK} one", "")
    by_marker = world.tracker.put_comment(REF, MARK, f"{MARK} two", "")
    by_id = world.tracker.put_comment(REF, MARK, f"{MARK} two", first)

    assert first == by_marker == by_id
    (remark,) = world.ticket(REF).remarks
    assert (remark.body, remark.writes) == (f"{MARK} two", 2)


def test_marker_in_a_strangers_comment_is_not_ours(world: World) -> None:
    forged = world.person_comments(REF, "mallory", MARK)

    ours = world.tracker.put_comment(REF, MARK, f"{MARK} one", "")

    assert ours != forged.id
    assert forged.body == MARK


def test_label_writes_can_be_repeated(world: World) -> None:
    for _ in range(2):
        world.tracker.add_label(REF, LABELS.human)
    assert world.ticket(REF).labels == {LABELS.human}

    for _ in range(2):
        world.tracker.remove_label(REF, LABELS.human)
    assert world.ticket(REF).labels == set()
    assert len(world.ticket(REF).events) == 2


def test_commits_are_those_since_the_run_began(world: World) -> None:
    world.somebody_pushes("infra")
    world.passes(seconds=1)
    sha = world.agent_pushes(REF, "r1")

    assert [commit.sha for commit in track(world).commits] == [sha]
    assert len(sha) == 40


def test_closing_keyword_closes_and_says_by_which_commit(world: World) -> None:
    sha = world.somebody_pushes("infra", "Tidy up\n\nFixes #42")

    assert (track(world).is_open, track(world).closing) == (False, Closing("pusher", sha))

    world.tracker.reopen(REF)
    assert (track(world).is_open, track(world).closing) == (True, None)


def test_who_closed_it_first_stays(world: World) -> None:
    world.person_closes(REF, "bob")
    world.tracker.close(REF)

    assert track(world).closing == Closing("bob")
