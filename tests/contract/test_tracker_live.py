"""Ask the real forges that the environment names: reading always, writing only if it says so, and taking it back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from afk.adapters.clock import SystemClock
from afk.core.model import Board, Issue, IssueRef, Tracked, Vetting
from afk.ports import TrackAsk
from tests.contract import live

if TYPE_CHECKING:
    from tests.contract.live import LiveForge

MARK = "<!-- afk:live:test -->"
pytestmark = pytest.mark.live

if live.FORGES:

    @pytest.mark.parametrize("name", live.FORGES)
    def test_a_real_forge_answers_every_read(name: str) -> None:
        with live.forge(name) as forge:
            tracker, repo = forge.tracker, forge.repo
            found = tracker.boards([repo])[repo.name]
            assert isinstance(found, Board), found
            issues = [*found.ready, *found.in_progress]
            asks = [TrackAsk(issue.ref, issue.key, SystemClock().now() - timedelta(days=7), "none") for issue in issues]

            assert all(isinstance(each, Vetting) for each in tracker.vet(issues).values())
            assert all(isinstance(each, Issue) for each in tracker.issues([issue.ref for issue in issues]).values())
            assert all(isinstance(each, Tracked) for each in tracker.track(asks).values())
            assert all(tracker.brief(issue).title == issue.title for issue in issues[:1])
        print(f"{name}: read {len(found.ready)} ready and {len(found.in_progress)} running issues of {repo.slug}")


if live.WRITABLE_FORGES:

    @pytest.mark.parametrize("name", live.WRITABLE_FORGES)
    def test_a_real_forge_takes_every_write(name: str) -> None:
        with live.forge(name) as forge:
            ref = IssueRef(forge.repo.name, forge.number)
            before = _issue(forge, ref)
            made = ""
            try:
                for _ in range(2):
                    forge.tracker.add_label(ref, live.LABELS.human)
                made = forge.tracker.put_comment(ref, MARK, f"{MARK} one", "")
                assert forge.tracker.put_comment(ref, MARK, f"{MARK} two", "") == made
                forge.tracker.close(ref)
                assert not _issue(forge, ref).is_open
                forge.tracker.reopen(ref)
            finally:
                _take_back(forge, ref, before, made)

            after = _issue(forge, ref)
            assert (after.is_open, after.labels) == (before.is_open, before.labels)
        print(f"{name}: labelled, commented, closed and reopened {forge.repo.slug}#{ref.number}, and took it back")


def _issue(forge: LiveForge, ref: IssueRef) -> Issue:
    found = forge.tracker.issues([ref])[ref]
    assert isinstance(found, Issue), found
    return found


def _take_back(forge: LiveForge, ref: IssueRef, before: Issue, comment: str) -> None:
    """Whatever of it was done."""
    if live.LABELS.human not in before.labels:
        for _ in range(2):
            forge.tracker.remove_label(ref, live.LABELS.human)
    if comment:
        forge.deletes(comment)
    (forge.tracker.reopen if before.is_open else forge.tracker.close)(ref)
