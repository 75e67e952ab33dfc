"""A doorbell as Slack gets it: in full, at its limits, and against thousands of spiteful cards (`make soak`: ten thousand)."""

from __future__ import annotations

import os
import random
import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from afk.core.doorbell import Card, Stamp
from afk.core.records import DoorbellKind
from afk.core.slack_blocks import answer_value, answered, message
from afk.sandbox.slack import faults_of
from tests.core.hostile_cards import HOSTS, hostile_card

if TYPE_CHECKING:
    from collections.abc import Iterator

CARDS = 10_000 if os.environ.get("AFK_SOAK") else 2_000
KEY = "infra-42-1-0a1b2c3d:frozen"
NOON = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
THREAD, ISSUE = "https://t3.example.org/env/t", "https://tracker.example.org/infra/42"
FROZEN = Card(
    key=KEY,
    kind=DoorbellKind.FROZEN,
    mark="🧊",
    state="Frozen",
    subject="infra#42",
    title="Rotate <the> logs",
    why="CI is still red.",
    facts="attempt 1 · 1 h 13 min",
    thread_url=THREAD,
    issue_url=ISSUE,
    ci_url="https://tracker.example.org/runs/7?a=1&b=2",
    rerun="infra#42/1",
    acknowledge=True,
)
CLICKED = replace(FROZEN, rerun="", acknowledge=False, stamps=(Stamp("Re-run", "ada <!here>", NOON),))
QUESTION = Card(
    KEY, DoorbellKind.QUESTION, "❓", "Question", "infra#42", "Rotate", "Weekly?", "", options=("Yes", "No")
)
ALARM = Card("alarm:poll", DoorbellKind.ALARM, "🚨", "Alarm", "", "", "No tick for 10 min.", "", acknowledge=True)
OWN_TOKENS = re.compile(
    r"<(?:https://(?:t3|tracker)\.example\.org/[^<>|\s]*(?:\|[^<>|\n]+)?"
    r"|!date\^\d+\^\{date_short_pretty\} \{time\}\|\d{4}-\d\d-\d\d \d\d:\d\d UTC)>"
)


