"""Decide what both protocols decide alike: who exists, what may happen to it, and what then changes."""

from __future__ import annotations

import base64
import binascii
import posixpath
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from afk.sandbox.t3.model import HOME, Message, Project, Status, Thread, Turn, World
from afk.sandbox.t3.receipts import Refusal

if TYPE_CHECKING:
    from afk.sandbox.t3.provider import Provider
    from afk.sandbox.t3.quirks import Quirks

Command = dict[str, Any]


class InvalidCommand(Exception):
    """The normaliser will not pass it on: no receipt is written."""


def normalise_root(world: World, root: str, *, create: bool) -> str:
    root = root.strip()
    if root == "~" or root.startswith("~/"):
        root = HOME + root[1:]
    root = posixpath.normpath(posixpath.join(HOME, root))
    if create:
        world.make_directory(root)
    if not world.has_directory(root):
        raise InvalidCommand(root)
    return root


def check_attachments(attachments: list[dict[str, Any]]) -> None:
    for attachment in attachments:
        head, comma, data = attachment["dataUrl"].partition(",")
        if not comma or not head.startswith("data:image/") or not head.endswith(";base64"):
            raise InvalidCommand(attachment["name"])
        try:
            base64.b64decode(data, validate=True)
        except binascii.Error as error:
            raise InvalidCommand(attachment["name"]) from error


class Decider:
    def __init__(self, world: World, provider: Provider, quirks: Quirks) -> None:
        self.world = world
        self.provider = provider
        self.quirks = quirks

    @staticmethod
    def refuse(command: Command, detail: str) -> Refusal:
        kind = command["type"]
        return Refusal(f"Orchestration command invariant failed ({kind}): {detail}", kind)

    def time_of(self, command: Command) -> str:
        given: str = command.get("createdAt", "")
        return self.world.now() if self.quirks.overwrites_created_at or not given else given

    # Projects

    def live_project(self, command: Command) -> Project:
        project = self.world.projects.get(command["projectId"])
        if project is None or project.deleted_at is not None:
            name = command["projectId"]
            raise self.refuse(command, f"Project '{name}' does not exist for command '{command['type']}'.")
        return project

    def create_project(self, command: Command, root: str) -> int:
        name = command["projectId"]
        if name in self.world.projects:
            raise self.refuse(command, f"Project '{name}' already exists and cannot be created twice.")
        for other in self.world.projects.values():
            if other.workspace_root == root and other.deleted_at is None:
                detail = f"Active project '{other.id}' already exists for workspace root '{root}'."
                raise self.refuse(command, detail)
        now = self.time_of(command)
        project = Project(name, command["title"], root, command.get("defaultModelSelection"), now, now)
        self.world.projects[name] = project
        return self.world.changed(project)

    def update_project(self, command: Command, root: str | None) -> int:
        project = self.live_project(command)
        project.title = command.get("title", project.title)
        project.workspace_root = root or project.workspace_root
        project.model_selection = command.get("defaultModelSelection", project.model_selection)
        project.thread_env_mode = command.get("defaultThreadEnvMode", project.thread_env_mode)
        project.favicon_path = command.get("faviconPath", project.favicon_path)
        project.scripts = command.get("scripts", project.scripts)
        return self.world.changed(project)

    def delete_project(self, command: Command) -> int:
        project = self.live_project(command)
        inside = [t for t in self.world.threads.values() if t.project_id == project.id and t.deleted_at is None]
        if inside and not command.get("force", False):
            raise self.refuse(command, f"Project '{project.id}' is not empty and cannot be deleted without force=true.")
        for thread in inside:
            self.remove(thread)
        project.deleted_at = self.world.now()
        return self.world.changed(project)

    # Threads

    def live_thread(self, command: Command) -> Thread:
        thread = self.world.threads.get(command["threadId"])
        if thread is None or thread.deleted_at is not None:
            name = command["threadId"]
            raise self.refuse(command, f"Thread '{name}' does not exist for command '{command['type']}'.")
        return thread

    def create_thread(self, command: Command) -> int:
        project, name, now = self.live_project(command), command["threadId"], self.time_of(command)
        if name in self.world.threads:
            raise self.refuse(command, f"Thread '{name}' already exists and cannot be created twice.")
        thread = Thread(
            id=name,
            project_id=project.id,
            title=command["title"],
            model_selection=command["modelSelection"],
            runtime_mode=command["runtimeMode"],
            interaction_mode=command["interactionMode"],
            branch=command["branch"],
            worktree_path=command["worktreePath"],
            created_at=now,
            updated_at=now,
            created_by=command.get("createdBy", "user"),
            creation_source=command.get("creationSource", "web"),
        )
        self.world.threads[name] = thread
        return self.world.changed(thread)

    def archive(self, command: Command, *, closes_session: bool) -> int:
        thread = self.live_thread(command)
        if thread.archived_at is not None:
            detail = f"Thread '{thread.id}' is already archived and cannot handle command 'thread.archive'."
            raise self.refuse(command, detail)
        if closes_session:
            self.provider.close_session(thread, "stopped")
        thread.archived_at = self.world.now()
        return self.world.changed(thread)

    def unarchive(self, command: Command) -> int:
        thread = self.live_thread(command)
        if thread.archived_at is None:
            raise self.refuse(command, f"Thread '{thread.id}' is not archived for command 'thread.unarchive'.")
        thread.archived_at = None
        return self.world.changed(thread)

    def remove(self, thread: Thread) -> int:
        self.provider.close_session(thread, "stopped")
        thread.deleted_at = self.world.now()
        return self.world.changed(thread)

    def update_thread(self, command: Command) -> int:
        thread = self.live_thread(command)
        if "expectedBranch" in command and command["expectedBranch"] != thread.branch:
            raise self.refuse(command, f"Thread '{thread.id}' is on another branch.")
        thread.title = command.get("title", thread.title)
        thread.model_selection = command.get("modelSelection", thread.model_selection)
        thread.branch = command.get("branch", thread.branch)
        thread.worktree_path = command.get("worktreePath", thread.worktree_path)
        thread.runtime_mode = command.get("runtimeMode", thread.runtime_mode)
        thread.interaction_mode = command.get("interactionMode", thread.interaction_mode)
        return self.world.changed(thread)

    def add_message(self, thread: Thread, name: str, text: str, attachments: list[dict[str, Any]], at: str) -> Message:
        """A message id used before merges into the older message."""
        message = thread.message(name)
        if message is None:
            message = Message(name, "user", text, attachments, at, at)
            thread.messages.append(message)
        else:
            message.text, message.attachments, message.updated_at = text, attachments, at
        thread.latest_user_message_at = at
        self.world.changed(thread)
        return message

    def begin(self, thread: Thread, message: Message, *, queued: bool = False) -> Turn:
        turn = Turn(
            run_id=f"run-{uuid4()}",
            ordinal=len(thread.turns) + 1,
            message_id=message.id,
            model_selection=thread.model_selection,
            requested_at=self.world.now(),
            status=Status.QUEUED if queued else Status.PREPARING,
        )
        message.run_id, message.intent = turn.run_id, "queued_turn" if queued else "turn_start"
        thread.turns.append(turn)
        self.world.changed(thread)
        return turn

    def steer(self, thread: Thread, message: Message, turn: Turn) -> None:
        message.run_id, message.intent = turn.run_id, "steer"
        self.world.changed(thread)
