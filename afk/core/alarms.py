"""Decide which doorbells ring again, and which alarms nobody else would raise."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from afk.core.dispatch_policy import Code
from afk.core.identifiers import doorbell_key
from afk.core.records import Doorbell, DoorbellKind
from afk.core.text import plain
from afk.core.wording import duration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import datetime

    from afk.core.model import IssueRef
    from afk.core.records import Switches, TickRecord, Verdicted
    from afk.core.run import Run

REMIND_AFTER = timedelta(days=1)
REMINDERS_MAX = 1  # a bell that nobody hears becomes a noise that nobody hears
WAITS_FOR_A_PERSON = frozenset({DoorbellKind.NEEDS_HUMAN, DoorbellKind.FROZEN})

# An issue with one of these codes could run now, as far as anybody knows.
STUCK = frozenset({Code.STARTS, Code.START_FAILED, Code.COULD_NOT_ASK})
SHORTEST_ALARM = timedelta(minutes=30)
TICKS_MISSED = 5


def alarm_after(tick_seconds: int) -> timedelta:
    return max(SHORTEST_ALARM, timedelta(seconds=TICKS_MISSED * tick_seconds))


def reminders(
    bells: Iterable[Doorbell], runs: Mapping[str, Run], latest: Mapping[IssueRef, Run], now: datetime
) -> tuple[Doorbell, ...]:
    """Bells that ring again: nobody took them up in a day, and the issue has no later attempt."""
    rung: dict[str, list[Doorbell]] = {}
    for bell in bells:
        if bell.kind in WAITS_FOR_A_PERSON and bell.run_id in runs:
            rung.setdefault(bell.run_id, []).append(bell)
    return tuple(
        _again(runs[run_id], each, now)
        for run_id, each in rung.items()
        if _nobody_came(each, now) and latest.get(runs[run_id].ref, runs[run_id]).id == run_id
    )


def _nobody_came(bells: list[Doorbell], now: datetime) -> bool:
    came = any(bell.acknowledged_by or bell.rerun_by for bell in bells)
    waited = now - max(bell.at for bell in bells) >= REMIND_AFTER
    return waited and not came and len(bells) <= REMINDERS_MAX


def _again(run: Run, bells: list[Doorbell], now: datetime) -> Doorbell:
    first = min(bells, key=lambda bell: bell.at)
    text = f"Nobody has taken this up for {duration((now - first.at).total_seconds())}. {first.text or run.detail}"
    key = doorbell_key(run.id, first.kind.value, f"again-{len(bells)}")
    return Doorbell(key, first.kind, now, run.ref, run.id, text=text)


def overdue_ticks(
    ticks: Mapping[str, TickRecord], since: datetime | None, patience: timedelta, now: datetime
) -> Iterator[Doorbell]:
    """No tick has completed for too long. `since` is when the caller began to look; None: it looks only once."""
    for name in ("poll", "watch"):
        last = ticks[name].at if name in ticks else None
        seen = max((moment for moment in (last, since) if moment is not None), default=None)
        if seen is None or now - seen < patience:
            continue
        waited = duration((now - (last or seen)).total_seconds())
        text = f"No {name} tick has completed for {waited}: nothing is driven. Hint: look at Prefect, then afk doctor"
        yield _alarm(f"no-{name}", last or seen, now, text)


def unstarted(
    decisions: Iterable[Verdicted],
    switches: Switches,
    busy: Collection[str],
    latest: Mapping[IssueRef, Run],
    patience: timedelta,
    now: datetime,
) -> Iterator[Doorbell]:
    """Armed and, as far as anybody knows, eligible, but nothing has started for too long."""
    for decision in decisions:
        repo = decision.ref.repo
        if Code(decision.code) not in STUCK or repo in busy or not switches.is_armed(repo, now):
            continue
        run = latest.get(decision.ref)
        if run is not None and run.claimed_at >= decision.at:  # it did start
            continue
        ended = run.finished_at if run is not None else None
        since = max(moment for moment in (decision.at, switches.armed[repo].at, ended) if moment is not None)
        if now - since < patience:
            continue
        why = f" ({plain(decision.detail, 200)})" if decision.detail else ""
        waited = duration((now - since).total_seconds())
        text = f"{decision.ref} could start, but nothing has started for {waited}{why}. Hint: afk why {decision.ref}"
        yield _alarm(f"unstarted-{repo}-{decision.ref.number}", since, now, text)


def _alarm(what: str, since: datetime, now: datetime, text: str) -> Doorbell:
    """Once for each time that it begins."""
    key = doorbell_key("afk", DoorbellKind.ALARM.value, f"{what}-{since:%Y%m%dT%H%M%S}")
    return Doorbell(key, DoorbellKind.ALARM, now, text=text)
