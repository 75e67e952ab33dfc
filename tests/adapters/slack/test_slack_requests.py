"""What the channel says to Slack, request by request."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from afk.core.slack_blocks import message
from afk.ports import Gone, Unexpected
from tests.adapters.slack.conftest import CARD, DAWN

if TYPE_CHECKING:
    from tests.adapters.slack.conftest import Desk

HOSTS = {"t3.example.org"}


def sent(desk: Desk) -> tuple[str, dict[str, object]]:
    """The last request."""
    exchange = desk.server.exchanges[-1]
    assert exchange.headers["Authorization"] == f"Bearer {desk.token}"
    assert "token" not in exchange.query
    return exchange.line, json.loads(exchange.body)


def test_a_ring_is_one_post_of_text_blocks_and_key(desk: Desk) -> None:
    reference = desk.channel().ring("bell", CARD)
    line, body = sent(desk)

    assert line == "POST /api/chat.postMessage"
    assert body == {
        "channel": desk.room,
        "unfurl_links": False,
        "unfurl_media": False,
        **message("bell", CARD, HOSTS),
        "metadata": {"event_type": "afk_doorbell", "event_payload": {"key": "bell"}},
    }
    assert reference == f"{desk.room}:{desk.messages()[0]['ts']}"
    assert desk.server.advice == []


def test_an_update_sends_all_of_the_message_again(desk: Desk) -> None:
    channel = desk.channel()
    reference = channel.ring("bell", CARD)
    channel.update("bell", reference, replace(CARD, acknowledge=False))
    line, body = sent(desk)

    assert line == "POST /api/chat.update"
    assert body == {
        "channel": desk.room,
        "ts": reference.partition(":")[2],
        **message("bell", replace(CARD, acknowledge=False), HOSTS),
    }


def test_an_update_goes_to_the_channel_where_the_message_is(desk: Desk) -> None:
    reference = desk.channel().ring("bell", CARD)
    desk.channel(channel=desk.server.create_channel("elsewhere")).update("bell", reference, replace(CARD, why="Moved."))

    assert "Moved." in desk.messages()[0]["text"]


@pytest.mark.parametrize("reference", ["", "m1", ":1.2", "C1:"])
def test_a_reference_of_another_kind_is_a_message_that_is_not_there(desk: Desk, reference: str) -> None:
    with pytest.raises(Gone, match=r"chat\.update"):
        desk.channel().update("bell", reference, CARD)

    assert desk.calls("chat.update") == 0


def test_a_search_asks_for_metadata_from_a_little_before(desk: Desk) -> None:
    desk.channel().find("bell", DAWN)
    exchange = desk.server.exchanges[-1]

    assert exchange.line == "POST /api/conversations.history"
    assert parse_qs(exchange.body.decode()) == {
        "channel": [desk.room],
        "include_all_metadata": ["1"],
        "limit": ["200"],
        "oldest": [f"{(DAWN - timedelta(seconds=5)).timestamp():.6f}"],
    }


def test_a_message_is_found_behind_hundreds_of_others(desk: Desk) -> None:
    reference = desk.channel().ring("bell", CARD)
    for number in range(410):
        desk.server.other_bot_posts(desk.room, f"chatter {number}")

    assert desk.channel().find("bell", DAWN) == reference
    assert desk.calls("conversations.history") == 3


def test_a_search_without_end_is_given_up(desk: Desk) -> None:
    page = {"ok": True, "messages": [], "has_more": True, "response_metadata": {"next_cursor": "more"}}
    for _ in range(25):
        desk.answers("conversations.history", body=page)

    with pytest.raises(Unexpected, match="more than 5000 messages"):
        desk.channel().find("bell", DAWN)
    assert desk.calls("conversations.history") == 25


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"ok": True}, id="no-messages"),
        pytest.param({"ok": True, "messages": {}}, id="messages-of-another-kind"),
        pytest.param({"ok": True, "messages": ["x"]}, id="a-message-of-another-kind"),
        pytest.param({"ok": True, "messages": [{"text": "x"}]}, id="a-message-without-a-time"),
        pytest.param({"ok": True, "messages": [], "has_more": True}, id="more-and-no-way-to-it"),
    ],
)
def test_an_incomplete_history_is_no_answer(desk: Desk, body: object) -> None:
    desk.answers("conversations.history", body=body)

    with pytest.raises(Unexpected, match=r"conversations\.history \(bell\)"):
        desk.channel().find("bell", DAWN)


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"event_type": "other_app", "event_payload": {"key": "bell"}}, id="another-type"),
        pytest.param({"event_type": "afk_doorbell", "event_payload": {"key": "bell2"}}, id="another-key"),
        pytest.param({"event_type": "afk_doorbell", "event_payload": {}}, id="no-key"),
        pytest.param(None, id="none"),
    ],
)
def test_a_message_with_other_metadata_is_not_ours(desk: Desk, metadata: object) -> None:
    desk.answers("conversations.history", body={"ok": True, "messages": [{"ts": "1.2", "metadata": metadata}]})

    assert desk.channel().find("bell", DAWN) is None


def test_what_was_posted_before_the_attempt_is_not_looked_at(desk: Desk) -> None:
    desk.channel().ring("bell", CARD)

    assert desk.channel().find("bell", DAWN + timedelta(seconds=6)) is None
