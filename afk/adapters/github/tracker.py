"""Answer as the tracker of the repositories on GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.adapters.github.boards import Boards
from afk.adapters.github.brief import Briefs
from afk.adapters.github.cards import Cards
from afk.adapters.github.cases import Case, Cases
from afk.adapters.github.known_cases import KnownCases
from afk.adapters.github.lookups import Found, Lookups, Wish
from afk.adapters.github.tracking import Tracking
from afk.adapters.github.vetting import vetting
from afk.adapters.github.writing import Writing
from afk.ports import PortError, Refused, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.github.client import Client
    from afk.core.model import Board, Brief, Issue, IssueRef, Labels, Repo, Slug, Tracked, Vetting
    from afk.ports import TrackAsk

CASES_OF_A_POINT = 74  # GitHub counts two lists for each
CASES_AT_MOST = 1_000  # at one look: what is left over is looked at next, before the tick's time is up


class GithubTracker:
    """`repos` are the enrolled ones by name; what is asked about others is refused."""

    def __init__(self, client: Client, repos: Mapping[str, Repo], labels: Labels) -> None:
        self._client = client
        self._repos = repos
        self._boards = Boards(client, labels)
        self._cards = Cards(client, repos, labels)
        self._cases = Cases(client, labels.ready)
        self._known = KnownCases(client.memory, client.clock)
        self._lookups = Lookups(client)
        self._briefs = Briefs(client, labels)
        self._tracking = Tracking(client, repos, labels)
        self._writing = Writing(client)

    def boards(self, repos: Sequence[Repo]) -> Mapping[str, Board | PortError]:
        return self._boards.read(repos)

    def issues(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Issue | PortError]:
        return self._cards.read(refs)

    def vet(self, issues: Sequence[Issue]) -> Mapping[IssueRef, Vetting | PortError]:
        answers: dict[IssueRef, Vetting | PortError] = {}
        scopes: dict[str, list[tuple[Issue, Slug]]] = {}
        for issue in issues:
            try:
                slug = self._slug(issue.ref)
                scopes.setdefault(self._client.scope(slug), []).append((issue, slug))
            except PortError as error:
                answers[issue.ref] = error
        for scope, asked in scopes.items():
            answers |= self._vet(scope, asked)
        return answers

    def _vet(self, scope: str, asked: Sequence[tuple[Issue, Slug]]) -> dict[IssueRef, Vetting | PortError]:
        cases = self._read_cases(scope, asked)
        wish = Wish()
        for case in cases.values():
            if not isinstance(case, PortError):
                wish.add(case.wish)
        found = self._lookups.answer(scope, wish)
        return {issue.ref: _vetted(cases.get(issue.key), found, issue.ref) for issue, _ in asked}

    def _read_cases(self, scope: str, asked: Sequence[tuple[Issue, Slug]]) -> dict[str, Case | PortError]:
        """Those that have moved, and the oldest of those that have not; the rest is remembered."""
        updated = self._boards.updated
        known = {
            issue.key: found
            for issue, slug in asked
            if issue.key in updated and (found := self._known.get(issue, slug, updated[issue.key]))
        }
        room = max(0, CASES_OF_A_POINT - (len(asked) - len(known)))
        for key in sorted(known, key=lambda key: known[key].at)[:room]:
            del known[key]
        unread = [each for each in asked if each[0].key not in known]
        read = self._cases.read(scope, unread[:CASES_AT_MOST])
        for key, case in read.items():
            if isinstance(case, Case) and key in updated and self._boards.is_settled(updated[key]):
                self._known.put(case, updated[key])
        late = {issue.key: Unreachable(f"GitHub: {issue.ref}: its turn comes") for issue, _ in unread[CASES_AT_MOST:]}
        return late | read | {key: found.case for key, found in known.items()}

    def brief(self, issue: Issue) -> Brief:
        return self._briefs.read(issue, self._slug(issue.ref))

    def track(self, asks: Sequence[TrackAsk]) -> Mapping[IssueRef, Tracked | PortError]:
        return self._tracking.read(asks)

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

    def _slug(self, ref: IssueRef) -> Slug:
        repo = self._repos.get(ref.repo)
        if repo is None:
            raise Refused(f"GitHub: {ref}: the repository is not enrolled")
        return repo.slug


def _vetted(case: Case | PortError | None, found: Found, ref: IssueRef) -> Vetting | PortError:
    if case is None:
        return Unexpected(f"GitHub: {ref}: left out of the answer")
    return case if isinstance(case, PortError) else vetting(case, found)
