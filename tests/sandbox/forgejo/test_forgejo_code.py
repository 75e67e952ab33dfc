"""Commits, branches, comparisons, and what a commit message does to issues."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

INFRA = "viktor/infra"
REPO = f"/repos/{INFRA}"


def shas(answer):
    return [commit["sha"] for commit in answer.json()]


def compared(caller, base, head):
    answer = caller.get(f"{REPO}/compare/{base}...{head}").json()
    assert answer["total_commits"] == len(answer["commits"])
    return [commit["sha"] for commit in answer["commits"]]


def test_commits_come_newest_first_in_pages_of_fifty_at_most(forge, bot):
    pushed = [forge.push(INFRA, f"Change {index}", by="viktor") for index in range(53)]
    first = bot.get(f"{REPO}/commits", sha="main", limit=100)

    assert shas(first) == pushed[:2:-1]
    assert shas(bot.get(f"{REPO}/commits", sha="main", limit=100, page=2)) == pushed[2::-1]
    assert (first.headers["X-Total-Count"], first.headers["X-HasMore"], first.headers["X-PageCount"]) == (
        "53",
        "true",
        "2",
    )


def test_an_empty_repository_is_a_conflict(bot):
    answer = bot.get(f"{REPO}/commits")

    assert (answer.status_code, answer.json()["message"]) == (409, "Git Repository is empty.")


def test_an_unknown_branch_has_no_commits(forge, bot):
    forge.push(INFRA, "Start", by="viktor")

    assert bot.get(f"{REPO}/commits", sha="nowhere").status_code == 404


def test_a_branch_starts_at_the_default_branch(forge, bot):
    first = forge.push(INFRA, "Start", by="viktor")
    second = forge.push(INFRA, "Try", by="viktor", branch="feature/try")

    assert shas(bot.get(f"{REPO}/commits", sha="feature/try")) == [second, first]
    assert shas(bot.get(f"{REPO}/commits", sha="feature/try", **{"not": "main"})) == [second]


def test_forgejo_ignores_since_and_gitea_does_not(forge, bot, gitea, on_gitea):
    for server in (forge, gitea):
        server.push(INFRA, "Old", by="viktor", dated=datetime(2026, 1, 1, tzinfo=UTC))
        server.push(INFRA, "New", by="viktor", dated=datetime(2026, 8, 1, tzinfo=UTC))
    lengths = [len(caller.get(f"{REPO}/commits", since="2026-06-01T00:00:00Z").json()) for caller in (bot, on_gitea)]

    assert lengths == [2, 1]


def test_one_commit_is_found_by_full_and_short_sha(forge, bot):
    sha = forge.push(INFRA, "Start", by="viktor")

    assert bot.get(f"{REPO}/git/commits/{sha}").json()["sha"] == sha
    assert bot.get(f"{REPO}/git/commits/{sha[:7]}").json()["sha"] == sha
    assert bot.get(f"{REPO}/git/commits/{'0' * 40}").status_code == 404


def test_comparing_lists_what_the_head_has_more(forge, bot):
    first = forge.push(INFRA, "Start", by="viktor")
    second = forge.push(INFRA, "Next", by="viktor")
    aside = forge.push(INFRA, "Aside", by="viktor", branch="aside")

    assert compared(bot, first, "main") == [second]
    assert compared(bot, "main", first) == []
    assert compared(bot, "main", "aside") == [aside]
    assert compared(bot, "main", "main") == []


def test_comparing_has_no_status_word(forge, bot):
    forge.push(INFRA, "Start", by="viktor")

    assert set(bot.get(f"{REPO}/compare/main...main").json()) == {"total_commits", "commits"}


def test_histories_with_nothing_in_common_compare_as_empty(forge, bot):
    """The trap: zero commits ahead does not prove that the default branch contains one."""
    forge.push(INFRA, "Start", by="viktor")
    orphan = forge.push(INFRA, "Elsewhere", by="viktor", branch="pages", orphan=True)

    assert compared(bot, "main", orphan) == []
    assert compared(bot, orphan, "main") == []
    assert orphan not in shas(bot.get(f"{REPO}/commits", sha="main"))


@pytest.mark.parametrize("pair", ["main...nowhere", "nowhere...main", f"main...{'0' * 40}"])
def test_an_unknown_side_is_not_found(forge, bot, pair):
    forge.push(INFRA, "Start", by="viktor")

    assert bot.get(f"{REPO}/compare/{pair}").status_code == 404


@pytest.mark.parametrize("path", ["main..aside", "aside"], ids=["two-dots", "head-only"])
def test_comparing_understands_other_spellings(forge, bot, path):
    forge.push(INFRA, "Start", by="viktor")
    forge.push(INFRA, "Aside", by="viktor", branch="aside")

    assert bot.get(f"{REPO}/compare/{path}").json()["total_commits"] == 1


def test_a_rewound_branch_no_longer_contains_the_commit(forge, bot):
    first = forge.push(INFRA, "Start", by="viktor")
    lost = forge.push(INFRA, "Pushed to a mirror", by="afk-bot")
    before = compared(bot, "main", lost)
    forge.rewind(INFRA, first)

    assert (before, compared(bot, "main", lost)) == ([], [lost])
    assert forge.head(INFRA) == first


def test_branches_are_listed_and_read_with_slashes_in_their_names(forge, bot):
    forge.push(INFRA, "Start", by="viktor")
    tip = forge.push(INFRA, "Try", by="viktor", branch="feature/try")
    listed = [branch["name"] for branch in bot.get(f"{REPO}/branches").json()]
    branch = bot.get(f"{REPO}/branches/feature/try").json()

    assert listed == ["feature/try", "main"]
    assert (branch["name"], branch["commit"]["id"], branch["protected"]) == ("feature/try", tip, False)
    forge.delete_branch(INFRA, "feature/try")
    assert bot.get(f"{REPO}/branches/feature/try").status_code == 404


@pytest.mark.parametrize(
    ("message", "state"),
    [
        *[pytest.param(f"{word} #1", "closed", id=word) for word in ("close", "closes", "closed", "fix", "fixes")],
        *[pytest.param(f"{word} #1", "closed", id=word) for word in ("fixed", "resolve", "resolves", "resolved")],
        pytest.param("Fixes: #1", "closed", id="colon-and-capital"),
        pytest.param("Grow the disk\n\nCloses viktor/infra#1", "closed", id="full-name-in-the-body"),
        pytest.param("Refs #1", "open", id="refs"),
        pytest.param("See issue #1", "open", id="issue"),
        pytest.param("prefixes #1", "open", id="part-of-a-word"),
        pytest.param("closes #12", "open", id="another-number"),
        pytest.param("fixes build (#1)", "open", id="keyword-elsewhere"),
    ],
)
def test_keywords_on_the_default_branch_close(forge, message, state):
    forge.open_issue(INFRA, "viktor", "Disk is full")
    forge.push(INFRA, message, by="viktor")

    assert forge.state_of(INFRA, 1) == state


def test_a_push_to_another_branch_mentions_but_does_not_close(forge, bot):
    forge.open_issue(INFRA, "viktor", "Disk is full")
    forge.push(INFRA, "Start", by="viktor")
    sha = forge.push(INFRA, "fixes #1", by="viktor", branch="try")
    rows = bot.get(f"{REPO}/issues/1/timeline").json()

    assert [(row["type"], row["ref_commit_sha"]) for row in rows] == [("commit_ref", sha)]
    assert forge.state_of(INFRA, 1) == "open"


def test_the_close_event_does_not_name_the_commit(forge, bot):
    forge.open_issue(INFRA, "viktor", "Disk is full")
    sha = forge.push(INFRA, "fixes #1", by="viktor")
    rows = bot.get(f"{REPO}/issues/1/timeline").json()

    assert [(row["type"], row["ref_commit_sha"]) for row in rows] == [("commit_ref", sha), ("close", "")]


def test_an_issue_tied_to_a_branch_closes_from_there_only(forge):
    forge.open_issue(INFRA, "viktor", "Backport")
    forge.tie_to_branch(INFRA, 1, "release")
    forge.push(INFRA, "fixes #1", by="viktor")
    after_default = forge.state_of(INFRA, 1)
    forge.push(INFRA, "fixes #1", by="viktor", branch="release")

    assert (after_default, forge.state_of(INFRA, 1)) == ("open", "closed")


def test_a_repository_may_close_from_any_branch(forge):
    forge.open_issue(INFRA, "viktor", "Disk is full")
    forge.close_issues_from_any_branch(INFRA)
    forge.push(INFRA, "Start", by="viktor")
    forge.push(INFRA, "fixes #1", by="viktor", branch="try")

    assert forge.state_of(INFRA, 1) == "closed"


def test_who_may_not_write_closes_only_their_own(forge):
    forge.add_user("reader")
    forge.add_collaborator(INFRA, "reader", "read")
    forge.open_issue(INFRA, "viktor", "Not theirs")
    forge.open_issue(INFRA, "reader", "Theirs")
    forge.push(INFRA, "fixes #1, fixes #2", by="reader")

    assert (forge.state_of(INFRA, 1), forge.state_of(INFRA, 2)) == ("open", "closed")


def test_open_blockers_keep_a_commit_from_closing(forge):
    forge.open_issue(INFRA, "viktor", "Wait")
    forge.open_issue(INFRA, "viktor", "First")
    forge.block(INFRA, 1, on=(INFRA, 2), by="viktor")
    forge.push(INFRA, "fixes #1", by="viktor")

    assert forge.state_of(INFRA, 1) == "open"


def test_a_keyword_can_reopen(forge):
    forge.open_issue(INFRA, "viktor", "Disk is full")
    forge.close(INFRA, 1, by="viktor")
    forge.push(INFRA, "Reopens #1", by="viktor")

    assert forge.state_of(INFRA, 1) == "open"


def test_a_mention_from_another_repository_counts_there(forge):
    forge.create_repository("viktor/site")
    forge.open_issue(INFRA, "viktor", "Disk is full")
    forge.push("viktor/site", f"closes {INFRA}#1", by="viktor")

    assert forge.state_of(INFRA, 1) == "closed"


def test_a_tree_is_one_level_or_all_and_comes_in_pages(forge, bot):
    sha = forge.push(INFRA, "Files", by="viktor", files=["README.md", "src/a.py", "src/deep/b.py"])
    path = f"/repos/{INFRA}/git/trees/{sha}"

    flat, deep = bot.get(path).json(), bot.get(path, recursive="true").json()
    last = bot.get(path, recursive="true", per_page=2, page=3).json()

    assert [(row["path"], row["type"]) for row in flat["tree"]] == [("README.md", "blob"), ("src", "tree")]
    assert (deep["total_count"], deep["truncated"]) == (5, False)
    assert ([row["path"] for row in last["tree"]], last["truncated"]) == (["src/deep/b.py"], False)
    assert bot.get(path, recursive="true", per_page=2).json()["truncated"] is True
    assert bot.get(f"/repos/{INFRA}/git/trees/{'f' * 40}").status_code == 400


def test_a_protected_branch_takes_pushes_of_whom_its_rule_names(forge, bot):
    forge.push(INFRA, "Start", by="viktor")
    forge.protect_branch(INFRA, "main", enable_push=True, whitelist=("viktor",))

    (rule,) = bot.get(f"/repos/{INFRA}/branch_protections").json()
    branch = bot.get(f"/repos/{INFRA}/branches/main").json()

    assert (rule["enable_push"], rule["push_whitelist_usernames"]) == (True, ["viktor"])
    assert (branch["user_can_push"], branch["effective_branch_protection_name"]) == (False, "main")
