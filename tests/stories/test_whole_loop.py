"""From a label to its end: what people see at each turn of the story."""

from __future__ import annotations

import pytest

from afk.core.model import Labels, StageKind, StageState, ThreadStatus
from afk.core.run import Outcome, Phase, Reason, TurnKind
from afk.ports import Refused
from tests.house import ADA, INFRA_42, House, a_repo

LABELS = Labels()


def test_labelled_issue_goes_to_done(house: House) -> None:
    """Start, push, green, closed: labels, checklist, commit and doorbell follow."""
    run = house.a_run(title="Rotate the logs")
    assert house.labels() == {LABELS.ready, LABELS.in_progress}

    sha = house.pushed_and_ended()
    house.watch()
    assert house.run().commit == sha
    house.world.ci_goes_green("infra", sha)
    house.watch()
    house.deliver()

    ticket = house.world.ticket(INFRA_42)
    assert not ticket.is_open
    assert ticket.labels == {LABELS.ready}
    assert house.run().outcome is Outcome.DONE
    assert house.run().finished_at is not None
    assert house.rings() == ["done"]
    assert house.world.rings[0].card.thread_url == house.run().thread_url
    assert len(house.world.threads) == 1
    assert run.id == house.run().id


def test_checklist_is_one_comment_that_ends_with_every_phase(house: House) -> None:
    house.a_run()
    house.world.agent_says(INFRA_42, "AFK-Phase: worktree ../wt-42")
    house.world.agent_says(INFRA_42, "AFK-Phase: tests-red tests/test_x.py::test_y")
    house.watch()
    sha = house.pushed_and_ended()
    house.watch()
    house.world.ci_goes_green("infra", sha)
    house.watch(3)

    remarks = house.world.ticket(INFRA_42).remarks
    assert len(remarks) == 1
    assert "- [x] Tests red (reported): tests/test" in remarks[0].body.replace("\\", "")
    assert "- [ ] Tests green" in remarks[0].body
    assert "- [x] Done" in remarks[0].body


def test_red_is_corrected_in_the_same_thread_and_goes_to_done(house: House) -> None:
    house.a_run()
    first = house.pushed_and_ended()
    house.world.ci_goes_red("infra", first, "assert 1 == 2")
    house.watch()

    thread = house.world.thread_of(INFRA_42)
    assert "attempt 1 of 5" in thread.messages[-1].text
    assert first in thread.messages[-1].text
    assert "assert 1 == 2" in thread.messages[-1].text
    second = house.pushed_and_ended()
    house.world.ci_goes_green("infra", second)
    house.watch()

    assert house.run().outcome is Outcome.DONE
    assert house.run().attempts_made == 1
    assert len(house.world.threads) == 1


def test_one_red_commit_is_corrected_once(house: House) -> None:
    """Defect 11: a running correction, and one that just ended without a commit, charge the commit once each."""
    house.a_run()
    sha = house.pushed_and_ended()
    house.world.ci_goes_red("infra", sha)

    house.watch(5)

    assert house.run().attempts_made == 1
    assert len(house.world.thread_of(INFRA_42).messages) == 2


def test_red_until_attempts_are_spent_freezes(house: House) -> None:
    house.limit(fix_forward_max_attempts=2)
    house.a_run()
    for _ in range(3):
        sha = house.pushed_and_ended()
        house.world.ci_goes_red("infra", sha)
        house.watch()
    house.deliver()

    run = house.run()
    assert (run.outcome, run.reason, run.attempts_made) == (Outcome.FROZEN, Reason.ATTEMPTS_SPENT, 2)
    assert house.world.ticket(INFRA_42).is_open
    assert house.labels() == {LABELS.ready, LABELS.human}
    assert house.rings() == ["frozen"]
    assert house.world.rings[0].card.rerun == "infra#42/1"


def test_frozen_is_final_until_a_person_asks_again(house: House) -> None:
    """Defect 10: no number of ticks starts an escalated issue again; a re-dispatch starts it once."""
    house.limit(fix_forward_max_attempts=0)
    house.a_run()
    sha = house.pushed_and_ended()
    house.world.ci_goes_red("infra", sha)
    house.watch()
    for _ in range(5):
        house.minute()
    assert len(house.world.threads) == 1

    house.operations.redispatch(INFRA_42, ADA, house.world.now())
    house.minute()
    house.minute()

    run = house.run()
    assert run.attempt == 2
    assert run.requested_by == "ada"
    assert len(house.world.threads) == 2
    assert LABELS.human not in house.labels()
    prompt = house.world.thread_of(INFRA_42).messages[0].text
    assert "Attempt 1 ended as frozen" in prompt


