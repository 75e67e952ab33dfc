"""Decide the commands of protocol 2."""

from __future__ import annotations

from typing import Any

from afk.sandbox.t3.decider import Command, Decider, check_attachments, normalise_root
from afk.sandbox.t3.model import ENDED, Project, Status, Thread, Turn
from afk.sandbox.t3.quirks import AnswerKey


class DeciderV2(Decider):
    @staticmethod
    def normalise_message(command: Command) -> None:
        check_attachments(command.get("attachments", []))
        check_attachments(command.get("initialMessage", {}).get("attachments", []))

    def normalise_project(self, command: Command) -> str | None:
        if "workspaceRoot" not in command:
            return None
        create = command.get("createWorkspaceRootIfMissing", False)
        return normalise_root(self.world, command["workspaceRoot"], create=create)

    def mutate(self, command: Command, root: str | None) -> Project:
        match command["type"]:
            case "project.create":
                self.create_project(command, root or "")
            case "project.update":
                self.update_project(command, root)
            case "project.delete":
                self.delete_project(command)
        return self.world.projects[command["projectId"]]

    def decide(self, command: Command) -> int:
        match command["type"]:
            case "thread.create":
                return self.create_thread(command)
            case "message.dispatch":
                return self.dispatch_message(command)
            case "run.interrupt":
                return self.interrupt(command)
            case "runtime-request.respond":
                return self.respond(command)
            case "thread.archive":
                return self.archive(command, closes_session=True)
            case "thread.unarchive":
                return self.unarchive(command)
            case "thread.delete":
                return self.remove(self.live_thread(command))
            case (
                "thread.metadata.update"
                | "thread.runtime-mode.set"
                | "thread.interaction-mode.set"
                | "thread.model-selection.set"
            ):
                return self.update_thread(command)
            case "provider-session.detach":
                return self.detach(command)
        raise AssertionError(command["type"])

    def dispatch_message(self, command: Command) -> int:
        """Record the message and its run in one step: what it causes is known before a provider is."""
        thread = self.live_thread(command)
        mode, running = self.delivery(command, thread), thread.open_turn
        thread.model_selection = command.get("modelSelection", thread.model_selection)
        at = self.world.now()
        message = self.add_message(thread, command["messageId"], command["text"], command["attachments"], at)
        if mode == "steer_active" and running is not None:
            self.steer(thread, message, running)
            return self.world.sequence
        if mode == "restart_active" and running is not None:
            self.provider.stop(thread, running)
        turn = self.begin(thread, message, queued=mode == "queue_after_active" and running is not None)
        sequence = self.world.sequence
        if turn.status is Status.PREPARING and mode != "defer_start":
            self.provider.asked_to_start(thread, turn)
        return sequence

    def delivery(self, command: Command, thread: Thread) -> str:
        """Resolve an intent against the thread as it is now; a named target has to be the run that is active."""
        mode, running = command["dispatchMode"], thread.open_turn
        kind: str = mode["type"]
        if kind in ("steer_active", "restart_active"):
            if running is None or running.run_id != mode["targetRunId"]:
                raise self.refuse(command, f"Run '{mode['targetRunId']}' is not active in thread '{thread.id}'.")
            return kind
        if kind != "start_immediately" or running is None:
            return kind
        return "restart_active" if command.get("deliveryIntent") == "restart" else "steer_active"

    def interrupt(self, command: Command) -> int:
        thread = self.live_thread(command)
        turn = self.run(command, thread)
        if turn.status in ENDED:
            raise self.refuse(command, f"Run '{turn.run_id}' is {turn.status} and cannot be interrupted.")
        sequence = self.world.changed(thread)
        if turn.status is Status.QUEUED:
            turn.status, turn.completed_at = Status.CANCELLED, self.world.now()
        else:
            self.provider.interrupt(thread)
        return sequence

    def run(self, command: Command, thread: Thread) -> Turn:
        turn = next((turn for turn in thread.turns if turn.run_id == command["runId"]), None)
        if turn is None:
            raise self.refuse(command, f"Run '{command['runId']}' does not exist in thread '{thread.id}'.")
        return turn

    def respond(self, command: Command) -> int:
        thread, name = self.live_thread(command), command["requestId"]
        request = next((request for request in thread.requests if request.id == name), None)
        if request is None or request.status != "pending":
            raise self.refuse(command, f"Runtime request '{name}' is not pending in thread '{thread.id}'.")
        key = "answers" if request.kind == "user_input" else "decision"
        if key not in command:
            raise self.refuse(command, f"Runtime request '{name}' needs {key}.")
        response: dict[str, Any] = {key: command[key]}
        wrong = self.provider.wrong_answers(request, response, by_text=self.quirks.answer_key_v2 is AnswerKey.QUESTION)
        if wrong is not None:
            raise self.refuse(command, wrong)
        self.provider.resolve(thread, request, "resolved", **response)
        return self.world.sequence

    def detach(self, command: Command) -> int:
        thread, name = self.live_thread(command), command["providerSessionId"]
        if thread.session is None or thread.session.id != name:
            raise self.refuse(command, f"Provider session '{name}' does not exist in thread '{thread.id}'.")
        self.provider.close_session(thread, "stopped")
        return self.world.sequence

    def launch(self, command: Command) -> int:
        """Create the thread, its workspace and its first run together."""
        plan, project = command["workspaceStrategy"], self.live_project(command)
        path = plan.get("worktreePath")
        if plan["type"] == "worktree":
            path = f"{project.workspace_root}/.t3/worktrees/{command['threadId']}"
        self.create_thread({**command, "branch": plan.get("branch"), "worktreePath": path})
        if path is not None and plan["type"] == "worktree":
            self.world.make_directory(path)
        if "initialMessage" in command:
            self.dispatch_message(
                {**command, **command["initialMessage"], "dispatchMode": {"type": "start_immediately"}}
            )
        return self.world.sequence
