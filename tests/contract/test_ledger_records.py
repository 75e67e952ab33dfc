"""Hold every ledger to its promises about wishes, switches, decisions, doorbells and the audit log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from afk.core.counts import Count
from afk.core.model import IssueRef
from afk.core.records import Armed, Delivery, DeliveryState, Doorbell, DoorbellKind, TickRecord, Verb, Verdicted, Via
from afk.core.run import Outcome, Reason
from tests.contract.ledgers import (
    A_NOTE,
    INFRA,
    START,
    WEB,
    WHOLE_COMMAND,
    WHOLE_DELIVERY,
    WHOLE_DOORBELL,
    WHOLE_ENTRY,
    WHOLE_TICK,
    a_command,
    a_doorbell,
    a_run,
    an_entry,
    contents,
    delivered,
    finished,
    heard,
    later,
    left_at_default,
)

if TYPE_CHECKING:
    from afk.adapters.ledger import SqlLedger

RUNG = a_doorbell()
ASKED = an_entry("redispatch", actor="ada", target="infra#42")


def test_every_record_comes_back_field_by_field(ledger: SqlLedger) -> None:
    for record in (WHOLE_COMMAND, WHOLE_DOORBELL, WHOLE_DELIVERY, WHOLE_ENTRY, WHOLE_TICK):
        assert left_at_default(record) == []

    ledger.command(WHOLE_COMMAND, WHOLE_ENTRY)
    ledger.note(A_NOTE, WHOLE_ENTRY)
    ledger.ring(WHOLE_DOORBELL)
    ledger.deliver(WHOLE_DELIVERY)
    ledger.ticked(WHOLE_TICK)

    assert ledger.wish("click-1") == WHOLE_COMMAND
    assert ledger.notes(INFRA) == (A_NOTE,)
    assert ledger.doorbell(WHOLE_DOORBELL.key) == WHOLE_DOORBELL
    assert ledger.rung("slack", START) == ((WHOLE_DOORBELL, WHOLE_DELIVERY),)
    assert ledger.audited(9) == (WHOLE_ENTRY, WHOLE_ENTRY)
    assert ledger.last_ticks() == {"poll": WHOLE_TICK}


def test_new_channel_passes_over_what_another_had_long_before(ledger: SqlLedger) -> None:
    for key in ("old", "recent", "nowhere"):
        ledger.ring(a_doorbell(key))
    ledger.deliver(delivered("old", at=START))
    ledger.deliver(delivered("recent", at=later(hours=2)))

    assert ledger.pass_over("ntfy", later(hours=1), later(hours=3)) == 1
    assert ledger.pass_over("ntfy", later(hours=9), later(hours=9)) == 0
    assert [bell.key for bell, _ in ledger.outbox("ntfy")] == ["nowhere", "recent"]
    assert ledger.rung("ntfy", START) == ()


def test_withdrawn_wish_is_kept_and_may_be_wished_again(ledger: SqlLedger) -> None:
    ledger.claim(finished(), an_entry(), {})
    ledger.ring(RUNG)
    ledger.command(a_command(), ASKED)
    gone = an_entry("withdraw", at=later(hours=1), actor="bob")

    assert (ledger.withdraw("click-1", gone), ledger.withdraw("click-1", gone)) == (True, False)
    assert ledger.pending(Verb.REDISPATCH) == ()
    assert ledger.wish("click-1") is None
    kept = ledger.wish(f"click-1:withdrawn:{gone.at:%Y%m%dT%H%M%S.%f}")
    assert kept is not None
    assert (kept.actor, kept.settled_at, kept.result) == ("ada", gone.at, "withdrawn by bob")
    assert ledger.audited(1) == (gone,)
    bell = ledger.doorbell(RUNG.key)
    assert bell is not None
    assert (bell.rerun_by, bell.rerun_at) == ("", None)
    assert ledger.command(a_command(actor="eve"), ASKED).actor == "eve"


def test_wish_that_was_carried_out_cannot_be_withdrawn(ledger: SqlLedger) -> None:
    ledger.command(a_command(), ASKED)
    ledger.settle("click-1", START, "started")

    assert not ledger.withdraw("click-1", an_entry("withdraw"))
    assert ledger.wish("click-1") == a_command(settled_at=START, result="started")
    assert ledger.audited(9) == (ASKED,)


def test_a_doorbell_of_no_issue_comes_back(ledger: SqlLedger) -> None:
    alarm = Doorbell("alarm:settings", DoorbellKind.ALARM, START, text="AFK_REPOS is unreadable")

    assert ledger.ring(alarm)
    assert ledger.doorbell(alarm.key) == alarm


def test_nothing_is_switched_in_an_empty_ledger(ledger: SqlLedger) -> None:
    switches = ledger.switches()

    assert switches.armed == {}
    assert switches.killed is None


def test_a_repository_is_armed_until_it_is_disarmed(ledger: SqlLedger) -> None:
    first = an_entry("arm", actor="ada", detail="why not")
    second = an_entry("arm", at=later(hours=1), actor="grace", detail="the weekend")
    gone = an_entry("disarm", actor="ada")

    ledger.arm("infra", None, first)
    ledger.arm("web", None, first)
    ledger.arm("infra", later(days=1), second)
    assert ledger.switches().armed == {
        "infra": Armed("infra", "grace", later(hours=1), later(days=1), "the weekend"),
        "web": Armed("web", "ada", START, None, "why not"),
    }

    ledger.disarm("infra", gone)
    ledger.disarm("infra", gone)
    assert list(ledger.switches().armed) == ["web"]
    assert ledger.audited(9) == (gone, gone, second, first, first)


def test_the_kill_switch_remembers_who_threw_it_last(ledger: SqlLedger) -> None:
    ada = an_entry("kill", actor="ada", via=Via.SLACK, detail="costs")
    grace = an_entry("kill", at=later(hours=1), actor="grace", via=Via.CLI, detail="fire")
    back = an_entry("unkill", actor="ada")

    ledger.kill(on=True, entry=ada)
    ledger.kill(on=True, entry=grace)
    assert ledger.switches().killed == grace

    ledger.kill(on=False, entry=back)
    ledger.kill(on=False, entry=back)
    assert ledger.switches().killed is None
    assert ledger.audited(9) == (back, back, grace, ada)


def a_verdict(number: int = 42, code: str = "busy", at: int = 0, repo: str = "infra", detail: str = "") -> Verdicted:
    return Verdicted(IssueRef(repo, number), code, detail, later(minutes=at))


@pytest.mark.parametrize(
    ("new", "kept"),
    [
        pytest.param(a_verdict(at=5), a_verdict(at=0), id="the same, so since the first tick"),
        pytest.param(a_verdict(at=5, detail="#7"), a_verdict(at=0, detail="#7"), id="the same code for a new detail"),
        pytest.param(a_verdict(at=5, code="quota"), a_verdict(at=5, code="quota"), id="another code, so since now"),
    ],
)
def test_a_decision_keeps_the_time_of_its_first_tick(ledger: SqlLedger, new: Verdicted, kept: Verdicted) -> None:
    ledger.decide(["infra"], [a_verdict()])

    ledger.decide(["infra"], [new])

    assert ledger.decisions() == (kept,)


def test_a_decision_that_comes_back_starts_anew(ledger: SqlLedger) -> None:
    for at, code in enumerate(["busy", "quota", "busy"]):
        ledger.decide(["infra"], [a_verdict(at=at, code=code)])

    assert ledger.decisions() == (a_verdict(at=2),)


def test_issues_that_are_gone_are_dropped_where_it_was_asked(ledger: SqlLedger) -> None:
    ledger.decide(["infra", "web"], [a_verdict(1), a_verdict(2), a_verdict(3, repo="web"), a_verdict(4, repo="docs")])

    ledger.decide(["infra", "docs"], [a_verdict(2), a_verdict(5, repo="web")])

    web = (a_verdict(3, repo="web"), a_verdict(5, repo="web"))
    assert ledger.decisions() == (a_verdict(2), *web)
    assert ledger.decisions("web") == web
    assert ledger.decisions("docs") == ()


@pytest.mark.parametrize("detail", ["#41", "broken \ud83d half", "a\0b"], ids=["plain", "half a character", "NUL"])
def test_a_quiet_tick_writes_no_decision(ledger: SqlLedger, detail: str) -> None:
    ledger.decide(["infra", "web"], [a_verdict(detail=detail)])

    with heard(ledger) as said:
        ledger.decide(["infra", "web"], [a_verdict(at=5, detail=detail)])

    assert said == ["SELECT"]


def test_a_wish_is_recorded_once_per_key(ledger: SqlLedger) -> None:
    again = a_command(actor="grace", at=later(hours=1), verb=Verb.STOP, text="no")

    assert ledger.command(a_command(), ASKED) == a_command()
    assert ledger.command(again, an_entry("stop", actor="grace")) == a_command()

    assert ledger.wish("click-1") == a_command()
    assert ledger.wish("click-2") is None
    assert ledger.audited(9) == (ASKED,)


def test_a_rerun_shows_on_the_doorbells_of_the_latest_attempt(ledger: SqlLedger) -> None:
    for attempt in (1, 2):
        ledger.claim(finished(attempt=attempt), an_entry(), {})
        ledger.ring(a_doorbell(f"done-{attempt}", run_id=f"infra-42-{attempt}"))

    ledger.command(a_command(at=later(hours=5)), ASKED)
    ledger.command(a_command("click-2", actor="grace", at=later(hours=6)), ASKED)

    latest = ledger.doorbell("done-2")
    assert latest is not None
    assert (latest.rerun_by, latest.rerun_at) == ("ada", later(hours=5))
    assert ledger.doorbell("done-1") == a_doorbell("done-1", run_id="infra-42-1")


@pytest.mark.parametrize("verb", [Verb.STOP, Verb.SAY])
def test_no_other_wish_shows_as_a_rerun(ledger: SqlLedger, verb: Verb) -> None:
    ledger.claim(finished(), an_entry(), {})
    ledger.ring(RUNG)

    ledger.command(a_command(verb=verb), ASKED)

    assert ledger.doorbell(RUNG.key) == RUNG


def test_a_wish_for_an_issue_without_runs_touches_no_doorbell(ledger: SqlLedger) -> None:
    alarm = Doorbell("alarm", DoorbellKind.ALARM, START)
    ledger.ring(alarm)

    ledger.command(a_command(ref=WEB), ASKED)

    assert ledger.doorbell("alarm") == alarm


def test_pending_wishes_are_the_unsettled_of_these_verbs_oldest_first(ledger: SqlLedger) -> None:
    old, new = a_command("z", at=START), a_command("a", WEB, at=later(seconds=1))
    say, done = a_command("say", verb=Verb.SAY, at=later(seconds=-1)), a_command("done", at=later(hours=-1))
    for each in (new, say, done, old):
        ledger.command(each, ASKED)
    ledger.settle("done", START, "started")

    assert ledger.pending(Verb.REDISPATCH) == (old, new)
    assert ledger.pending(Verb.REDISPATCH, Verb.SAY) == (say, old, new)
    assert ledger.pending(Verb.STOP) == ledger.pending() == ()


def test_the_first_result_of_a_wish_stays(ledger: SqlLedger) -> None:
    ledger.command(a_command(), ASKED)

    ledger.settle("click-1", later(minutes=1), "started")
    ledger.settle("click-1", later(minutes=2), "refused")
    ledger.settle("nobody's", START, "nothing")

    assert ledger.wish("click-1") == a_command(settled_at=later(minutes=1), result="started")


def test_a_note_is_taken_once_and_read_oldest_first(ledger: SqlLedger) -> None:
    older = replace(A_NOTE, key="note-2", at=later(hours=-1), text="older")
    noted = an_entry("note", actor="ada")

    assert ledger.note(A_NOTE, noted)
    assert not ledger.note(replace(A_NOTE, text="other words"), noted)
    assert ledger.note(older, noted)
    assert ledger.note(replace(A_NOTE, key="note-3", ref=WEB), noted)

    assert ledger.notes(INFRA) == (older, A_NOTE)
    assert ledger.audited(9) == (noted,) * 3


def test_a_doorbell_rings_once(ledger: SqlLedger) -> None:
    assert ledger.ring(RUNG)
    assert not ledger.ring(a_doorbell(text="again"))

    assert ledger.doorbell(RUNG.key) == RUNG
    assert ledger.doorbell("another") is None


def test_the_outbox_has_what_a_channel_lacks_oldest_first(ledger: SqlLedger) -> None:
    new, old, held = a_doorbell("a"), a_doorbell("z", later(hours=-1)), a_doorbell("held", held=True)
    for doorbell in (new, old, held):
        ledger.ring(doorbell)

    assert ledger.outbox("slack") == ((old, None), (new, None))


@pytest.mark.parametrize("state", DeliveryState)
def test_a_doorbell_stays_in_the_outbox_until_it_was_sent(ledger: SqlLedger, state: DeliveryState) -> None:
    tried = delivered(state=state, tries=1)
    ledger.ring(RUNG)

    ledger.deliver(tried)

    sent = state is DeliveryState.SENT
    skipped = state is DeliveryState.SKIPPED
    assert ledger.outbox("slack") == (() if sent or skipped else ((RUNG, tried),))
    assert ledger.rung("slack", START) == (((RUNG, tried),) if sent else ())
    assert ledger.outbox("ntfy") == ((RUNG, None),)


def test_a_later_delivery_replaces_what_was_known(ledger: SqlLedger) -> None:
    ledger.ring(RUNG)
    for each in (delivered(state=DeliveryState.SENDING, error="slow"), delivered(reference="C1/1", at=later(hours=1))):
        ledger.deliver(each)

    assert ledger.rung("slack", START) == ((RUNG, delivered(reference="C1/1", at=later(hours=1))),)


def test_what_a_channel_got_is_told_since_a_moment(ledger: SqlLedger) -> None:
    def got(key: str, at: int, channel: str = "slack") -> tuple[Doorbell, Delivery]:
        doorbell, delivery = a_doorbell(key), delivered(key, at=later(seconds=at), channel=channel)
        ledger.ring(doorbell)
        ledger.deliver(delivery)
        return doorbell, delivery

    got("before", -1)
    got("elsewhere", 1, "ntfy")
    expected = got("a", 0), got("b", 5)

    assert ledger.rung("slack", START) == expected


def test_a_doorbell_is_acknowledged_once(ledger: SqlLedger) -> None:
    first = an_entry("acknowledge", actor="ada", at=later(minutes=1))
    second = an_entry("acknowledge", actor="grace", at=later(minutes=2))
    taken = replace(RUNG, acknowledged_by="ada", acknowledged_at=first.at)
    ledger.ring(RUNG)

    assert ledger.acknowledge(RUNG.key, first) == taken
    assert ledger.acknowledge(RUNG.key, second) == taken
    assert ledger.acknowledge("nobody's", second) is None

    assert ledger.audited(9) == (first,)


def test_what_was_learned_last_is_recalled_by_topic(ledger: SqlLedger) -> None:
    ledger.remember("github.cases", {"a": "1", "b": "2"}, START)
    ledger.remember("github.cases", {"b": "3", "c": "4"}, later(minutes=1))
    ledger.remember("github.held", {"b": "5"}, START)
    ledger.remember("github.held", {}, START)

    assert ledger.recall("github.cases") == {"a": "1", "b": "3", "c": "4"}
    assert ledger.recall("github.held") == {"b": "5"}
    assert ledger.recall("github") == {}


def test_the_audit_log_tells_the_newest_line_first(ledger: SqlLedger) -> None:
    lines = [an_entry(f"verb-{number}", later(hours=-number)) for number in range(3)]  # the clock went backwards
    for line in lines:
        ledger.audit(line)

    assert ledger.audited(9) == tuple(reversed(lines))
    assert ledger.audited(2) == (lines[2], lines[1])


def test_the_last_tick_of_each_kind_is_kept(ledger: SqlLedger) -> None:
    poll, watch = TickRecord("poll", later(hours=1), "quiet"), TickRecord("watch", START, "quiet")
    for record in (WHOLE_TICK, watch, poll):
        ledger.ticked(record)

    assert ledger.last_ticks() == {"poll": poll, "watch": watch}


def test_counts_add_up_and_levels_take_the_place_of_the_last(ledger: SqlLedger) -> None:
    asked, left = Count("requests", ("GitHub", "200"), 3.0), Count("left", ("GitHub", "core"), 90.0, adds=False)
    ledger.ticked(WHOLE_TICK, (asked, left))
    ledger.count((asked, replace(left, value=80.0)))
    ledger.ticked(WHOLE_TICK)

    assert ledger.counts() == (Count("left", ("GitHub", "core"), 80.0), Count("requests", ("GitHub", "200"), 6.0))


def test_the_census_counts_runs_in_flight_and_those_that_ended(ledger: SqlLedger) -> None:
    assert ledger.census() == dict.fromkeys(("in-flight", *Outcome), 0)
    ledger.claim(a_run(INFRA), an_entry(), {})
    ledger.claim(a_run(WEB, outcome=Outcome.FROZEN, reason=Reason.ATTEMPTS_SPENT, finished_at=START), an_entry(), {})

    assert ledger.census() == {**dict.fromkeys(Outcome, 0), "in-flight": 1, "frozen": 1}


def test_reading_writes_nothing(ledger: SqlLedger) -> None:
    ledger.ring(RUNG)
    before = contents(ledger)

    with heard(ledger) as said:
        ledger.switches(), ledger.decisions(), ledger.pending(Verb.STOP), ledger.wish("x"), ledger.notes(INFRA)
        ledger.outbox("slack"), ledger.rung("slack", START), ledger.doorbell("x"), ledger.audited(1)
        ledger.last_ticks(), ledger.counts(), ledger.census(), ledger.live(), ledger.history(None, 1)

    assert set(said) == {"SELECT"}
    assert contents(ledger) == before
