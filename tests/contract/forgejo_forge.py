"""Drive the sandbox's Forgejo or Gitea, with the adapter in front of it, in the verbs of a contract test."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from pydantic import SecretStr

from afk.adapters.forgejo import Client, ForgejoTracker
from afk.core.model import ForgeKind, IssueRef, Repo, Slug, StageKind
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.forgejo import ForgejoServer
from afk.systems import Forgejo
from tests.contract.forges import LABELS, StoryClock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from afk.ports import Tracker

SLUG = "acme/infra"
INFRA = Repo("infra", ForgeKind.FORGEJO, Slug.parse(SLUG), (StageKind.CHECKS,))
PEOPLE = {"ada": "write", "mallory": "read", "afk-bot": "admin"}


class ForgejoForge:
    """ada may write, mallory may read, and the bot is an administrator of the repository."""

    def __init__(self, flavour: str = "forgejo", repos: Mapping[str, Repo] | None = None) -> None:
        self.clock = StoryClock()
        self.server = ForgejoServer(flavour=flavour, clock=self.clock.now).start()
        self.repo = INFRA
        self.memory: dict[str, str] = {}
        for login in (*PEOPLE, "olga"):
            self.server.add_user(login)
        self.server.add_organization("acme", owners=("olga",))
        self.enrol(SLUG)
        self.repos = repos or {INFRA.name: INFRA}
        self.settings = Forgejo(self.server.url, SecretStr(self.server.issue_token("afk-bot")))
        self.clients: list[Client] = []
        self.tracker: Tracker = ForgejoTracker(self.client(), self.repos, LABELS)

    def client(self, **settings: object) -> Client:
        """A new process, as far as the adapter can tell, that still has the memory of the last one."""
        chosen = Forgejo(self.server.url, SecretStr(str(settings["token"]))) if settings else self.settings
        self.clients.append(Client(chosen, self.clock, self.memory))
        return self.clients[-1]

    def enrol(self, slug: str) -> None:
        self.server.create_repository(slug)
        for login, permission in PEOPLE.items():
            self.server.add_collaborator(slug, login, permission)
        for label in (LABELS.ready, LABELS.in_progress, LABELS.human):
            self.server.create_label(slug, label)

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        self.server.stop()

    def requests(self) -> list[str]:
        """What was asked since the last look, one line each."""
        with self.server.lock:
            lines = [exchange.line.replace("/api/v1", "") for exchange in self.server.exchanges]
            self.server.exchanges.clear()
        return lines

    def opens(self, title: str = "A title", body: str = "", author: str = "ada") -> IssueRef:
        return IssueRef(self.repo.name, self.server.open_issue(SLUG, author, title, body=body))

    def labels(self, ref: IssueRef, label: str = LABELS.ready, actor: str = "ada") -> None:
        self.server.label(SLUG, ref.number, label, by=actor)

    def unlabels(self, ref: IssueRef, label: str, actor: str = "ada") -> None:
        self.server.unlabel(SLUG, ref.number, label, by=actor)

    def edits(self, ref: IssueRef, actor: str, body: str) -> None:
        self.server.edit_issue(SLUG, ref.number, actor, body=body)

    def comments(self, ref: IssueRef, author: str, text: str) -> None:
        self.server.comment(SLUG, ref.number, text, by=author)

    def closes(self, ref: IssueRef, actor: str = "ada") -> None:
        self.server.close(SLUG, ref.number, by=actor)

    def blocks(self, ref: IssueRef, blocker: IssueRef) -> None:
        self.server.block(SLUG, ref.number, on=(SLUG, blocker.number), by="ada")

    def pushes(self, message: str) -> str:
        return self.server.push(SLUG, message, by="ada")

    def deletes(self, ref: IssueRef) -> None:
        self.server.delete_issue(SLUG, ref.number)

    def deletes_comment(self, ref: IssueRef, comment_id: str) -> None:
        self.server.delete_comment(SLUG, ref.number, int(comment_id))

    def is_down(self) -> None:
        self.server.faults.add(Fault(Trouble.DROP_BEFORE, times=None))

    def passes(self, **time: float) -> None:
        self.clock.time += timedelta(**time)

    def now(self) -> datetime:
        return self.clock.now()

    def labels_of(self, ref: IssueRef) -> set[str]:
        return set(self.server.labels_of(SLUG, ref.number))

    def comments_of(self, ref: IssueRef) -> list[str]:
        return [text for _, text in self.server.comments_of(SLUG, ref.number)]

    def is_open(self, ref: IssueRef) -> bool:
        return self.server.state_of(SLUG, ref.number) == "open"
