"""The worktree housekeeping on real repositories: what is done with goes, and work that could be lost stays."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploy.recipe import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = ROOT / "deploy/t3/tidy-worktrees.sh"
DAY = 86_400
AS_ADA = {
    "GIT_AUTHOR_NAME": "ada", "GIT_AUTHOR_EMAIL": "ada@example.org", "GIT_COMMITTER_NAME": "ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org", "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
    "PATH": os.environ["PATH"],
}  # fmt: skip


class Disk:
    """Checkouts of one remote, with worktrees beside them, all a month old until somebody works there."""

    def __init__(self, folder: Path) -> None:
        self.base = folder / "data"
        self.checkout = self.base / "acme/infra"
        remote = folder / "remote.git"
        self.git(folder, "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
        self.git(folder, "clone", "--quiet", str(remote), str(self.checkout))
        self.git(self.checkout, "switch", "--quiet", "--orphan", "main")
        (self.checkout / ".gitignore").write_text("built\n")
        self.commits(self.checkout, "first")
        self.git(self.checkout, "push", "--quiet", "origin", "main")
        self.git(self.checkout, "remote", "set-head", "origin", "main")

    def git(self, folder: Path, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=folder, env=AS_ADA, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def worktree(self, name: str) -> Path:
        tree = self.base / "trees" / name
        self.git(self.checkout, "worktree", "add", "--quiet", "-b", name, str(tree), "main")
        return tree

    def commits(self, tree: Path, name: str) -> None:
        (tree / name).write_text(name)
        self.git(tree, "add", ".")
        self.git(tree, "commit", "--quiet", "--message", name)

    def pushed(self, name: str, to: str) -> Path:
        tree = self.worktree(name)
        self.commits(tree, name)
        self.git(tree, "push", "--quiet", "origin", f"HEAD:{to}")
        return tree

    def ages(self, days: int = 30) -> None:
        then = time.time() - days * DAY
        for path in [self.base, *self.base.rglob("*")]:
            os.utime(path, (then, then), follow_symlinks=False)

    def tidies(self, *words: str) -> str:
        done = subprocess.run(
            [SCRIPT, *words, str(self.base)], env=AS_ADA, capture_output=True, text=True, timeout=60, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    @property
    def branches(self) -> set[str]:
        return set(self.git(self.checkout, "branch", "--format=%(refname:short)").split())


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path)


def test_what_is_on_the_default_branch_goes_with_its_branch(disk: Disk) -> None:
    tree = disk.pushed("afk-42", to="main")
    (tree / "built").mkdir()
    (tree / "built/cache").write_text("a build result")
    disk.ages()

    told = disk.tidies()

    assert told == f"removed {tree}: pushed, clean and old\nremoved afk-42: merged\n"
    assert not tree.exists()
    assert disk.branches == {"main"}
    assert str(tree) not in disk.git(disk.checkout, "worktree", "list")


def test_what_is_on_another_branch_of_the_remote_goes_and_its_branch_stays(disk: Disk) -> None:
    tree = disk.pushed("afk-43", to="review/43")
    disk.ages()

    disk.tidies()

    assert not tree.exists()
    assert disk.branches == {"main", "afk-43"}


def works(disk: Disk, tree: Path) -> None:
    (tree / "notes").write_text("not added")


def changes(disk: Disk, tree: Path) -> None:
    (tree / "first").write_text("not committed")


def commits(disk: Disk, tree: Path) -> None:
    disk.commits(tree, "not pushed")


def locks(disk: Disk, tree: Path) -> None:
    disk.git(disk.checkout, "worktree", "lock", str(tree))


def merges(disk: Disk, tree: Path) -> None:
    disk.commits(disk.checkout, "meanwhile")
    disk.git(tree, "merge", "--quiet", "--no-ff", "--no-commit", "main")


def breaks(disk: Disk, tree: Path) -> None:
    own = Path(disk.git(tree, "rev-parse", "--absolute-git-dir").strip())
    (own / "HEAD").write_text("nonsense\n")


@pytest.mark.parametrize(
    ("act", "reason"),
    [
        pytest.param(works, "it has changes that are not committed", id="a new file"),
        pytest.param(changes, "it has changes that are not committed", id="a changed file"),
        pytest.param(commits, "it has commits that no remote has", id="a commit that is not pushed"),
        pytest.param(locks, "it is locked", id="locked"),
        pytest.param(merges, "an operation is under way (MERGE_HEAD)", id="a merge under way"),
        pytest.param(breaks, "git cannot read it", id="damaged"),
    ],
)
def test_work_that_could_be_lost_stays(disk: Disk, act: Callable[[Disk, Path], None], reason: str) -> None:
    tree = disk.pushed("afk-44", to="main")
    act(disk, tree)
    disk.ages()

    assert f"kept {tree}: {reason}\n" in disk.tidies()
    assert (tree / "afk-44").exists()
    assert "afk-44" in disk.branches


def test_what_changed_lately_stays_though_it_is_pushed(disk: Disk) -> None:
    tree = disk.pushed("afk-45", to="main")
    disk.ages(10)

    assert disk.tidies() == f"kept {tree}: it changed in the last 14 days\n"
    assert disk.tidies("--days", "7").startswith(f"removed {tree}")


@pytest.mark.parametrize("folder", ["two words", "a\nline", "-n"], ids=["a space", "a line break", "a dash"])
def test_folders_of_any_name_are_dealt_with_one_by_one(disk: Disk, folder: str) -> None:
    other = disk.pushed("afk-48", to="main")
    tree = disk.base / "trees" / folder
    disk.git(disk.checkout, "worktree", "move", str(other), str(tree))
    kept = disk.worktree("afk-49")
    disk.commits(kept, "not pushed")
    disk.ages()

    disk.tidies()

    assert (tree.exists(), kept.exists()) == (False, True)


def test_dry_run_removes_nothing(disk: Disk) -> None:
    tree = disk.pushed("afk-46", to="main")
    disk.ages()

    assert disk.tidies("--dry-run") == f"would remove {tree}: pushed, clean and old\n"
    assert tree.exists()


def test_checkout_itself_stays_whatever_its_state(disk: Disk) -> None:
    disk.ages()

    assert disk.tidies() == ""
    assert (disk.checkout / "first").exists()


def test_checkout_without_a_remote_keeps_everything(disk: Disk) -> None:
    tree = disk.pushed("afk-47", to="main")
    disk.git(disk.checkout, "remote", "remove", "origin")
    disk.ages()

    assert disk.tidies() == f"kept {tree}: it has commits that no remote has\n"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "FOLDER is not there"),
        (("/nowhere",), "FOLDER is not there"),
        (("--days", "-1", "/"), "--days takes a whole number"),
        (("--force", "/"), "--force is no option"),
    ],
)
def test_what_it_cannot_read_it_refuses(words: tuple[str, ...], line: str) -> None:
    done = subprocess.run([SCRIPT, *words], env=AS_ADA, capture_output=True, text=True, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tidy-worktrees: {line}.")
