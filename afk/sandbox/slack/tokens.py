"""Know every token of the workspace: its kind, its scopes, until when it is good."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Kind(StrEnum):
    BOT = "xoxb"
    APP = "xapp"  # Socket Mode only
    CONFIG = "xoxe.xoxp"  # manifests only


@dataclass(slots=True)
class Token:
    value: str
    kind: Kind
    scopes: tuple[str, ...]
    expires_at: datetime | None = None
    revoked: bool = False


BOT_SCOPES = ("chat:write", "commands", "channels:history", "groups:history")
APP_SCOPES = ("connections:write",)


class Tokens:
    def __init__(self) -> None:
        self._held: dict[str, Token] = {}

    def issue(self, kind: Kind, scopes: Iterable[str], expires_at: datetime | None = None) -> Token:
        value = f"{kind}-sandbox-{len(self._held) + 1}"
        self._held[value] = Token(value, kind, tuple(scopes), expires_at)
        return self._held[value]

    def revoke(self, value: str) -> None:
        self._held[value].revoked = True

    def refusal_of(self, value: str, now: datetime) -> str:
        """The error name a token earns before anything else is looked at; empty when it is good."""
        if not value:
            return "not_authed"
        token = self._held.get(value)
        if token is None:
            return "invalid_auth"
        if token.revoked:
            return "token_revoked"
        return "token_expired" if token.expires_at and token.expires_at <= now else ""

    def __getitem__(self, value: str) -> Token:
        return self._held[value]
