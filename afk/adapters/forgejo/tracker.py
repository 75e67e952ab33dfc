"""Answer as the tracker of the repositories on Forgejo."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from afk.adapters.forgejo.boards import Boards
from afk.adapters.forgejo.brief import Briefs
from afk.adapters.forgejo.client import SYSTEM
from afk.adapters.forgejo.issue_rows import card, issue_row
from afk.adapters.forgejo.tracking import Tracking
from afk.adapters.forgejo.vetting import Vettings
from afk.adapters.forgejo.writing import Writing
from afk.adapters.http import together
from afk.ports import PortError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from afk.adapters.forgejo.client import Client
    from afk.core.model import Board, Brief, Issue, IssueRef, Labels, Repo, Slug, Tracked, Vetting
    from afk.ports import TrackAsk

T = TypeVar("T")


class ForgejoTracker:
    """`repos` are the enrolled ones by name; what is asked about others is refused."""

    def __init__(self, client: Client, repos: Mapping[str, Repo], labels: Labels) -> None:
        self._client = client
        self._repos = repos
        self._boards = Boards(client, labels)
        self._vettings = Vettings(client, labels.ready)
        self._briefs = Briefs(client, self._vettings)
        self._tracking = Tracking(client)
        self._writing = Writing(client)

    def boards(self, repos: Sequence[Repo]) -> Mapping[str, Board | PortError]:
        return self._boards.read(repos)

    def issues(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Issue | PortError]:
        return dict(zip(refs, together([partial(self._issue, ref) for ref in refs]), strict=True))

    def _issue(self, ref: IssueRef) -> Issue:
        return card(issue_row(self._client, self._slug(ref), ref), ref)

    def vet(self, issues: Sequence[Issue]) -> Mapping[IssueRef, Vetting | PortError]:
        asked, refused = self._sorted(issues, lambda issue: issue.ref)
        return refused | self._vettings.read(asked)

    def brief(self, issue: Issue) -> Brief:
        return self._briefs.read(issue, self._slug(issue.ref))

    def track(self, asks: Sequence[TrackAsk]) -> Mapping[IssueRef, Tracked | PortError]:
        asked, refused = self._sorted(asks, lambda ask: ask.ref)
        return refused | self._tracking.read(asked)

    def add_label(self, ref: IssueRef, label: str) -> None:
        self._writing.add_label(self._slug(ref), ref, label)

    def remove_label(self, ref: IssueRef, label: str) -> None:
        self._writing.remove_label(self._slug(ref), ref, label)

    def put_comment(self, ref: IssueRef, marker: str, body: str, comment_id: str) -> str:
        return self._writing.put_comment(self._slug(ref), ref, marker, body, comment_id)

    def close(self, ref: IssueRef) -> None:
        self._writing.close(self._slug(ref), ref)

    def reopen(self, ref: IssueRef) -> None:
        self._writing.reopen(self._slug(ref), ref)

    def _sorted(
        self, subjects: Sequence[T], ref_of: Callable[[T], IssueRef]
    ) -> tuple[list[tuple[T, Slug]], dict[IssueRef, PortError]]:
        """Those of enrolled repositories, and the refusals of the others."""
        asked: list[tuple[T, Slug]] = []
        refused: dict[IssueRef, PortError] = {}
        for subject in subjects:
            try:
                asked.append((subject, self._slug(ref_of(subject))))
            except Refused as error:
                refused[ref_of(subject)] = error
        return asked, refused

    def _slug(self, ref: IssueRef) -> Slug:
        repo = self._repos.get(ref.repo)
        if repo is None:
            raise Refused(f"{SYSTEM}: {ref}: the repository is not enrolled")
        return repo.slug
