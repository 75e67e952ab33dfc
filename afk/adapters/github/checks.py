"""Answer as the stage that knows what the checks of commits on GitHub found."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from afk.adapters.github.cards import chunks
from afk.adapters.github.check_fold import failing, reading
from afk.adapters.github.commit_checks import CommitChecks
from afk.adapters.github.commit_runs import CommitRuns
from afk.adapters.github.job_failure import JobFailures
from afk.adapters.http import together
from afk.core.ci_verdict import SPEAKS_NOT
from afk.core.model import StageKind, StageReading, StageState
from afk.ports import PortError, Refused

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.github.client import Client
    from afk.adapters.github.commit_checks import Checked
    from afk.core.model import CommitAsk, Repo

COMMITS_AT_ONCE = 74  # two lists each: one point
LOOK_AHEAD = (1, 10)  # how many commits of a repository are read in the first rounds: mostly ours is the head
LOOK_AHEAD_MORE = 50
COMMITS_MAX = 200


@dataclass(slots=True)
class Search:
    """The first commit that CI speaks about, while it is looked for."""

    ask: CommitAsk
    readings: dict[str, StageReading] = field(default_factory=dict)
    trouble: PortError | None = None
    is_over: bool = False

    def next(self, count: int) -> list[tuple[Repo, str]]:
        start = len(self.readings)
        return [(self.ask.repo, sha) for sha in self.ask.commits[start : min(start + count, COMMITS_MAX)]]


class GithubChecks:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._graphql = CommitChecks(client)
        self._rest = CommitRuns(client)
        self._failures = JobFailures(client)
        self._refused: set[str] = set()  # repositories whose checks this token may not see

    def read(self, asks: Sequence[CommitAsk]) -> Mapping[str, Mapping[str, StageReading] | PortError]:
        searches = [Search(ask) for ask in asks]
        rounds = 0
        while open_ones := [search for search in searches if not search.is_over]:
            count = LOOK_AHEAD[rounds] if rounds < len(LOOK_AHEAD) else LOOK_AHEAD_MORE
            rounds += 1
            checked = self._checked([each for search in open_ones for each in search.next(count)])
            together([partial(self._advance, search, count, checked) for search in open_ones])
        return {each.ask.repo.name: each.trouble or each.readings for each in searches}

    def _checked(self, wanted: Sequence[tuple[Repo, str]]) -> dict[tuple[str, str], Checked]:
        """Over GraphQL, and over REST where the token may not."""
        scopes: dict[str, list[tuple[Repo, str]]] = {}
        for repo, sha in wanted:
            if repo.name not in self._refused:
                scopes.setdefault(self._client.scope(repo.slug), []).append((repo, sha))
        parts = [(scope, part) for scope, each in scopes.items() for part in chunks(each, COMMITS_AT_ONCE)]
        found: dict[tuple[str, str], Checked] = {}
        for (_, part), answer in zip(
            parts, together([partial(self._graphql.read, *each) for each in parts]), strict=True
        ):
            found |= answer if isinstance(answer, dict) else {(repo.name, sha): answer for repo, sha in part}
        self._refused |= {name for (name, _), checked in found.items() if isinstance(checked, Refused)}
        by_rest = [(repo, sha) for repo, sha in wanted if repo.name in self._refused]
        answers = together([partial(self._rest.read, repo.slug, sha) for repo, sha in by_rest])
        return found | {(repo.name, sha): answer for (repo, sha), answer in zip(by_rest, answers, strict=True)}

    def _advance(self, search: Search, count: int, checked: Mapping[tuple[str, str], Checked]) -> None:
        for repo, sha in search.next(count):
            found = checked[repo.name, sha]
            if isinstance(found, PortError):
                if not search.readings:
                    search.trouble = found
                search.readings[sha] = StageReading(StageKind.CHECKS, StageState.UNKNOWN, detail=str(found))
                search.is_over = True
                return
            said = reading(found, newer_head=sha != search.ask.commits[-1])
            if said.state is StageState.FAILURE and (bad := failing(found)) is not None:
                said = self._failures.described(repo.slug, bad, said)
            search.readings[sha] = said
            if said.state not in SPEAKS_NOT:
                search.is_over = True
                return
        search.is_over = len(search.readings) >= min(COMMITS_MAX, len(search.ask.commits))
