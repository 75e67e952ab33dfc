"""Do what people do to issues: open, label, discuss, edit, block, close and reopen them."""

from __future__ import annotations

from afk.sandbox.forgejo.cast import Cast
from afk.sandbox.forgejo.conversation import CODE
from afk.sandbox.forgejo.records import Issue


class Tracker(Cast):
    def open_issue(
        self, repository: str, by: str, title: str, *, body: str = "", labels: tuple[str, ...] = (), pull: bool = False
    ) -> int:
        """Issues and pull requests share one row of numbers."""
        with self.lock:
            repo, author, now = self.repository(repository), self.user(by), self.now()
            number = max(repo.issues, default=0) + 1
            issue = Issue(self.next_id(), repo.id, number, title, body, author.id, now, now, is_pull=pull)
            repo.issues[number] = issue
            for name in labels:
                self.put_label(issue, self.label_named(repo, name), author)
            return number

    def edit_issue(
        self, repository: str, number: int, by: str, *, title: str | None = None, body: str | None = None
    ) -> None:
        """Only a new title leaves an event behind; a new body does not."""
        with self.lock:
            issue = self.find(repository, number)
            if title is not None:
                self.retitle(issue, self.user(by), title)
            if body is not None:
                issue.body, issue.updated = body, self.now()
                issue.content_version += 1

    def label(self, repository: str, number: int, name: str, *, by: str) -> None:
        with self.lock:
            repo = self.repository(repository)
            self.put_label(repo.issues[number], self.label_named(repo, name), self.user(by))

    def unlabel(self, repository: str, number: int, name: str, *, by: str) -> None:
        with self.lock:
            repo = self.repository(repository)
            self.take_label(repo.issues[number], self.label_named(repo, name), self.user(by))

    def comment(self, repository: str, number: int, body: str, *, by: str) -> int:
        with self.lock:
            event = self.record(self.find(repository, number), self.user(by), "comment")
            event.body = body
            return event.id

    def delete_comment(self, repository: str, number: int, comment: int) -> None:
        with self.lock:
            issue = self.find(repository, number)
            issue.events = [event for event in issue.events if event.id != comment]

    def review_code(self, repository: str, number: int, *, by: str) -> None:
        """A remark on a line takes a place in the timeline's pages, and is never shown there."""
        with self.lock:
            self.record(self.find(repository, number), self.user(by), CODE)

    def close(self, repository: str, number: int, *, by: str) -> bool:
        with self.lock:
            return self.change_state(self.find(repository, number), self.user(by), closed=True)

    def reopen(self, repository: str, number: int, *, by: str) -> None:
        with self.lock:
            self.change_state(self.find(repository, number), self.user(by), closed=False)

    def block(self, repository: str, number: int, *, on: tuple[str, int], by: str) -> None:
        with self.lock:
            self.add_blocker(self.find(repository, number), self.find(*on), self.user(by))

    def tie_to_branch(self, repository: str, number: int, branch: str) -> None:
        """Only a commit on that branch closes it from now on."""
        with self.lock:
            self.find(repository, number).ref = f"refs/heads/{branch}"

    def delete_issue(self, repository: str, number: int) -> None:
        with self.lock:
            del self.repository(repository).issues[number]

    def state_of(self, repository: str, number: int) -> str:
        with self.lock:
            return "closed" if self.find(repository, number).closed else "open"

    def labels_of(self, repository: str, number: int) -> list[str]:
        with self.lock:
            return sorted(label.name for label in self.find(repository, number).labels)

    def comments_of(self, repository: str, number: int) -> list[tuple[str, str]]:
        """Who wrote what, in the order it was written."""
        with self.lock:
            events = [event for event in self.find(repository, number).events if event.type == "comment"]
            return [
                (self.users[event.user_id].login if event.user_id in self.users else "Ghost", event.body)
                for event in events
            ]

    def find(self, repository: str, number: int) -> Issue:
        return self.repository(repository).issues[number]
