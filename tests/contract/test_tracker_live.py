"""Ask the real GitHub, where the environment names one: reading always, writing only if it says so.

`AFK_LIVE_GITHUB_TOKEN` and `AFK_LIVE_GITHUB_REPO` (owner/name) name it. `AFK_LIVE_WRITES=1` with
`AFK_LIVE_GITHUB_ISSUE` (a number) allows writing to that issue. Without them there is no such test.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from afk.adapters.clock import SystemClock
from afk.adapters.github import Client, GithubTracker
from afk.core.model import Board, ForgeKind, Issue, IssueRef, Repo, Slug, Tracked, Vetting
from afk.ports import TrackAsk
from afk.systems import Github
from tests.contract.forges import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator

TOKEN, SLUG = os.environ.get("AFK_LIVE_GITHUB_TOKEN", ""), os.environ.get("AFK_LIVE_GITHUB_REPO", "")
NUMBER = os.environ.get("AFK_LIVE_GITHUB_ISSUE", "") if os.environ.get("AFK_LIVE_WRITES") == "1" else ""
MARK = "<!-- afk:live:test -->"
pytestmark = pytest.mark.live


@pytest.fixture
def live() -> Iterator[tuple[GithubTracker, Repo]]:
    repo = Repo("live", ForgeKind.GITHUB, Slug.parse(SLUG), ())
    client = Client(Github("https://api.github.com", SecretStr(TOKEN)), [repo.slug], SystemClock())
    yield GithubTracker(client, {repo.name: repo}, LABELS), repo
    client.close()


if TOKEN and SLUG:

    def test_the_real_github_answers_every_read(live: tuple[GithubTracker, Repo]) -> None:
        tracker, repo = live
        found = tracker.boards([repo])[repo.name]
        assert isinstance(found, Board), found
        issues = [*found.ready, *found.in_progress]
        asks = [TrackAsk(issue.ref, issue.key, SystemClock().now() - timedelta(days=7), "none") for issue in issues]

        assert all(isinstance(each, Vetting) for each in tracker.vet(issues).values())
        assert all(isinstance(each, Issue) for each in tracker.issues([issue.ref for issue in issues]).values())
        assert all(isinstance(each, Tracked) for each in tracker.track(asks).values())
        assert all(tracker.brief(issue).title == issue.title for issue in issues[:1])


if TOKEN and SLUG and NUMBER:

    def test_the_real_github_takes_every_write(live: tuple[GithubTracker, Repo]) -> None:
        tracker, repo = live
        ref = IssueRef(repo.name, int(NUMBER))
        for _ in range(2):
            tracker.add_label(ref, LABELS.human)
        made = tracker.put_comment(ref, MARK, f"{MARK} one", "")
        assert tracker.put_comment(ref, MARK, f"{MARK} two", "") == made
        tracker.close(ref)
        tracker.reopen(ref)
        for _ in range(2):
            tracker.remove_label(ref, LABELS.human)
        found = tracker.issues([ref])[ref]

        assert isinstance(found, Issue)
        assert (found.is_open, LABELS.human in found.labels) == (True, False)