def test_question_rings_and_the_answer_reaches_the_agent(house: House) -> None:
    house.a_run()
    house.world.agent_asks(INFRA_42, "Which region?", "eu", "us")
    house.watch(3)
    house.deliver()
    assert house.rings() == ["question"]
    assert house.world.rings[0].card.options == ("eu", "us")

    house.operations.say(INFRA_42, "eu", ADA, house.world.now(), "reply-1")
    house.watch(2)

    thread = house.world.thread_of(INFRA_42)
    assert [text for _, text in thread.answers] == ["eu"]
    assert thread.status is ThreadStatus.RUNNING
    house.deliver()
    assert house.world.rings[0].card.options == ()


def test_question_nobody_answers_is_handed_back(house: House) -> None:
    house.a_run()
    house.world.agent_asks(INFRA_42, "Which region?")
    house.watch()
    house.world.passes(hours=4)
    house.watch(2)

    assert house.run().reason is Reason.NO_ANSWER
    assert house.world.thread_of(INFRA_42).status is ThreadStatus.INTERRUPTED
    assert house.run().finished_at is not None


def test_lost_thread_is_restarted_once(house: House) -> None:
    house.a_run()
    house.world.thread_vanishes(INFRA_42)
    house.watch()
    assert len(house.world.threads) == 2
    assert "This is a fresh start" in house.world.thread_of(INFRA_42).messages[0].text

    house.world.thread_vanishes(INFRA_42)
    house.watch(2)
    assert house.run().reason is Reason.THREAD_LOST
    assert house.run().outcome is Outcome.NEEDS_HUMAN


def test_thread_lost_after_red_push_is_replaced_by_one_with_the_whole_story(house: House) -> None:
    house.a_run()
    sha = house.pushed_and_ended()
    house.world.ci_goes_red("infra", sha)
    house.world.thread_vanishes(INFRA_42)
    house.watch()

    text = house.world.thread_of(INFRA_42).messages[0].text
    assert "This task was worked on and pushed" in text
    assert "Standing rules" in text
    assert sha in text


def test_turn_that_pushed_nothing_is_reminded_once_then_handed_back(house: House) -> None:
    house.a_run()
    house.world.agent_says(INFRA_42, "Here is my plan.")
    house.world.agent_ends(INFRA_42)
    house.watch()
    assert house.run().last_turn.kind is TurnKind.NUDGE

    house.world.agent_ends(INFRA_42)
    house.watch()
    assert house.run().reason is Reason.NOTHING_PUSHED
    assert "Here is my plan." in house.run().detail


def test_issue_closed_by_a_commit_message_is_followed_and_reopened_on_freeze(house: House) -> None:
    """Defect 13: the tracker closed the issue, nobody decided to."""
    house.limit(fix_forward_max_attempts=0)
    house.a_run()
    sha = house.push(message="Fix it\n\nCloses #42")
    house.world.agent_ends(INFRA_42)
    house.watch()
    assert not house.world.ticket(INFRA_42).is_open
    assert house.run().outcome is None

    house.world.ci_goes_red("infra", sha)
    house.watch()
    assert house.world.ticket(INFRA_42).is_open
    assert house.run().outcome is Outcome.FROZEN


@pytest.mark.parametrize("label", [LABELS.ready, LABELS.in_progress])
def test_second_issue_waits_whatever_happens_to_the_first_ones_labels(house: House, label: str) -> None:
    """Defects 13 and 14: the lock is the ledger's."""
    house.a_run()
    house.world.person_unlabels(INFRA_42, label)
    other = house.an_issue(type(INFRA_42)("infra", 43))

    house.poll()

    assert other not in house.ledger.latest([other])


def test_person_who_closes_the_issue_stops_the_run(house: House) -> None:
    house.a_run()
    house.world.person_closes(INFRA_42)
    house.watch(2)

    assert house.run().outcome is Outcome.STOPPED
    assert house.world.thread_of(INFRA_42).status is ThreadStatus.INTERRUPTED
    assert LABELS.in_progress not in house.labels()
    assert LABELS.human not in house.labels()
    house.deliver()
    assert house.rings() == []


def test_person_who_takes_the_label_off_stops_the_run_for_good(house: House) -> None:
    house.a_run()
    house.world.person_unlabels(INFRA_42, LABELS.in_progress)
    house.watch(2)
    for _ in range(3):
        house.minute()

    assert house.run().reason is Reason.LABEL_REMOVED
    assert len(house.world.threads) == 1


def test_stop_interrupts_the_turn_and_frees_the_repository(house: House) -> None:
    house.a_run()
    house.operations.stop(INFRA_42, ADA, house.world.now(), "k1")
    house.watch(2)

    run = house.run()
    assert (run.outcome, run.reason) == (Outcome.STOPPED, Reason.STOP_REQUESTED)
    assert run.finished_at is not None
    assert house.labels() == {LABELS.ready, LABELS.human}


