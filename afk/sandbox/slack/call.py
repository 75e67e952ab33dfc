"""Read the arguments of one Web API call, and refuse it in Slack's words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from afk.sandbox.slack.tokens import Token
    from afk.sandbox.slack.workspace import Channel
    from afk.sandbox.slack.world import World

TS = re.compile(r"\d{1,12}(\.\d{1,6})?")
TRUE = ("1", "true", "True", True, 1)


class Refusal(Exception):
    """`ok` is false, the HTTP status 200."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.body: dict[str, Any] = {"ok": False, "error": error, **more}


class TooFast(Exception):
    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


def refuse_arguments(*sentences: str) -> Refusal:
    return Refusal("invalid_arguments", response_metadata={"messages": [f"[ERROR] {each}" for each in sentences]})


@dataclass(frozen=True, slots=True)
class Call:
    world: World
    token: Token
    args: dict[str, Any]
    base_url: str

    def text(self, name: str) -> str:
        value = self.args.get(name)
        if value is None:
            return ""
        if isinstance(value, dict | list | bool):
            raise refuse_arguments(f"must be a string [json-pointer:/{name}]")
        return str(value)

    def needed(self, name: str) -> str:
        value = self.text(name)
        if not value:
            raise refuse_arguments(f"missing required field: {name}")
        return value

    def flag(self, name: str) -> bool:
        return self.args.get(name) in TRUE

    def number(self, name: str, default: int) -> int:
        value = self.text(name)
        if value and not value.isdigit():
            raise refuse_arguments(f"must be an integer [json-pointer:/{name}]")
        return int(value) if value else default

    def moment(self, name: str) -> str:
        value = self.text(name)
        if value and not TS.fullmatch(value):
            raise Refusal(f"invalid_ts_{name}")
        return value

    def structure(self, name: str, kind: type, error: str) -> Any:
        """A list or an object, as JSON inside a form or as itself; None when it was not given."""
        value = self.args.get(name)
        if value is None or value == "":
            return None
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                raise Refusal(error) from None
        if not isinstance(value, kind):
            raise Refusal(error)
        return value

    def needs(self, *scopes: str) -> None:
        if not set(scopes) & set(self.token.scopes):
            raise Refusal("missing_scope", needed=scopes[0], provided=",".join(self.token.scopes))

    def channel(self, *, by_name: bool = False) -> Channel:
        """The app sees a private channel only as its member."""
        name = self.needed("channel")
        workspace = self.world.workspace
        found = workspace.channel_named(name) if by_name else workspace.channels.get(name)
        if found is None or (found.private and not self.joined(found)):
            raise Refusal("channel_not_found")
        return found

    def joined(self, channel: Channel) -> bool:
        return self.world.workspace.app.user.id in channel.members

    def readable_channel(self, verb: str) -> Channel:
        channel = self.channel()
        self.needs(f"{channel.kind}s:{verb}")
        return channel

    def pace(self, key: str, name: str) -> None:
        pacing = self.world.pacing
        if pacing is None:
            return
        pace = pacing.posts if name == "posts" else pacing.updates
        if wait := self.world.meter.wait_for(key, pace, self.world.workspace.now):
            raise TooFast(wait)
