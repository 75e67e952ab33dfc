"""Serve `/api/{method}`: who calls, may they, and what does the method say."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from afk.sandbox.slack import app_methods, chat_methods, conversation_methods, view_methods
from afk.sandbox.slack.call import Call, Refusal, TooFast
from afk.sandbox.slack.tokens import Kind

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from afk.sandbox.slack.world import World

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Method:
    """`scope` is empty where Slack asks for none, or for one that depends on the channel."""

    run: Callable[[Call], Body]
    scope: str = ""
    kinds: tuple[Kind, ...] = (Kind.BOT,)


METHODS = {
    "apps.connections.open": Method(app_methods.open_connection, "connections:write", (Kind.APP,)),
    "apps.manifest.validate": Method(app_methods.validate_manifest, kinds=(Kind.CONFIG,)),
    "auth.test": Method(app_methods.identity, kinds=(Kind.BOT, Kind.APP)),
    "blocks.validate": Method(app_methods.validate_blocks, kinds=tuple(Kind)),
    "bots.info": Method(app_methods.bot_info, "users:read"),
    "chat.delete": Method(chat_methods.delete, "chat:write"),
    "chat.getPermalink": Method(chat_methods.get_permalink),
    "chat.postEphemeral": Method(chat_methods.post_ephemeral, "chat:write"),
    "chat.postMessage": Method(chat_methods.post_message, "chat:write"),
    "chat.update": Method(chat_methods.update, "chat:write"),
    "conversations.history": Method(conversation_methods.history),
    "conversations.info": Method(conversation_methods.info),
    "conversations.join": Method(conversation_methods.join, "channels:join"),
    "conversations.list": Method(conversation_methods.listed),
    "conversations.replies": Method(conversation_methods.replies),
    "reactions.add": Method(conversation_methods.add_reaction, "reactions:write"),
    "users.info": Method(app_methods.user_info, "users:read"),
    "views.open": Method(view_methods.open_modal),
    "views.publish": Method(view_methods.publish),
    "views.update": Method(view_methods.update),
}


class WebApi:
    def __init__(self, world: World, lock: threading.RLock, base_url: Callable[[], str]) -> None:
        self._world = world
        self._lock = lock
        self._base_url = base_url

    async def serve(self, request: web.Request) -> web.Response:
        name = request.match_info["method"]
        headers: dict[str, str] = {}
        try:
            args = await read_arguments(request)
            with self._lock:
                body = self._echo(args) if name == "api.test" else self._answer(name, args, request, headers)
                text = json.dumps(body)
        except Refusal as refusal:
            text = json.dumps(refusal.body)
        except TooFast as wait:
            refused = {"ok": False, "error": "ratelimited"}
            return web.json_response(refused, status=429, headers={"Retry-After": str(wait.seconds)})
        return web.Response(text=text, content_type="application/json", charset="utf-8", headers=headers)

    def _echo(self, args: Body) -> Body:
        answer: Body = {"args": args} if args else {}
        return {"ok": False, "error": args["error"], **answer} if "error" in args else {"ok": True, **answer}

    def _answer(self, name: str, args: Body, request: web.Request, headers: dict[str, str]) -> Body:
        method = METHODS.get(name)
        if method is None:
            raise Refusal("unknown_method", req_method=name)
        value = _token(request, args)
        if error := self._world.tokens.refusal_of(value, self._world.workspace.now):
            raise Refusal(error)
        token = self._world.tokens[value]
        if token.kind not in method.kinds:
            raise Refusal("not_allowed_token_type")
        headers["X-OAuth-Scopes"] = ",".join(token.scopes)
        if method.scope:
            headers["X-Accepted-OAuth-Scopes"] = method.scope
        call = Call(self._world, token, {key: held for key, held in args.items() if key != "token"}, self._base_url())
        if method.scope:
            call.needs(method.scope)
        return method.run(call)


async def read_arguments(request: web.Request) -> Body:
    """A query string, a form, or JSON; Slack looks at the content type alone."""
    args: Body = dict(request.query)
    if request.method == "GET" or not request.body_exists:
        return args
    match request.content_type:
        case "application/json":
            try:
                read = json.loads(await request.text())
            except ValueError:
                raise Refusal("invalid_json") from None
            if not isinstance(read, dict):
                raise Refusal("json_not_object")
            # In a JSON body a token is no token: it belongs in the header.
            return args | {name: held for name, held in read.items() if name != "token"}
        case "application/x-www-form-urlencoded" | "multipart/form-data":
            return args | {name: str(held) for name, held in (await request.post()).items()}
        case _:
            raise Refusal("invalid_post_type")


def _token(request: web.Request, args: Body) -> str:
    """From the header or a form; apps of today may not put it into the query string."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and value:
        return value.strip()
    return "" if "token" in request.query else str(args.get("token", ""))
