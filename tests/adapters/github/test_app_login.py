"""An App proves itself with its key, and trades that for a token of each installation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import jwt
import pytest

from afk.core.model import Board
from afk.ports import PortError, Refused
from tests.adapters.github.conftest import LABELS, Hub

if TYPE_CHECKING:
    from pathlib import Path

    from afk.adapters.github import GithubTracker
    from afk.sandbox.github.verbs.people import NewApp

MAY = {"issues": "write", "contents": "read", "checks": "read", "statuses": "read", "actions": "read"}
TRADE = "POST /app/installations/{}/access_tokens"


class AppStory:
    """An App of acme's with its key in a file."""

    def __init__(self, hub: Hub, key_file: Path) -> None:
        self.hub = hub
        self.key_file = key_file
        self.app: NewApp = hub.server.create_app("afk", "acme", MAY)
        self.key_file.write_text(self.app.private_key)

    def install(self, account: str = "acme", repositories: list[str] | None = None) -> int:
        return self.hub.server.install_app("afk", account, repositories=repositories)

    def tracker(self) -> GithubTracker:
        return self.hub.tracker(app_id=str(self.app.id), app_private_key_file=self.key_file)

    def looks(self, tracker: GithubTracker) -> list[str]:
        """Read every board, and tell which requests that took."""
        self.hub.requests()
        found = tracker.boards(list(self.hub.repos.values()))
        assert all(isinstance(each, Board) for each in found.values()), found
        return self.hub.requests()


@pytest.fixture
def story(hub: Hub, tmp_path: Path) -> AppStory:
    return AppStory(hub, tmp_path / "key.pem")


def test_the_installation_is_looked_up_and_its_token_traded_once(story: AppStory) -> None:
    number = story.install()
    tracker = story.tracker()

    assert story.looks(tracker) == ["GET /repos/acme/infra/installation", TRADE.format(number), "POST /graphql"]
    assert story.looks(tracker) == ["POST /graphql"]


def test_the_signature_says_who_and_for_how_long_as_github_wants_it(story: AppStory) -> None:
    story.install()
    story.looks(story.tracker())
    tracker = story.tracker()
    with story.hub.server.lock:
        story.hub.server.exchanges.clear()
    tracker.boards(list(story.hub.repos.values()))
    bearer = story.hub.server.exchanges[0].headers["Authorization"].removeprefix("Bearer ")
    now = int(story.hub.clock.now().timestamp())

    assert jwt.get_unverified_header(bearer)["alg"] == "RS256"
    assert jwt.decode(bearer, options={"verify_signature": False}) == {
        "iat": now - 60,
        "exp": now + 540,
        "iss": str(story.app.id),
    }


def test_a_token_is_renewed_before_its_hour_is_over(story: AppStory) -> None:
    number = story.install()
    tracker = story.tracker()
    story.looks(tracker)
    story.hub.clock.time += timedelta(minutes=49)
    assert story.looks(tracker) == ["POST /graphql"]
    story.hub.clock.time += timedelta(minutes=1)

    assert story.looks(tracker) == [TRADE.format(number), "POST /graphql"]


def test_a_token_that_is_refused_is_renewed_once(story: AppStory) -> None:
    number = story.install()
    tracker = story.tracker()
    story.looks(tracker)
    story.hub.server.forge.access.revoke_installation(number)

    assert story.looks(tracker) == ["POST /graphql", TRADE.format(number), "POST /graphql"]


def test_an_app_that_was_installed_anew_is_found_again(story: AppStory) -> None:
    old = story.install()
    tracker = story.tracker()
    story.looks(tracker)
    story.hub.server.uninstall_app(old)
    first = tracker.boards(list(story.hub.repos.values()))["infra"]
    new = story.install()

    assert isinstance(first, PortError)
    assert story.looks(tracker) == ["GET /repos/acme/infra/installation", TRADE.format(new), "POST /graphql"]


def test_an_installation_that_leaves_the_first_repository_out_is_found_by_the_next(story: AppStory) -> None:
    story.hub.enrol("web")
    story.install(repositories=["acme/web"])
    found = story.tracker().boards(list(story.hub.repos.values()))

    assert isinstance(found["web"], Board)
    assert isinstance(found["infra"], Refused)


def test_a_token_of_one_owner_is_not_shown_for_the_repositories_of_another(story: AppStory) -> None:
    story.hub.server.create_organization("umbrella")
    story.hub.server.create_repository("umbrella/web", private=True)
    repos = dict(story.hub.repos)
    web = repos["infra"].__class__("web", repos["infra"].forge, type(repos["infra"].slug)("umbrella", "web"), ())
    story.hub.repos["web"] = web
    numbers = {story.install(), story.install("umbrella")}
    tracker = story.tracker()
    lines = story.looks(tracker)

    assert {line for line in lines if line.endswith("/access_tokens")} == {TRADE.format(each) for each in numbers}
    assert lines.count("POST /graphql") == 2


def test_an_app_that_is_installed_nowhere_is_refused_with_what_to_do(story: AppStory) -> None:
    found = story.tracker().boards(list(story.hub.repos.values()))["infra"]

    assert isinstance(found, Refused)
    assert str(found) == f"GitHub: the App {story.app.id} is installed in no repository of acme: install it there"


@pytest.mark.parametrize("key", ["", "not a key", "-----BEGIN PRIVATE KEY-----\nbm8=\n-----END PRIVATE KEY-----\n"])
def test_a_key_that_does_not_sign_is_refused_by_its_name_and_not_shown(story: AppStory, key: str) -> None:
    story.install()
    tracker = story.tracker()
    story.key_file.write_text(key)

    found = tracker.boards(list(story.hub.repos.values()))["infra"]

    assert isinstance(found, Refused)
    assert str(story.key_file) in str(found)
    assert not key or key not in str(found)


def test_a_key_that_was_replaced_on_disk_is_used_at_once(story: AppStory) -> None:
    story.install()
    tracker = story.tracker()
    story.key_file.write_text("half written")
    assert isinstance(tracker.boards(list(story.hub.repos.values()))["infra"], Refused)
    story.key_file.write_text(story.app.private_key)

    assert story.looks(tracker)


def test_an_app_finds_its_own_comment_again_and_no_other_bots(story: AppStory) -> None:
    story.install()
    ref = story.hub.released()
    mark = "<!-- afk:checklist:run-1 -->"
    story.hub.server.comment("acme/infra", ref.number, f"{mark} forged", "ada")
    made = story.tracker().put_comment(ref, mark, f"{mark} one", "")

    assert story.tracker().put_comment(ref, mark, f"{mark} two", "") == made
    assert story.hub.server.comments_of("acme/infra", ref.number) == [
        ("ada", f"{mark} forged"),
        ("afk[bot]", f"{mark} two"),
    ]
    assert LABELS.ready in story.hub.server.labels_of("acme/infra", ref.number)
