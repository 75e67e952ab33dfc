"""Run one delivery pass: bring every doorbell in the ledger to every channel, once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from afk import log
from afk.core.doorbell import WITH_A_PERSON, card
from afk.core.records import Delivery, DeliveryState
from afk.ports import Gone, PortError, Refused, Unreachable
from afk.report import Line, Report
from afk.traffic import kept

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from afk.core.doorbell import Card
    from afk.core.records import Doorbell
    from afk.ports import Channel, Ledger, Ports

HISTORY_LAGS = timedelta(seconds=10)  # a message that got through may show up in the channel this late
FIRST_PAUSE = timedelta(seconds=5)
LONGEST_PAUSE = timedelta(minutes=10)
OLD_NEWS = timedelta(hours=1)  # what people heard elsewhere so long ago rings on no channel that is added later
STAYS_TRUE = timedelta(days=14)  # a message is kept up to date this long


def deliver(ports: Ports, now: datetime) -> Report:
    """One channel's trouble never keeps a doorbell from the others; two deliverers at once still ring once."""
    report = Report("ring", now)
    for channel in ports.channels:
        with kept(ports.ledger), ports.ledger.hold(f"ring:{channel.name}") as held:
            if held:
                _serve(ports, channel, now, report)
    return report


def _serve(ports: Ports, channel: Channel, now: datetime, report: Report) -> None:
    ledger = ports.ledger
    waiting = ledger.outbox(channel.name)
    if waiting and all(delivery is None for _, delivery in waiting):
        skipped = ledger.pass_over(channel.name, now - OLD_NEWS, now)
        waiting = ledger.outbox(channel.name) if skipped else waiting
    cards = _cards(ledger, [doorbell for doorbell, _ in waiting])
    for doorbell, delivery in waiting:
        state = delivery or Delivery(doorbell.key, channel.name, DeliveryState.PENDING, now)
        if state.not_before is not None and now < state.not_before:
            if state.state is DeliveryState.FAILED:
                continue
            break  # in order: what must wait for the channel keeps the later ones behind it
        if not _bring(ports, channel, doorbell, cards[doorbell.key], state, now, report):
            break
    if channel.updates:
        _refresh(ports, channel, now, report)


def _cards(ledger: Ledger, doorbells: list[Doorbell]) -> Mapping[str, Card]:
    """As the ledger has it now: the run of each, and what became of its issue since."""
    runs = ledger.runs(sorted({doorbell.run_id for doorbell in doorbells if doorbell.run_id}))
    refs = sorted({doorbell.ref for doorbell in doorbells if doorbell.ref and doorbell.kind in WITH_A_PERSON})
    latest = ledger.latest(refs) if refs else {}
    wished = any(doorbell.rerun_by for doorbell in doorbells)
    decisions = {decision.ref: decision for decision in ledger.decisions()} if wished else {}
    return {
        each.key: card(each, runs.get(each.run_id), latest.get(each.ref), decisions.get(each.ref))
        if each.ref
        else card(each, runs.get(each.run_id))
        for each in doorbells
    }


def _bring(
    ports: Ports,
    channel: Channel,
    doorbell: Doorbell,
    shown: Card,
    state: Delivery,
    now: datetime,
    report: Report,
) -> bool:
    """Send one doorbell; False if the channel should be left alone for now."""
    ledger = ports.ledger
    try:
        if state.state is DeliveryState.SENDING:
            found = channel.find(doorbell.key, state.at)
            if found is not None:
                _sent(ledger, channel, state, found, "", now, report)
                return True
            if now < state.at + HISTORY_LAGS:
                return False
        leaving = replace(state, state=DeliveryState.SENDING, at=now, tries=state.tries + 1, not_before=None)
        ledger.deliver(leaving)
    except PortError as error:
        _trouble(report, channel, doorbell, error)
        ledger.deliver(replace(state, not_before=_later(ports, FIRST_PAUSE), error=str(error)))
        return False
    return _send(ports, channel, doorbell, shown, leaving, now, report)


def _send(
    ports: Ports, channel: Channel, doorbell: Doorbell, shown: Card, leaving: Delivery, now: datetime, report: Report
) -> bool:
    ledger = ports.ledger
    try:
        reference = channel.ring(doorbell.key, shown)
    except Unreachable as error:
        later = error.until or _later(ports, _pause(leaving.tries))
        ledger.deliver(replace(leaving, state=DeliveryState.PENDING, not_before=later, error=str(error)))
        _trouble(report, channel, doorbell, error)
        return False
    except (Refused, Gone) as error:
        later = _later(ports, _pause(leaving.tries))
        ledger.deliver(replace(leaving, state=DeliveryState.FAILED, not_before=later, error=str(error)))
        _trouble(report, channel, doorbell, error)
        return True
    except PortError as error:  # it may have arrived: the next pass looks before it sends again
        ledger.deliver(replace(leaving, error=str(error)))
        _trouble(report, channel, doorbell, error)
        return False
    _sent(ledger, channel, leaving, reference, _digest(shown), now, report)
    return True


def _sent(
    ledger: Ledger, channel: Channel, state: Delivery, reference: str, digest: str, now: datetime, report: Report
) -> None:
    ledger.deliver(replace(state, state=DeliveryState.SENT, at=now, reference=reference, shown=digest, error=""))
    report.done.append(Line(state.doorbell, "rang", channel.name))


def log_deliveries(report: Report) -> None:
    for line in report.done:
        log.detail(f"doorbell-{line.what}", doorbell=line.subject, channel=line.why)


def _later(ports: Ports, pause: timedelta) -> datetime:
    """From now on, not from when the pass began: the call that failed may have taken longer than the pause."""
    return ports.clock.now() + pause


def _pause(tries: int) -> timedelta:
    doubled: int = 2 ** min(tries, 10)
    return min(LONGEST_PAUSE, FIRST_PAUSE * doubled)


def _trouble(report: Report, channel: Channel, doorbell: Doorbell, error: PortError) -> None:
    report.troubles.append(Line(doorbell.key, channel.name, str(error)))


def _refresh(ports: Ports, channel: Channel, now: datetime, report: Report) -> None:
    """What the channel shows stays true: a message is rendered again when the ledger says something new."""
    ledger = ports.ledger
    rung = ledger.rung(channel.name, now - STAYS_TRUE)
    cards = _cards(ledger, [doorbell for doorbell, _ in rung])
    for doorbell, delivery in rung:
        shown = cards[doorbell.key]
        if delivery.shown == _digest(shown) or (delivery.not_before is not None and now < delivery.not_before):
            continue
        try:
            channel.update(doorbell.key, delivery.reference, shown)
        except Unreachable as error:
            ledger.deliver(replace(delivery, not_before=error.until or _later(ports, FIRST_PAUSE), error=str(error)))
            _trouble(report, channel, doorbell, error)
            return
        except PortError as error:
            ledger.deliver(replace(delivery, not_before=_later(ports, LONGEST_PAUSE), error=str(error)))
            _trouble(report, channel, doorbell, error)
        else:
            ledger.deliver(replace(delivery, shown=_digest(shown), not_before=None, error=""))
            report.done.append(Line(doorbell.key, "updated", channel.name))


def _digest(shown: Card) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:16]
