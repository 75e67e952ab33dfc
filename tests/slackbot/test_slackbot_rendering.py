"""Whatever stands in the ledger: every message passes Slack's checks, and strangers' words do nothing in it."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from afk.core import slack_digest
from afk.core import slack_words as words
from afk.core.digest import digest
from afk.core.dispatch_policy import Code
from afk.core.doorbell import Card
from afk.core.model import IssueRef
from afk.core.records import Armed, Entry, TickRecord, Verdicted, Via
from afk.core.run import Outcome, Reason, Run
from afk.operations import Status
from afk.sandbox.slack import faults_of
from slackbot import confirmation, facts, home
from slackbot.access import Caller
from tests.core.hostile_cards import WORDS, hostile_card
from tests.core.hostile_cards import words as some_words

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
OURS = re.compile(r"<@[UW][A-Z0-9]{7,20}>|<!date\^\d+\^\{date_short_pretty\} \{time\}\|\d{4}-\d\d-\d\d \d\d:\d\d UTC>")
CODE = re.compile(r"`/afk [^`<>]*`|`now`")
CHARACTERS = 13_200
WORDY = 10_000 if os.environ.get("AFK_SOAK") else 1_500


def a_run(title: str, ref: IssueRef, outcome: Outcome | None = None) -> Run:
    ended = {"outcome": outcome, "outcome_at": NOW, "finished_at": NOW} if outcome else {"reason": Reason.WORKING}
    return Run(id="r", ref=ref, attempt=1, issue_key="k", title=title, url="", claimed_at=NOW, **ended)  # type: ignore[arg-type]


def a_status(chance: Random, many: int) -> Status:
    names = tuple(f"repo-{number}" for number in range(many))
    armed = tuple(
        Armed(name, some_words(chance, 3), NOW, NOW if chance.random() < 0.5 else None, some_words(chance, 9))
        for name in names[: many // 2 + 1]
    )
    refs = [IssueRef(name, 10**8) for name in names]
    return Status(
        at=NOW,
        off=some_words(chance, 4) if chance.random() < 0.3 else "",
        armed=armed if names else (),
        enrolled=names,
        live=tuple(a_run(some_words(chance, 9), ref) for ref in refs),
        decisions=tuple(Verdicted(ref, chance.choice(list(Code)).value, some_words(chance, 9), NOW) for ref in refs),
        ticks={name: TickRecord(name, NOW, some_words(chance, 9)) for name in ("poll", "watch")},
    )


def texts(part: Any, kind: str = "") -> list[str]:
    """Everything that Slack reads as mrkdwn."""
    if isinstance(part, list):
        return [text for each in part for text in texts(each, kind)]
    if not isinstance(part, dict):
        return []
    own = [part["text"]] if part.get("type") == "mrkdwn" or ("blocks" in part and "text" in part) else []
    return own + [text for held in part.values() for text in texts(held)]


def alive(message: dict[str, Any]) -> list[str]:
    """Mentions, links and formatting that are not ours."""
    left = [CODE.sub("", OURS.sub("", text)) for text in [*texts(message), message.get("text", "")]]
    return [text for text in left if re.search(r"[<>`~]|://|@here\b>|:\w+:", text) or text.count("*") % 2]


def length(part: Any) -> int:
    if isinstance(part, list):
        return sum(map(length, part))
    if not isinstance(part, dict):
        return 0
    return sum(len(held) if name == "text" and isinstance(held, str) else length(held) for name, held in part.items())


def checked(message: dict[str, Any]) -> None:
    shown = {name: held for name, held in message.items() if name != "response_type"}
    assert faults_of(shown) == []
    assert alive(shown) == []
    assert length(shown.get("blocks", [])) <= CHARACTERS
    assert shown.get("type") == "home" or shown["text"].strip()


@pytest.mark.parametrize("many", [0, 1, 3, 200], ids=["nothing", "one", "some", "hundreds"])
def test_status_and_home_pass_the_block_check(many: int) -> None:
    chance = Random(many)
    for _ in range(60 if many < 100 else 6):
        status = a_status(chance, many)
        checked(facts.status(status))
        found = home.Facts(
            status,
            tuple(hostile_card(chance) for _ in range(many)),
            tuple(a_run(some_words(chance, 9), IssueRef("infra", 1), Outcome.FROZEN) for _ in range(min(many, 10))),
        )
        checked(home.view(found, words.shown(some_words(chance, 9)), may_act=chance.random() < 0.5))
        checked(facts.history(status.live, NOW))
        for decision in status.decisions[:5]:
            checked(facts.why(decision))


def test_hostile_words_do_nothing() -> None:
    chance = Random(7)
    for _ in range(WORDY):
        hostile = some_words(chance, 6)
        run = replace(a_run(hostile, IssueRef("infra", 1), Outcome.FROZEN), commit=hostile)
        entry = Entry(NOW, hostile, Via.CLI, chance.choice(["arm", "disarm", "kill", "stop", "say"]), hostile, hostile)
        for text in (
            words.shown(hostile),
            words.announcement(entry, {hostile: Armed(hostile, hostile, NOW, NOW)}),
            words.arm_question(hostile, hostile, hostile),
            words.not_allowed(hostile, hostile),
            slack_digest.receipt(run),
            slack_digest.day(digest([run], NOW)),
        ):
            assert alive({"text": text}) == [], hostile
            assert len(text) <= 4_000


@pytest.mark.parametrize("word", WORDS)
def test_question_with_anything_in_it_passes(word: str) -> None:
    text = f"arm infra because {word}"[:1_800]
    caller = Caller("T1", "U00000001")
    message = confirmation.question(words.arm_question("infra", "", word), caller, text, "cmd:1.2.3", NOW, danger=False)
    checked(message)
    value = message["blocks"][1]["elements"][0]["value"]

    assert confirmation.Asked.read(value) == confirmation.Asked(
        "cmd:1.2.3", "U00000001", NOW + timedelta(minutes=2), text
    )


@pytest.mark.parametrize("value", ["", "a", "a|b", "a|b|c|d", "|b|1|d", "a||1|d", "a|b|\u0661|d"])
def test_value_that_is_not_ours_asks_nothing(value: str) -> None:
    assert confirmation.Asked.read(value) is None


def test_plain_text_alone_tells_the_whole_status() -> None:
    status = Status(
        NOW, "", (Armed("infra", "U00000001", NOW, None, "release"),), ("infra", "web"),
        (a_run("Rotate the logs", IssueRef("infra", 42)),),
        (Verdicted(IssueRef("infra", 43), Code.BUSY.value, "infra#42", NOW),),
        {"poll": TickRecord("poll", NOW, "1 done")},
    )  # fmt: skip
    stamp = "<!date^1795176000^{date_short_pretty} {time}|2026-11-20 12:00 UTC>"

    assert facts.status(status)["text"] == (
        "AFK is on: 1 of 2 repositories armed, 1 running.\n"
        "• infra: armed by <@U00000001>, because release\n"
        "• web: not armed\n"
        "Running:\n"
        f"• infra#42 attempt 1: working · 0 s · since {stamp} · Rotate the logs\n"
        "Waiting:\n"
        "• infra#43: The repository is busy with infra#42. Hint: /afk status\n"
        "Last poll: 0 s ago, 1 done"
    )


def test_bell_that_waits_is_one_line() -> None:
    card = Card("k", hostile_card(Random(1)).kind, "🧊", "Frozen", "infra#42", "Rotate", "why", "facts")

    assert home._bell_line(card) == "• 🧊 Frozen: infra#42 · Rotate"
