"""Bundle what the Web API, the response URLs and the people in the story act upon."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from afk.sandbox.slack.blocks import advice_on, refusals_of
from afk.sandbox.slack.pacing import Meter

if TYPE_CHECKING:
    from afk.sandbox.slack.conversation import Conversations
    from afk.sandbox.slack.pacing import Pacing
    from afk.sandbox.slack.short_lived import ShortLived
    from afk.sandbox.slack.socket_mode import SocketMode
    from afk.sandbox.slack.tokens import Tokens
    from afk.sandbox.slack.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Settings:
    """The app as its manifest configures it. Slack escapes what is typed after a command (unverified)."""

    commands: tuple[str, ...] = ("/afk",)
    bot_events: tuple[str, ...] = ("app_home_opened", "message.channels", "message.groups")
    home_tab: bool = True
    escapes_commands: bool = True


@dataclass(slots=True)
class World:
    """`advice` gathers what Slack posts without a word and people read badly: a story may want it empty."""

    workspace: Workspace
    conversations: Conversations
    tokens: Tokens
    short_lived: ShortLived
    settings: Settings
    socket: SocketMode
    pacing: Pacing | None
    meter: Meter = field(default_factory=Meter)
    history_lag: timedelta = timedelta(0)
    replaces_when_not_told: bool = False
    advice: list[str] = field(default_factory=list)

    def faults_of(self, message_or_view: dict[str, Any]) -> list[str]:
        self.advice += advice_on(message_or_view)
        return refusals_of(message_or_view)
