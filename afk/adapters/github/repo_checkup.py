"""Look what GitHub says of the enrolled repositories: there, ours to write, labelled, and with CI."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from afk.adapters.github.answer import understood
from afk.adapters.github.app_login import SYSTEM
from afk.adapters.github.cards import chunks, hidden, repository
from afk.adapters.github.commit_checks import CommitChecks
from afk.adapters.github.commit_runs import CommitRuns
from afk.adapters.github.lookups import MAY_WRITE
from afk.adapters.http import together
from afk.core.checkup import broken, doubtful, fine
from afk.core.enrolment import unlabelled
from afk.core.model import StageKind
from afk.core.text import plain
from afk.ports import PortError, Refused, Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.github.answer import Answer
    from afk.adapters.github.client import Client
    from afk.core.checkup import Finding
    from afk.core.model import Labels, Repo

AT_ONCE = 50
LABELS = ("ready", "in_progress", "human")
HEAD = "query AfkCheckup($ready: String!, $in_progress: String!, $human: String!)"
PLACE = """
fragment Place on Repository {
  nameWithOwner isArchived hasIssuesEnabled viewerPermission defaultBranchRef { name target { oid } }
  ready: label(name: $ready) { name }
  in_progress: label(name: $in_progress) { name }
  human: label(name: $human) { name }
}
"""

UP = "See that AFK_GITHUB_API_URL is GitHub's API, that it is up, and that this machine reaches it"
REACH = "Correct its slug, or let the token or the App reach it"
READ = "Let the token read Metadata, Contents and Issues of it"
CI = "Let the token read Actions and Commit statuses, or the App Checks"


@dataclass(slots=True)
class Sight:
    """One repository. `head` is empty where nothing was pushed, or where it could not be seen."""

    repo: Repo
    findings: list[Finding] = field(default_factory=list)
    branch: str = ""
    head: str = ""
    has_ci: bool = False

    def add(self, finding: Finding) -> None:
        self.findings.append(finding)

    @property
    def subject(self) -> str:
        return str(self.repo.slug)


class RepoCheckup:
    def __init__(self, client: Client, labels: Labels, *, is_app: bool) -> None:
        self._client = client
        self._labels = labels
        self._is_app = is_app

    def findings(self, repos: Mapping[str, Repo]) -> list[Finding]:
        return [finding for sight in self.sights(repos) for finding in sight.findings]

    def sights(self, repos: Mapping[str, Repo]) -> list[Sight]:
        scopes: dict[str, list[Repo]] = {}
        for repo in repos.values():
            scopes.setdefault(self._client.scope(repo.slug), []).append(repo)
        parts = [(scope, part) for scope, some in scopes.items() for part in chunks(some, AT_ONCE)]
        found: list[Sight] = []
        for (_, part), sights in zip(parts, together([partial(self._look, *each) for each in parts]), strict=True):
            if isinstance(sights, PortError):
                why, todo = str(sights), mend(sights)
                found += [Sight(repo, [broken(SYSTEM, str(repo.slug), why, todo)]) for repo in part]
            else:
                found += sights
        return found

    def _look(self, scope: str, repos: Sequence[Repo]) -> list[Sight]:
        places = " ".join(f"r{n}: {repository(repo.slug)} {{ ...Place }}" for n, repo in enumerate(repos))
        names = {name: getattr(self._labels, name) for name in LABELS}
        answer = self._client.query(scope, "AfkCheckup", f"{HEAD} {{ {places} }}{PLACE}", names)
        sights = [self._sight(answer, f"r{n}", repo) for n, repo in enumerate(repos)]
        self._see_ci(scope, [sight for sight in sights if sight.head and StageKind.CHECKS in sight.repo.stages])
        return sights

    def _sight(self, answer: Answer, place: str, repo: Repo) -> Sight:
        sight = Sight(repo)
        try:
            hidden(answer, place, repo.slug)
        except PortError as error:
            sight.add(broken(SYSTEM, sight.subject, f"not there, or out of reach ({error})", REACH))
            return sight
        try:
            with understood(sight.subject):
                self._see_state(sight, answer, place)
                _see_branch(sight, answer, place)
                self._see_labels(sight, answer, place)
        except PortError as error:
            sight.add(broken(SYSTEM, sight.subject, str(error), mend(error, READ)))
        return sight

    def _see_state(self, sight: Sight, answer: Answer, place: str) -> None:
        now = answer.at(place, "nameWithOwner")
        if now.lower() != sight.subject.lower():
            what = f"renamed: it is {plain(now, 200)} now, and the old name may become somebody else's"
            sight.add(doubtful(SYSTEM, sight.subject, what, "Write its new name as slug in the rules"))
        if answer.at(place, "isArchived"):
            todo = "Unarchive it, or take it out of the rules"
            sight.add(broken(SYSTEM, sight.subject, "archived: nothing in it can change", todo))
        if not answer.at(place, "hasIssuesEnabled"):
            sight.add(broken(SYSTEM, sight.subject, "its issues are switched off", "Switch them on in its settings"))
        role = answer.at(place, "viewerPermission")  # an installation has none
        if not self._is_app and role not in MAY_WRITE:
            what = (
                f"the token's owner may only {str(role).lower() if role else 'look'}: nobody's permission can be asked"
            )
            todo = "Give the account write access, for without it every issue counts as untrusted"
            sight.add(broken(SYSTEM, sight.subject, what, todo))

    def _see_labels(self, sight: Sight, answer: Answer, place: str) -> None:
        missing = [getattr(self._labels, name) for name in LABELS if answer.at(place, name) is None]
        if missing:
            sight.add(unlabelled(SYSTEM, sight.repo, missing))

    def _see_ci(self, scope: str, sights: Sequence[Sight]) -> None:
        """Over GraphQL, and over REST where the token may not."""
        if not sights:
            return
        wanted = [(sight.repo, sight.head) for sight in sights]
        found = CommitChecks(self._client).read(scope, wanted)
        runs = CommitRuns(self._client)
        for sight in sights:
            seen, how = found[sight.repo.name, sight.head], "check runs and statuses"
            if isinstance(seen, Refused):
                seen, how = runs.read(sight.repo.slug, sight.head), "Actions runs and statuses"
            where = f"{sight.head[:12]}, the head of {sight.branch}"
            if isinstance(seen, PortError):
                sight.add(broken(SYSTEM, sight.subject, f"its CI cannot be read ({seen})", mend(seen, CI)))
            elif seen:
                sight.has_ci = True
                sight.add(fine(SYSTEM, sight.subject, f"CI seen on {where} ({len(seen)} {how})"))
            else:
                todo = 'If pushes to it start no CI at all, set stages = ["none"], or runs wait in vain for a verdict'
                sight.add(doubtful(SYSTEM, sight.subject, f"no CI ran on {where}", todo))


def mend(error: PortError, otherwise: str = REACH) -> str:
    if not isinstance(error, Unreachable):
        return otherwise
    return UP if error.until is None else "Wait until then, and see who else uses this account"


def _see_branch(sight: Sight, answer: Answer, place: str) -> None:
    ref = answer.at(place, "defaultBranchRef")
    if ref is None:
        sight.add(doubtful(SYSTEM, sight.subject, "it is empty: there is no default branch", "Push a first commit"))
        return
    sight.branch, sight.head = ref["name"], ref["target"]["oid"]
    sight.add(fine(SYSTEM, sight.subject, f"there; its default branch is {plain(sight.branch, 100)}"))
