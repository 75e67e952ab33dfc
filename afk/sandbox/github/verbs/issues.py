"""Let people and apps open, label, discuss and close issues, as far as they may."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.sandbox.github.records import Account, App, Comment, Issue, Kind, PullRequest, Repository, Role

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Mapping

    from afk.sandbox.github.forge import Forge


class IssueVerbs:
    """Every verb refuses with PermissionError what GitHub would refuse that person."""

    forge: Forge
    lock: threading.RLock

    def open_issue(
        self, repo: str, title: str, body: str | None = "", author: str | None = None, labels: Collection[str] = ()
    ) -> int:
        """`labels` are those of an issue form: they are applied with the author as actor, whoever that is."""
        with self.lock:
            place = self._repo(repo)
            actor = self._who(author) if author else place.owner
            self._needs(place, actor, Role.READ)
            issue = self.forge.tracker.open(place, title, body, actor)
            self.forge.tracker.label(issue, list(labels), actor)
            return issue.number

    def open_pull_request(self, repo: str, title: str, author: str, *, body: str = "", head: str, base: str) -> int:
        with self.lock:
            place = self._repo(repo)
            return self.forge.tracker.open(
                place, title, body, self._who(author), pull=PullRequest(base, head)
            ).number  # fmt: skip

    def link_pull_request(self, repo: str, number: int, pull: int, actor: str) -> None:
        """Connect a pull request by hand, in the side bar."""
        with self.lock:
            source = self.issue(repo, pull)
            self.forge.tracker.record(self.issue(repo, number), "connected", self._who(actor), source=source)

    def edit_issue(
        self, repo: str, number: int, actor: str, *, title: str | None = None, body: str | None = None
    ) -> None:
        with self.lock:
            issue, who = self.issue(repo, number), self._who(actor)
            if issue.author is not who:
                self._needs(issue.repo, who, Role.WRITE)
            if title is not None:
                self.forge.tracker.rename(issue, title, who)
            if body is not None:
                self.forge.tracker.edit_body(issue, body, who)

    def label(
        self, repo: str, number: int, name: str, actor: str, *, via_app: str | None = None,
        intent: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        """`via_app`: some App did it with the person's authorization; `intent`: an agent gave its reasons."""
        with self.lock:
            issue, who = self.issue(repo, number), self._who(actor)
            self._needs(issue.repo, who, Role.TRIAGE if name.lower() in issue.repo.labels else Role.WRITE)
            app = self._app(via_app) if via_app else self._app_of(who)
            self.forge.tracker.label(issue, [name], who, app, dict(intent) if intent else None)

    def unlabel(self, repo: str, number: int, name: str, actor: str) -> None:
        with self.lock:
            issue, who = self.issue(repo, number), self._who(actor)
            self._needs(issue.repo, who, Role.TRIAGE)
            label = next(one for one in issue.labels if one.name.lower() == name.lower())
            self.forge.tracker.unlabel(issue, label, who, self._app_of(who))

    def comment(self, repo: str, number: int, body: str, author: str) -> int:
        with self.lock:
            issue, who = self.issue(repo, number), self._who(author)
            self._needs(issue.repo, who, Role.WRITE if issue.locked else Role.READ)
            return self.forge.tracker.comment(issue, body, who, self._app_of(who)).id

    def edit_comment(self, repo: str, comment_id: int, body: str, actor: str) -> None:
        with self.lock:
            found, who = self._comment(repo, comment_id), self._who(actor)
            if found.author is not who:
                self._needs(found.issue.repo, who, Role.WRITE)
            self.forge.tracker.edit_comment(found, body, who)

    def delete_comment(self, repo: str, comment_id: int, actor: str) -> None:
        with self.lock:
            found, who = self._comment(repo, comment_id), self._who(actor)
            if found.author is not who:
                self._needs(found.issue.repo, who, Role.WRITE)
            self.forge.tracker.delete_comment(found)

    def close(self, repo: str, number: int, actor: str, reason: str = "completed") -> None:
        with self.lock:
            issue, who = self.issue(repo, number), self._who(actor)
            if issue.author is not who:
                self._needs(issue.repo, who, Role.TRIAGE)
            self.forge.tracker.close(issue, who, reason, self._app_of(who))

    def reopen(self, repo: str, number: int, actor: str) -> None:
        with self.lock:
            issue, who = self.issue(repo, number), self._who(actor)
            if issue.author is not who:
                self._needs(issue.repo, who, Role.TRIAGE)
            self.forge.tracker.reopen(issue, who, self._app_of(who))

    def lock_issue(self, repo: str, number: int, actor: str) -> None:
        with self.lock:
            issue = self.issue(repo, number)
            self._needs(issue.repo, self._who(actor), Role.TRIAGE)
            issue.locked = True

    def block(self, repo: str, number: int, by: int, by_repo: str | None = None, *, actor: str | None = None) -> None:
        with self.lock:
            issue, blocker = self.issue(repo, number), self.issue(by_repo or repo, by)
            self.forge.tracker.block(issue, blocker, self._actor(issue, actor))

    def unblock(self, repo: str, number: int, by: int, by_repo: str | None = None, *, actor: str | None = None) -> None:
        with self.lock:
            issue, blocker = self.issue(repo, number), self.issue(by_repo or repo, by)
            self.forge.tracker.unblock(issue, blocker, self._actor(issue, actor))

    def add_sub_issue(self, repo: str, parent: int, child: int, *, actor: str | None = None) -> None:
        with self.lock:
            issue = self.issue(repo, parent)
            self.forge.tracker.adopt(issue, self.issue(repo, child), self._actor(issue, actor))

    def transfer_issue(self, repo: str, number: int, target: str, actor: str) -> int:
        """Answers its number in the other repository."""
        with self.lock:
            issue, place, who = self.issue(repo, number), self._repo(target), self._who(actor)
            self._needs(issue.repo, who, Role.WRITE)
            self._needs(place, who, Role.WRITE)
            return self.forge.tracker.transfer(issue, place, who).number

    def delete_issue(self, repo: str, number: int, actor: str) -> None:
        with self.lock:
            issue = self.issue(repo, number)
            self._needs(issue.repo, self._who(actor), Role.ADMIN)
            self.forge.tracker.delete(issue)

    def issue(self, repo: str, number: int) -> Issue:
        with self.lock:
            return self._repo(repo).issues[number]

    def labels_of(self, repo: str, number: int) -> list[str]:
        with self.lock:
            return [label.name for label in self.issue(repo, number).labels]

    def comments_of(self, repo: str, number: int) -> list[tuple[str, str]]:
        """(login, text) of each."""
        with self.lock:
            return [(one.author.login if one.author else "", one.body) for one in self.issue(repo, number).comments]

    def events_of(self, repo: str, number: int) -> list[tuple[str, str]]:
        """(word, login) of each row of the timeline."""
        with self.lock:
            return [(one.word, one.actor.login if one.actor else "") for one in self.issue(repo, number).events]

    def _repo(self, name: str) -> Repository:
        return self.forge.world.repository(name)

    def _who(self, login: str) -> Account:
        return self.forge.world.account(login)

    def _actor(self, issue: Issue, login: str | None) -> Account:
        who = self._who(login) if login else issue.repo.owner
        self._needs(issue.repo, who, Role.TRIAGE)
        return who

    def _app(self, slug: str) -> App:
        return next(one for one in self.forge.world.apps.values() if one.slug == slug)

    def _app_of(self, account: Account) -> App | None:
        return next((one for one in self.forge.world.apps.values() if one.bot is account), None)

    def _comment(self, repo: str, number: int) -> Comment:
        found = [one for issue in self._repo(repo).issues.values() for one in issue.comments if one.id == number]
        return found[0]

    def _needs(self, repo: Repository, account: Account, role: Role) -> None:
        """A bot needs an installation with the permission, a person the role, the owner nothing."""
        if account.kind is Kind.BOT:
            app = self._app_of(account)
            made = self.forge.world.installation_of(app, repo) if app else None
            allowed = made is not None and (role is Role.READ or made.permissions.get("issues") == "write")
        else:
            allowed = account is repo.owner or self.forge.world.role_of(account, repo).reaches(role)
        if not allowed:
            raise PermissionError(f"{account.login} needs {role.value} in {repo.full_name}")
