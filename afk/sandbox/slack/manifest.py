"""Check an app manifest as `apps.manifest.validate` does, names of scopes and events included."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.slack.block_rules import boolean, items, one_of, shape, string, url, whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.sandbox.slack.block_rules import Check

NAME, DESCRIPTION, LONG = 35, 140, 4000
BOT_SCOPES = (
    "app_mentions:read", "channels:history", "channels:join", "channels:read", "chat:write", "chat:write.public",
    "commands", "groups:history", "groups:read", "im:history", "im:read", "im:write", "links:read", "links:write",
    "metadata.message:read", "mpim:history", "mpim:read", "pins:read", "pins:write", "reactions:read",
    "reactions:write", "team:read", "usergroups:read", "users:read", "users:read.email", "users:write",
)  # fmt: skip
# Each event and the scope without which Slack does not subscribe the app to it.
BOT_EVENTS = {
    "app_home_opened": "", "app_mention": "app_mentions:read", "app_uninstalled": "", "tokens_revoked": "",
    "channel_archive": "channels:read", "channel_rename": "channels:read", "link_shared": "links:read",
    "member_joined_channel": "channels:read", "member_left_channel": "channels:read",
    "message.channels": "channels:history", "message.groups": "groups:history", "message.im": "im:history",
    "message.mpim": "mpim:history", "reaction_added": "reactions:read", "reaction_removed": "reactions:read",
    "team_join": "users:read", "user_change": "users:read",
}  # fmt: skip
COMMAND = shape(
    {"command": string(32), "description": string(2000)},
    {"usage_hint": string(1000), "should_escape": boolean, "url": url()},
)
HOME = ("home_tab_enabled", "messages_tab_enabled", "messages_tab_read_only_enabled")
SWITCHES = ("org_deploy_enabled", "socket_mode_enabled", "token_rotation_enabled", "is_hosted")
MANIFEST: Check = shape(
    {
        "display_information": shape(
            {"name": string(NAME)},
            {"description": string(DESCRIPTION), "long_description": string(LONG, 174), "background_color": string(7)},
        )
    },
    {
        "_metadata": shape({}, {"major_version": whole(1, 2), "minor_version": whole(0, 9)}),
        "features": shape(
            {},
            {
                "app_home": shape({}, dict.fromkeys(HOME, boolean)),
                "bot_user": shape({"display_name": string(80)}, {"always_online": boolean}),
                "slash_commands": items(COMMAND, 50),
            },
        ),
        "oauth_config": shape({}, {"scopes": shape({}, {"bot": items(one_of(*BOT_SCOPES), 255)})}),
        "settings": shape(
            {},
            {
                "event_subscriptions": shape({}, {"bot_events": items(one_of(*BOT_EVENTS), 100), "request_url": url()}),
                "interactivity": shape(
                    {"is_enabled": boolean}, {"request_url": url(), "message_menu_options_url": url()}
                ),
                **dict.fromkeys(SWITCHES, boolean),
            },
        ),
    },
)


def faults_of_manifest(manifest: dict[str, Any]) -> list[tuple[str, str]]:
    """Pointer and sentence of each."""
    said = [each.removesuffix("]").split(" [json-pointer:") for each in MANIFEST(manifest, "")]
    return [(at, sentence) for sentence, at in said] or list(_at_odds(manifest))


def _at_odds(manifest: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Parts that are each well formed and do not fit one another."""
    features, settings = manifest.get("features", {}), manifest.get("settings", {})
    scopes = manifest.get("oauth_config", {}).get("scopes", {}).get("bot", [])
    over_http = not settings.get("socket_mode_enabled", False)
    commands = features.get("slash_commands", [])
    for index, command in enumerate(commands):
        at = f"/features/slash_commands/{index}"
        if not command["command"].startswith("/"):
            yield f"{at}/command", "must start with /"
        if over_http and "url" not in command:
            yield at, "missing required field: url"
    if commands and "commands" not in scopes:
        yield "/oauth_config/scopes/bot", "slash commands need the scope commands"
    if scopes and "bot_user" not in features:
        yield "/features", "bot scopes need a bot user"
    events = settings.get("event_subscriptions", {})
    for index, name in enumerate(events.get("bot_events", [])):
        if BOT_EVENTS[name] and BOT_EVENTS[name] not in scopes:
            yield f"/settings/event_subscriptions/bot_events/{index}", f"needs the scope {BOT_EVENTS[name]}"
    for name, part in (("event_subscriptions", events), ("interactivity", settings.get("interactivity", {}))):
        wanted = part.get("bot_events") or part.get("is_enabled")
        if over_http and wanted and "request_url" not in part:
            yield f"/settings/{name}", "missing required field: request_url"
