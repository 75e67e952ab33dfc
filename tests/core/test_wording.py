"""What people read: every reason, every code, every refusal has its words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from afk.core import wording
from afk.core.config import Limits
from afk.core.dispatch_policy import Code
from afk.core.model import ThreadStatus
from afk.core.records import Armed, Command, Verb, Verdicted, Via
from afk.core.run import Outcome, Reason, Run, TurnKind
from afk.core.run_state_machine import Action, Facts, next_action
from afk.core.watching import Observed
from tests.core.test_run_state_machine import combinations
from tests.house import HOSTS, INFRA_42
from tests.runs import NOON, RED_CI, SHA, a_run, a_thread, a_turn, after

TEXTS = Path(__file__).parent / "texts"
LIMITS = Limits(budget_usd=100, fix_forward_max_attempts=5)
ENDINGS = {Action.STOP, Action.CLOSE_SUCCESS, Action.FREEZE_ESCALATE, Action.ESCALATE_PREPUSH}
STOP = Command("k", Verb.STOP, INFRA_42, "ada", Via.SLACK, NOON)


def decided() -> list[tuple[Action, Reason]]:
    people = [
        Facts(person=reason)
        for reason in (Reason.CLOSED_BY_PERSON, Reason.LABEL_REMOVED, Reason.ISSUE_GONE, Reason.STOP_REQUESTED)
    ]
    money = [Facts(spent=Reason.MONEY_SPENT, pushed=pushed) for pushed in (True, False)]
    found = {next_action(facts) for facts in [*combinations(), *people, *money]}
    return [(decision.action, decision.reason) for decision in found]


def test_every_reason_that_can_end_a_run_has_words_and_no_other() -> None:
    ends = {reason for action, reason in decided() if action in ENDINGS} | {Reason.NOT_CLOSED}

    assert ends == set(wording.ENDED)


def test_every_reason_that_a_run_can_go_on_with_has_words_and_no_other() -> None:
    goes_on = {reason for action, reason in decided() if action not in ENDINGS}

    assert goes_on | {Reason.KILL_SWITCH, Reason.NOT_ENROLLED} == set(wording.WAITS)
    assert all(wording.waits_for(reason) for reason in goes_on)
    assert wording.waits_for(None) == ""


def ended(reason: Reason, **about: Any) -> Run:
    turns = (a_turn(), *(a_turn(number, TurnKind.FIX_FORWARD) for number in range(2, 7)))
    return a_run(*turns, reason=reason, **about)


WHYS = {
    Reason.GREEN: "CI is green, and what is configured to be deployed is deployed.",
    Reason.CLOSED_BY_PERSON: "A person closed the issue.",
    Reason.LABEL_REMOVED: "A person took the in-progress label off.",
    Reason.ISSUE_GONE: "The issue is gone from its repository: deleted, transferred, or no longer readable.",
    Reason.STOP_REQUESTED: "ada asked to stop it.",
    Reason.MONEY_SPENT: "The budget is spent: about 101.50 of 100 USD over all attempts at this issue.",
    Reason.TIME_SPENT: "The run took longer than 1 d.",
    Reason.ATTEMPTS_SPENT: "CI is still red after 5 of 5 corrections.",
    Reason.CORRECTION_TIME_SPENT: "CI is still red 1 h after it first was.",
    Reason.STILL_RUNNING: "CI is red and the agent has not ended its turn in 30 min, so it is interrupted.",
    Reason.NO_VERDICT: "CI gave no verdict on the commit within 1 h.",
    Reason.NO_ANSWER: "Nobody answered the agent's question within 4 h.",
    Reason.THREAD_LOST: "The conversation is gone, and the restarts are used up.",
    Reason.TURN_FAILED: "The agent failed: out of memory",
    Reason.TURN_INTERRUPTED: "Somebody interrupted the agent.",
    Reason.NOTHING_PUSHED: "The agent ended its turn and pushed nothing. It said last: Here is my plan.",
    Reason.STALLED: "The agent was silent for longer than 30 min.",
    Reason.START_IMPOSSIBLE: "The agent could not be started within 15 min: out of memory",
    Reason.NOT_CLOSED: "The issue could not be closed.",
}


@pytest.mark.parametrize("reason", wording.ENDED)
def test_why_a_run_ended(reason: Reason) -> None:
    thread = a_thread(ThreadStatus.FAILED, error="out of\nmemory")
    seen = Observed(thread=thread, stop=STOP, spent_usd=101.5)

    assert wording.why_ended(ended(reason), LIMITS, seen, "Here is\nmy plan.") == WHYS[reason]


def test_defect_24_failed_and_pushed_nothing_are_told_apart() -> None:
    texts = {
        wording.why_ended(ended(reason), LIMITS, Observed(), "")
        for reason in (Reason.TURN_FAILED, Reason.TURN_INTERRUPTED, Reason.NOTHING_PUSHED, Reason.THREAD_LOST)
    }

    assert "The agent failed: no reason was given" in texts
    assert "The agent ended its turn and pushed nothing. It said last: nothing" in texts
    assert len(texts) == 4


def test_start_that_was_refused_says_by_what() -> None:
    run = ended(Reason.START_IMPOSSIBLE, detail="t3: open infra#42: no such project")

    assert wording.why_ended(run, LIMITS, Observed(), "").endswith("15 min: t3: open infra#42: no such project")


def test_hostile_words_stay_one_short_line() -> None:
    text = wording.why_ended(ended(Reason.NOTHING_PUSHED), LIMITS, Observed(), "a{b}\n" + "x" * 10_000)

    assert "a{b} xx" in text
    assert len(text) < 400


FROZEN = ended(
    Reason.ATTEMPTS_SPENT,
    outcome=Outcome.FROZEN,
    detail="CI is still red after 5 of 5 corrections.",
    commit=SHA,
    failure=RED_CI,
)
HUMAN = a_run(
    a_turn(),
    a_turn(2, TurnKind.NUDGE),
    a_turn(3, TurnKind.RESTART),
    outcome=Outcome.NEEDS_HUMAN,
    detail="The agent ended. It said last: @bob see #7",
    thread_url="",
)
STOPPED = a_run(outcome=Outcome.STOPPED, detail="ada asked to stop it.")


@pytest.mark.parametrize("name", ["frozen", "needs_human", "stopped"])
def test_defect_26_issue_is_told_why_what_was_tried_and_what_to_do(name: str) -> None:
    run = {"frozen": FROZEN, "needs_human": HUMAN, "stopped": STOPPED}[name]

    assert wording.handed_back(run, HOSTS) == (TEXTS / f"ending_{name}.txt").read_text()


def test_link_in_an_ending_must_be_one() -> None:
    run = a_run(outcome=Outcome.FROZEN, failure=type(RED_CI)("checks", "a|b", url="javascript:alert(1)"))

    assert "- Red: checks / a\\|b\n" in wording.handed_back(run, HOSTS)


def test_log_at_a_place_that_nobody_vouches_for_is_shown_and_does_nothing() -> None:
    url = "https://evil.example/1) [Approve](https://evil.example/@ada"
    run = a_run(outcome=Outcome.FROZEN, failure=type(RED_CI)("checks", url=url), thread_url="https://evil.example/t")

    text = wording.handed_back(run, HOSTS)

    address = "https:<!-- -->//evil.example/1) \\[Approve\\](https:<!-- -->//evil.example/@<!-- -->ada"
    assert f"- Red: checks (log: {address})\n" in text
    assert "conversation" not in text


def test_orphan() -> None:
    assert wording.orphan("agent-in-progress") == (
        "This issue carried the label `agent-in-progress`, but AFK has no run in flight for it. The label is released and the\n"
        "issue handed to a person, since nobody knows how far the work got.\n\n"
        "*Hint:* look at what was pushed, then take the issue on or let AFK try again with `/afk redispatch`.\n"
    )


def test_bell_of_an_orphan() -> None:
    assert wording.orphan_bell(INFRA_42) == (
        "infra#42 carried the in-progress label, but no run stands behind it: it is handed to people. "
        "An agent may still be at work on it. Hint: look for it in T3 Code before the issue runs again"
    )


LINES = {
    Code.STARTS: "It starts.",
    Code.RERUN_ASKED: "It runs again with the next poll: D asked for it.",
    Code.KILL_SWITCH: "The kill switch is on (D). Hint: afk resume",
    Code.NOT_ENROLLED: "The repository D is not enrolled. Hint: the operator enrols it, see afk enroll",
    Code.NOT_ARMED: "The repository D is not armed. Hint: afk arm infra",
    Code.BUSY: "The repository is busy with D. Hint: afk status",
    Code.NOT_READY: "It does not carry the label D.",
    Code.HUMAN_LABEL: "It carries the label D: a person has it. Hint: afk redispatch infra#42",
    Code.CLOSED: "It is closed. Hint: open it again",
    Code.BUDGET_SPENT: "Its budget is spent: D. Hint: raise AFK_BUDGET_USD, or close the issue",
    Code.COULD_NOT_ASK: "Something could not be asked (D); it is asked again at the next tick.",
    Code.UNTRUSTED: "Who applied the ready label may not write to the repository (D). Hint: let somebody with write access take the ready label off and put it on again",
    Code.EDITED: "It was edited after its release by somebody who may not write (D). Hint: read the change, then take the ready label off and put it on again",
    Code.ENDED_BEFORE: "An earlier run of it ended as D, and nobody has released it again since. Hint: afk redispatch infra#42",
    Code.BLOCKED: "It is blocked by D.",
    Code.AFTER_OTHER: "D is more urgent and takes the repository's slot.",
    Code.START_FAILED: "Its start failed (D); it is tried again.",
}  # fmt: skip


@pytest.mark.parametrize("code", Code)
def test_every_code_has_its_line(code: Code) -> None:
    assert wording.why_not(Verdicted(INFRA_42, code.value, "D", NOON)) == LINES[code]
    assert LINES[code].startswith(wording.code_line(code, "D"))


def test_hint_about_the_deployments_switch_is_for_the_operator() -> None:
    """`afk resume` would change nothing."""
    line = wording.why_not(Verdicted(INFRA_42, Code.KILL_SWITCH.value, wording.DEPLOYMENT_SWITCH, NOON))

    assert line.endswith("Hint: the operator sets AFK_KILL_SWITCH to off")
    assert wording.kill_switch_on(wording.DEPLOYMENT_SWITCH).endswith(line.partition("Hint: ")[2])


ARMED = Armed("infra", "ada", NOON)
SAYINGS = [
    (wording.unknown_repo("we\nb", ("api", "infra")), "'we b' is not enrolled (enrolled: api, infra). Hint: the operator adds it to the rules file or AFK_ALLOWLIST"),
    (wording.unknown_repo("acme/infra", ("infra",), "infra"), "'acme/infra' is enrolled as infra. Hint: use this short name"),
    (wording.unknown_repo("web", ()), "'web' is not enrolled (enrolled: none). Hint: the operator adds it to the rules file or AFK_ALLOWLIST"),
    (wording.armed(ARMED), "infra is armed until somebody disarms it."),
    (wording.armed(Armed("infra", "ada", NOON, after(hours=8), "release\nweek")), "infra is armed until 2026-11-01 20:00 UTC, because release week."),
    (wording.disarmed("infra"), "infra is disarmed: nothing new starts there. A run in flight goes on to its end."),
    (wording.killed(0), "The kill switch is on: no new run and no new turn anywhere. Runs in flight are observed to their end. Hint: afk resume"),
    (wording.killed(1), "The kill switch is on: no new run and no new turn anywhere. 1 run in flight is being stopped. Hint: afk resume"),
    (wording.killed(3), "The kill switch is on: no new run and no new turn anywhere. 3 runs in flight are being stopped. Hint: afk resume"),
    (wording.resumed(deployment_killed=False), "The kill switch is off: armed repositories start again."),
    (wording.resumed(deployment_killed=True), "The runtime kill switch is off, but AFK_KILL_SWITCH is on: nothing starts until the operator turns it off."),
    (wording.rerun_recorded(INFRA_42, 2, closed=False), "infra#42 runs again as attempt 2 with the next tick."),
    (wording.rerun_recorded(INFRA_42, 2, closed=True), "infra#42 runs again as attempt 2 once somebody opens it: its last run closed it."),
    (wording.rerun_already(INFRA_42, "ada\n"), "ada asked for a new attempt at infra#42 already."),
    (wording.rerun_waits(INFRA_42, 2, "ada\n", "slack"), "infra#42 runs again as attempt 2 with the next tick: ada asked for it through slack."),
    (wording.rerun_came(INFRA_42, "started as infra-42-2-0a"), "infra#42: started as infra-42-2-0a."),
    (wording.stale_attempt(INFRA_42, 2), "infra#42 has moved on to attempt 2: this button belongs to an earlier one. Hint: afk redispatch infra#42"),
    (wording.stop_recorded(INFRA_42), "infra#42 is being stopped: the next tick interrupts its turn and ends the run."),
    (wording.said(INFRA_42, live=True), "Passed on to the agent of infra#42 with the next tick."),
    (wording.said(INFRA_42, live=False), "Kept for the next attempt at infra#42."),
    (wording.no_run(INFRA_42), "infra#42 has no run in flight. Hint: afk runs"),
    (wording.never_ran(INFRA_42), "infra#42 has never run, so there is nothing to run again. Hint: afk why infra#42"),
    (wording.not_armed("infra"), "infra is not armed. Hint: afk arm infra"),
    (wording.busy("infra", INFRA_42), "infra is busy with infra#42. Hint: afk stop infra#42, or wait for its end"),
    (wording.kill_switch_on("killed by ada"), "The kill switch is on (killed by ada). Hint: afk resume"),
    (wording.no_words(), 'There is nothing to say. Hint: afk say infra#42 "use the other table"'),
    (wording.expiry_in_the_past(NOON), "2026-11-01 12:00 UTC is not in the future. Hint: afk arm infra --for 8h"),
    (wording.unreadable("AFK_X is\n'y'."), "AFK counts as switched off, since its settings cannot be read. AFK_X is 'y'."),
    (wording.not_closed("tracker: 403"), "CI is green, but the issue could not be closed: tracker: 403. Please close it."),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), SAYINGS)
def test_answer(text: str, expected: str) -> None:
    assert text == expected


@pytest.mark.parametrize("outcome", [Outcome.FROZEN, Outcome.NEEDS_HUMAN, Outcome.STOPPED])
def test_no_ending_is_longer_than_a_comment_may_be(outcome: Outcome) -> None:
    huge = type(RED_CI)("s" * 500, "j" * 9_000, "p" * 9_000, "https://ci.example", ("`" * 9_000,) * 9)

    assert (
        len(wording.handed_back(a_run(outcome=outcome, commit=SHA, detail="d" * 9_000, failure=huge), HOSTS)) < 20_000
    )
