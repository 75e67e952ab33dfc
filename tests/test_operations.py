"""What people may ask: switches, stops and words, and what they are told about it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from afk.core.dispatch_policy import Code
from afk.core.model import IssueRef, ThreadStatus
from afk.core.records import Armed, Entry, Verb, Via
from afk.core.run import Outcome
from afk.operations import RefusedRequest
from tests.asking import BOB, frozen, last_entry, refused
from tests.house import ADA, INFRA_42, House, a_repo
from tests.otherwise import stages_read

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.core.model import CommitAsk, StageReading
    from afk.ports import PortError


def test_arm_says_until_when_and_why_and_is_audited() -> None:
    house = House.empty()
    now = house.world.now()
    until = now + timedelta(hours=8)

    assert house.operations.arm("infra", BOB, now, until, "release week") == (
        "infra is armed until 2026-11-01 16:00 UTC, because release week."
    )
    assert house.ledger.switches().armed == {"infra": Armed("infra", "bob", now, until, "release week")}
    assert last_entry(house) == Entry(now, "bob", Via.SLACK, "arm", "infra", "release week")


def test_armed_repository_is_disarmed_at_its_expiry_and_not_before() -> None:
    house = House.empty()
    house.operations.arm("infra", ADA, house.world.now(), house.world.now() + timedelta(hours=8))
    house.an_issue()
    house.world.passes(hours=7, minutes=59)
    assert house.operations.status(house.world.now()).armed != ()

    house.world.passes(minutes=1)
    house.poll()

    assert house.operations.status(house.world.now()).armed == ()
    assert house.operations.why(INFRA_42, house.world.now()).code == Code.NOT_ARMED
    assert house.world.threads == {}


def test_arming_again_replaces_the_expiry(house: House) -> None:
    house.operations.arm("infra", ADA, house.world.now(), house.world.now() + timedelta(minutes=1))
    house.operations.arm("infra", ADA, house.world.now())
    house.world.passes(days=1)

    assert [each.repo for each in house.operations.status(house.world.now()).armed] == ["infra"]


def test_repository_that_left_the_enrolment_can_be_disarmed_but_not_armed(house: House) -> None:
    house.config = replace(house.config, repos={})

    assert refused(lambda: house.operations.arm("infra", ADA, house.world.now())).startswith(
        "'infra' is not enrolled (enrolled: none)."
    )
    assert house.operations.disarm("infra", ADA, house.world.now(), "it left") == (
        "infra is disarmed: nothing new starts there. A run in flight goes on to its end."
    )
    assert house.ledger.switches().armed == {}
    assert last_entry(house) == Entry(house.world.now(), "ada", Via.CLI, "disarm", "infra", "it left")
    assert "not enrolled" in refused(lambda: house.operations.disarm("infra", ADA, house.world.now()))


def test_kill_and_resume_are_audited_with_their_reason(house: House) -> None:
    now = house.world.now()
    house.operations.kill(BOB, now, "k", because="outage")
    assert house.operations.status(now).off == "killed by bob, because outage"
    assert last_entry(house) == Entry(now, "bob", Via.SLACK, "kill", "", "outage")

    assert house.operations.resume(ADA, now, "over") == "The kill switch is off: armed repositories start again."
    assert house.operations.status(now).off == ""
    assert last_entry(house) == Entry(now, "ada", Via.CLI, "resume", "", "over")


def test_resume_says_that_the_deployments_switch_still_holds(house: House) -> None:
    house.deployment_switch(on=True)

    assert "AFK_KILL_SWITCH is on" in house.operations.resume(ADA, house.world.now())
    assert house.operations.status(house.world.now()).off == "AFK_KILL_SWITCH is on"


def test_kill_now_ends_every_run_and_kill_alone_none() -> None:
    house = House.ready(a_repo("infra"), a_repo("web"))
    refs = [INFRA_42, IssueRef("web", 7)]
    for ref in refs:
        house.an_issue(ref)
    house.poll()

    assert house.operations.kill(ADA, house.world.now(), "k1").startswith(
        "The kill switch is on: no new run and no new turn anywhere. Runs in"
    )
    house.watch(2)
    assert len(house.ledger.live()) == 2

    assert "2 runs in flight are being stopped." in house.operations.kill(ADA, house.world.now(), "k2", stop_all=True)
    house.watch(2)
    assert house.ledger.live() == ()
    assert {house.run(ref).outcome for ref in refs} == {Outcome.STOPPED}
    assert {house.world.thread_of(ref).status for ref in refs} == {ThreadStatus.INTERRUPTED}


def test_stop_is_a_wish_that_the_next_tick_carries_out(house: House) -> None:
    house.a_run()

    assert house.operations.stop(INFRA_42, BOB, house.world.now(), "k").startswith("infra#42 is being stopped")
    assert last_entry(house) == Entry(house.world.now(), "bob", Via.SLACK, "stop", "infra#42")
    assert house.run().outcome is None
    house.watch(2)

    assert (house.run().outcome, house.run().detail) == (Outcome.STOPPED, "bob asked to stop it.")
    assert house.ledger.pending(Verb.STOP) == ()


def test_stop_that_came_too_late_for_an_attempt_does_not_stop_the_next(house: House) -> None:
    """The wish is recorded after the tick has read the wishes, and before it records the end."""
    house.limit(fix_forward_max_attempts=0)
    house.a_run()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    stage = house.ports.stages[house.config.repos["infra"].stages[0]]
    plain = house.ports

    def read(asks: Sequence[CommitAsk]) -> Mapping[str, Mapping[str, StageReading] | PortError]:
        house.operations.stop(INFRA_42, ADA, house.world.now(), "late")
        return stage.read(asks)

    stages_read(house, read)
    house.watch()
    house.ports = plain
    assert house.run().outcome is Outcome.FROZEN
    assert [wish.verb for wish in house.ledger.pending(Verb.STOP)] == [Verb.STOP]

    house.operations.redispatch(INFRA_42, ADA, house.world.now())
    for _ in range(3):
        house.minute()

    assert (house.run().attempt, house.run().outcome) == (2, None)
    house.operations.stop(INFRA_42, BOB, house.world.now(), "in time")
    house.watch(2)
    assert house.run().detail == "bob asked to stop it."


def test_words_to_a_run_at_work_reach_its_agent_once(house: House) -> None:
    house.a_run()

    for _ in range(3):  # a redelivery carries the same key
        assert house.operations.say(INFRA_42, "use eu", BOB, house.world.now(), "w1") == (
            "Passed on to the agent of infra#42 with the next tick."
        )
    house.watch(3)

    assert [message.text for message in house.world.thread_of(INFRA_42).messages[1:]] == [
        "bob says:\n```\nuse eu\n```\n"
    ]
    assert last_entry(house) == Entry(house.world.now(), "bob", Via.SLACK, "passed-on", "infra#42")


def test_several_words_arrive_in_order_one_at_a_time(house: House) -> None:
    house.a_run()
    for number in range(3):
        house.operations.say(
            INFRA_42, f"word {number}", ADA, house.world.now() + timedelta(seconds=number), f"w{number}"
        )

    house.watch()
    assert len(house.world.thread_of(INFRA_42).messages) == 2
    house.watch(3)

    texts = [message.text for message in house.world.thread_of(INFRA_42).messages[1:]]
    assert [text.splitlines()[2] for text in texts] == ["word 0", "word 1", "word 2"]


def test_words_wait_until_the_message_before_them_has_left(house: House) -> None:
    house.a_run()
    house.world.t3_is_down()
    for key in ("w1", "w2"):
        house.operations.say(INFRA_42, key, ADA, house.world.now(), key)
    house.watch(3)
    assert [turn.about for turn in house.run().turns[1:]] == ["w1"]

    house.world.t3_is_down(down=False)
    house.watch(2)
    assert [turn.about for turn in house.run().turns[1:]] == ["w1", "w2"]
    assert len(house.world.thread_of(INFRA_42).messages) == 3


def test_words_about_an_ended_run_are_kept_for_the_next(house: House) -> None:
    frozen(house)

    assert (
        house.operations.say(INFRA_42, "use eu", BOB, house.world.now(), "w1")
        == "Kept for the next attempt at infra#42."
    )
    assert [(note.actor, note.text) for note in house.ledger.notes(INFRA_42)] == [("bob", "use eu")]
    assert last_entry(house) == Entry(house.world.now(), "bob", Via.SLACK, "say", "infra#42", "use eu")


def test_words_wait_while_the_kill_switch_is_on(house: House) -> None:
    house.a_run()
    house.operations.say(INFRA_42, "use eu", ADA, house.world.now(), "w1")
    house.operations.kill(ADA, house.world.now(), "k")
    house.watch(2)
    assert len(house.world.thread_of(INFRA_42).messages) == 1

    house.operations.resume(ADA, house.world.now())
    house.watch()
    assert len(house.world.thread_of(INFRA_42).messages) == 2


def test_stop_withdraws_a_re_run_that_has_not_started_and_it_may_be_asked_for_again(house: House) -> None:
    """The issue was closed meanwhile: the wish would wait until somebody reopens it."""
    house.limit(fix_forward_max_attempts=0)
    house.a_run()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.watch()
    house.operations.redispatch(INFRA_42, ADA, house.world.now())
    house.world.person_closes(INFRA_42)
    house.poll()
    house.world.passes(minutes=1)

    assert house.operations.stop(INFRA_42, BOB, house.world.now(), "k") == (
        "The re-run of infra#42 is withdrawn: nothing starts. Hint: afk redispatch infra#42 asks for it again"
    )
    assert last_entry(house) == Entry(house.world.now(), "bob", Via.SLACK, "withdraw", "infra#42")
    house.ports.tracker.reopen(INFRA_42)
    house.poll()
    assert house.run().attempt == 1
    with pytest.raises(RefusedRequest, match="infra#42 has no run in flight"):
        house.operations.stop(INFRA_42, BOB, house.world.now(), "k")

    house.operations.redispatch(INFRA_42, BOB, house.world.now())
    house.poll()
    assert (house.run().attempt, house.run().requested_by) == (2, "bob")


def test_issue_that_runs_does_not_wait(house: House) -> None:
    house.an_issue(IssueRef("infra", 43))
    house.a_run()
    house.poll()

    status = house.operations.status(house.world.now())
    assert [run.ref for run in status.live] == [INFRA_42]
    assert [each.ref for each in status.decisions] == [IssueRef("infra", 43)]
