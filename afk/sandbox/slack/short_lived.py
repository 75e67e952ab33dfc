"""Issue what Slack lends an app for a moment: trigger ids and response URLs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

if TYPE_CHECKING:
    from afk.sandbox.slack.workspace import Workspace

TRIGGER_LASTS = timedelta(seconds=3)
URL_LASTS = timedelta(minutes=30)
URL_USES = 5


@dataclass(slots=True)
class Trigger:
    user: str
    at: datetime
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """Where an answer goes. `origin` is the clicked message; empty for a command, which has nothing to replace."""

    user: str
    channel: str
    origin: str
    thread_ts: str
    at: datetime
    uses: int = 0


@dataclass(slots=True)
class ShortLived:
    workspace: Workspace
    triggers: dict[str, Trigger] = field(default_factory=dict)
    urls: dict[str, ResponseUrl] = field(default_factory=dict)

    def trigger(self, user: str) -> str:
        name = f"{self.workspace.seconds}.{len(self.triggers) + 1}.{uuid4().hex}"
        self.triggers[name] = Trigger(user, self.workspace.now)
        return name

    def exchange(self, name: str) -> tuple[str, str]:
        """The user who did it and no error, or nobody and the error's name."""
        trigger = self.triggers.get(name)
        if trigger is None:
            return "", "invalid_trigger_id"
        if trigger.used:
            return "", "exchanged_trigger_id"
        if self.workspace.now - trigger.at > TRIGGER_LASTS:
            return "", "expired_trigger_id"
        trigger.used = True
        return trigger.user, ""

    def url(self, user: str, channel: str, origin: str = "", thread_ts: str = "") -> str:
        name = uuid4().hex
        self.urls[name] = ResponseUrl(user, channel, origin, thread_ts, self.workspace.now)
        return name

    def refusal_of(self, name: str) -> str:
        """Counts as a use when it is empty; Slack counts posts it then finds fault with (unverified)."""
        url = self.urls.get(name)
        if url is None or self.workspace.now - url.at > URL_LASTS:
            return "expired_url"
        if url.uses >= URL_USES:
            return "used_url"
        url.uses += 1
        return ""
