"""What a person is told when a run ends or needs somebody: every kind in full."""

from __future__ import annotations

from dataclasses import replace

import pytest

from afk.core.dispatch_policy import Code
from afk.core.doorbell import Card, Stamp, card
from afk.core.records import Doorbell, DoorbellKind, Verdicted
from afk.core.run import Outcome, Reason, Run, TurnKind
from tests.runs import NOON, RED_CI, SHA, a_run, a_turn, after

KEY = "infra-42-1-0a1b2c3d:frozen"
ENDED = {"outcome_at": after(minutes=73), "detail": "CI is still red after 1 of 1 corrections."}
FROZEN = a_run(a_turn(), a_turn(2, TurnKind.FIX_FORWARD), outcome=Outcome.FROZEN, reason=Reason.ATTEMPTS_SPENT,
               commit=SHA, failure=RED_CI, cost_usd=3.456, **ENDED)  # fmt: skip


def bell(kind: DoorbellKind, **about: object) -> Doorbell:
    return Doorbell(
        **({"key": KEY, "kind": kind, "at": after(minutes=5), "ref": FROZEN.ref, "run_id": FROZEN.id} | about)
    )


def test_frozen_card_in_full() -> None:
    assert card(bell(DoorbellKind.FROZEN), FROZEN) == Card(
        key=KEY,
        kind=DoorbellKind.FROZEN,
        mark="🧊",
        state="Frozen",
        subject="infra#42",
        title="Rotate the logs",
        why="CI is still red after 1 of 1 corrections.",
        facts="attempt 1 · 1 correction · 1 h 13 min · about 3.46 USD · commit 5f5f5f5f5f5f",
        thread_url="https://t3.example/env/t",
        issue_url="https://tracker.example/infra/42",
        ci_url="https://ci.example/5f5f",
        rerun="infra#42/1",
        acknowledge=True,
    )


DONE = a_run(
    outcome=Outcome.DONE,
    outcome_at=after(minutes=9),
    detail="CI is green, and what is configured to be deployed is deployed.",
    commit=SHA,
)
HUMAN = a_run(outcome=Outcome.NEEDS_HUMAN, outcome_at=after(seconds=40), detail="The agent failed: out of memory")
ASKING = a_run(question="q1", question_text="Which region?", question_options=("eu", "us"))
TEXTS = [
    (DoorbellKind.DONE, DONE, "", """\
Done: infra#42 · Rotate the logs
CI is green, and what is configured to be deployed is deployed.
attempt 1 · 9 min · commit 5f5f5f5f5f5f"""),
    (DoorbellKind.NEEDS_HUMAN, HUMAN, "", """\
Needs a person: infra#42 · Rotate the logs
The agent failed: out of memory
attempt 1 · 40 s"""),
    (DoorbellKind.NEEDS_HUMAN, DONE, "CI is green, but the issue could not be closed: 403. Please close it.", """\
Needs a person: infra#42 · Rotate the logs
CI is green, but the issue could not be closed: 403. Please close it.
attempt 1 · 9 min · commit 5f5f5f5f5f5f"""),
    (DoorbellKind.FROZEN, FROZEN, "", """\
Frozen: infra#42 · Rotate the logs
CI is still red after 1 of 1 corrections.
attempt 1 · 1 correction · 1 h 13 min · about 3.46 USD · commit 5f5f5f5f5f5f"""),
    (DoorbellKind.QUESTION, ASKING, "Which region?", """\
Question: infra#42 · Rotate the logs
Which region?
attempt 1 · 5 min"""),
    (DoorbellKind.ALARM, None, "AFK counts as switched off, since its settings cannot be read.", """\
Alarm
AFK counts as switched off, since its settings cannot be read."""),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "run", "said", "text"), TEXTS, ids=["done", "needs a person", "not closed", "frozen", "question", "alarm"])  # fmt: skip
def test_text(kind: DoorbellKind, run: Run | None, said: str, text: str) -> None:
    assert card(bell(kind, text=said), run).text == text


def test_every_kind_is_shown() -> None:
    assert {row[0] for row in TEXTS} == set(DoorbellKind)


@pytest.mark.parametrize(
    ("kind", "rerun", "acknowledge"),
    [
        (DoorbellKind.DONE, "", False),
        (DoorbellKind.NEEDS_HUMAN, "infra#42/1", True),
        (DoorbellKind.FROZEN, "infra#42/1", True),
        (DoorbellKind.QUESTION, "", False),
        (DoorbellKind.ALARM, "", True),
    ],
)
def test_buttons_are_there_where_they_make_sense(kind: DoorbellKind, rerun: str, *, acknowledge: bool) -> None:
    shown = card(bell(kind), FROZEN)

    assert (shown.rerun, shown.acknowledge) == (rerun, acknowledge)