def test_kill_switch_keeps_watching_and_closes_what_is_green(house: House) -> None:
    """Defect 16: no new turn, but what runs is observed to its end."""
    house.a_run()
    house.operations.kill(ADA, house.world.now(), "k")
    sha = house.pushed_and_ended()
    house.world.ci_goes_green("infra", sha)
    house.watch()

    assert house.run().outcome is Outcome.DONE


def test_kill_switch_holds_a_correction_until_its_time_is_spent(house: House) -> None:
    house.a_run()
    sha = house.pushed_and_ended()
    house.operations.kill(ADA, house.world.now(), "k")
    house.world.ci_goes_red("infra", sha)
    house.watch()
    assert house.run().reason is Reason.KILL_SWITCH
    assert len(house.world.thread_of(INFRA_42).messages) == 1

    house.world.passes(seconds=3_600)
    house.watch()
    assert house.run().reason is Reason.CORRECTION_TIME_SPENT


def test_disarmed_repository_lets_its_run_go_on(house: House) -> None:
    house.a_run()
    house.operations.disarm("infra", ADA, house.world.now())
    sha = house.pushed_and_ended()
    house.world.ci_goes_red("infra", sha)
    house.watch()

    assert house.run().last_turn.kind is TurnKind.FIX_FORWARD


def test_green_under_a_running_turn_waits_for_its_end_and_no_longer_than_the_deferral(house: House) -> None:
    """Defect 12."""
    house.a_run()
    sha = house.push()
    house.world.ci_goes_green("infra", sha)
    house.watch()
    assert house.run().reason is Reason.TURN_RUNNING

    house.world.passes(seconds=1_800)
    house.watch()
    assert house.run().outcome is Outcome.DONE


def test_deployment_that_fails_after_a_green_build_is_red() -> None:
    house = House.ready(a_repo(stages=(StageKind.CHECKS, StageKind.KUBERNETES)))
    house.a_run()
    sha = house.pushed_and_ended()
    house.world.ci("infra", sha, StageState.SUCCESS)
    house.watch()
    assert house.run().outcome is None
    assert Phase.CI in {each.phase for each in house.run().evidence}

    house.world.ci("infra", sha, StageState.FAILURE, StageKind.KUBERNETES)
    house.watch()
    assert house.run().failure.stage == "kubernetes"
    assert house.run().last_turn.kind is TurnKind.FIX_FORWARD


def test_repository_without_ci_closes_when_the_turn_ends() -> None:
    house = House.ready(a_repo(stages=()))
    house.a_run()
    house.pushed_and_ended()
    house.watch()

    assert house.run().outcome is Outcome.DONE


def test_verdict_of_a_later_push_speaks_for_ours(house: House) -> None:
    """CI runs only on the head of a push."""
    house.a_run()
    house.push()
    head = house.world.somebody_pushes("infra")
    house.world.agent_ends(INFRA_42)
    house.world.ci_goes_green("infra", head)
    house.watch()

    assert house.run().outcome is Outcome.DONE
    assert house.run().judged_commit == head


def test_start_that_stays_impossible_is_handed_back(house: House) -> None:
    house.world.t3_is_down()
    house.a_run()
    assert LABELS.in_progress not in house.labels()
    house.world.passes(seconds=900)
    house.watch()

    run = house.run()
    assert (run.outcome, run.reason) == (Outcome.NEEDS_HUMAN, Reason.START_IMPOSSIBLE)
    assert house.labels() == {LABELS.ready, LABELS.human}
    assert run.finished_at is not None


def test_label_without_a_run_is_released_and_handed_to_a_person(house: House) -> None:
    house.an_issue()
    house.world.set_label(house.world.ticket(INFRA_42), LABELS.in_progress, actor="ada", added=True)
    house.world.person_unlabels(INFRA_42, LABELS.ready)
    house.poll()
    house.poll()

    assert house.labels() == {LABELS.human}
    assert len(house.world.ticket(INFRA_42).remarks) == 1


def test_notes_for_a_frozen_run_reach_the_next_attempt(house: House) -> None:
    house.limit(fix_forward_max_attempts=0)
    house.a_run()
    house.world.ci_goes_red("infra", house.pushed_and_ended())
    house.watch()
    house.operations.say(INFRA_42, "Use the other bucket", ADA, house.world.now(), "n1")
    house.operations.redispatch(INFRA_42, ADA, house.world.now())
    house.poll()

    assert "Use the other bucket" in house.world.thread_of(INFRA_42).messages[0].text


def test_refused_close_rings_for_a_person_instead(house: House) -> None:
    house.a_run()
    house.world.ci_goes_green("infra", house.pushed_and_ended())
    house.world.troubles.refuse("tracker.close", Refused("tracker: close infra#42: 403"), times=100)
    house.watch()
    house.deliver()
    assert house.rings() == []

    house.world.passes(seconds=900)
    house.watch()
    house.deliver()
    assert house.rings() == ["needs-human"]
    assert house.run().finished_at is not None
