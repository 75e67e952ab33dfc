"""Which doorbells ring again, and which alarms are raised."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from afk.core.alarms import alarm_after, overdue_ticks, reminders, unstarted
from afk.core.records import Armed, Doorbell, DoorbellKind, Switches, TickRecord, Verdicted
from afk.core.run import Outcome, Run
from tests.house import INFRA_42
from tests.runs import NOON, a_run, after

RUN = a_run(outcome=Outcome.FROZEN, detail="CI is still red.", outcome_at=NOON, finished_at=NOON)
BELL = Doorbell("infra-42-1-0a1b2c3d:frozen", DoorbellKind.FROZEN, NOON, INFRA_42, RUN.id)
PATIENCE = timedelta(minutes=30)
DAY = after(days=1)


def again(*bells: Doorbell, now: datetime = DAY, latest: Run = RUN) -> list[str]:
    return [each.key for each in reminders(bells, {RUN.id: RUN}, {latest.ref: latest}, now)]


def later(number: int) -> Doorbell:
    return replace(BELL, key=f"{BELL.key}:again-{number}", at=after(days=number))


def test_frozen_bell_that_nobody_took_up_rings_again_after_a_day_and_says_so() -> None:
    (bell,) = reminders([BELL], {RUN.id: RUN}, {INFRA_42: RUN}, DAY)

    assert bell == Doorbell(
        "infra-42-1-0a1b2c3d:frozen:again-1", DoorbellKind.FROZEN, DAY, INFRA_42, RUN.id,
        text="Nobody has taken this up for 1 d. CI is still red.",
    )  # fmt: skip


SILENT: list[tuple[str, dict[str, Any]]] = [
    ("too early", {"now": after(hours=23)}),
    ("a later attempt", {"latest": a_run(id="infra-42-2", attempt=2)}),
]


@pytest.mark.parametrize("about", [row[1] for row in SILENT], ids=[row[0] for row in SILENT])
def test_bell_stays_silent(about: dict[str, Any]) -> None:
    assert again(BELL, **about) == []


@pytest.mark.parametrize(
    "about",
    [
        {"acknowledged_by": "ada", "acknowledged_at": NOON},
        {"rerun_by": "ada", "rerun_at": NOON},
        {"kind": DoorbellKind.DONE},
        {"kind": DoorbellKind.QUESTION},
        {"run_id": ""},
    ],
    ids=["acknowledged", "re-run", "done", "question", "no run"],
)
def test_bell_that_waits_for_nobody_stays_silent(about: dict[str, Any]) -> None:
    assert again(replace(BELL, **about)) == []


def test_bell_rings_again_once() -> None:
    assert again(BELL, now=after(hours=23)) == []
    assert again(BELL, later(1), now=after(days=9)) == []


def ticks(**at: datetime) -> dict[str, TickRecord]:
    return {name: TickRecord(name, moment, "quiet") for name, moment in at.items()}


def overdue(records: dict[str, TickRecord], since: datetime | None = None, now: datetime = DAY) -> list[str]:
    return [each.text.partition(":")[0] for each in overdue_ticks(records, since, PATIENCE, now)]


def test_tick_that_does_not_complete_is_told_once_and_again_when_it_begins_anew() -> None:
    first, second = (
        list(overdue_ticks(ticks(poll=NOON, watch=now), None, PATIENCE, now)) for now in (after(hours=1), DAY)
    )
    third = list(overdue_ticks(ticks(poll=after(days=2), watch=after(days=3)), None, PATIENCE, after(days=3)))

    assert [each.key for each in first] == [each.key for each in second] == ["afk:alarm:no-poll-20261101T120000"]
    assert [each.key for each in third] == ["afk:alarm:no-poll-20261103T120000"]
    assert first[0].text == (
        "No poll tick has completed for 1 h: nothing is driven. Hint: look at Prefect, then afk doctor"
    )


def test_ticks_in_time_and_ticks_that_nobody_expects_raise_nothing() -> None:
    assert overdue(ticks(poll=after(hours=23, minutes=31), watch=DAY)) == []
    assert overdue({}) == []


def test_after_a_pause_of_the_whole_house_the_ticks_get_their_time() -> None:
    old = ticks(poll=NOON, watch=NOON)

    assert overdue(old, since=after(hours=23, minutes=45)) == []
    assert overdue(old, since=after(hours=23, minutes=30)) == [
        "No poll tick has completed for 1 d",
        "No watch tick has completed for 1 d",
    ]
    assert overdue({}, since=after(hours=23)) == [
        "No poll tick has completed for 1 h",
        "No watch tick has completed for 1 h",
    ]


def test_patience_grows_with_the_interval() -> None:
    assert alarm_after(60) == timedelta(minutes=30)
    assert alarm_after(3_600) == timedelta(hours=5)


ARMED = Switches({"infra": Armed("infra", "ada", NOON)})
STUCK = Verdicted(INFRA_42, "start-failed", "executor: 400", NOON)


def eligible(decision: Verdicted = STUCK, **about: Any) -> list[Doorbell]:
    given = {"switches": ARMED, "busy": (), "latest": {}, "now": after(hours=1), **about}
    return list(unstarted([decision], given["switches"], given["busy"], given["latest"], PATIENCE, given["now"]))


def test_armed_and_eligible_but_nothing_starts() -> None:
    (bell,) = eligible()

    assert (bell.key, bell.kind) == ("afk:alarm:unstarted-infra-42-20261101T120000", DoorbellKind.ALARM)
    assert bell.text == (
        "infra#42 could start, but nothing has started for 1 h (executor: 400). Hint: afk why infra#42"
    )


@pytest.mark.parametrize("code", ["starts", "start-failed", "could-not-ask"])
def test_codes_of_what_could_start(code: str) -> None:
    assert len(eligible(replace(STUCK, code=code))) == 1


@pytest.mark.parametrize("code", ["blocked", "human-label", "untrusted", "repository-busy", "budget-spent"])
def test_what_has_its_reason_is_no_alarm(code: str) -> None:
    assert eligible(replace(STUCK, code=code)) == []


EARLY = after(hours=-1)
NO_ALARM: list[tuple[str, dict[str, Any]]] = [
    ("not armed", {"switches": Switches()}),
    ("expired", {"switches": Switches({"infra": Armed("infra", "ada", NOON, after(minutes=50))})}),
    ("just armed", {"switches": Switches({"infra": Armed("infra", "ada", after(minutes=45))})}),
    ("busy", {"busy": ("infra",)}),
    ("in time", {"now": after(minutes=29)}),
    ("a run of it has just ended", {"latest": {INFRA_42: a_run(claimed_at=EARLY, finished_at=after(minutes=45))}}),
    ("it has started since", {"latest": {INFRA_42: a_run(finished_at=NOON)}}),
]


@pytest.mark.parametrize("about", [row[1] for row in NO_ALARM], ids=[row[0] for row in NO_ALARM])
def test_no_alarm_where_nothing_should_have_started(about: dict[str, Any]) -> None:
    assert eligible(**about) == []
