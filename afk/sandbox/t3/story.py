"""Give the tellers of stories their verbs: what agents, people and machines do to a T3 server."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from afk.sandbox.t3.access import MONTH, OPERATE, READ, Access
from afk.sandbox.t3.model import FULL_ACCESS, Message, Plan, Project, Request, Status, Thread, Turn

if TYPE_CHECKING:
    import threading
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import timedelta

    from afk.sandbox.t3.engine import Accepted, Engine

BY_HAND = "by-hand-"
LIVE_SESSIONS = ("starting", "running", "ready")


class Impossible(Exception):
    """The story asks for something that cannot happen in a real T3."""


class Story:
    """Every verb may be called from any thread; none of them depends on the protocol."""

    lock: threading.RLock
    engine: Engine
    access: Access

    # Keys and disks

    def issue_token(self, scopes: Collection[str] = (READ, OPERATE), life: timedelta = MONTH) -> str:
        with self.lock:
            return self.access.issue(scopes, life)

    def revoke_token(self, token: str) -> None:
        with self.lock:
            self.access.revoke(token)

    def pair(self, scopes: Collection[str] = (READ, OPERATE)) -> str:
        with self.lock:
            return self.access.pair(scopes)

    def make_directory(self, path: str) -> None:
        with self.lock:
            self.engine.world.make_directory(path)

    def next_reads_lag(self, reads: int) -> None:
        with self.lock:
            self.engine.lag(reads)

    # The agent

    def provider_prepares(self, thread_id: str) -> None:
        """The session comes up; the turn has not begun."""
        with self.lock:
            thread = self._live(thread_id)
            self.engine.provider.prepare(thread, self._waiting(thread))

    def provider_reacts(self, thread_id: str) -> None:
        """The provider takes up what waits: it starts, or finds out why it cannot."""
        with self.lock:
            thread = self._live(thread_id)
            self.engine.provider.react(thread, self._waiting(thread))

    def agent_starts(self, thread_id: str) -> str:
        with self.lock:
            thread = self._live(thread_id)
            turn = self._waiting(thread)
            objection = self.engine.provider.objection(thread, turn)
            if objection is not None:
                raise Impossible(f"{thread_id}: {objection} (use provider_reacts to let it fail)")
            return self.engine.provider.start(thread, turn)

    def provider_fails_to_start(self, thread_id: str, error: str = "claude exited with code 1") -> None:
        with self.lock:
            thread = self._live(thread_id)
            self.engine.provider.fail_to_start(thread, self._waiting(thread), error)

    def agent_says(self, thread_id: str, text: str) -> str:
        with self.lock:
            thread, turn = self._running(thread_id)
            return self.engine.provider.say(thread, turn, text)

    def agent_uses_tokens(self, thread_id: str, used: int, **counts: int) -> None:
        """Report usage; `counts` are the wire's own names, such as `inputTokens`."""
        with self.lock:
            thread, turn = self._running(thread_id)
            usage = {"usedTokens": used, "maxTokens": 200_000, **counts}
            turn.usage = {**usage, "updatedAt": self.engine.world.now()}
            self.engine.provider.activity(
                thread, "info", "context-window.updated", "Context window updated", usage, turn.turn_id
            )

    def agent_asks(self, thread_id: str, questions: Mapping[str, Sequence[str]]) -> str:
        """Ask each question with its options, and wait; gives the request's id."""
        asked = [
            {
                "id": f"q{number}",
                "header": question.split()[0],
                "question": question,
                "options": [{"label": label, "description": label} for label in options],
                "multiSelect": False,
            }
            for number, (question, options) in enumerate(questions.items(), start=1)
        ]
        with self.lock:
            return self._ask(thread_id, "user_input", questions=asked)

    def agent_wants_approval(self, thread_id: str, kind: str = "command", detail: str = "rm -rf build") -> str:
        with self.lock:
            if self._live(thread_id).runtime_mode == FULL_ACCESS:
                raise Impossible(f"{thread_id} has full access: its tools need no approval")
            return self._ask(thread_id, kind, detail=detail)

    def agent_proposes_plan(self, thread_id: str, markdown: str) -> None:
        with self.lock:
            thread, turn = self._running(thread_id)
            now, name = self.engine.world.now(), f"plan-{uuid4()}"
            thread.plans.append(Plan(name, turn.turn_id or "", turn.run_id, markdown, now))
            self.engine.world.changed(thread)

    def agent_finishes(self, thread_id: str, text: str = "", checkpoint: str | None = "ready") -> None:
        """The turn ends; a checkpoint of the working tree follows, unless there is no git."""
        with self.lock:
            thread, turn = self._running(thread_id)
            if any(not request.stale for request in thread.pending):
                raise Impossible(f"{thread_id} waits for an answer")
            provider = self.engine.provider
            if text:
                provider.say(thread, turn, text)
            if provider.protocol == 1:
                provider.end(thread, turn, Status.COMPLETED, "ready")
                self._checkpoint(thread, turn, checkpoint)
            else:
                self._checkpoint(thread, turn, checkpoint)
                provider.end(thread, turn, Status.COMPLETED, "ready")

    def agent_fails(self, thread_id: str, error: str = "Turn failed") -> None:
        with self.lock:
            thread, turn = self._running(thread_id)
            payload = {"message": error}
            self.engine.provider.activity(thread, "error", "runtime.error", "Runtime error", payload, turn.turn_id)
            self.engine.provider.end(thread, turn, Status.FAILED, "error", error)

    def agent_stops(self, thread_id: str) -> None:
        """An agent that did not obey an interrupt gives in at last."""
        with self.lock:
            thread, turn = self._running(thread_id)
            self.engine.provider.stop(thread, turn)

    def checkpoint_arrives(self, thread_id: str, status: str = "ready") -> None:
        """The diff of the last started turn comes in late."""
        with self.lock:
            thread = self._live(thread_id)
            if not thread.started:
                raise Impossible(f"{thread_id} has never started a turn")
            self._checkpoint(thread, thread.started[-1], status)

    # People

    def person_says(self, thread_id: str, text: str) -> None:
        """Somebody writes in the cockpit: a steer while a turn runs, a new turn otherwise."""
        with self.lock:
            thread = self._live(thread_id)
            modes = {"runtimeMode": thread.runtime_mode, "interactionMode": thread.interaction_mode}
            message = {"messageId": f"m-{uuid4()}", "role": "user", "text": text, "attachments": []}
            self._by_hand("thread.turn.start", thread_id, message=message, **modes)

    def person_answers(self, thread_id: str, request_id: str, answers: Mapping[str, str]) -> None:
        """`answers` are keyed by the questions' texts, as a person sees them."""
        with self.lock:
            thread = self._live(thread_id)
            request = next((request for request in thread.pending if request.id == request_id), None)
            if request is None or {question["question"] for question in request.questions} != set(answers):
                raise Impossible(f"nobody asks this in {thread_id}")
            self.engine.provider.resolve(thread, request, "resolved", answers=dict(answers))

    def person_interrupts(self, thread_id: str) -> None:
        with self.lock:
            _, turn = self._running(thread_id)
            if self.engine.provider.protocol == 1:
                self._by_hand("thread.turn.interrupt", thread_id, turnId=turn.turn_id)
                return
            command = {"type": "run.interrupt", "commandId": f"{BY_HAND}{uuid4()}", "threadId": thread_id}
            self.engine.dispatch_v2({**command, "runId": turn.run_id})

    def person_archives(self, thread_id: str) -> None:
        with self.lock:
            self._live(thread_id)
            self._by_hand("thread.archive", thread_id)

    def thread_vanishes(self, thread_id: str) -> None:
        """Somebody deletes it."""
        with self.lock:
            self._live(thread_id)
            self._by_hand("thread.delete", thread_id)

    def _by_hand(self, kind: str, thread_id: str, **rest: Any) -> None:
        command = {"type": kind, "commandId": f"{BY_HAND}{uuid4()}", "threadId": thread_id, **rest}
        self.engine.dispatch_v1({**command, "createdAt": self.engine.world.now()}, over_socket=True)

    # Machines

    def session_reaped(self, thread_id: str) -> None:
        with self.lock:
            thread = self._live(thread_id)
            if thread.open_turn is not None or thread.session is None:
                raise Impossible(f"{thread_id} has no idle session")
            self.engine.provider.close_session(thread, "stopped")

    def _lose_sessions(self, survivors: Iterable[str], error: str) -> None:
        for thread in self.engine.world.threads.values():
            if thread.session is None or thread.session.status not in LIVE_SESSIONS or thread.id in survivors:
                continue
            for request in thread.pending:
                request.stale = True
                if self.engine.provider.protocol > 1:
                    request.status = "expired"
            self.engine.provider.close_session(thread, "error", error)

    # Inspection

    @property
    def threads(self) -> dict[str, Thread]:
        with self.lock:
            return dict(self.engine.world.threads)

    @property
    def projects(self) -> dict[str, Project]:
        with self.lock:
            return dict(self.engine.world.projects)

    @property
    def commands(self) -> list[Accepted]:
        """The clients' commands that took effect, in order; what people did by hand is not among them."""
        with self.lock:
            return [it for it in self.engine.accepted if not it.command_id.startswith(BY_HAND)]

    def turns(self, thread_id: str) -> list[Turn]:
        with self.lock:
            return list(self.engine.world.threads[thread_id].turns)

    def messages(self, thread_id: str) -> list[Message]:
        with self.lock:
            return list(self.engine.world.threads[thread_id].messages)

    def requests(self, thread_id: str) -> list[Request]:
        with self.lock:
            return list(self.engine.world.threads[thread_id].requests)

    # Pieces

    def _live(self, thread_id: str) -> Thread:
        with suppress(KeyError):
            thread = self.engine.world.threads[thread_id]
            if thread.deleted_at is None:
                return thread
        raise Impossible(f"there is no thread {thread_id}")

    def _waiting(self, thread: Thread) -> Turn:
        turn = thread.open_turn
        if turn is None or turn.status is not Status.PREPARING:
            raise Impossible(f"{thread.id} has no turn that waits to start")
        return turn

    def _running(self, thread_id: str) -> tuple[Thread, Turn]:
        thread = self._live(thread_id)
        turn = thread.open_turn
        if turn is None or turn.turn_id is None:
            raise Impossible(f"no agent is at work in {thread_id}")
        return thread, turn

    def _ask(self, thread_id: str, kind: str, **what: Any) -> str:
        thread, turn = self._running(thread_id)
        now = self.engine.world.now()
        request = Request(f"req-{uuid4()}", kind, turn.run_id, turn.turn_id or "", now, **what)
        self.engine.provider.ask(thread, turn, request)
        return request.id

    def _checkpoint(self, thread: Thread, turn: Turn, status: str | None) -> None:
        if status is not None:
            files = [{"path": "a.py", "kind": "modified", "additions": 3, "deletions": 1}]
            self.engine.provider.checkpoint(thread, turn, status, files)
