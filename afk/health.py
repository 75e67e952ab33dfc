"""Tell the truth about a long-lived process: whether it works, what waits, and when ticks last completed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from afk.core.alarms import alarm_after
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from afk.ports import Clock, Ledger

    Facts = dict[str, Any]

TICKS = ("poll", "watch")
STUCK = timedelta(minutes=3)  # twenty doorbells at one a second, and as many updates
TOO_OLD = timedelta(minutes=5)


class Round(Protocol):
    """Work that is done over and over."""

    @property
    def name(self) -> str: ...
    @property
    def is_alive(self) -> bool: ...
    @property
    def done_at(self) -> datetime | None: ...
    @property
    def troubles(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class Health:
    """`channels` are those that this process delivers to; `hears` says whether Slack reaches it, if it is the bot."""

    ledger: Ledger | None
    clock: Clock
    channels: Sequence[str]
    rounds: Sequence[Round]
    hears: Callable[[], bool] | None
    began: datetime
    tick_seconds: int

    def alive(self) -> tuple[int, Facts]:
        """For whoever restarts the process: nothing here depends on anybody else."""
        problems = list(self._standing_still())
        return _answer(problems, {})

    def report(self) -> tuple[int, Facts]:
        assert self.ledger is not None
        now, problems = self.clock.now(), list(self._standing_still())
        facts: Facts = {"rounds": {each.name: _round(each) for each in self.rounds}}
        if self.hears is not None:
            facts["hears_slack"] = hears = self.hears()
            problems = [*([] if hears else ["Slack does not reach the bot"]), *problems]
        try:
            waiting = {name: _oldest(self.ledger, name, now) for name in self.channels}
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

    def _late(self, ticks: dict[str, datetime], name: str, now: datetime) -> bool:
        return now - max(ticks.get(name, self.began), self.began) > alarm_after(self.tick_seconds)


def troubled(problem: str) -> tuple[int, Facts]:
    return _answer([problem], {})


def _oldest(ledger: Ledger, channel: str, now: datetime) -> int | None:
    ages = [(now - bell.at).total_seconds() for bell, _ in ledger.outbox(channel)]
    return int(max(ages)) if ages else None


def _answer(problems: list[str], facts: Facts) -> tuple[int, Facts]:
    status = HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK
    return status, {"ok": not problems, "problems": problems, **facts}


def _round(each: Round) -> Facts:
    return {"done_at": each.done_at.isoformat() if each.done_at else None, "troubles": list(each.troubles)}


def _too_old(age: int | None) -> bool:
    return age is not None and age > TOO_OLD.total_seconds()
