"""Build what Slack sends an app when a person does something."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from afk.sandbox.slack.conversation import as_typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.sandbox.slack.workspace import Channel, User
    from afk.sandbox.slack.world import World

Body = dict[str, Any]
CHOSEN = ("action_id", "block_id", "text", "value", "style", "type", "accessibility_label", "confirm", "url")


class Payloads:
    """`respond_at` is the public address of the response URLs."""

    def __init__(self, world: World, respond_at: Callable[[], str]) -> None:
        self._world = world
        self._respond_at = respond_at

    def command(self, user: User, channel: Channel, command: str, text: str) -> tuple[Body, str]:
        """The form fields, and the name of the response URL among them."""
        workspace = self._world.workspace
        name = self._world.short_lived.url(user.id, channel.id)
        return {
            "token": workspace.app.verification_token,
            "team_id": user.team.id, "team_domain": user.team.domain,
            "channel_id": channel.id, "channel_name": channel.name_told_to_apps,
            "user_id": user.id, "user_name": user.name,
            "command": command, "text": as_typed(text) if self._world.settings.escapes_commands else text,
            "api_app_id": workspace.app.id, "is_enterprise_install": "false",
            "response_url": f"{self._respond_at()}/{name}", "trigger_id": self._world.short_lived.trigger(user.id),
        }, name  # fmt: skip

    def click(self, user: User, channel: Channel, message: Body, button: Body) -> Body:
        """Of an ephemeral message Slack tells where it is, and not what it says."""
        private = bool(message.get("is_ephemeral"))
        where = {"type": "message", "message_ts": message["ts"], "channel_id": channel.id, "is_ephemeral": private}
        thread_ts = message.get("thread_ts", "")
        if thread_ts:
            where["thread_ts"] = thread_ts
        name = self._world.short_lived.url(user.id, channel.id, message["ts"], thread_ts)
        return {
            **self._interaction("block_actions", user),
            "container": where, "channel": {"id": channel.id, "name": channel.name_told_to_apps},
            **({} if private else {"message": copy.deepcopy(message)}),
            "state": {"values": {}}, "response_url": f"{self._respond_at()}/{name}", "actions": [self._action(button)],
        }  # fmt: skip

    def click_in_view(self, user: User, view: Body, button: Body) -> Body:
        """A view belongs to no channel and has no response URL."""
        return {
            **self._interaction("block_actions", user),
            "container": {"type": "view", "view_id": view["id"]}, "view": copy.deepcopy(view),
            "actions": [self._action(button)],
        }  # fmt: skip

    def submission(self, user: User, view: Body, values: dict[str, dict[str, str]]) -> Body:
        """`values` names block, element and what was typed."""
        state: Body = {
            block: {action: {"type": "plain_text_input", "value": typed} for action, typed in typed_in.items()}
            for block, typed_in in values.items()
        }
        filled = {**copy.deepcopy(view), "state": {"values": state}}
        return {**self._interaction("view_submission", user), "view": filled, "response_urls": []}

    def event(self, event: Body, channel: Channel | None) -> Body:
        workspace = self._world.workspace
        installed = {
            "enterprise_id": None, "team_id": workspace.team.id, "user_id": workspace.app.user.id, "is_bot": True,
            "is_enterprise_install": False,
        }  # fmt: skip
        return {
            "token": workspace.app.verification_token, "team_id": workspace.team.id,
            "context_team_id": workspace.team.id, "context_enterprise_id": None, "api_app_id": workspace.app.id,
            "event": event, "type": "event_callback", "event_id": workspace.new_id("Ev"),
            "event_time": workspace.seconds, "authorizations": [installed],
            "is_ext_shared_channel": bool(channel and channel.shared), "event_context": f"4-{uuid4().hex}",
        }  # fmt: skip

    def _interaction(self, kind: str, user: User) -> Body:
        workspace = self._world.workspace
        return {
            "type": kind, "token": workspace.app.verification_token, "api_app_id": workspace.app.id,
            "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": user.team.id},
            "team": {"id": workspace.team.id, "domain": workspace.team.domain},
            "enterprise": None, "is_enterprise_install": False,
            "trigger_id": self._world.short_lived.trigger(user.id),
        }  # fmt: skip

    def _action(self, button: Body) -> Body:
        chosen = {name: copy.deepcopy(button[name]) for name in CHOSEN if name in button}
        return {**chosen, "action_ts": self._world.workspace.new_ts()}
