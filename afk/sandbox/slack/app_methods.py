"""Answer what an app asks about itself and about people: tokens, connections, users, checks of blocks and manifest."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from afk.sandbox.slack.blocks import refusals_of
from afk.sandbox.slack.call import Refusal, refuse_arguments
from afk.sandbox.slack.manifest import faults_of_manifest
from afk.sandbox.slack.tokens import Kind

if TYPE_CHECKING:
    from afk.sandbox.slack.call import Call

Body = dict[str, Any]
PARTS = re.compile(r"(.*) \[json-pointer:(.*)\]")


def identity(call: Call) -> Body:
    app, team = call.world.workspace.app, call.world.workspace.team
    if call.token.kind is not Kind.BOT:
        return {"ok": True, "app_name": app.name, "app_id": app.id}
    return {
        "ok": True, "url": f"https://{team.domain}.slack.com/", "team": team.name, "user": app.user.name,
        "team_id": team.id, "user_id": app.user.id, "bot_id": app.user.bot_id, "is_enterprise_install": False,
    }  # fmt: skip


def open_connection(call: Call) -> Body:
    address = call.base_url.replace("http://", "ws://", 1)
    return {
        "ok": True,
        "url": f"{address}/link?ticket={call.world.socket.ticket()}&app_id={call.world.workspace.app.id}",
    }


def user_info(call: Call) -> Body:
    user = call.world.workspace.users.get(call.needed("user"))
    if user is None:
        raise Refusal("user_not_found")
    stranger = user.team.id != call.world.workspace.team.id
    profile = {"real_name": user.name, "display_name": user.name, "team": user.team.id}
    return {
        "ok": True,
        "user": {
            "id": user.id, "team_id": user.team.id, "name": user.name, "real_name": user.name, "deleted": False,
            "is_bot": bool(user.bot_id), "is_app_user": False, "updated": call.world.workspace.seconds,
            "profile": profile | ({"bot_id": user.bot_id} if user.bot_id else {}),
            "tz": "Etc/UTC", "tz_label": "UTC", "tz_offset": 0,
            **({"is_stranger": True} if stranger else {"is_admin": False, "is_owner": False, "is_restricted": False}),
        },
    }  # fmt: skip


def bot_info(call: Call) -> Body:
    wanted, workspace = call.needed("bot"), call.world.workspace
    user = next((each for each in workspace.users.values() if each.bot_id == wanted), None)
    if user is None:
        raise Refusal("bot_not_found")
    app_id = workspace.app.id if user == workspace.app.user else f"A{user.bot_id[1:]}"
    bot = {"id": user.bot_id, "app_id": app_id, "user_id": user.id, "name": user.name, "deleted": False, "icons": {}}
    return {"ok": True, "bot": bot | {"updated": workspace.seconds}}


def validate_blocks(call: Call) -> Body:
    given = [name for name in ("blocks", "message", "view") if call.args.get(name)]
    if len(given) != 1:
        raise refuse_arguments("exactly one of blocks, message and view is required")
    name = given[0]
    value = call.structure(name, list if name == "blocks" else dict, "invalid_arguments")
    if name == "view" and value.get("type") not in {"home", "modal"}:
        raise Refusal("invalid_view", errors=_pointed(["unsupported type [json-pointer:/view/type]"]))
    if faults := refusals_of({"blocks": value} if name == "blocks" else value):
        raise Refusal(f"invalid_{name}", errors=_pointed(faults))
    return {"ok": True}


def validate_manifest(call: Call) -> Body:
    manifest = call.structure("manifest", dict, "invalid_manifest")
    if manifest is None:
        raise refuse_arguments("missing required field: manifest")
    if faults := faults_of_manifest(manifest):
        raise Refusal("invalid_manifest", errors=[{"message": said, "pointer": at} for at, said in faults])
    return {"ok": True, "errors": []}


def _pointed(faults: list[str]) -> list[Body]:
    found = [PARTS.fullmatch(each) for each in faults]
    return [{"pointer": each[2], "code": "invalid", "message": each[1]} for each in found if each]
