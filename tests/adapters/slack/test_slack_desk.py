"""What the bot owes people gets where it belongs, and every answer of Slack is read for what it means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from afk.adapters.slack import Pace, SlackDesk
from afk.core.records import Notice, Place
from afk.ports import Refused, Uncertain, Unreachable
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.slack import SlackServer
from afk.systems import Slack

if TYPE_CHECKING:
    from collections.abc import Iterator

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    def now(self) -> datetime:
        return NOON

    def new_id(self) -> str:
        return "1"


class Office:
    def __init__(self, server: SlackServer) -> None:
        self.server = server
        self.room = server.create_channel("ops")
        self.ada = server.add_user("ada")
        server.workspace.channels[self.room].members.add(self.ada)
        self.question = server.other_bot_posts(self.room, "a doorbell")
        self.token = server.bot_token()

    @property
    def desk(self) -> SlackDesk:
        return SlackDesk(
            Slack(f"{self.server.url}/api/", SecretStr(self.token), self.room, frozenset()), Clock(), Pace()
        )

    def notice(self, place: Place, target: str = "") -> Notice:
        return Notice("k", NOON, place, target or f"{self.room}:{self.question}", "the words", self.ada)

    def url(self, origin: str = "") -> str:
        name = self.server.world.short_lived.url(self.ada, self.room, origin)
        return f"{self.server.url}/respond/{name}"


@pytest.fixture
def office() -> Iterator[Office]:
    with SlackServer(pacing=None) as server:
        yield Office(server)


def test_announcement_carries_its_key_for_the_channel_to_find(office: Office) -> None:
    office.desk.post(office.notice(Place.CHANNEL))

    message = office.server.messages(office.room)[-1]
    assert (message["text"], "thread_ts" in message) == ("the words", False)
    assert message["metadata"] == {"event_type": "afk_doorbell", "event_payload": {"key": "k"}}


def test_reply_is_in_its_thread(office: Office) -> None:
    office.desk.post(office.notice(Place.THREAD))

    assert [each["text"] for each in office.server.thread(office.question)] == ["a doorbell", "the words"]


def test_word_to_one_person_is_seen_by_nobody_else(office: Office) -> None:
    office.desk.post(office.notice(Place.PERSON))

    assert [each["text"] for each in office.server.ephemerals(office.ada)] == ["the words"]
    assert len(office.server.messages(office.room)) == 1


def test_answer_comes_beside_and_replacement_instead(office: Office) -> None:
    asked = office.server.workspace.show_privately(
        office.ada, office.room, {"type": "message", "text": "Sure?"}
    ).message
    office.desk.post(office.notice(Place.ANSWER, office.url()))
    office.desk.post(office.notice(Place.INSTEAD, office.url(asked["ts"])))

    assert [each["text"] for each in office.server.ephemerals(office.ada)] == ["the words", "the words"]


def test_page_is_shown_to_its_person(office: Office) -> None:
    view: dict[str, Any] = {"type": "home", "blocks": [{"type": "divider"}]}
    office.desk.show_home(office.ada, view)
    assert office.server.workspace.homes[office.ada].view["blocks"][0]["type"] == "divider"

    with pytest.raises(Refused, match=r"views\.publish .*invalid_arguments"):
        office.desk.show_home(office.ada, {"type": "home", "blocks": [{"type": "nonsense"}]})


@pytest.mark.parametrize(
    ("trouble", "meaning"),
    [
        pytest.param(Trouble.STATUS_AFTER, Uncertain, id="broken-after-the-post"),
        pytest.param(Trouble.DROP_AFTER, Uncertain, id="answer-lost"),
    ],
)
@pytest.mark.parametrize("place", [Place.CHANNEL, Place.THREAD, Place.PERSON, Place.ANSWER])
def test_lost_answer_is_uncertain(office: Office, place: Place, trouble: Trouble, meaning: type[Exception]) -> None:
    target = office.url() if place is Place.ANSWER else ""
    path = "/respond/" if place is Place.ANSWER else "/api/chat"
    office.server.faults.add(Fault(trouble, path))

    with pytest.raises(meaning):
        office.desk.post(office.notice(place, target))


def test_too_fast_says_until_when(office: Office) -> None:
    office.server.faults.add(Fault(Trouble.STATUS, "/api/chat", status=429, headers={"Retry-After": "7"}))

    with pytest.raises(Unreachable) as slow:
        office.desk.post(office.notice(Place.CHANNEL))
    assert slow.value.until == NOON + timedelta(seconds=7)


def test_nobody_there_is_unreachable() -> None:
    desk = SlackDesk(Slack("http://127.0.0.1:9/api/", SecretStr("xoxb-1"), "C1", frozenset()), Clock(), Pace())

    with pytest.raises(Unreachable):
        desk.post(Notice("k", NOON, Place.CHANNEL, "", "x"))


@pytest.mark.parametrize("target", ["", "ftp://x", "https-nonsense"], ids=["none", "odd", "no-address"])
def test_answer_without_an_address_is_refused(office: Office, target: str) -> None:
    with pytest.raises(Refused, match="there is no address to answer to"):
        office.desk.post(replace(office.notice(Place.ANSWER), target=target))


def test_used_up_address_is_refused(office: Office) -> None:
    url = office.url()
    for _ in range(5):
        office.desk.post(office.notice(Place.ANSWER, url))

    with pytest.raises(Refused, match="response_url"):
        office.desk.post(office.notice(Place.ANSWER, url))


def test_revoked_token_says_what_to_do(office: Office) -> None:
    office.server.revoke(office.token)

    with pytest.raises(Refused, match="set SLACK_BOT_TOKEN"):
        office.desk.post(office.notice(Place.CHANNEL))
