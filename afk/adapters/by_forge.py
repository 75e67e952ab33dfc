"""Serve repositories of several forges as one tracker, and as one stage of checks."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from afk.ports import PortError, Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    from afk.core.model import (
        Board,
        Brief,
        CommitAsk,
        ForgeKind,
        Issue,
        IssueRef,
        Repo,
        StageReading,
        Tracked,
        Vetting,
    )
    from afk.ports import Stage, TrackAsk, Tracker

S = TypeVar("S")
K = TypeVar("K", bound="Hashable")
V = TypeVar("V")
P = TypeVar("P")


class TrackerByForge:
    """Each call goes to the forge of its repository; one forge's silence is no answer about the others."""

    def __init__(self, trackers: Mapping[ForgeKind, Tracker], repos: Mapping[str, Repo]) -> None:
        self._trackers = trackers
        self._repos = repos

    def boards(self, repos: Sequence[Repo]) -> Mapping[str, Board | PortError]:
        return self._each(repos, lambda repo: repo.name, lambda repo: repo.name, lambda port, some: port.boards(some))

    def issues(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Issue | PortError]:
        return self._each(refs, lambda ref: ref.repo, lambda ref: ref, lambda port, some: port.issues(some))

    def vet(self, issues: Sequence[Issue]) -> Mapping[IssueRef, Vetting | PortError]:
        return self._each(issues, lambda one: one.ref.repo, lambda one: one.ref, lambda port, some: port.vet(some))

    def track(self, asks: Sequence[TrackAsk]) -> Mapping[IssueRef, Tracked | PortError]:
        return self._each(asks, lambda ask: ask.ref.repo, lambda ask: ask.ref, lambda port, some: port.track(some))

    def brief(self, issue: Issue) -> Brief:
        return self._of(issue.ref).brief(issue)

    def add_label(self, ref: IssueRef, label: str) -> None:
        self._of(ref).add_label(ref, label)

    def remove_label(self, ref: IssueRef, label: str) -> None:
        self._of(ref).remove_label(ref, label)

    def put_comment(self, ref: IssueRef, marker: str, body: str, comment_id: str) -> str:
        return self._of(ref).put_comment(ref, marker, body, comment_id)

    def close(self, ref: IssueRef) -> None:
        self._of(ref).close(ref)

    def reopen(self, ref: IssueRef) -> None:
        self._of(ref).reopen(ref)

    def _of(self, ref: IssueRef) -> Tracker:
        repo = self._repos.get(ref.repo)
        if repo is None:
            raise Refused(f"tracker: {ref.repo} is not enrolled")
        return _port(self._trackers, repo.forge, "tracker")

    def _each(
        self,
        subjects: Sequence[S],
        repo_of: Callable[[S], str],
        key_of: Callable[[S], K],
        ask: Callable[[Tracker, list[S]], Mapping[K, V | PortError]],
    ) -> Mapping[K, V | PortError]:
        by_forge: dict[ForgeKind, list[S]] = {}
        answers: dict[K, V | PortError] = {}
        for subject in subjects:
            repo = self._repos.get(repo_of(subject))
            if repo is None:
                answers[key_of(subject)] = Refused(f"tracker: {repo_of(subject)} is not enrolled")
            else:
                by_forge.setdefault(repo.forge, []).append(subject)
        for forge, some in by_forge.items():
            try:
                answers |= ask(_port(self._trackers, forge, "tracker"), some)
            except PortError as error:
                answers |= dict.fromkeys((key_of(subject) for subject in some), error)
        return answers


class StageByForge:
    """The checks of each repository, asked of its own forge."""

    def __init__(self, stages: Mapping[ForgeKind, Stage]) -> None:
        self._stages = stages

    def read(self, asks: Sequence[CommitAsk]) -> Mapping[str, Mapping[str, StageReading] | PortError]:
        answers: dict[str, Mapping[str, StageReading] | PortError] = {}
        for forge in dict.fromkeys(ask.repo.forge for ask in asks):
            some = [ask for ask in asks if ask.repo.forge is forge]
            try:
                answers |= _port(self._stages, forge, "checks").read(some)
            except PortError as error:
                answers |= {ask.repo.name: error for ask in some}
        return answers


def _port(ports: Mapping[ForgeKind, P], forge: ForgeKind, what: str) -> P:
    port = ports.get(forge)
    if port is None:
        raise Refused(f"{what}: {forge.value} is not configured")
    return port
