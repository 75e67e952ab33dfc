"""Drive a tracker's world in verbs, whatever the world is made of: one driver for each form of the port.

Two people matter: ada may write, mallory may label and comment, but not write.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from afk.adapters.github import Client, GithubTracker
from afk.adapters.memory import World
from afk.core.model import ForgeKind, IssueRef, Labels, Repo, Slug, StageKind
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.github import GithubServer
from afk.systems import Github

if TYPE_CHECKING:
    from pathlib import Path

    from afk.ports import Tracker

INFRA = Repo("infra", ForgeKind.GITHUB, Slug("acme", "infra"), (StageKind.CHECKS,))
LABELS = Labels()
APP_MAY = {"checks": "read", "contents": "read", "issues": "write", "statuses": "read", "actions": "read"}


class Forge(Protocol):
    """What a contract test may do in the world, and what it may look at afterwards."""

    tracker: Tracker
    repo: Repo

    def opens(self, title: str = "A title", body: str = "", author: str = "ada") -> IssueRef: ...

    def labels(self, ref: IssueRef, label: str = LABELS.ready, actor: str = "ada") -> None: ...

    def unlabels(self, ref: IssueRef, label: str, actor: str = "ada") -> None: ...

    def edits(self, ref: IssueRef, actor: str, body: str) -> None: ...

    def comments(self, ref: IssueRef, author: str, text: str) -> None: ...

    def closes(self, ref: IssueRef, actor: str = "ada") -> None: ...

    def blocks(self, ref: IssueRef, blocker: IssueRef) -> None: ...

    def pushes(self, message: str) -> str: ...

    def deletes(self, ref: IssueRef) -> None: ...

    def deletes_comment(self, ref: IssueRef, comment_id: str) -> None: ...

    def is_down(self) -> None: ...

    def passes(self, **time: float) -> None: ...

    def now(self) -> datetime: ...

    def labels_of(self, ref: IssueRef) -> set[str]: ...

    def comments_of(self, ref: IssueRef) -> list[str]: ...

    def is_open(self, ref: IssueRef) -> bool: ...


class MemoryForge:
    def __init__(self) -> None:
        self.world = World(LABELS)
        self.repo = INFRA
        self.world.enrol(INFRA, "ada")
        self.tracker: Tracker = self.world.tracker

    def opens(self, title: str = "A title", body: str = "", author: str = "ada") -> IssueRef:
        ref = IssueRef(self.repo.name, 1 + len(self.world.projects[self.repo.name].tickets))
        self.world.open_issue(ref, title, body, author)
        return ref

    def labels(self, ref: IssueRef, label: str = LABELS.ready, actor: str = "ada") -> None:
        self.world.set_label(self.world.ticket(ref), label, actor=actor, added=True)

    def unlabels(self, ref: IssueRef, label: str, actor: str = "ada") -> None:
        self.world.person_unlabels(ref, label, actor)

    def edits(self, ref: IssueRef, actor: str, body: str) -> None:
        self.world.person_edits(ref, actor, body)

    def comments(self, ref: IssueRef, author: str, text: str) -> None:
        self.world.person_comments(ref, author, text)

    def closes(self, ref: IssueRef, actor: str = "ada") -> None:
        self.world.person_closes(ref, actor)

    def blocks(self, ref: IssueRef, blocker: IssueRef) -> None:
        self.world.ticket(ref).blockers.append((self.repo.slug, blocker.number))

    def pushes(self, message: str) -> str:
        return self.world.somebody_pushes(self.repo.name, message)

    def deletes(self, ref: IssueRef) -> None:
        self.world.issue_vanishes(ref)

    def deletes_comment(self, ref: IssueRef, comment_id: str) -> None:
        ticket = self.world.ticket(ref)
        ticket.remarks = [each for each in ticket.remarks if each.id != comment_id]

    def is_down(self) -> None:
        self.world.tracker_is_down()

    def passes(self, **time: float) -> None:
        self.world.passes(**time)

    def now(self) -> datetime:
        return self.world.now()

    def labels_of(self, ref: IssueRef) -> set[str]:
        return self.world.ticket(ref).labels

    def comments_of(self, ref: IssueRef) -> list[str]:
        return [each.body for each in self.world.ticket(ref).remarks]

    def is_open(self, ref: IssueRef) -> bool:
        return self.world.ticket(ref).is_open


class StoryClock:
    """A wall clock that a story moves. It is the clock port, too."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def new_id(self) -> str:
        return secrets.token_hex(4)