def test_acknowledged_card_shows_who_and_can_still_run_again() -> None:
    shown = card(bell(DoorbellKind.FROZEN, acknowledged_by="bob", acknowledged_at=after(minutes=6)), FROZEN)

    assert shown.stamps == (Stamp("Got it", "bob", after(minutes=6)),)
    assert shown.text.splitlines()[-1] == "Got it by bob at 12:06 UTC"
    assert (shown.acknowledge, shown.rerun) == (False, "infra#42/1")


def test_card_of_a_run_that_is_run_again_has_no_button_left() -> None:
    shown = card(bell(DoorbellKind.FROZEN, rerun_by="ada", rerun_at=after(minutes=7)), FROZEN)

    assert shown.stamps == (Stamp("Re-run", "ada", after(minutes=7)),)
    assert (shown.acknowledge, shown.rerun) == (False, "")


SECOND = a_run(id="infra-42-2", attempt=2, claimed_at=after(minutes=80))
ASKED_AGAIN = bell(DoorbellKind.FROZEN, rerun_by="ada", rerun_at=after(minutes=74))


def later(outcome: Outcome) -> Run:
    return replace(SECOND, outcome=outcome, outcome_at=after(minutes=100))


@pytest.mark.parametrize(
    ("latest", "says"),
    [
        pytest.param(FROZEN, "Attempt 2 has not started yet.", id="not-started"),
        pytest.param(SECOND, "Attempt 2 is running.", id="running"),
        pytest.param(later(Outcome.DONE), "Attempt 2 is done after 20 min.", id="done"),
        pytest.param(later(Outcome.FROZEN), "Attempt 2 froze after 20 min.", id="frozen-again"),
        pytest.param(later(Outcome.NEEDS_HUMAN), "Attempt 2 was handed back after 20 min.", id="handed-back"),
        pytest.param(later(Outcome.STOPPED), "Attempt 2 was stopped after 20 min.", id="stopped"),
        pytest.param(replace(SECOND, attempt=5), "Attempt 5 is running.", id="moved-on"),
    ],
)
def test_message_says_what_became_of_the_re_run(latest: Run, says: str) -> None:
    shown = card(ASKED_AGAIN, FROZEN, latest)

    assert (shown.sequel, shown.text.splitlines()[-1]) == (says, says)


def test_re_run_that_is_held_up_says_by_what() -> None:
    """What the last poll said of the issue before somebody asked again holds nothing up."""
    closed, human = (Verdicted(FROZEN.ref, code.value, "x", NOON) for code in (Code.CLOSED, Code.HUMAN_LABEL))

    assert (
        card(ASKED_AGAIN, FROZEN, FROZEN, closed).sequel
        == "Attempt 2 has not started yet: It is closed. Hint: open it again"
    )
    assert card(ASKED_AGAIN, FROZEN, FROZEN, human).sequel == "Attempt 2 has not started yet."


def test_issue_that_moved_on_without_a_click_has_no_button_left() -> None:
    """Somebody released it again on the tracker."""
    shown = card(bell(DoorbellKind.FROZEN), FROZEN, SECOND)

    assert (shown.sequel, shown.rerun, shown.acknowledge) == ("Attempt 2 is running.", "", False)


@pytest.mark.parametrize("kind", [DoorbellKind.DONE, DoorbellKind.QUESTION])
def test_other_bells_tell_of_their_own_run_alone(kind: DoorbellKind) -> None:
    assert card(bell(kind), FROZEN, SECOND).sequel == ""


def test_acknowledged_alarm_shows_who() -> None:
    shown = card(bell(DoorbellKind.ALARM, text="!", acknowledged_by="bob", acknowledged_at=NOON), None)

    assert shown.text == "Alarm\n!\nGot it by bob at 12:00 UTC"
    assert not shown.acknowledge


def test_options_are_offered_only_while_the_question_waits() -> None:
    question = bell(DoorbellKind.QUESTION, text="Which region?")

    assert card(question, ASKING).options == ("eu", "us")
    assert card(question, replace(ASKING, question="")).options == ()
    assert card(bell(DoorbellKind.FROZEN), ASKING).options == ()


def test_defect_30_link_is_the_executors_own() -> None:
    """The host and the path of a deep link are the executor's business: nothing is built from parts here."""
    shown = card(bell(DoorbellKind.FROZEN), a_run(thread_url="https://t3.example/e%2F1/t%3F2"))

    assert shown.thread_url == "https://t3.example/e%2F1/t%3F2"


def test_hostile_title_and_reason_are_one_visible_line_each() -> None:
    hostile = a_run(
        title="a\n<!channel>\u202eb" + "x" * 500, detail="y\r\nz" + "w" * 5_000, outcome=Outcome.FROZEN, outcome_at=NOON
    )

    shown = card(bell(DoorbellKind.FROZEN), hostile)

    assert shown.title.startswith("a <!channel>bxx")
    assert len(shown.title) == 200
    assert shown.why.startswith("y zww")
    assert len(shown.why) == 1_000
    assert len(shown.text.splitlines()) == 3
