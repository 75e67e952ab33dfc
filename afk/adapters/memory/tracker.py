"""Answer as a tracker from the world in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.core.blocked_by import references
from afk.core.model import Blocker, BlockerState, Board, Brief, Comment, Issue, Slug, Tracked, Trust, Vetting
from afk.ports import Gone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.memory.state import Project, Ticket
    from afk.adapters.memory.world import World
    from afk.core.model import IssueRef, Labels, Repo
    from afk.ports import PortError, TrackAsk

US = "afk-bot"
HOST = "tracker.example"


class MemoryTracker:
    def __init__(self, world: World, labels: Labels) -> None:
        self._world = world
        self._labels = labels

    def boards(self, repos: Sequence[Repo]) -> Mapping[str, Board | PortError]:
        with self._world.troubles.on_the_way("tracker.boards"):
            return {repo.name: self._board(self._world.projects[repo.name]) for repo in repos}

    def _board(self, project: Project) -> Board:
        tickets = [ticket for ticket in project.tickets.values() if ticket.is_open]
        return Board(
            tuple(_issue(ticket) for ticket in tickets if self._labels.ready in ticket.labels),
            tuple(_issue(ticket) for ticket in tickets if self._labels.in_progress in ticket.labels),
        )

    def issues(self, refs: Sequence[IssueRef]) -> Mapping[IssueRef, Issue | PortError]:
        with self._world.troubles.on_the_way("tracker.issues"):
            return {
                ref: _issue(ticket) if (ticket := self._find(ref)) else Gone(f"tracker: {ref} is gone") for ref in refs
            }

    def vet(self, issues: Sequence[Issue]) -> Mapping[IssueRef, Vetting | PortError]:
        with self._world.troubles.on_the_way("tracker.vet"):
            return {issue.ref: self._vetting(self._ticket(issue.ref)) for issue in issues}

    def _vetting(self, ticket: Ticket) -> Vetting:
        project = self._world.projects[ticket.ref.repo]
        events = [event for event in ticket.events if event.label == self._labels.ready]
        blockers = self._blockers(ticket, project)
        if not events or not events[-1].added:
            return Vetting(Trust.UNTRUSTED, blockers=blockers, detail="nobody applied the label")
        last = events[-1]
        trust = Trust.TRUSTED if last.actor in project.writers else Trust.UNTRUSTED
        detail = "" if trust is Trust.TRUSTED else last.actor
        later = [edit for edit in ticket.edits if edit.at > last.at and edit.editor not in project.writers]
        if trust is Trust.TRUSTED and later:
            trust, detail = Trust.EDITED, later[-1].editor
        return Vetting(trust, last.actor, last.at, blockers, detail)

    def _blockers(self, ticket: Ticket, project: Project) -> tuple[Blocker, ...]:
        named = references(ticket.body, project.repo.slug, frozenset({HOST}))
        wanted = dict.fromkeys([*ticket.blockers, *named.issues])
        unreadable = tuple(Blocker(name, BlockerState.UNREADABLE) for name in named.unreadable)
        return (*(self._blocker(slug, number) for slug, number in wanted), *unreadable)

    def _blocker(self, slug: Slug, number: int) -> Blocker:
        project = next((each for each in self._world.projects.values() if each.repo.slug == slug), None)
        ticket = project.tickets.get(number) if project else None
        state = (
            BlockerState.UNREADABLE if ticket is None else BlockerState.OPEN if ticket.is_open else BlockerState.CLOSED
        )
        return Blocker(f"{slug}#{number}", state)

    def brief(self, issue: Issue) -> Brief:
        with self._world.troubles.on_the_way("tracker.brief"):
            ticket = self._ticket(issue.ref)
            writers = self._world.projects[issue.ref.repo].writers
            comments = tuple(
                Comment(each.author, each.at, each.body) for each in ticket.remarks if each.author in writers
            )
            return Brief(self._vetting(ticket), ticket.is_open, ticket.title, ticket.body, comments)

    def track(self, asks: Sequence[TrackAsk]) -> Mapping[IssueRef, Tracked | PortError]:
        with self._world.troubles.on_the_way("tracker.track"):
            return {ask.ref: self._tracked(ask) for ask in asks}

    def _tracked(self, ask: TrackAsk) -> Tracked | PortError:
        ticket = self._find(ask.ref)
        if ticket is None:
            return Gone(f"tracker: {ask.ref} is gone")
        commits = tuple(each for each in self._world.projects[ask.ref.repo].commits if each.at >= ask.since)
        return Tracked(ticket.is_open, frozenset(ticket.labels), ticket.closing, commits)

    def add_label(self, ref: IssueRef, label: str) -> None:
        with self._world.troubles.on_the_way("tracker.add_label"):
            self._world.set_label(self._ticket(ref), label, actor=US, added=True)

    def remove_label(self, ref: IssueRef, label: str) -> None:
        with self._world.troubles.on_the_way("tracker.remove_label"):
            self._world.set_label(self._ticket(ref), label, actor=US, added=False)

    def put_comment(self, ref: IssueRef, marker: str, body: str, comment_id: str) -> str:
        with self._world.troubles.on_the_way("tracker.put_comment"):
            ticket = self._ticket(ref)
            ours = [each for each in ticket.remarks if each.author == US]
            known = next((each for each in ours if each.id == comment_id), None)
            known = known or next((each for each in ours if marker in each.body), None)
            if known is None:
                return self._world.remark(ticket, US, body).id
            if known.body != body:
                known.body = body
                known.writes += 1
            return known.id

    def close(self, ref: IssueRef) -> None:
        with self._world.troubles.on_the_way("tracker.close"):
            self._world.close(self._ticket(ref), by=US)

    def reopen(self, ref: IssueRef) -> None:
        with self._world.troubles.on_the_way("tracker.reopen"):
            ticket = self._ticket(ref)
            ticket.is_open, ticket.closing = True, None

    def _find(self, ref: IssueRef) -> Ticket | None:
        return self._world.projects[ref.repo].tickets.get(ref.number)

    def _ticket(self, ref: IssueRef) -> Ticket:
        ticket = self._find(ref)
        if ticket is None:
            raise Gone(f"tracker: {ref} is gone")
        return ticket


def _issue(ticket: Ticket) -> Issue:
    url = f"https://{HOST}/{ticket.ref.repo}/{ticket.ref.number}"
    return Issue(ticket.ref, ticket.key, ticket.title, url, ticket.is_open, frozenset(ticket.labels))
