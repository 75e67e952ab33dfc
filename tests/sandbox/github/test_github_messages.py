"""Which issues a text mentions and which it closes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from afk.sandbox.github import git
from afk.sandbox.github.records import Account, Kind, Repository

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OWNER = Account(1, "U_1", "alice", Kind.USER, NOW, "alice", "alice@example.org")
REPO = Repository(2, "R_2", OWNER, "infra", private=True, default_branch="main", created_at=NOW)
HERE = "alice/infra"


@pytest.mark.parametrize(
    ("text", "mentioned", "closed"),
    [
        pytest.param("Refs #7", [(HERE, 7)], [], id="a plain mention"),
        pytest.param("Refs: alice/infra#7", [(HERE, 7)], [], id="a trailer"),
        pytest.param("Fixes #7", [(HERE, 7)], [(HERE, 7)], id="a keyword"),
        pytest.param("fixes: #7", [(HERE, 7)], [(HERE, 7)], id="a keyword with a colon"),
        pytest.param("Fixes Other/Repo#7", [("other/repo", 7)], [("other/repo", 7)], id="elsewhere"),
        pytest.param("closes https://github.com/a/b/issues/7", [("a/b", 7)], [("a/b", 7)], id="an address"),
        pytest.param("Fixes #1, #2", [(HERE, 1), (HERE, 2)], [(HERE, 1)], id="one keyword closes one"),
        pytest.param("Fixes #1, fixes #2", [(HERE, 1), (HERE, 2)], [(HERE, 1), (HERE, 2)], id="a keyword each"),
        pytest.param("bugfixes #1", [(HERE, 1)], [], id="part of a word"),
        pytest.param("see #1 and #1", [(HERE, 1)], [], id="twice the same"),
        pytest.param("color #fff, a#1, &#39;", [], [], id="no mention at all"),
    ],
)
def test_a_text_is_read(text: str, mentioned: list[tuple[str, int]], closed: list[tuple[str, int]]):
    assert git.references(text, REPO) == mentioned
    assert git.closings(text, REPO) == closed


@pytest.mark.parametrize(
    ("message", "headline", "body"),
    [("one", "one", ""), ("one\n\ntwo\nthree", "one", "two\nthree")],
    ids=["one line", "more"],
)
def test_a_message_has_a_headline_and_a_body(message: str, headline: str, body: str):
    assert (git.headline(message), git.body_of(message)) == (headline, body)


def test_a_blob_has_the_name_that_git_gives_it():
    assert git.blob_sha("hello\n") == "ce013625030ba8dba906f756967f9e9ca394464a"
