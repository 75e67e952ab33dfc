"""Answer `views.*`: the Home tab and modals."""

from __future__ import annotations

import copy
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from afk.sandbox.slack.call import Refusal, refuse_arguments
from afk.sandbox.slack.workspace import Shown

if TYPE_CHECKING:
    from afk.sandbox.slack.call import Call
    from afk.sandbox.slack.world import World

Body = dict[str, Any]


def publish(call: Call) -> Body:
    user, given = call.needed("user_id"), _given(call, "home")
    workspace = call.world.workspace
    if user not in workspace.users:
        raise refuse_arguments("invalid `user_id`")
    if not call.world.settings.home_tab:
        raise Refusal("not_enabled")
    held = workspace.homes.get(user)
    _unchanged(call, held)
    view = completed(call.world, given, held.view["id"] if held else workspace.new_id("V"))
    workspace.homes[user] = Shown(user, view)
    return {"ok": True, "view": view}


def open_modal(call: Call) -> Body:
    trigger, given = call.needed("trigger_id"), _given(call, "modal")
    user, error = call.world.short_lived.exchange(trigger)
    if error:
        raise Refusal(error)
    workspace = call.world.workspace
    external = given.get("external_id")
    open_ones = [shown for stack in workspace.modals.values() for shown in stack]
    if external and any(shown.view["external_id"] == external for shown in open_ones):
        raise Refusal("duplicate_external_id")
    view = completed(call.world, given, workspace.new_id("V"))
    workspace.modals[user] = [Shown(user, view)]
    return {"ok": True, "view": view}


def update(call: Call) -> Body:
    view_id, external = call.text("view_id"), call.text("external_id")
    if not view_id and not external:
        raise refuse_arguments("missing required field: view_id or external_id")
    workspace = call.world.workspace
    modals = [shown for stack in workspace.modals.values() for shown in stack]
    named = next((each for each in modals if external and each.view["external_id"] == external), None)
    held = workspace.view(view_id) if view_id else named
    if held is None:
        raise Refusal("not_found")
    given = _given(call, held.view["type"])
    _unchanged(call, held)
    held.view = completed(call.world, given, held.view["id"])
    return {"ok": True, "view": held.view}


def completed(world: World, given: Body, view_id: str) -> Body:
    """A view as Slack hands it back: every key, whether it was given or not."""
    workspace = world.workspace
    blocks = world.conversations.stored(given["blocks"])
    seen = sha256(repr((blocks, workspace.new_ts())).encode()).hexdigest()[:8]
    rest: Body = {"title": None, "close": None, "submit": None}
    rest |= {"private_metadata": "", "callback_id": "", "external_id": ""}
    rest |= {"clear_on_close": False, "notify_on_close": False}
    return {
        **rest, **copy.deepcopy(given), "blocks": blocks, "id": view_id, "team_id": workspace.team.id,
        "state": {"values": {}}, "hash": f"{workspace.seconds}.{seen}", "previous_view_id": None,
        "root_view_id": view_id, "app_id": workspace.app.id, "app_installed_team_id": workspace.team.id,
        "bot_id": workspace.app.user.bot_id,
    }  # fmt: skip


def _given(call: Call, kind: str) -> Body:
    view: Body | None = call.structure("view", dict, "invalid_arguments")
    if view is None:
        raise refuse_arguments("missing required field: view")
    if view.get("type") != kind:
        raise refuse_arguments(f"invalid view type, expected {kind} [json-pointer:/view/type]")
    if faults := call.world.faults_of(view):
        raise refuse_arguments(*faults)
    return view


def _unchanged(call: Call, held: Shown | None) -> None:
    expected = call.text("hash")
    if expected and (held is None or held.view["hash"] != expected):
        raise Refusal("hash_conflict")
