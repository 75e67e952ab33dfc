"""Push commits, let their messages act on issues, and report what CI made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.sandbox.forgejo.records import Access, Commit, Flavour, Protection, Repository, Run, Status, User
from afk.sandbox.forgejo.references import Reference, Wish, references
from afk.sandbox.forgejo.tracker import Tracker

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from afk.sandbox.forgejo.records import Issue


class Pushes(Tracker):
    def push(
        self,
        repository: str,
        message: str,
        *,
        by: str,
        branch: str | None = None,
        dated: datetime | None = None,
        orphan: bool = False,
        files: Collection[str] = (),
    ) -> str:
        """Add one commit; a new branch starts at the default branch, an orphan at nothing."""
        with self.lock:
            repo, pusher = self.repository(repository), self.user(by)
            branch = branch or repo.default_branch
            tip = repo.branches.get(branch) or repo.branches.get(repo.default_branch)
            parents = () if orphan or tip is None else (tip,)
            known = repo.commits[parents[0]].paths if parents else ()
            commit = Commit(
                self.new_sha(message),
                parents,
                message,
                pusher.id,
                dated or self.now(),
                order=self.next_id(),
                paths=tuple(sorted({*known, *files})),
            )
            repo.commits[commit.sha] = commit
            repo.branches[branch] = commit.sha
            for reference in references(message):
                self._act_on(reference, commit, branch, repo, pusher)
            return commit.sha

    def rewind(self, repository: str, sha: str, *, branch: str | None = None) -> None:
        """Force the branch back, as the next sync of a mirror does: what came after is on no branch any more."""
        with self.lock:
            repo = self.repository(repository)
            repo.branches[branch or repo.default_branch] = sha

    def delete_branch(self, repository: str, branch: str) -> None:
        with self.lock:
            del self.repository(repository).branches[branch]

    def protect_branch(
        self,
        repository: str,
        branch: str,
        *,
        enable_push: bool = False,
        whitelist: tuple[str, ...] | None = None,
        signed: bool = False,
    ) -> None:
        with self.lock:
            rule = Protection(self.now(), enable_push, whitelist, signed)
            self.repository(repository).protections[branch] = rule

    def report_status(
        self, repository: str, sha: str, context: str, state: str, *, by: str, description: str = "", url: str = ""
    ) -> int:
        with self.lock:
            return self._report(self.repository(repository), sha, context, state, self.user(by), description, url)

    def start_run(
        self,
        repository: str,
        sha: str,
        *,
        by: str,
        workflow: str = "ci.yml",
        job: str = "test",
        status: str = "running",
        event: str = "push",
    ) -> int:
        with self.lock:
            repo = self.repository(repository)
            branch = next((name for name, head in repo.branches.items() if head == sha), repo.default_branch)
            actor = self.user(by)
            run = Run(self.next_id(), len(repo.runs) + 1, workflow, event, branch, sha, actor.id, status, self.now())
            repo.runs.append(run)
            self._report(repo, sha, f"{workflow} / {job} ({event})", self._as_status(status), actor)
            return run.id

    def finish_run(self, repository: str, run_id: int, status: str, *, job: str = "test") -> None:
        with self.lock:
            repo = self.repository(repository)
            run = next(run for run in repo.runs if run.id == run_id)
            run.status = status
            actor = self.users[run.actor_id]
            self._report(repo, run.sha, f"{run.workflow} / {job} ({run.event})", self._as_status(status), actor)

    def head(self, repository: str, branch: str | None = None) -> str:
        with self.lock:
            repo = self.repository(repository)
            return repo.branches[branch or repo.default_branch]

    def _as_status(self, run_status: str) -> str:
        skipped = "success" if self.flavour is Flavour.FORGEJO else "skipped"
        words = {"success": "success", "failure": "failure", "cancelled": "failure", "skipped": skipped}
        return words.get(run_status, "pending")

    def _report(
        self, repo: Repository, sha: str, context: str, state: str, by: User, description: str = "", url: str = ""
    ) -> int:
        number = sum(status.sha == sha for status in repo.statuses) + 1
        repo.statuses.append(Status(number, sha, context, state, description, url, by.id, self.now()))
        return number

    def _act_on(self, reference: Reference, commit: Commit, branch: str, repo: Repository, pusher: User) -> None:
        """Mention on any branch; close or reopen from the default one, for who may write there or wrote the issue."""
        home = repo if reference.repository is None else self.find_repository(*reference.repository.split("/", 1))
        issue = home.issues.get(reference.number) if home else None
        if home is None or issue is None or not self.access(home, pusher).allows(Access.READ):
            return
        event = self.record(issue, pusher, "commit_ref")
        event.sha, event.ref_repo_id = commit.sha, repo.id
        subject = commit.message.splitlines()[0]
        event.body = f'<a href="/{self.full_name(repo)}/commit/{commit.sha}">{subject}</a>'
        allowed = self.access(home, pusher).allows(Access.WRITE) or issue.author_id == pusher.id
        if reference.wish is Wish.NONE or not allowed or not self._counts(issue, branch, repo):
            return
        self.change_state(issue, pusher, closed=reference.wish is Wish.CLOSE)

    @staticmethod
    def _counts(issue: Issue, branch: str, repo: Repository) -> bool:
        tied = issue.ref.removeprefix("refs/heads/")
        return repo.closes_from_any_branch or branch == (tied or repo.default_branch)
