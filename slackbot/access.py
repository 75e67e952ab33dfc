"""Decide who may ask what, by team and user.

Pure, and closed: whatever is not said on a list, or cannot be read out of a payload, is no.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from afk.core import slack_words as words

if TYPE_CHECKING:
    from collections.abc import Mapping


class Right(StrEnum):
    READ = "read"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who did something in Slack. `shared`: in a channel that another organisation reads too."""

    team: str
    user: str
    shared: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """Operators may do everything; readers may look. An empty list is nobody."""

    operators: frozenset[tuple[str, str]]
    readers: frozenset[tuple[str, str]] = frozenset()

    def refusal(self, caller: Caller, right: Right) -> str:
        """Empty if the caller has this right."""
        pair = (caller.team, caller.user)
        if not (caller.team and caller.user):
            return words.not_allowed(caller.team, caller.user)
        if caller.shared:
            return words.shared_channel()
        if pair in self.operators or (right is Right.READ and pair in self.readers):
            return ""
        if pair in self.readers:
            return words.may_read_only(caller.team, caller.user)
        return words.not_allowed(caller.team, caller.user)


def typed_by(command: Mapping[str, Any]) -> Caller:
    return Caller(_text(command, "team_id"), _text(command, "user_id"))


def clicked_by(body: Mapping[str, Any]) -> Caller:
    """The team of the person: Bolt's own idea of it is that of the channel's host."""
    user = body.get("user")
    return Caller(_text(user, "team_id"), _text(user, "id"))


def said_by(body: Mapping[str, Any]) -> Caller:
    """A message names the team of its author, an opened page does not: there it is that of the installation."""
    event = body.get("event")
    is_message = _text(event, "type") == "message"
    team = (_text(event, "user_team") or _text(event, "team")) if is_message else _text(body, "team_id")
    return Caller(team, _text(event, "user"), shared=body.get("is_ext_shared_channel") is not False and is_message)


def _text(held: Any, name: str) -> str:
    value = held.get(name) if isinstance(held, dict) else None
    return value if isinstance(value, str) else ""
