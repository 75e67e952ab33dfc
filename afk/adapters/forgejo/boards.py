"""Read the boards of many repositories with one search for each of their owners.

The search takes either label, and filters nothing where nobody has a label of that name: rows are looked at again. It
leaves out repositories that the token cannot see, so one without any row must be seen in another way.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from afk.adapters.forgejo.client import SYSTEM, understood
from afk.adapters.forgejo.issue_rows import card
from afk.adapters.http import together
from afk.core.model import Board, IssueRef
from afk.ports import PortError, Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.forgejo.client import Client
    from afk.core.model import Issue, Labels, Repo


class Boards:
    def __init__(self, client: Client, labels: Labels) -> None:
        self._client = client
        self._labels = labels

    def read(self, repos: Sequence[Repo]) -> dict[str, Board | PortError]:
        owners: dict[str, list[Repo]] = {}
        for repo in repos:
            owners.setdefault(repo.slug.owner.lower(), []).append(repo)
        answers = together([partial(self._search, each[0].slug.owner) for each in owners.values()])
        found: dict[str, Board | PortError] = {}
        for group, answer in zip(owners.values(), answers, strict=True):
            if isinstance(answer, PortError):
                found |= {repo.name: answer for repo in group}
            else:
                found |= self._boards(group, answer)
        return found

    def _search(self, owner: str) -> dict[str, list[Mapping[str, Any]]]:
        """Rows by repository."""
        wanted = {
            "state": "open",
            "type": "issues",
            "labels": f"{self._labels.ready},{self._labels.in_progress}",
            "owner": owner,
        }
        found: dict[str, list[Mapping[str, Any]]] = {}
        for page in self._client.pages("/repos/issues/search", owner, wanted):
            with understood(f"search for {owner}"):
                for row in page:
                    found.setdefault(row["repository"]["full_name"].lower(), []).append(row)
        return found

    def _boards(
        self, repos: Sequence[Repo], rows: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> dict[str, Board | PortError]:
        unseen = [repo for repo in repos if str(repo.slug).lower() not in rows]
        looks = together([partial(self._client.default_branch, repo.slug) for repo in unseen])
        hidden = {repo.name: look for repo, look in zip(unseen, looks, strict=True) if isinstance(look, PortError)}
        return {
            repo.name: hidden.get(repo.name) or self._board(repo, rows.get(str(repo.slug).lower(), ()))
            for repo in repos
        }

    def _board(self, repo: Repo, rows: Sequence[Mapping[str, Any]]) -> Board | PortError:
        issues: dict[int, Issue] = {}
        try:
            with understood(str(repo.slug)):
                for row in rows:
                    if row.get("pull_request") is None:
                        issues[row["number"]] = card(row, IssueRef(repo.name, row["number"]))
        except Unexpected as error:
            return Unexpected(f"{SYSTEM}: board of {repo.slug}: {error}")
        shown = [issue for issue in issues.values() if issue.is_open]
        return Board(
            tuple(issue for issue in shown if self._labels.ready in issue.labels),
            tuple(issue for issue in shown if self._labels.in_progress in issue.labels),
        )
