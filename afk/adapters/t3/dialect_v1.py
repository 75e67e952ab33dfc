"""Speak protocol 1: commands and reads over plain HTTP."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING
from urllib.parse import quote

from afk.adapters.t3 import standing_v1
from afk.adapters.t3.answers import answers, decision
from afk.adapters.t3.body import Body, Request, Shell
from afk.adapters.t3.body_v1 import read_body
from afk.adapters.t3.fields import Row, number, record, rows, sequence_of, text
from afk.adapters.t3.names import command_id as named
from afk.adapters.t3.wire import Missing, Wire
from afk.core.text import plain
from afk.ports import Gone, Unexpected

if TYPE_CHECKING:
    from afk.core.model import Thread
    from afk.ports import Clock, ThreadOrder, TurnOrder, Watched
    from afk.systems import T3

PROTOCOL = 1
TITLE_LIMIT = 200
MODES = {"runtimeMode": "full-access", "interactionMode": "default"}


class DialectV1:
    def __init__(self, wire: Wire, settings: T3, clock: Clock) -> None:
        self._wire = wire
        self._model = {"instanceId": settings.instance, "model": settings.model}
        self._clock = clock

    # reads

    def shell(self) -> Shell:
        try:
            answer = self._wire.read("/api/orchestration/shell")
        except Missing:
            return self._snapshot()
        return Shell(sequence_of(answer, "snapshotSequence"), _roots(rows(answer, "projects")), _by_id(answer))

    def _snapshot(self) -> Shell:
        """Of a build from before `/shell`, with deleted rows in it."""
        self._wire.confirm(PROTOCOL)
        answer = self._wire.read("/api/orchestration/snapshot")
        threads = _by_id(answer)
        alive = {name: row for name, row in threads.items() if row.get("deletedAt") is None}
        projects = [row for row in rows(answer, "projects") if row.get("deletedAt") is None]
        sequence = sequence_of(answer, "snapshotSequence")
        return Shell(sequence, _roots(projects), alive, frozenset(threads) - frozenset(alive))

    def body(self, thread_id: str) -> Body:
        thread, sequence = self._thread(thread_id)
        return read_body(thread, sequence)

    def _thread(self, thread_id: str) -> tuple[Row, int]:
        try:
            answer = self._wire.read(f"/api/orchestration/threads/{quote(thread_id, safe='')}", thread_id)
        except Missing:
            return self._old_thread(thread_id)
        thread = record(answer.get("thread"), "thread")
        if thread.get("deletedAt") is not None:
            raise Gone(f"t3: thread {thread_id} was deleted")
        return thread, number(answer, "snapshotSequence") or 0

    def _old_thread(self, thread_id: str) -> tuple[Row, int]:
        """Some old builds show what was said in the snapshot, and some nowhere."""
        shell = self._snapshot()
        row = shell.threads.get(thread_id)
        if row is None:
            raise Gone(f"t3: thread {thread_id} does not exist")
        if not row.get("messages"):
            raise Unexpected(f"t3: this build does not show what is in thread {thread_id}; a later one does")
        return row, shell.sequence

    def glance(self, shell: Shell, watched: Watched) -> Thread | None:
        if watched.thread_id in shell.deleted:
            raise Gone(f"t3: thread {watched.thread_id} was deleted")
        row = shell.threads.get(watched.thread_id)
        if row is not None:
            return standing_v1.standing(row, shell.sequence, watched)
        return standing_v1.starting(watched) if shell.sequence < standing_v1.receipt(watched) else None

    def look(self, shell: Shell, watched: Watched) -> Thread:
        """Vanished from the shell: archived, which changes nothing for its turn, or deleted."""
        thread, sequence = self._thread(watched.thread_id)
        return standing_v1.standing(thread, sequence or shell.sequence, watched)

    # commands

    def create_project(self, shell: Shell, project_id: str, title: str, root: str, command_id: str) -> bool:
        body = {
            "projectId": project_id,
            "title": title,
            "workspaceRoot": root,
            "createWorkspaceRootIfMissing": True,
            "defaultModelSelection": self._model,
            "createdAt": self._now(),
        }
        return int(self._dispatch("project.create", command_id, body, title)) > shell.sequence

    def create_thread(self, order: ThreadOrder, project_id: str) -> str:
        """Null branch and worktree: the agent starts in the project's folder and makes its own worktree."""
        body = {
            "threadId": order.thread_id,
            "projectId": project_id,
            "title": plain(order.title, TITLE_LIMIT) or order.thread_id,
            "modelSelection": self._model,
            **MODES,
            "branch": None,
            "worktreePath": None,
            "createdAt": self._now(),
        }
        command = named(order.thread_id, "thread.create", order.tries)
        return self._dispatch("thread.create", command, body, order.thread_id)

    def unarchive(self, thread_id: str, command_id: str) -> None:
        self._dispatch("thread.unarchive", command_id, {"threadId": thread_id}, thread_id)

    def say(self, order: TurnOrder) -> str:
        body = {
            "threadId": order.thread_id,
            "message": {"messageId": order.message_id, "role": "user", "text": order.text, "attachments": []},
            **MODES,
            "createdAt": self._now(),
        }
        command = named(order.message_id, "thread.turn.start", order.tries)
        return self._dispatch("thread.turn.start", command, body, order.thread_id)

    def respond(self, order: TurnOrder, request: Request, body: Body) -> str:
        """Claude wants its answers by the questions' texts, the others by their ids."""
        kind = "thread.approval.respond" if request.is_approval else "thread.user-input.respond"
        about: Row = {"threadId": order.thread_id, "requestId": request.id, "createdAt": self._now()}
        if request.is_approval:
            about["decision"] = decision(order.text)
        else:
            about["answers"] = answers(request, order.text, by_text="claude" in body.driver.casefold())
        return self._dispatch(kind, named(order.message_id, kind, order.tries), about, order.thread_id)

    def interrupt(self, thread_id: str, turn: str | None, command_id: str) -> str:
        named_turn = {"turnId": turn} if turn is not None else {}
        body = {"threadId": thread_id, **named_turn, "createdAt": self._now()}
        return self._dispatch("thread.turn.interrupt", command_id, body, thread_id)

    def _dispatch(self, kind: str, command_id: str, body: Row, subject: str) -> str:
        command = {"type": kind, "commandId": command_id, **body}
        try:
            answer = self._wire.command("/api/orchestration/dispatch", subject, command)
        except Missing:
            self._wire.confirm(PROTOCOL)
            raise
        return str(sequence_of(answer, "sequence"))

    def _now(self) -> str:
        """T3 compares times as text: milliseconds and Z, always."""
        now = self._clock.now().astimezone(UTC)
        return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"


def _roots(projects: list[Row]) -> dict[str, str]:
    return {name: text(row, "workspaceRoot") or "" for row in projects if (name := text(row, "id"))}


def _by_id(answer: Row) -> dict[str, Row]:
    return {name: row for row in rows(answer, "threads") if (name := text(row, "id"))}
