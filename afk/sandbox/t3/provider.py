"""Play the provider: sessions that start, turns that run and end, requests that wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from afk.sandbox.t3.model import (
    ENDED,
    Activity,
    Checkpoint,
    Message,
    Request,
    Session,
    Status,
    Thread,
    Turn,
    World,
)

if TYPE_CHECKING:
    from afk.sandbox.t3.quirks import Quirks

MAX_INPUT = 120_000
MAX_ATTACHMENTS = 8
MAX_DETAIL = 180
FAILED_RESPONSE = {
    True: ("provider.user-input.respond.failed", "Provider user input response failed", "user-input"),
    False: ("provider.approval.respond.failed", "Provider approval response failed", "approval"),
}


class Provider:
    def __init__(self, world: World, quirks: Quirks, *, auto_start: bool, start_after_reads: int) -> None:
        self.world = world
        self.quirks = quirks
        self.protocol = 1
        self.auto_start = auto_start
        self.start_after_reads = start_after_reads

    # What the orchestration asks of it

    def asked_to_start(self, thread: Thread, turn: Turn) -> None:
        turn.reads_before_start = self.start_after_reads
        if self.auto_start and self.start_after_reads == 0:
            self.react(thread, turn)

    def was_read(self) -> None:
        """Let time pass for the starts that wait for a number of reads."""
        if not self.auto_start:
            return
        for thread in self.world.threads.values():
            turn = thread.open_turn
            if thread.deleted_at is None and turn is not None and turn.status is Status.PREPARING:
                turn.reads_before_start -= 1
                if turn.reads_before_start <= 0:
                    self.react(thread, turn)

    def react(self, thread: Thread, turn: Turn) -> None:
        objection = self.objection(thread, turn)
        if objection is None:
            self.start(thread, turn)
        else:
            self.fail_to_start(thread, turn, objection)

    def objection(self, thread: Thread, turn: Turn) -> str | None:
        """Say why this turn cannot start; nothing of it was checked at dispatch."""
        message = thread.message(turn.message_id)
        assert message is not None
        selection = turn.model_selection
        models = self.quirks.models.get(selection["instanceId"])
        if models is None:
            return f"Unknown provider instance '{selection['instanceId']}'"
        if selection["model"] not in models:
            return f"Unknown model '{selection['model']}' for provider instance '{selection['instanceId']}'"
        if len(message.text.encode("utf-16-le")) // 2 > MAX_INPUT:
            return f"Input exceeds {MAX_INPUT} characters"
        if len(message.attachments) > MAX_ATTACHMENTS:
            return f"More than {MAX_ATTACHMENTS} attachments"
        directory = self.world.working_directory(thread)
        if self.quirks.needs_working_directory and not self.world.has_directory(directory):
            return f"Working directory does not exist: {directory}"
        return None

    def prepare(self, thread: Thread, turn: Turn) -> None:
        self.session(thread, turn.model_selection["instanceId"], "starting")

    def start(self, thread: Thread, turn: Turn) -> str:
        turn.turn_id = f"turn-{uuid4()}"
        turn.status, turn.started_at = Status.RUNNING, self.world.now()
        self.session(thread, turn.model_selection["instanceId"], "running", turn.turn_id)
        return turn.turn_id

    def fail_to_start(self, thread: Thread, turn: Turn, error: str) -> None:
        turn.status, turn.completed_at, turn.error = Status.FAILED, self.world.now(), error
        payload = {"messageId": turn.message_id, "detail": error[:MAX_DETAIL]}
        self.activity(thread, "error", "provider.turn.start.failed", "Provider turn start failed", payload, None)
        self.session(thread, turn.model_selection["instanceId"], "error", error=error)

    def interrupt(self, thread: Thread) -> None:
        turn = thread.open_turn
        if self.quirks.obeys_interrupts and turn is not None:
            self.stop(thread, turn)

    def stop(self, thread: Thread, turn: Turn) -> None:
        """End an interrupted turn. To protocol 1 any end but a failure leaves a turn that still runs `completed`."""
        if turn.turn_id is None:
            turn.status, turn.completed_at = Status.CANCELLED, self.world.now()
            self.world.changed(thread)
            return
        end = Status.INTERRUPTED if self.protocol > 1 else Status.COMPLETED
        self.end(thread, turn, end, "ready")

    def end(self, thread: Thread, turn: Turn, status: Status, session: str, error: str | None = None) -> None:
        """Settle the turn with the session; a turn that was settled before keeps its state."""
        for request in thread.pending:
            if not request.stale:
                self.resolve(thread, request, "cancelled", answers={} if request.kind == "user_input" else None)
        instance = turn.model_selection["instanceId"]
        self.session(thread, instance, session, error=error)
        if turn.status not in ENDED:
            turn.status, turn.error = status, error
            turn.completed_at = self.world.now()
        self.next_in_queue(thread)

    def next_in_queue(self, thread: Thread) -> None:
        turn = next((turn for turn in thread.turns if turn.status is Status.QUEUED), None)
        if turn is not None and thread.open_turn is None:
            turn.status = Status.PREPARING
            self.world.changed(thread)
            self.asked_to_start(thread, turn)

    def close_session(self, thread: Thread, status: str, error: str | None = None) -> None:
        """Stop whatever lives: `stopped` interrupts a running turn, `error` fails it."""
        turn = thread.open_turn
        for queued in (turn for turn in thread.turns if turn.status is Status.QUEUED):
            queued.status, queued.completed_at = Status.CANCELLED, self.world.now()
        if turn is not None and turn.turn_id is not None:
            self.end(thread, turn, Status.FAILED if error else Status.INTERRUPTED, status, error)
            return
        if turn is not None:
            turn.status, turn.completed_at, turn.error = Status.CANCELLED, self.world.now(), error
        if thread.session is not None:
            self.session(thread, thread.session.instance, status, error=error)

    # Requests

    def ask(self, thread: Thread, turn: Turn, request: Request) -> None:
        thread.requests.append(request)
        if request.kind == "user_input":
            payload: dict[str, Any] = {"requestId": request.id, "questions": request.questions}
            self.activity(thread, "info", "user-input.requested", "User input requested", payload, turn.turn_id)
            return
        kind = request.kind.replace("-", "_")
        payload = {
            "requestId": request.id,
            "requestKind": request.kind,
            "requestType": f"{kind}_execution_approval" if kind == "command" else f"{kind}_approval",
            "detail": request.detail[:MAX_DETAIL],
        }
        summary = f"{request.kind.capitalize()} approval requested"
        self.activity(thread, "approval", "approval.requested", summary, payload, turn.turn_id)

    def respond(self, thread: Thread, request_id: str, response: dict[str, Any]) -> None:
        """Take an answer that the orchestration has accepted already: what is wrong with it shows only here."""
        questions = "answers" in response
        request = next((request for request in thread.requests if request.id == request_id), None)
        kind, summary, word = FAILED_RESPONSE[questions]
        if request is None or request.status != "pending" or (request.kind == "user_input") is not questions:
            detail: str | None = f"Unknown pending {word} request: {request_id}"
        elif request.stale:
            detail = f"Stale pending {word} request: {request_id}. Restart the turn to continue."
            request.status = "expired"
        else:
            detail = self.wrong_answers(
                request, response, by_text=thread.model_selection["instanceId"] == "claudeAgent"
            )
        if detail is None and request is not None:
            self.resolve(thread, request, "resolved", **response)
            return
        payload = {"requestId": request_id, "detail": (detail or "")[:MAX_DETAIL]}
        self.activity(thread, "error", kind, summary, payload, None)

    @staticmethod
    def wrong_answers(request: Request, response: dict[str, Any], *, by_text: bool) -> str | None:
        if "answers" not in response:
            return None
        wanted = {question["question" if by_text else "id"] for question in request.questions}
        missing = sorted(key for key in wanted if response["answers"].get(key) in (None, "", []))
        return f"No answer to: {', '.join(missing)}" if missing else None

    def resolve(
        self,
        thread: Thread,
        request: Request,
        status: str,
        *,
        answers: dict[str, Any] | None = None,
        decision: str | None = None,
    ) -> None:
        request.status, request.resolved_at = status, self.world.now()
        request.answers, request.decision = answers, decision
        if request.kind == "user_input":
            payload: dict[str, Any] = {"requestId": request.id, "answers": answers or {}}
            self.activity(thread, "info", "user-input.resolved", "User input submitted", payload, request.turn_id)
            return
        payload = {"requestId": request.id, "requestKind": request.kind, "decision": decision or "cancel"}
        self.activity(thread, "approval", "approval.resolved", "Approval resolved", payload, request.turn_id)

    # Pieces

    def session(
        self, thread: Thread, instance: str, status: str, active: str | None = None, error: str | None = None
    ) -> None:
        now = self.world.now()
        if thread.session is None:
            thread.session = Session(f"session-{uuid4()}", instance, status, now, now)
        session = thread.session
        session.instance, session.status, session.updated_at = instance, status, now
        session.active_turn_id, session.last_error = active, error
        self.world.changed(thread)

    def activity(
        self, thread: Thread, tone: str, kind: str, summary: str, payload: dict[str, Any], turn_id: str | None
    ) -> None:
        sequence = self.world.changed(thread)
        thread.activities.append(
            Activity(f"evt-{uuid4()}", tone, kind, summary, payload, turn_id, sequence, self.world.now())
        )

    def say(self, thread: Thread, turn: Turn, text: str) -> str:
        now = self.world.now()
        message = Message(f"assistant:item-{uuid4()}", "assistant", text, [], now, now, turn.run_id, turn.turn_id)
        thread.messages.append(message)
        turn.assistant_message_id = message.id
        self.world.changed(thread)
        return message.id

    def checkpoint(self, thread: Thread, turn: Turn, status: str, files: list[dict[str, Any]]) -> None:
        """Record a diff; for a turn that no longer runs, its status decides the turn's state."""
        assert turn.turn_id is not None
        now = self.world.now()
        count = len(thread.checkpoints) + 1
        thread.checkpoints.append(
            Checkpoint(turn.turn_id, turn.run_id, count, status, files, turn.assistant_message_id, now)
        )
        if self.protocol == 1 and turn.status in ENDED:
            ends = {"ready": Status.COMPLETED, "missing": Status.INTERRUPTED, "error": Status.FAILED}
            turn.status = ends[status]
        self.world.changed(thread)
