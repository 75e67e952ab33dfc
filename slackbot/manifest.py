"""Write the app's manifest for Socket Mode and for HTTP, both from this one source."""

from __future__ import annotations

import sys
from typing import Any

from slackbot.commands import COMMAND
from slackbot.front_door import PATH

EVENTS = ("app_home_opened", "message.channels", "message.groups")
# What each Web API method that AFK calls needs.
SCOPES = {
    "chat.postMessage": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.update": ("chat:write",),
    "conversations.history": ("channels:history", "groups:history"),
    "views.publish": (),
    "apps.connections.open": (),  # the app token's own
}
COMMAND_SCOPES = ("commands",)
EVENT_SCOPES = {"app_home_opened": (), "message.channels": ("channels:history",), "message.groups": ("groups:history",)}
USAGE = "status | why | runs | arm | disarm | kill | resume | redispatch | stop | say | help"
EXAMPLE_ADDRESS = "https://afk.example.org"


def scopes() -> list[str]:
    needed = {scope for each in (*SCOPES.values(), *EVENT_SCOPES.values(), COMMAND_SCOPES) for scope in each}
    return sorted(needed)


def manifest(address: str = "") -> dict[str, Any]:
    """For Socket Mode, or with the public address of `afk bot --http`."""
    request_url = {"request_url": address + PATH} if address else {}
    command = {
        "command": COMMAND,
        "description": "Arm, watch and steer the agents",
        "usage_hint": USAGE,
        "should_escape": False,
    }
    if address:
        command["url"] = address + PATH
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {"name": "AFK", "description": "Turns triaged issues into deployed code"},
        "features": {
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": False,
                "messages_tab_read_only_enabled": True,
            },
            "bot_user": {"display_name": "afk", "always_online": True},
            "slash_commands": [command],
        },
        "oauth_config": {"scopes": {"bot": scopes()}},
        "settings": {
            "event_subscriptions": {"bot_events": list(EVENTS), **request_url},
            "interactivity": {"is_enabled": True, **request_url},
            "org_deploy_enabled": False,
            "socket_mode_enabled": not address,
            "token_rotation_enabled": False,
        },
    }


def as_yaml(tree: Any, indent: int = 0) -> str:
    """The little of YAML that a manifest needs."""
    pad = "  " * indent
    if isinstance(tree, dict):
        lines = []
        for name, held in tree.items():
            nested = isinstance(held, dict | list)
            lines.append(f"{pad}{name}:" + (f"\n{as_yaml(held, indent + 1)}" if nested else f" {_scalar(held)}"))
        return "\n".join(lines)
    lines = []
    for held in tree:
        if isinstance(held, dict):
            lines.append(f"{pad}- {as_yaml(held, indent + 1).lstrip()}")
        else:
            lines.append(f"{pad}- {_scalar(held)}")
    return "\n".join(lines)


def _scalar(held: str | int) -> str:
    if isinstance(held, bool):
        return str(held).lower()
    return str(held) if isinstance(held, int) else '"' + held.replace('"', '\\"') + '"'


FILES = {"slack-manifest.yaml": "", "slack-manifest.http.yaml": EXAMPLE_ADDRESS}


def file(name: str) -> str:
    how = "HTTP: put your own address in" if FILES[name] else "Socket Mode"
    head = f"# The Slack app for {how}. Written by `python -m slackbot.manifest {name}`.\n"
    return f"{head}{as_yaml(manifest(FILES[name]))}\n"


if __name__ == "__main__":
    sys.stdout.write(file(sys.argv[1]))