def plain_text(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def button(text: str, action_id: str, label: str, **more: object) -> dict[str, Any]:
    shown = {"type": "button", "text": plain_text(text), "action_id": action_id, "accessibility_label": label}
    return shown | more


OPEN_THREAD = button("Open thread", "link:thread", "Open thread of infra#42", url=THREAD)
OPEN_ISSUE = button("Open issue", "link:issue", "Open issue of infra#42", url=ISSUE)
CI_RUN = mrkdwn("<https://tracker.example.org/runs/7?a=1&amp;b=2|CI run>")


def rendered(card: Card) -> dict[str, Any]:
    return message(card.key, card, HOSTS)


def buttons(card: Card) -> dict[str, dict[str, Any]]:
    actions = [block for block in rendered(card)["blocks"] if block["type"] == "actions"]
    return {each["action_id"]: each for block in actions for each in block["elements"]}


def test_frozen_in_full() -> None:
    assert rendered(FROZEN) == {
        "text": "🧊 Frozen: infra#42 · Rotate &lt;the&gt; logs\nCI is still red.\nattempt 1 · 1 h 13 min\n"
        f"Thread: <{THREAD}>\nIssue: <{ISSUE}>",
        "blocks": [
            {"type": "section", "text": mrkdwn(f"🧊 *Frozen* <{ISSUE}|infra#42> Rotate &lt;the&gt; logs")},
            {"type": "section", "text": plain_text("CI is still red.")},
            {"type": "context", "elements": [plain_text("attempt 1 · 1 h 13 min"), CI_RUN]},
            {
                "type": "actions",
                "elements": [
                    OPEN_THREAD,
                    OPEN_ISSUE,
                    button(
                        "Re-run",
                        "rerun",
                        "Re-run infra#42",
                        value="infra#42/1",
                        style="primary",
                        confirm={
                            "title": plain_text("Re-run infra#42?"),
                            "text": plain_text(
                                "AFK starts a new attempt with a fresh conversation, as soon as the gates allow."
                            ),
                            "confirm": plain_text("Re-run"),
                            "deny": plain_text("Not now"),
                        },
                    ),
                    button("Got it", "ack", "Got it: infra#42", value=KEY),
                ],
            },
        ],
        "metadata": {"event_type": "afk_doorbell", "event_payload": {"key": KEY}},
    }


def test_after_a_click_the_message_says_who_and_offers_no_second_one() -> None:
    stamp = "Re-run by ada &lt;!here&gt;, <!date^1793534400^{date_short_pretty} {time}|2026-11-01 12:00 UTC>"
    shown = rendered(CLICKED)

    assert shown["blocks"][2]["elements"] == [plain_text("attempt 1 · 1 h 13 min"), CI_RUN, mrkdwn(stamp)]
    assert shown["blocks"][3]["elements"] == [OPEN_THREAD, OPEN_ISSUE]
    assert stamp in shown["text"].split("\n")


def test_a_question_in_full() -> None:
    assert rendered(QUESTION)["text"] == "❓ Question: infra#42 · Rotate\nWeekly?\n1. Yes\n2. No"
    assert rendered(QUESTION)["blocks"] == [
        {"type": "section", "text": mrkdwn("❓ *Question* infra#42 Rotate")},
        {"type": "section", "text": plain_text("Weekly?")},
        {
            "type": "actions",
            "elements": [
                button("Yes", "answer:0", "Answer: Yes", value=f"{KEY}|0"),
                button("No", "answer:1", "Answer: No", value=f"{KEY}|1"),
            ],
        },
    ]


def test_an_alarm_tells_it_all_in_its_first_block() -> None:
    assert rendered(ALARM)["text"] == "🚨 Alarm\nNo tick for 10 min."
    assert rendered(ALARM)["blocks"] == [
        {"type": "section", "text": mrkdwn("🚨 *Alarm* No tick for 10 min.")},
        {"type": "actions", "elements": [button("Got it", "ack", "Got it: Alarm", value="alarm:poll")]},
    ]


def test_options_too_long_for_their_buttons_stand_in_full_above_them() -> None:
    long = "Keep " + "the old " * 20 + "logs"
    shown = rendered(replace(QUESTION, options=("Yes", long)))

    assert shown["blocks"][1]["text"] == plain_text(f"Weekly?\n1. Yes\n2. {long}")
    assert shown["blocks"][2]["elements"][1]["text"]["text"] == long[:74] + "…"
    assert f"2. {long}" in shown["text"]


def test_an_option_that_shows_nothing_gets_no_button_and_shifts_no_other() -> None:
    assert list(buttons(replace(QUESTION, options=("Yes", "\u200b", "No")))) == ["answer:0", "answer:2"]


@pytest.mark.parametrize(
    "url", ["https://evil.example/x", "http://t3.example.org/x", "x", "https://t3.example.org/" + "x" * 3000]
)
def test_a_bad_address_costs_its_button_and_not_the_doorbell(url: str) -> None:
    card = replace(FROZEN, thread_url=url, issue_url=url, ci_url=url)

    assert list(buttons(card)) == ["rerun", "ack"]
    assert faults_of(rendered(card)) == []
    assert rendered(card)["blocks"][0]["text"] == mrkdwn("🧊 *Frozen* infra#42 Rotate &lt;the&gt; logs")


def test_a_thread_without_a_link_is_told_as_text() -> None:
    shown = rendered(replace(FROZEN, thread_url="http://t3.lan:3773/env/t"))

    assert plain_text("Thread: http://t3.lan:3773/env/t") in shown["blocks"][2]["elements"]
    assert "\nThread: http\u2236//t3.lan:3773/env/t\n" in shown["text"]


def test_a_value_too_long_for_slack_costs_its_button() -> None:
    assert list(buttons(replace(FROZEN, rerun="x" * 2_001))) == ["link:thread", "link:issue", "ack"]


def test_the_address_of_the_thread_survives_the_longest_texts() -> None:
    card = replace(FROZEN, title="&" * 200, why="<" * 1_000, facts=">" * 300, options=("&" * 300,) * 40)
    text = rendered(card)["text"]

    assert len(text) <= 4_000
    assert text.endswith(f"\nThread: <{THREAD}>\nIssue: <{ISSUE}>")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(answer_value(KEY, 3), (KEY, 3), id="ours"),
        pytest.param(answer_value("a|b", 0), ("a|b", 0), id="a-bar-in-the-key"),
        pytest.param("k|", None, id="no-number"),
        pytest.param("k|x", None, id="no-digits"),
        pytest.param("k|\u0663", None, id="digits-of-another-script"),
        pytest.param("k|-1", None, id="negative"),
        pytest.param("|1", None, id="no-key"),
        pytest.param("1", None, id="no-bar"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_the_value_of_an_answer_is_read_back(value: str, expected: tuple[str, int] | None) -> None:
    assert answered(value) == expected


def parsed_strings(value: Any) -> Iterator[str]:
    """Every string that Slack parses."""
    if isinstance(value, list):
        for each in value:
            yield from parsed_strings(each)
    elif isinstance(value, dict):
        if value.get("type") == "mrkdwn":
            yield value["text"]
        for each in value.values():
            yield from parsed_strings(each)


def live_tokens(shown: dict[str, Any]) -> list[str]:
    found = []
    for text in (shown["text"], *parsed_strings(shown["blocks"])):
        left = re.sub(r"&(?:amp|lt|gt);", " ", OWN_TOKENS.sub(" ", text))
        found += re.findall(r"[<>&~`]|://|:[\w+'-]+:", left)
    return found


def bold(shown: dict[str, Any]) -> int:
    return sum(text.count("*") for text in (shown["text"], *parsed_strings(shown["blocks"])))


def test_hostile_cards_are_taken_and_none_of_them_does_anything() -> None:
    chance = random.Random(20_261_120)
    for _ in range(CARDS):
        card = hostile_card(chance)
        shown = rendered(card)

        assert faults_of(shown) == [], card
        assert live_tokens(shown) == [], card
        assert bold(shown) in {0, 2}, card
        urls = [each["url"] for each in buttons(card).values() if "url" in each]
        assert all(re.match(r"https://(t3|tracker)\.example\.org/", url) for url in urls), card


def test_the_search_for_live_tokens_finds_them() -> None:
    """Otherwise the test above would say nothing."""
    for text in (
        "<!here>",
        "<https://evil.example|x>",
        "https://evil.example",
        "a & b",
        ":tada:",
        "`x`",
        "~x~",
        "<@U1>",
    ):
        assert live_tokens({"text": text, "blocks": []}), text
        assert live_tokens({"text": "", "blocks": [{"type": "section", "text": mrkdwn(text)}]}), text
