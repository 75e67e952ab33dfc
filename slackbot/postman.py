"""Bring what is owed: announcements, summaries, notices, and the pages of those who opened the app."""

from __future__ import annotations

from dataclasses import dataclass, field
from queue import Empty
from typing import TYPE_CHECKING

from afk.ports import PortError
from afk.traffic import kept
from slackbot import home, notices
from slackbot.announcements import Announcer
from slackbot.summaries import Summaries

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from afk.ports import Channel, Desk
    from slackbot.bot import Bot


@dataclass(frozen=True, slots=True)
class Postman:
    bot: Bot
    desk: Desk
    channels: Sequence[Channel]
    announcer: Announcer = field(default_factory=Announcer)
    summaries: Summaries = field(default_factory=Summaries)

    def work(self, now: datetime) -> Iterator[str]:
        """What went wrong, a line each."""
        with kept(self.bot.ledger):
            yield from self._pages()
            self.announcer.announce(self.bot.ledger, now)
            self.summaries.post(self.bot.ledger, now)
            yield from notices.deliver(self.bot.ledger, self.desk, self.channels, now)

    def _pages(self) -> Iterator[str]:
        """A page that cannot be shown is shown when it is opened the next time."""
        while True:
            try:
                page = self.bot.pages.get_nowait()
            except Empty:
                return
            try:
                self.desk.show_home(page.caller.user, home.page(self.bot, page.caller, page.said))
            except PortError as error:
                yield str(error)
