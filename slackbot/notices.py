"""Bring people what the bot owes them: each notice once, and not when it is too late.

Slack has no idempotency key for any of it. In the channel a notice is found again by its metadata, as doorbells are;
anywhere else one that may have arrived is not said again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, assert_never

from afk.core.records import DeliveryState, Place
from afk.ports import Gone, PortError, Refused, Uncertain, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from afk.core.records import Notice
    from afk.ports import Channel, Desk, Ledger

NAME = "slack"  # of the channel that finds notices again
HISTORY_LAGS = timedelta(seconds=10)
PAUSE = timedelta(seconds=5)
URL_LIVES = timedelta(minutes=30)
WORTH_SAYING = timedelta(days=1)
IN_TURN = frozenset({Place.CHANNEL, Place.THREAD})  # Slack counts them, and they stay in order


def deliver(ledger: Ledger, desk: Desk, channels: Sequence[Channel], now: datetime) -> tuple[str, ...]:
    """What went wrong, a line each. Two deliverers at once still say it once."""
    with ledger.hold("notices") as held:
        if not held:
            return ()
        channel = next((each for each in channels if each.name == NAME), None)
        troubles: list[str] = []
        behind: set[Place] = set()
        for notice in ledger.notices():
            if notice.place in behind:
                continue
            if notice.not_before is not None and now < notice.not_before:
                behind |= {notice.place} & IN_TURN
                continue
            if notice.place in IN_TURN:
                behind |= IN_TURN  # one at a time
                if not desk.takes_turn():
                    continue
            done = _settled(ledger, desk, channel, notice, now)
            ledger.noticed(done)
            if done.error:
                troubles.append(f"{done.key}: {done.error}")
        return tuple(troubles)


def _settled(ledger: Ledger, desk: Desk, channel: Channel | None, notice: Notice, now: datetime) -> Notice:
    """The notice as it stands after this attempt."""
    if now - notice.at > _worth_saying(notice.place):
        return _over(notice, DeliveryState.FAILED, "too late to say it")
    if notice.state is DeliveryState.SENDING:
        if notice.place is not Place.CHANNEL or channel is None:
            return _over(notice, DeliveryState.SENT, notice.error)
        try:
            found = channel.find(notice.key, notice.left_at or notice.at)
        except PortError as error:
            return replace(notice, not_before=_later(error, now), error=str(error))
        if found is not None:
            return _over(notice, DeliveryState.SENT)
        if notice.left_at is not None and now < notice.left_at + HISTORY_LAGS:
            return replace(notice, not_before=notice.left_at + HISTORY_LAGS, error="")
    leaving = replace(notice, state=DeliveryState.SENDING, left_at=now, not_before=None, error="")
    ledger.noticed(leaving)
    return _sent(desk, leaving, now)


def _sent(desk: Desk, leaving: Notice, now: datetime) -> Notice:
    try:
        desk.post(leaving)
    except Unreachable as error:
        return replace(leaving, state=DeliveryState.PENDING, not_before=_later(error, now), error=str(error))
    except (Refused, Gone) as error:
        return _over(leaving, DeliveryState.FAILED, str(error))
    except (Uncertain, Unexpected) as error:
        return replace(leaving, error=str(error))
    return _over(leaving, DeliveryState.SENT)


def _over(notice: Notice, state: DeliveryState, error: str = "") -> Notice:
    """An address to answer to is a secret of some minutes: it is not kept."""
    target = "" if notice.place in {Place.ANSWER, Place.INSTEAD} else notice.target
    return replace(notice, state=state, target=target, not_before=None, error=error)


def _later(error: PortError, now: datetime) -> datetime:
    until = error.until if isinstance(error, Unreachable) else None
    return until or now + PAUSE


def _worth_saying(place: Place) -> timedelta:
    match place:
        case Place.ANSWER | Place.INSTEAD:
            return URL_LIVES
        case Place.CHANNEL | Place.THREAD | Place.PERSON:
            return WORTH_SAYING
        case _:
            assert_never(place)
