"""Hold who and what exists in one Slack workspace: teams, people, channels, the app, what it showed to whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Team:
    id: str
    name: str
    domain: str


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    team: Team
    bot_id: str = ""


@dataclass(slots=True)
class Channel:
    """`messages` holds each as Slack would send it, by timestamp; so does each ephemeral one, with its reader."""

    id: str
    name: str
    private: bool
    shared: bool
    created: int
    members: set[str]
    archived: bool = False
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        return "group" if self.private else "channel"

    @property
    def name_told_to_apps(self) -> str:
        return "privategroup" if self.private else self.name


@dataclass(slots=True)
class Ephemeral:
    reader: str
    channel: str
    message: dict[str, Any]
    gone: bool = False


@dataclass(slots=True)
class Shown:
    """A Home tab or an open modal of one person, as the app last wrote it."""

    user: str
    view: dict[str, Any]


@dataclass(frozen=True, slots=True)
class App:
    id: str
    name: str
    user: User
    verification_token: str = "sandbox-verification-token"


class Workspace:
    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._last_micro = 0
        self._counted = 0
        self.team = self.add_team("Acme")
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.ephemerals: list[Ephemeral] = []
        self.homes: dict[str, Shown] = {}
        self.modals: dict[str, list[Shown]] = {}
        self.app = App(self.new_id("A"), "afk", self.add_user("afk", is_bot=True))

    @property
    def now(self) -> datetime:
        return self._clock()

    @property
    def seconds(self) -> int:
        return int(self.now.timestamp())

    def new_id(self, letter: str) -> str:
        self._counted += 1
        left, digits = self._counted, ""
        while left:
            left, digit = divmod(left, 36)
            digits = DIGITS[digit] + digits
        return f"{letter}0{digits.rjust(8, '0')}"

    def new_ts(self) -> str:
        """A message's name and its place in time: never the same twice, also while the clock stands still."""
        now = self.now.astimezone(UTC)
        micro = int(now.timestamp()) * MICRO + now.microsecond
        self._last_micro = max(self._last_micro + 1, micro)
        return f"{self._last_micro // MICRO}.{self._last_micro % MICRO:06d}"

    def add_team(self, name: str) -> Team:
        return Team(self.new_id("T"), name, "".join(part for part in name.lower() if part.isalnum()))

    def add_user(self, name: str, team: Team | None = None, *, is_bot: bool = False) -> User:
        user = User(self.new_id("U"), name, team or self.team, self.new_id("B") if is_bot else "")
        self.users[user.id] = user
        return user

    def add_channel(self, name: str, *, private: bool, shared: bool, with_app: bool) -> Channel:
        members = {self.app.user.id} if with_app else set()
        channel = Channel(self.new_id("C"), name, private, shared, self.seconds, members)
        self.channels[channel.id] = channel
        return channel

    def channel_named(self, name: str) -> Channel | None:
        bare = name.removeprefix("#")
        return self.channels.get(name) or next((each for each in self.channels.values() if each.name == bare), None)

    def ephemeral(self, ts: str) -> Ephemeral | None:
        return next((each for each in self.ephemerals if each.message["ts"] == ts and not each.gone), None)

    def show_privately(self, reader: str, channel: str, message: dict[str, Any]) -> Ephemeral:
        """Only that person sees it; Slack keeps it out of history, and chat.update cannot reach it."""
        ephemeral = Ephemeral(reader, channel, {**message, "ts": self.new_ts(), "is_ephemeral": True})
        self.ephemerals.append(ephemeral)
        return ephemeral

    def view(self, view_id: str) -> Shown | None:
        open_ones = [*self.homes.values(), *(shown for stack in self.modals.values() for shown in stack)]
        return next((shown for shown in open_ones if shown.view["id"] == view_id), None)
