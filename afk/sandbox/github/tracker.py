"""Change issues the way GitHub does, with the events that each change leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.github import git
from afk.sandbox.github.records import Comment, Edit, Event, Issue, PullRequest, Role

if TYPE_CHECKING:
    from afk.sandbox.github.access import Token
    from afk.sandbox.github.records import Account, App, Commit, Label, Repository
    from afk.sandbox.github.world import World

AUTO_LABEL = "ededed"
MOST_BLOCKERS = 50


class Tracker:
    """Whether somebody may do a thing is asked before; here it happens."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.closing_touches_dependents = False  # unverified: whether those it blocked get a new updatedAt

    def open(
        self,
        repo: Repository,
        title: str,
        body: str | None,
        author: Account | None,
        via_app: App | None = None,
        pull: PullRequest | None = None,
    ) -> Issue:
        repo.last_number += 1
        number, now = self._world.next_id(), self._world.now()
        node_id = self._world.node_id("PR" if pull else "I", number)
        issue = Issue(number, node_id, repo.last_number, repo, title, body, author, now, now, via_app, pull)
        repo.issues[issue.number] = self._world.known(issue)
        self._mention(issue, body or "", author)
        return issue

    def record(self, issue: Issue, word: str, actor: Account | None, **facts: Any) -> Event:
        number = self._world.next_id()
        prefix = "".join(part[0] for part in word.replace("-", "_").split("_")).upper()
        node_id = self._world.node_id(f"{prefix}E", number)
        event = Event(number, node_id, issue, word, actor, self._world.now(), **facts)
        issue.events.append(self._world.known(event))
        issue.updated_at = event.created_at
        return event

    def label(
        self, issue: Issue, names: list[str], actor: Account | None, via_app: App | None = None,
        intent: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        for name in names:
            label = issue.repo.labels.get(name.lower()) or self._world.create_label(issue.repo, name, AUTO_LABEL)
            if label not in issue.labels:
                issue.labels.append(label)
                self._label_event(issue, "labeled", label, actor, via_app, intent)

    def unlabel(self, issue: Issue, label: Label, actor: Account | None, via_app: App | None = None) -> None:
        issue.labels.remove(label)
        self._label_event(issue, "unlabeled", label, actor, via_app, None)

    def _label_event(
        self, issue: Issue, word: str, label: Label, actor: Account | None, via_app: App | None,
        intent: dict[str, str] | None,
    ) -> None:  # fmt: skip
        shown = {"label": label, "label_name": label.name, "label_color": label.color}
        self.record(issue, word, actor, via_app=via_app, intent=intent, **shown)

    def comment(self, issue: Issue, body: str, author: Account | None, via_app: App | None = None) -> Comment:
        number, now = self._world.next_id(), self._world.now()
        node_id = self._world.node_id("IC", number)
        made = self._world.known(Comment(number, node_id, issue, author, body, now, now, via_app))
        issue.comments.append(made)
        self.record(issue, "commented", author, comment=made)
        self._mention(issue, body, author)
        return made

    def edit_comment(self, comment: Comment, body: str, editor: Account) -> None:
        comment.edits.append(self._edit(editor, comment.body))
        comment.body, comment.editor = body, editor
        comment.updated_at = comment.last_edited_at = comment.issue.updated_at = self._world.now()

    def delete_comment(self, comment: Comment) -> None:
        issue = comment.issue
        issue.comments.remove(comment)
        for event in [one for one in issue.events if one.comment is comment]:
            issue.events.remove(event)
            self._world.nodes.pop(event.node_id)
        self._world.nodes.pop(comment.node_id)

    def edit_body(self, issue: Issue, body: str | None, editor: Account) -> None:
        if body == issue.body:
            return
        issue.edits.append(self._edit(editor, issue.body or ""))
        issue.body, issue.editor = body, editor
        issue.last_edited_at = issue.updated_at = self._world.now()
        self._mention(issue, body or "", editor)

    def _edit(self, editor: Account, before: str) -> Edit:
        number = self._world.next_id()
        node_id = self._world.node_id("UCE", number)
        return self._world.known(Edit(number, node_id, editor, self._world.now(), before))

    def rename(self, issue: Issue, title: str, actor: Account, via_app: App | None = None) -> None:
        """A new title leaves an event; `lastEditedAt` and `editor` belong to the body alone."""
        if title != issue.title:
            self.record(issue, "renamed", actor, via_app=via_app, renamed_from=issue.title, renamed_to=title)
            issue.title = title

    def close(
        self, issue: Issue, actor: Account | None, reason: str = "completed", via_app: App | None = None,
        commit: Commit | None = None, closer: Issue | None = None,
    ) -> None:  # fmt: skip
        if issue.state == "closed":
            return  # a reason is ignored unless the state changes
        issue.state, issue.state_reason = "closed", None if issue.pull else reason
        issue.closed_at, issue.closed_by = self._world.now(), actor
        self.record(issue, "closed", actor, via_app=via_app, commit=commit, closer=closer, state_reason=reason)
        for dependent in issue.blocking if self.closing_touches_dependents else []:
            dependent.updated_at = self._world.now()

    def reopen(self, issue: Issue, actor: Account, via_app: App | None = None) -> None:
        if issue.state == "open":
            return
        issue.state, issue.state_reason, issue.closed_at, issue.closed_by = "open", "reopened", None, None
        self.record(issue, "reopened", actor, via_app=via_app, state_reason="reopened")

    def block(self, issue: Issue, blocker: Issue, actor: Account | None, via_app: App | None = None) -> None:
        issue.blocked_by.append(blocker)
        blocker.blocking.append(issue)
        self.record(issue, "blocked_by_added", actor, via_app=via_app, source=blocker)
        self.record(blocker, "blocking_added", actor, via_app=via_app, source=issue)

    def unblock(self, issue: Issue, blocker: Issue, actor: Account | None, via_app: App | None = None) -> None:
        issue.blocked_by.remove(blocker)
        blocker.blocking.remove(issue)
        self.record(issue, "blocked_by_removed", actor, via_app=via_app, source=blocker)
        self.record(blocker, "blocking_removed", actor, via_app=via_app, source=issue)

    def adopt(self, parent: Issue, child: Issue, actor: Account) -> None:
        child.parent = parent
        parent.sub_issues.append(child)
        self.record(parent, "sub_issue_added", actor, source=child)
        self.record(child, "parent_issue_added", actor, source=parent)

    def note_commit(self, repo: Repository, commit: Commit, pusher: Account) -> None:
        """A commit that names an issue shows up there, whatever branch it was pushed to."""
        for name, number in git.references(commit.message, repo):
            issue = self.find(name, number)
            if issue and not any(e.word == "referenced" and e.commit is commit for e in issue.events):
                self.record(issue, "referenced", commit.author or pusher, commit=commit)

    def close_by_commit(self, repo: Repository, commit: Commit, pusher: Account) -> None:
        for name, number in git.closings(commit.message, repo):
            issue = self.find(name, number)
            if issue and not issue.pull and self._world.role_of(pusher, issue.repo).reaches(Role.WRITE):
                self.close(issue, commit.author or pusher, commit=commit)

    def find(self, name: str, number: int) -> Issue | None:
        known = self._world.names.get(name)
        issue = self._world.repositories[known].issues.get(number) if known else None
        return None if issue is None or issue.deleted or issue.moved_to else issue

    def transfer(self, issue: Issue, target: Repository, actor: Account) -> Issue:
        """The issue gets a new number and a new node id; the old ones lead nowhere (REST: to the new place)."""
        moved = self.open(target, issue.title, issue.body, issue.author)
        moved.comments, moved.state, moved.created_at = issue.comments, issue.state, issue.created_at
        for comment in moved.comments:
            comment.issue = moved
        self.record(moved, "transferred", actor, from_repo=issue.repo)
        self._replace(issue, moved)
        issue.moved_to = moved
        self._world.nodes.pop(issue.node_id)
        return moved

    def _replace(self, issue: Issue, moved: Issue) -> None:
        """Dependencies go along."""
        for other in issue.blocking:
            other.blocked_by[other.blocked_by.index(issue)] = moved
        for other in issue.blocked_by:
            other.blocking[other.blocking.index(issue)] = moved
        moved.blocking, moved.blocked_by, issue.blocking, issue.blocked_by = issue.blocking, issue.blocked_by, [], []

    def delete(self, issue: Issue) -> None:
        issue.deleted = True
        self._world.nodes.pop(issue.node_id)
        for other in issue.blocking:
            other.blocked_by.remove(issue)
        for other in issue.blocked_by:
            other.blocking.remove(issue)

    def _mention(self, issue: Issue, text: str, actor: Account | None) -> None:
        for name, number in git.references(text, issue.repo):
            target = self.find(name, number)
            if target is None or target is issue:
                continue
            if not any(e.word == "cross-referenced" and e.source is issue for e in target.events):
                self.record(target, "cross-referenced", actor, source=issue)


def via(token: Token) -> tuple[Account, App | None]:
    """The actor and the app that an act with this token is recorded under."""
    return token.actor, token.app
