"""Kill the bot with signal 9 between any two steps: what was to be said is said once, and what was asked is done once.

`make soak` kills it at every point; the suite at those where most can go wrong.
"""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from afk.core.records import Doorbell, DoorbellKind, Entry, Verb, Via
from afk.sandbox.slack import SlackServer
from tests.runs import a_run
from tests.slackbot.conftest import free_port
from tests.slackbot.place import Death, Place, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FULL = bool(os.environ.get("AFK_SOAK"))
BELLS, DESK = "afk.adapters.ledger.doorbells", "afk.adapters.slack.desk"
CHANNEL, NOTICES = "afk.adapters.slack.channel", "afk.adapters.ledger.notices"
DEATHS = {
    "bell-before-the-claim": Death(BELLS, "DoorbellRecords", "deliver", 1, "before"),
    "bell-claimed-not-sent": Death(BELLS, "DoorbellRecords", "deliver", 1, "after"),
    "bell-sent-not-marked": Death(CHANNEL, "SlackChannel", "ring", 1, "after"),
    "bell-before-the-mark": Death(BELLS, "DoorbellRecords", "deliver", 2, "before"),
    "bell-marked": Death(BELLS, "DoorbellRecords", "deliver", 2, "after"),
    "notice-before-the-claim": Death(NOTICES, "NoticeRecords", "noticed", 1, "before"),
    "notice-claimed-not-sent": Death(NOTICES, "NoticeRecords", "noticed", 1, "after"),
    "notice-sent-not-marked": Death(DESK, "SlackDesk", "post", 1, "after"),
    "notice-before-the-mark": Death(NOTICES, "NoticeRecords", "noticed", 2, "before"),
    "notice-marked": Death(NOTICES, "NoticeRecords", "noticed", 2, "after"),
}
ALWAYS = ("bell-claimed-not-sent", "bell-sent-not-marked", "notice-sent-not-marked")
PATIENCE = 120


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with SlackServer(pacing=None, retry_factor=0.05) as slack:
        yield Place(slack, tmp_path)


def now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251


def dies_by_itself(place: Place, death: Death) -> None:
    with place.bot(dies=death) as process:
        assert process.wait(PATIENCE) == -signal.SIGKILL


@pytest.mark.parametrize("name", DEATHS if FULL else ALWAYS)
def test_killed_bot_says_everything_once(place: Place, name: str) -> None:
    """A doorbell and an announcement wait when it starts; the next bot finds what this one left."""
    with place.ledger() as ledger:
        ledger.arm("infra", None, Entry(now(), "ada", Via.CLI, "arm", "infra"))
    place.rings("a")
    dies_by_itself(place, DEATHS[name])
    with place.bot():
        until(lambda: {"text of a", "ada armed infra."} <= set(place.heard()), PATIENCE)
        place.rings("b")
        until(lambda: "text of b" in place.heard(), PATIENCE)

    assert sorted(place.heard()) == ["ada armed infra.", "text of a", "text of b"]


def test_two_bots_at_once_ring_once_and_in_order(place: Place) -> None:
    keys = [f"bell-{number}" for number in range(6)]
    with place.bot() as one, place.bot(health=free_port()) as other:
        place.healthy()
        for key in keys:
            place.rings(key)
        until(lambda: len(place.heard()) >= len(keys), PATIENCE)
        assert (one.poll(), other.poll()) == (None, None)

    assert place.heard() == [f"text of {key}" for key in keys]


@pytest.mark.parametrize("moment", ["before", "after"] if FULL else ["after"])
def test_reply_whose_bot_was_killed_reaches_the_agent_once(place: Place, moment: str) -> None:
    """The words are written and nobody acknowledged: Slack says them again, to the next bot."""
    run = a_run(claimed_at=now())
    with place.ledger() as ledger:
        ledger.claim(run, Entry(now(), "ada", Via.AFK, "start"), {})
        ledger.ring(Doorbell("bell", DoorbellKind.QUESTION, now(), run.ref, run.id, text="Which region?"))
    with place.bot(dies=Death("afk.adapters.ledger.wishes", "WishRecords", "command", 1, moment)) as process:
        place.healthy()
        bell = until(lambda: place.slack.messages(place.room))[0]
        with place.ledger() as ledger:
            until(lambda: ledger.doorbell_at("slack", f"{place.room}:{bell['ts']}"))
        place.slack.human.replies(place.ada, bell["ts"], "use eu")
        assert process.wait(PATIENCE) == -signal.SIGKILL
    with place.bot(), place.ledger() as ledger:
        until(lambda: len(place.slack.thread(bell["ts"])) == 3, PATIENCE)
        said = [wish.text for wish in ledger.pending(Verb.SAY)]

    assert said == ["use eu"]
    assert place.slack.thread(bell["ts"])[2]["text"] == "Passed on to the agent of infra#42 with the next tick."
