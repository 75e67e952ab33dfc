"""Tell the truth about the bot: whether it hears Slack and delivers, what waits, and when ticks last completed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from afk.core.alarms import alarm_after
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from afk.ports import Channel, Clock, Ledger
    from afk.rounds import Rounds

    Facts = dict[str, Any]

TICKS = ("poll", "watch")
STUCK = timedelta(minutes=3)  # twenty doorbells at one a second, and as many updates
TOO_OLD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Health:
    """`hears` says whether Slack reaches us: over HTTP it does as long as the process answers."""

    ledger: Ledger
    clock: Clock
    channels: Sequence[Channel]
    rounds: Sequence[Rounds]
    hears: Callable[[], bool]
    began: datetime
    tick_seconds: int

    def alive(self) -> tuple[int, Facts]:
        """For whoever restarts the process: nothing here depends on anybody else."""
        problems = list(self._standing_still())
        return _answer(problems, {})

    def report(self) -> tuple[int, Facts]:
        now, hears = self.clock.now(), self.hears()
        problems = [*([] if hears else ["Slack does not reach the bot"]), *self._standing_still()]
        facts: Facts = {"hears_slack": hears, "rounds": {each.name: _round(each) for each in self.rounds}}
        try:
            waiting = {each.name: self._oldest(each, now) for each in self.channels}
            ticks = {name: tick.at for name, tick in self.ledger.last_ticks().items()}
        except PortError as error:
            return _answer([*problems, str(error)], facts)
        facts |= {"oldest_waiting_seconds": waiting, "last_ticks": {name: at.isoformat() for name, at in ticks.items()}}
        problems += [f"a doorbell has waited for {name} for {age} s" for name, age in waiting.items() if _too_old(age)]
        problems += [f"no {name} tick has completed lately" for name in TICKS if self._late(ticks, name, now)]
        return _answer(problems, facts)

    def _standing_still(self) -> Iterator[str]:
        for each in self.rounds:
            if not each.is_alive or self.clock.now() - (each.done_at or self.began) > STUCK:
                yield f"{each.name} stand still"

    def _oldest(self, channel: Channel, now: datetime) -> int | None:
        ages = [(now - bell.at).total_seconds() for bell, _ in self.ledger.outbox(channel.name)]
        return int(max(ages)) if ages else None

    def _late(self, ticks: dict[str, datetime], name: str, now: datetime) -> bool:
        return now - max(ticks.get(name, self.began), self.began) > alarm_after(self.tick_seconds)


def _answer(problems: list[str], facts: Facts) -> tuple[int, Facts]:
    status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    return status, {"ok": not problems, "problems": problems, **facts}


def _round(each: Rounds) -> Facts:
    return {"done_at": each.done_at.isoformat() if each.done_at else None, "troubles": list(each.troubles)}


def _too_old(age: int | None) -> bool:
    return age is not None and age > TOO_OLD.total_seconds()
