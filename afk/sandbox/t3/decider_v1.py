"""Decide the commands of protocol 1."""

from __future__ import annotations

from afk.sandbox.t3.decider import Command, Decider, check_attachments, normalise_root
from afk.sandbox.t3.model import Status, Thread


def aggregate_of(command: Command) -> str:
    return (
        f"project:{command['projectId']}" if command["type"].startswith("project.") else f"thread:{command['threadId']}"
    )


class DeciderV1(Decider):
    def normalise(self, command: Command) -> str | None:
        """Resolve the workspace root and look at attachments; this happens before any receipt."""
        if command["type"] == "thread.turn.start":
            check_attachments(command["message"]["attachments"])
        if "workspaceRoot" not in command:
            return None
        create = command.get("createWorkspaceRootIfMissing", False)
        return normalise_root(self.world, command["workspaceRoot"], create=create)

    def decide(self, command: Command, root: str | None, *, over_socket: bool) -> int:
        match command["type"]:
            case "project.create":
                return self.create_project(command, root or "")
            case "project.meta.update":
                return self.update_project(command, root)
            case "project.delete":
                return self.delete_project(command)
            case "thread.create":
                return self.create_thread(command)
            case "thread.turn.start":
                return self.start_turn(command, over_socket=over_socket)
            case "thread.turn.interrupt":
                return self.interrupt(command)
            case "thread.session.stop":
                return self.stop_session(command)
            case "thread.archive":
                return self.archive(command, closes_session=over_socket)
            case "thread.unarchive":
                return self.unarchive(command)
            case "thread.delete":
                return self.remove(self.live_thread(command))
            case "thread.approval.respond" | "thread.user-input.respond":
                return self.respond(command)
            case "thread.meta.update" | "thread.runtime-mode.set" | "thread.interaction-mode.set":
                return self.update_thread(command)
        raise AssertionError(command["type"])

    def start_turn(self, command: Command, *, over_socket: bool) -> int:
        if "bootstrap" in command and (over_socket or self.quirks.http_bootstrap):
            self.bootstrap(command)
        thread, given, at = self.live_thread(command), command["message"], self.time_of(command)
        thread.model_selection = command.get("modelSelection", thread.model_selection)
        message = self.add_message(thread, given["messageId"], given["text"], given["attachments"], at)
        running = thread.open_turn
        if running is not None:
            self.steer(thread, message, running)
            return self.world.sequence
        turn = self.begin(thread, message)
        sequence = self.world.sequence
        self.provider.asked_to_start(thread, turn)
        return sequence

    def bootstrap(self, command: Command) -> None:
        wish = command["bootstrap"]
        if "createThread" in wish:
            self.create_thread({**command, **wish["createThread"], "threadId": command["threadId"]})
        thread = self.live_thread(command)
        if "prepareWorktree" in wish:
            thread.branch = wish["prepareWorktree"].get("branch", f"t3code/{thread.id}")
            thread.worktree_path = f"{wish['prepareWorktree']['projectCwd']}/.t3/worktrees/{thread.id}"
            self.world.make_directory(thread.worktree_path)
            self.world.changed(thread)

    def interrupt(self, command: Command) -> int:
        """Record the wish. Only a turn that is named, and runs, shows as interrupted before the provider returns."""
        thread = self.live_thread(command)
        sequence = self.world.changed(thread)
        running = thread.open_turn
        named = command.get("turnId")
        if running is None or (named is not None and named != running.turn_id):
            return sequence
        if named is not None and self.quirks.interrupt_shows_at_once:
            running.status, running.completed_at = Status.INTERRUPTED, self.world.now()
        self.provider.interrupt(thread)
        return sequence

    def stop_session(self, command: Command) -> int:
        thread = self.live_thread(command)
        sequence = self.world.changed(thread)
        if not (command.get("onlyIfSettled", False) and thread.open_turn is not None):
            self.provider.close_session(thread, "stopped")
        return sequence

    def respond(self, command: Command) -> int:
        """Accept whatever the request id is: only the provider finds out."""
        thread: Thread = self.live_thread(command)
        sequence = self.world.changed(thread)
        key = "answers" if command["type"] == "thread.user-input.respond" else "decision"
        self.provider.respond(thread, command["requestId"], {key: command[key]})
        return sequence
