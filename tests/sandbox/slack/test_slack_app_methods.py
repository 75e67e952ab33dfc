"""What an app may ask about itself, about people, about its blocks and its manifest."""

from __future__ import annotations

import copy
from typing import Any

import pytest

MANIFEST: dict[str, Any] = {
    "_metadata": {"major_version": 2, "minor_version": 1},
    "display_information": {"name": "AFK", "description": "Turns an issue into deployed code."},
    "features": {
        "app_home": {
            "home_tab_enabled": True, "messages_tab_enabled": False, "messages_tab_read_only_enabled": True,
        },
        "bot_user": {"display_name": "afk", "always_online": True},
        "slash_commands": [
            {"command": "/afk", "description": "Ask AFK", "usage_hint": "status", "should_escape": False}
        ],
    },
    "oauth_config": {"scopes": {"bot": ["chat:write", "commands", "channels:history", "groups:history"]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened", "message.channels", "message.groups"]},
        "interactivity": {"is_enabled": True},
        "org_deploy_enabled": False, "socket_mode_enabled": True, "token_rotation_enabled": False,
    },
}  # fmt: skip
# Where, what stands there instead, and the pointer and sentence that answer it.
WRONG: dict[str, tuple[str, Any, str, str]] = {
    "name too long": (
        "display_information.name", "x" * 36, "/display_information/name", "must be less than 36 characters",
    ),
    "unknown section": ("webhooks", {}, "", "invalid additional property: webhooks"),
    "typo": ("settings.socket_mode", True, "/settings", "invalid additional property: socket_mode"),
    "command without a slash": (
        "features.slash_commands.0.command", "afk", "/features/slash_commands/0/command", "must start with /",
    ),
    "switch as a word": (
        "settings.socket_mode_enabled", "yes", "/settings/socket_mode_enabled", "must be a boolean",
    ),
    "commands without their scope": (
        "oauth_config.scopes.bot", ["chat:write", "channels:history", "groups:history"],
        "/oauth_config/scopes/bot", "slash commands need the scope commands",
    ),
    "event without its scope": (
        "oauth_config.scopes.bot", ["commands", "channels:history"],
        "/settings/event_subscriptions/bot_events/2", "needs the scope groups:history",
    ),
}  # fmt: skip


class TestIdentity:
    def test_bot_token_says_who_the_bot_is(self, town: Any) -> None:
        app, team = town.slack.workspace.app, town.slack.workspace.team

        assert town.api("auth.test") == {
            "ok": True, "url": "https://acme.slack.com/", "team": "Acme", "user": "afk", "team_id": team.id,
            "user_id": app.user.id, "bot_id": app.user.bot_id, "is_enterprise_install": False,
        }  # fmt: skip

    def test_app_token_says_which_app_it_is(self, town: Any) -> None:
        answer = town.api("auth.test", token=town.slack.app_token())

        assert answer == {"ok": True, "app_name": "afk", "app_id": town.slack.workspace.app.id}

    def test_person_of_another_team_is_a_stranger(self, town: Any) -> None:
        globex = town.slack.add_team("Globex")
        carol = town.slack.add_user("carol", globex)

        assert town.api("users.info", user=carol)["user"]["team_id"] == globex.id
        assert town.api("users.info", user=carol)["user"]["is_stranger"] is True
        assert town.api("users.info", user=town.ada)["user"]["team_id"] == town.slack.workspace.team.id
        assert town.api("users.info", user="U404")["error"] == "user_not_found"

    def test_bot_is_found_by_its_bot_id(self, town: Any) -> None:
        bot = town.slack.workspace.app.user

        assert town.api("bots.info", bot=bot.bot_id)["bot"]["user_id"] == bot.id
        assert town.api("bots.info", bot=bot.id)["error"] == "bot_not_found"


class TestBlocksValidate:
    def test_good_blocks_pass(self, town: Any) -> None:
        assert town.web.blocks_validate(blocks=[{"type": "divider"}]).data == {"ok": True}

    @pytest.mark.parametrize(
        ("args", "error", "pointer"),
        [
            ({"blocks": [{"type": "nope"}]}, "invalid_blocks", "/blocks/0/type"),
            ({"message": {"text": "x", "blocks": [{"type": "header"}]}}, "invalid_message", "/blocks/0"),
            ({"view": {"type": "home"}}, "invalid_view", "/view"),
            ({"view": {"type": "page", "blocks": []}}, "invalid_view", "/view/type"),
        ],
        ids=["blocks", "message", "view", "no view"],
    )
    def test_each_fault_has_a_pointer(self, town: Any, args: dict[str, Any], error: str, pointer: str) -> None:
        answer = town.api("blocks.validate", **args)

        assert (answer["error"], [each["pointer"] for each in answer["errors"]]) == (error, [pointer])

    @pytest.mark.parametrize("args", [{}, {"blocks": [{}], "message": {"text": "x"}}], ids=["none", "two"])
    def test_exactly_one_thing_is_checked(self, town: Any, args: dict[str, Any]) -> None:
        assert town.api("blocks.validate", **args)["error"] == "invalid_arguments"


class TestManifest:
    def validate(self, town: Any, manifest: Any) -> Any:
        return town.api("apps.manifest.validate", token=town.slack.config_token(), manifest=manifest)

    def test_manifest_of_the_reference_passes(self, town: Any) -> None:
        assert self.validate(town, MANIFEST) == {"ok": True, "errors": []}

    @pytest.mark.parametrize(("where", "value", "pointer", "message"), WRONG.values(), ids=WRONG)
    def test_fault_is_pointed_at(self, town: Any, where: str, value: Any, pointer: str, message: str) -> None:
        manifest = copy.deepcopy(MANIFEST)
        *path, last = where.split(".")
        place: Any = manifest
        for step in path:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value

        answer = self.validate(town, manifest)

        assert answer["error"] == "invalid_manifest"
        assert answer["errors"] == [{"message": message, "pointer": pointer}]

    @pytest.mark.parametrize("part", ["scopes", "bot_events"])
    def test_unheard_of_names_are_refused(self, town: Any, part: str) -> None:
        manifest = copy.deepcopy(MANIFEST)
        if part == "scopes":
            manifest["oauth_config"]["scopes"]["bot"].append("chat:wriet")
        else:
            manifest["settings"]["event_subscriptions"]["bot_events"].append("message.channel")

        assert self.validate(town, manifest)["errors"][0]["message"].startswith("must be one of ")

    def test_over_http_every_address_is_required(self, town: Any) -> None:
        manifest = copy.deepcopy(MANIFEST)
        manifest["settings"]["socket_mode_enabled"] = False

        assert [each["pointer"] for each in self.validate(town, manifest)["errors"]] == [
            "/features/slash_commands/0",
            "/settings/event_subscriptions",
            "/settings/interactivity",
        ]

    def test_manifest_with_its_addresses_passes_over_http(self, town: Any) -> None:
        manifest, url = copy.deepcopy(MANIFEST), "https://afk.example.org/slack/events"
        manifest["settings"]["socket_mode_enabled"] = False
        manifest["features"]["slash_commands"][0]["url"] = url
        for part in ("event_subscriptions", "interactivity"):
            manifest["settings"][part]["request_url"] = url

        assert self.validate(town, manifest)["ok"]

    @pytest.mark.parametrize("manifest", ["{", [], "no"], ids=["half", "list", "word"])
    def test_what_is_no_object_is_refused(self, town: Any, manifest: Any) -> None:
        assert self.validate(town, manifest)["error"] == "invalid_manifest"
