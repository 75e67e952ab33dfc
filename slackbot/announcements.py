"""Tell the channel what people changed, through whichever door: the audit log is the list of what is to be told."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from afk.core.records import Notice, Place
from afk.core.slack_words import announcement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from afk.core.records import Armed, Entry
    from afk.ports import Ledger

NEWS = timedelta(days=1)  # what happened before is no news
LOOKS_AT = 200  # entries


class Announcer:
    """Remembers what it has handed over, so that a quiet second reads and writes nothing new."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def announce(self, ledger: Ledger, now: datetime) -> int:
        """How many are new. The notice's key makes each one single, whoever else announces."""
        entries = [entry for entry in ledger.audited(LOOKS_AT) if now - entry.at <= NEWS]
        news = [notice for notice in _notices(entries, ledger) if notice.key not in self._told]
        new = sum(ledger.notify(notice) for notice in reversed(news))
        self._told = {_key(entry) for entry in entries}
        return new


def _notices(entries: list[Entry], ledger: Ledger) -> Iterator[Notice]:
    armed: Mapping[str, Armed] = ledger.switches().armed if any(entry.verb == "arm" for entry in entries) else {}
    for entry in entries:
        text = "" if entry.refused else announcement(entry, armed)
        if text:
            yield Notice(_key(entry), entry.at, Place.CHANNEL, "", text)


def _key(entry: Entry) -> str:
    return f"change:{entry.at:%Y%m%dT%H%M%S.%f}:{entry.verb}:{entry.target}:{entry.actor}"
