"""Speak protocol 2: commands over the socket, projects and reads over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from afk.adapters.t3.answers import answers, decision
from afk.adapters.t3.body import Body, Request, RequestState, Shell
from afk.adapters.t3.body_v2 import read_body
from afk.adapters.t3.dialect_v1 import MODES, TITLE_LIMIT
from afk.adapters.t3.fields import Row, number, record, rows, sequence_of, some, text
from afk.adapters.t3.names import command_id as named
from afk.adapters.t3.standing_v1 import receipt, starting
from afk.adapters.t3.standing_v2 import says_enough, standing, standing_of_projection
from afk.adapters.t3.wire import Missing, Wire
from afk.core.text import plain
from afk.ports import Gone, Refused

if TYPE_CHECKING:
    from afk.adapters.t3.rpc import Rpc
    from afk.core.model import Thread
    from afk.ports import ThreadOrder, TurnOrder, Watched
    from afk.systems import T3

PROTOCOL = 2
HEADER = {"x-t3-orchestration-protocol": "2"}
AUTHOR = {"createdBy": "user", "creationSource": "server"}
COMPACTION = "/compact"


class DialectV2:
    def __init__(self, wire: Wire, rpc: Rpc, settings: T3) -> None:
        self._wire = wire
        self._rpc = rpc
        self._model = {"instanceId": settings.instance, "model": settings.model}

    # reads

    def shell(self) -> Shell:
        answer = self._read("/api/orchestration/shell")
        every = rows(answer, "threads") + some(answer, "archivedThreads")
        named_rows = {name: row for row in every if (name := text(row, "id"))}
        alive = {name: row for name, row in named_rows.items() if row.get("deletedAt") is None}
        roots = {
            name: text(row, "workspaceRoot") or "" for row in rows(answer, "projects") if (name := text(row, "id"))
        }
        deleted = frozenset(named_rows) - frozenset(alive)
        return Shell(sequence_of(answer, "snapshotSequence"), roots, alive, deleted)

    def body(self, thread_id: str) -> Body:
        projection, sequence = self._projection(thread_id)
        return read_body(projection, sequence)

    def _projection(self, thread_id: str) -> tuple[Row, int]:
        answer = self._read(f"/api/orchestration/threads/{quote(thread_id, safe='')}", thread_id)
        projection = record(answer.get("projection"), "projection")
        if record(projection.get("thread"), "thread").get("deletedAt") is not None:
            raise Gone(f"t3: thread {thread_id} was deleted")
        return projection, number(answer, "snapshotSequence") or 0

    def _read(self, path: str, subject: str = "") -> Row:
        try:
            return self._wire.read(path, subject, HEADER)
        except Missing:
            self._wire.confirm(PROTOCOL)
            raise

    def glance(self, shell: Shell, watched: Watched) -> Thread | None:
        if watched.thread_id in shell.deleted:
            raise Gone(f"t3: thread {watched.thread_id} was deleted")
        row = shell.threads.get(watched.thread_id)
        if row is None:
            return starting(watched) if shell.sequence < receipt(watched) else None
        return standing(row, watched) if says_enough(row, shell.sequence, watched) else None

    def look(self, shell: Shell, watched: Watched) -> Thread:
        projection, _ = self._projection(watched.thread_id)
        return standing_of_projection(projection, shell.threads.get(watched.thread_id, {}), watched)

    # commands

    def create_project(self, _: Shell, project_id: str, title: str, root: str, command_id: str) -> bool:
        """The answer carries no sequence: only another look tells an old receipt from a new project."""
        body = {
            "type": "project.create",
            "commandId": command_id,
            "projectId": project_id,
            "title": title,
            "workspaceRoot": root,
            "createWorkspaceRootIfMissing": True,
            "defaultModelSelection": self._model,
        }
        try:
            self._wire.command("/api/projects/mutate", title, body, HEADER)
        except Missing:
            self._wire.confirm(PROTOCOL)
            raise
        return project_id in self.shell().projects

    def create_thread(self, order: ThreadOrder, project_id: str) -> str:
        body = {
            **AUTHOR,
            "threadId": order.thread_id,
            "projectId": project_id,
            "title": plain(order.title, TITLE_LIMIT) or order.thread_id,
            "modelSelection": self._model,
            **MODES,
            "branch": None,
            "worktreePath": None,
        }
        command = named(order.thread_id, "thread.create", order.tries)
        return self._dispatch("thread.create", command, body, order.thread_id)

    def unarchive(self, thread_id: str, command_id: str) -> None:
        self._dispatch("thread.unarchive", command_id, {"threadId": thread_id}, thread_id)

    def say(self, order: TurnOrder) -> str:
        if order.text.strip() == COMPACTION:
            raise Refused(f"t3: message.dispatch {order.thread_id}: {COMPACTION} alone would be taken as a command")
        body = {
            **AUTHOR,
            "threadId": order.thread_id,
            "messageId": order.message_id,
            "text": order.text,
            "attachments": [],
            "deliveryIntent": "auto",
            "dispatchMode": {"type": "start_immediately"},
        }
        command = named(order.message_id, "message.dispatch", order.tries)
        return self._dispatch("message.dispatch", command, body, order.thread_id)

    def respond(self, order: TurnOrder, request: Request, _: Body) -> str:
        """By the questions' ids. A build that refuses these has done nothing yet, and may want the texts."""
        if request.is_approval:
            return self._respond(order, request, {"decision": decision(order.text)}, "")
        try:
            return self._respond(order, request, {"answers": answers(request, order.text, by_text=False)}, "")
        except Refused:
            still = self.body(order.thread_id).request(request.id)
            if still is None or still.state is not RequestState.WAITING:
                raise
        return self._respond(order, request, {"answers": answers(request, order.text, by_text=True)}, "-by-text")

    def _respond(self, order: TurnOrder, request: Request, answer: Row, manner: str) -> str:
        kind = "runtime-request.respond"
        body = {"threadId": order.thread_id, "requestId": request.id, **answer}
        return self._dispatch(kind, named(order.message_id, kind + manner, order.tries), body, order.thread_id)

    def interrupt(self, thread_id: str, turn: str | None, command_id: str) -> str:
        if turn is None:  # a run has its name before it starts: without one there is nothing to stop
            return ""
        body = {"threadId": thread_id, "runId": turn, "reason": "AFK ends this run"}
        return self._dispatch("run.interrupt", command_id, body, thread_id)

    def _dispatch(self, kind: str, command_id: str, body: Row, subject: str) -> str:
        command = {"type": kind, "commandId": command_id, **body}
        try:
            answer = self._rpc.call("orchestration.dispatchCommand", command, subject)
        except Missing:
            self._wire.confirm(PROTOCOL)
            raise
        return str(sequence_of(record(answer, "the answer"), "sequence"))
