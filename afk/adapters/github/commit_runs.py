"""Read the checks of one commit over REST, for tokens that may see Actions and statuses but no checks."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from afk.adapters.github.answer import understood
from afk.adapters.github.check_fold import Check, mark, outcome, status_mark
from afk.adapters.github.commit_checks import PUSH
from afk.ports import PortError

if TYPE_CHECKING:
    from afk.adapters.github.client import Client
    from afk.core.model import Slug


class CommitRuns:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._branches: dict[Slug, str] = {}

    def read(self, slug: Slug, sha: str) -> list[Check] | PortError:
        subject = f"{slug} {sha}"
        try:
            with understood(subject):
                return [*self._runs(slug, sha, subject), *self._statuses(slug, sha, subject)]
        except PortError as error:
            return error

    def _runs(self, slug: Slug, sha: str, subject: str) -> list[Check]:
        """The whole workflow run counts; its jobs are looked at only where it failed."""
        asked = {"head_sha": sha, "event": PUSH, "branch": self._branch(slug)}
        return [
            Check(
                row["name"],
                mark(row["status"], row["conclusion"]),
                row["html_url"],
                outcome(row["conclusion"]),
                run=row["id"],
            )
            for rows in self._client.pages(slug, "/actions/runs", subject, "workflow_runs", **asked)
            for row in rows
            if row["head_sha"] == sha and row["event"] == PUSH
        ]

    def _statuses(self, slug: Slug, sha: str, subject: str) -> list[Check]:
        """The newest of each context. The sum of them is no use: without any it is `pending`."""
        return [
            Check(row["context"], status_mark(row["state"]), row["target_url"] or "", row["description"] or "")
            for rows in self._client.pages(slug, f"/commits/{sha}/status", subject, "statuses")
            for row in rows
        ]

    def _branch(self, slug: Slug) -> str:
        with self._lock:
            if slug not in self._branches:
                self._branches[slug] = str(self._client.json(slug, "GET", "", str(slug))["default_branch"])
            return self._branches[slug]
