"""Let repositories, commits, checks, workflows and statuses come to be."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from afk.sandbox.github import git
from afk.sandbox.github.checks import current_jobs
from afk.sandbox.github.records import Account, Commit, Kind, Push, Repository, Role, RulesetRule
from afk.sandbox.github.rest.branches import PROTECTIONS, RULES

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from afk.sandbox.github.ci_records import CheckRun, Job, Workflow, WorkflowRun
    from afk.sandbox.github.forge import Forge


class CodeVerbs:
    forge: Forge
    lock: threading.RLock

    def create_repository(
        self, full_name: str, *, private: bool = True, collaborators: Mapping[str, str] | None = None,
        branch: str = "main", empty: bool = False,
    ) -> int:  # fmt: skip
        """Accounts that are not there yet are created as users. The first commit is a README, unless empty."""
        owner, _, name = full_name.partition("/")
        with self.lock:
            made = self.forge.world.create_repository(
                self._person(owner), name, private=private, branch=branch
            )  # fmt: skip
            for login, role in (collaborators or {}).items():
                made.roles[self._person(login).id] = Role(role)
            if not empty:
                self.push(full_name, "Initial commit", files={"README.md": f"# {name}\n"})
            return made.id

    def set_role(self, full_name: str, login: str, role: str, *, role_name: str | None = None) -> None:
        """`role_name`: the organisation's own name for a role that is built on this one."""
        with self.lock:
            repo, account = self._place(full_name), self._person(login)
            repo.roles.pop(account.id, None)
            repo.role_names.pop(account.id, None)
            if role != Role.NONE:
                repo.roles[account.id] = Role(role)
            if role_name:
                repo.role_names[account.id] = role_name

    def rename_repository(self, full_name: str, name: str) -> None:
        with self.lock:
            self.forge.world.rename_repository(self._place(full_name), name)

    def delete_repository(self, full_name: str) -> None:
        with self.lock:
            self.forge.world.delete_repository(self._place(full_name))

    def archive(self, full_name: str) -> None:
        with self.lock:
            self._place(full_name).archived = True

    def disable_issues(self, full_name: str) -> None:
        with self.lock:
            self._place(full_name).has_issues = False

    def protect_branch(self, full_name: str, branch: str, *rules: str) -> None:
        """`rules` are the names under which the protection shows what it asks for."""
        if strangers := set(rules) - PROTECTIONS:
            raise ValueError(f"GitHub protects no branch by {', '.join(sorted(strangers))}")
        with self.lock:
            self._place(full_name).protected[branch] = frozenset(rules)

    def protect_by_ruleset(self, full_name: str, branch: str, *types: str) -> int:
        if strangers := set(types) - RULES:
            raise ValueError(f"no ruleset has a rule {', '.join(sorted(strangers))}")
        with self.lock:
            ruleset = self.forge.world.next_id()
            self._place(full_name).rules += [RulesetRule(ruleset, branch, each) for each in types]
            return ruleset

    def make_fork(self, full_name: str) -> None:
        with self.lock:
            self._place(full_name).fork = True

    def make_mirror(self, full_name: str, of: str) -> None:
        with self.lock:
            self._place(full_name).mirror_url = of

    def push(
        self,
        full_name: str,
        message: str,
        author: str | None = None,
        branch: str | None = None,
        *,
        sha: str | None = None,
        below: Collection[str] = (),
        files: Mapping[str, str] | None = None,
        email: str | None = None,
        committed_at: datetime | None = None,
        onto: str | None = None,
    ) -> str:
        """Push one commit, on top of one for each message in `below`; answers the head's sha.

        A new branch starts at the default branch. `onto` puts the commits on another commit: a force push.
        `email` is the commit's when it belongs to nobody here.
        """
        with self.lock:
            repo = self._place(full_name)
            name = branch or repo.default_branch
            pusher = self.forge.world.account(author) if author else repo.owner
            tip = repo.branches.get(name)
            start = onto or tip or repo.branches.get(repo.default_branch)
            for text in below:
                start = self._commit(repo, text, pusher, start, {}, None, email, committed_at).sha
            head = self._commit(repo, message, pusher, start, files or {}, sha, email, committed_at)
            forced = tip is not None and onto is not None and onto != tip
            self._move(repo, name, head, pusher, "force_push" if forced else "push" if tip else "branch_creation")
            return head.sha

    def fast_forward(self, full_name: str, to: str, actor: str | None = None, branch: str | None = None) -> None:
        """Move a branch (the default one, unless named) up to a commit that is pushed already."""
        with self.lock:
            repo = self._place(full_name)
            pusher = self.forge.world.account(actor) if actor else repo.owner
            self._move(repo, branch or repo.default_branch, repo.commits[to], pusher, "push")

    def merge_pull_request(self, full_name: str, number: int, actor: str) -> str:
        """Answers the sha of the merge commit. Issues that the text closes are closed by the pull request."""
        with self.lock:
            repo, who = self._place(full_name), self.forge.world.account(actor)
            pull = repo.issues[number]
            assert pull.pull is not None, number
            base, head = repo.branches[pull.pull.base], repo.branches[pull.pull.head]
            text = f"Merge pull request #{number} from {repo.owner.login}/{pull.pull.head}"
            merge = self._commit(repo, text, who, base, repo.commits[head].tree, None, None, None)
            merge.parents.append(head)
            self._move(repo, pull.pull.base, merge, who, "pr_merge")
            pull.pull.merged_at, pull.pull.merge_commit = self.forge.world.now(), merge
            self.forge.tracker.close(pull, who)
            if pull.pull.base == repo.default_branch:
                for name, target in git.closings(pull.body or "", repo):
                    issue = self.forge.tracker.find(name, target)
                    if issue:
                        self.forge.tracker.close(issue, who, closer=pull)
            return merge.sha

    def delete_branch(self, full_name: str, branch: str, actor: str) -> None:
        with self.lock:
            repo = self._place(full_name)
            self._log(
                repo, branch, repo.branches.pop(branch), git.ZERO, self.forge.world.account(actor), "branch_deletion"
            )

    def _commit(
        self, repo: Repository, message: str, author: Account, parent: str | None, files: Mapping[str, str],
        sha: str | None, email: str | None, committed_at: datetime | None,
    ) -> Commit:  # fmt: skip
        seed = f"{repo.id}:{len(repo.commits)}:{message}".encode()
        number = sha or hashlib.sha1(seed, usedforsecurity=False).hexdigest()
        tree = {**(repo.commits[parent].tree if parent else {}), **files}
        at = committed_at or self.forge.world.now()
        world, person = self.forge.world, None if email else author
        made = Commit(
            number, world.node_id("C", f"{repo.id}:{number}"), repo, message, person, author.name,
            email or author.email, at, at, [parent] if parent else [], tree,
        )  # fmt: skip
        repo.commits[number] = made
        return world.known(made)

    def _move(self, repo: Repository, branch: str, head: Commit, pusher: Account, kind: str) -> None:
        before = repo.branches.get(branch)
        repo.branches[branch] = head.sha
        push = self._log(repo, branch, before or git.ZERO, head.sha, pusher, kind)
        known = {commit.sha for commit in git.history(repo, repo.commits[before])} if before else set()
        new = [commit for commit in git.history(repo, head) if commit.sha not in known]
        for commit in reversed(new):
            self.forge.tracker.note_commit(repo, commit, pusher)
            if branch == repo.default_branch:
                self.forge.tracker.close_by_commit(repo, commit, pusher)
        self.forge.checks.after_push(repo, push, head)

    def _log(self, repo: Repository, branch: str, before: str, after: str, actor: Account, kind: str) -> Push:
        world = self.forge.world
        number = world.next_id()
        ref = f"refs/heads/{branch}"
        push = Push(number, world.node_id("PSH", number), before, after, ref, world.now(), actor, kind)
        repo.pushes.append(push)
        return push

    def start_check(self, full_name: str, sha: str, name: str, *, app: str, status: str = "in_progress") -> int:
        with self.lock:
            repo = self._place(full_name)
            found = next(one for one in self.forge.world.apps.values() if one.slug == app)
            suite = self.forge.checks.suite_of(repo, found, repo.commits[sha].sha)
            return self.forge.checks.run(suite, name, status).id

    def finish_check(self, full_name: str, check: int, conclusion: str, *, summary: str | None = None) -> None:
        with self.lock:
            self.forge.checks.move(self._check(full_name, check), "completed", conclusion, summary)

    def set_status(
        self, full_name: str, sha: str, context: str, state: str, *, creator: str | None = None,
        description: str | None = None, target_url: str | None = None,
    ) -> None:  # fmt: skip
        with self.lock:
            repo = self._place(full_name)
            who = self.forge.world.account(creator) if creator else repo.owner
            self.forge.checks.set_status(repo, repo.commits[sha].sha, state, context, who, description, target_url)

    def add_workflow(
        self, full_name: str, name: str = "CI", *, path: str = ".github/workflows/ci.yml",
        jobs: Collection[str] = ("test",), on_push: bool = True,
    ) -> int:  # fmt: skip
        """With `on_push`, every push starts a queued run on its head, unless the message says to skip CI."""
        with self.lock:
            return self.forge.checks.add_workflow(self._place(full_name), name, path, tuple(jobs), on_push=on_push).id

    def set_workflow_state(self, full_name: str, name: str, state: str) -> None:
        with self.lock:
            self._workflow(full_name, name).state = state

    def run_workflow(
        self, full_name: str, sha: str, name: str = "CI", *, event: str = "push", actor: str | None = None
    ) -> int:
        with self.lock:
            workflow = self._workflow(full_name, name)
            who = self.forge.world.account(actor) if actor else workflow.repo.owner
            return self.forge.checks.start_workflow(workflow, sha, who, event).id

    def run_of(self, full_name: str, sha: str) -> int:
        """The newest run on this commit."""
        with self.lock:
            runs = [run for run in self._place(full_name).workflow_runs if run.suite.head_sha == sha]
            return runs[-1].id

    def begin_run(self, full_name: str, run: int) -> None:
        with self.lock:
            self.forge.checks.begin(self._run(full_name, run))

    def add_step(
        self, full_name: str, run: int, job: str, name: str, conclusion: str | None, log: Collection[str] = ()
    ) -> None:
        with self.lock:
            self.forge.checks.step(self._job(full_name, run, job), name, conclusion, list(log))

    def finish_job(self, full_name: str, run: int, job: str, conclusion: str) -> None:
        """The run ends with its last job."""
        with self.lock:
            self.forge.checks.end_job(self._run(full_name, run), self._job(full_name, run, job), conclusion)

    def finish_run(self, full_name: str, run: int, conclusion: str) -> None:
        with self.lock:
            self.forge.checks.end(self._run(full_name, run), conclusion)

    def rerun(self, full_name: str, run: int) -> None:
        with self.lock:
            self.forge.checks.rerun(self._run(full_name, run))

    def head(self, full_name: str, branch: str | None = None) -> str:
        with self.lock:
            repo = self._place(full_name)
            return repo.branches[branch or repo.default_branch]

    def _person(self, login: str) -> Account:
        world = self.forge.world
        return world.accounts.get(login.lower()) or world.create_account(login, Kind.USER)

    def _place(self, full_name: str) -> Repository:
        return self.forge.world.repository(full_name)

    def _workflow(self, full_name: str, name: str) -> Workflow:
        return next(one for one in self._place(full_name).workflows if one.name == name)

    def _run(self, full_name: str, number: int) -> WorkflowRun:
        return next(one for one in self._place(full_name).workflow_runs if one.id == number)

    def _job(self, full_name: str, run: int, name: str) -> Job:
        return next(one for one in current_jobs(self._run(full_name, run)) if one.check.name == name)

    def _check(self, full_name: str, number: int) -> CheckRun:
        suites = self._place(full_name).suites
        return next(run for suite in suites for run in suite.runs if run.id == number)