class GithubForge:
    """The sandbox's GitHub with the adapter in front of it, as a person's token or as an App."""

    def __init__(self, app_key: Path | None = None) -> None:
        self.clock = StoryClock()
        self.server = GithubServer(clock=self.clock.now).start()
        self.repo = INFRA
        self.server.create_organization("acme")
        for login in ("ada", "mallory", "afk-bot", "olga"):
            self.server.create_user(login)
        people = {"ada": "write", "mallory": "triage", "afk-bot": "write", "olga": "admin"}
        self.server.create_repository("acme/infra", private=True, collaborators=people)
        for label in (LABELS.ready, LABELS.in_progress, LABELS.human):
            self.create_label(label)
        settings = self._as_app(app_key) if app_key else self._as_person()
        self.client = Client(settings, [INFRA.slug], self.clock, pace=0.0)
        self.tracker: Tracker = GithubTracker(self.client, {INFRA.name: INFRA}, LABELS)

    def _as_person(self) -> Github:
        self.token = self.server.token_classic("afk-bot")
        return Github(self.server.url, SecretStr(self.token))

    def _as_app(self, key_file: Path) -> Github:
        app = self.server.create_app("afk", "acme", APP_MAY)
        key_file.write_text(app.private_key)
        self.server.install_app("afk", "acme")
        return Github(self.server.url, app_id=str(app.id), app_private_key_file=key_file)

    def create_label(self, name: str) -> None:
        with self.server.lock:
            world = self.server.forge.world
            world.create_label(world.repository("acme/infra"), name, "ededed")

    def stop(self) -> None:
        self.client.close()
        self.server.stop()

    def opens(self, title: str = "A title", body: str = "", author: str = "ada") -> IssueRef:
        return IssueRef(self.repo.name, self.server.open_issue("acme/infra", title, body, author))

    def labels(self, ref: IssueRef, label: str = LABELS.ready, actor: str = "ada") -> None:
        self.server.label("acme/infra", ref.number, label, actor)

    def unlabels(self, ref: IssueRef, label: str, actor: str = "ada") -> None:
        self.server.unlabel("acme/infra", ref.number, label, actor)

    def edits(self, ref: IssueRef, actor: str, body: str) -> None:
        self.server.edit_issue("acme/infra", ref.number, actor, body=body)

    def comments(self, ref: IssueRef, author: str, text: str) -> None:
        self.server.comment("acme/infra", ref.number, text, author)

    def closes(self, ref: IssueRef, actor: str = "ada") -> None:
        self.server.close("acme/infra", ref.number, actor)

    def blocks(self, ref: IssueRef, blocker: IssueRef) -> None:
        self.server.block("acme/infra", ref.number, blocker.number)

    def pushes(self, message: str) -> str:
        return self.server.push("acme/infra", message, "ada")

    def deletes(self, ref: IssueRef) -> None:
        self.server.delete_issue("acme/infra", ref.number, "olga")

    def deletes_comment(self, ref: IssueRef, comment_id: str) -> None:  # noqa: ARG002 - an id is enough here
        self.server.delete_comment("acme/infra", int(comment_id), "olga")

    def is_down(self) -> None:
        self.server.faults.add(Fault(Trouble.DROP_BEFORE, times=None))

    def passes(self, **time: float) -> None:
        self.clock.time += timedelta(**time)

    def now(self) -> datetime:
        return self.clock.now()

    def labels_of(self, ref: IssueRef) -> set[str]:
        return set(self.server.labels_of("acme/infra", ref.number))

    def comments_of(self, ref: IssueRef) -> list[str]:
        return [text for _, text in self.server.comments_of("acme/infra", ref.number)]

    def is_open(self, ref: IssueRef) -> bool:
        return self.server.issue("acme/infra", ref.number).state == "open"
