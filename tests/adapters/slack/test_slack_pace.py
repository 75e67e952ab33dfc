"""One post a second, and not a post less than asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from afk.adapters.slack import Pace
from afk.ports import Uncertain, Unreachable
from afk.sandbox.faults import Trouble
from tests.adapters.slack.conftest import CARD, DAWN

if TYPE_CHECKING:
    from tests.adapters.slack.conftest import Desk


def test_the_first_post_waits_for_nothing(desk: Desk) -> None:
    desk.channel().ring("a", CARD)

    assert desk.pauses == []


def test_posts_keep_a_second_apart(desk: Desk) -> None:
    channel = desk.channel()
    for key in ("a", "b", "c"):
        channel.ring(key, CARD)

    assert desk.pauses == [1.0, 1.0]
    assert len(desk.messages()) == 3


def test_time_that_passed_anyway_counts(desk: Desk) -> None:
    channel = desk.channel()
    channel.ring("a", CARD)
    desk.seconds += 0.75
    channel.ring("b", CARD)
    desk.seconds += 60
    channel.ring("c", CARD)
    channel.ring("d", CARD)

    assert desk.pauses == [0.25, 1.0]


def test_doorbell_does_not_wait_for_other_words_and_they_wait_longer_for_it(desk: Desk) -> None:
    pace = Pace(lambda: desk.seconds, desk.waits)

    assert (pace.take(), pace.take()) == (True, False)
    pace.wait()
    assert desk.pauses == []
    desk.seconds += 1.5
    assert not pace.take()
    desk.seconds += 0.5
    assert pace.take()


def test_other_words_take_no_turn_that_a_doorbell_waits_for(desk: Desk) -> None:
    taken: list[bool] = []

    def waits(seconds: float) -> None:
        desk.waits(seconds + 5)
        taken.append(pace.take())

    pace = Pace(lambda: desk.seconds, waits)
    pace.wait()
    pace.wait()

    assert taken == [False]


def test_a_post_in_doubt_counts_too(desk: Desk) -> None:
    channel = desk.channel()
    desk.trouble("chat.postMessage", Trouble.DROP_AFTER)
    with pytest.raises(Uncertain):
        channel.ring("a", CARD)
    channel.ring("b", CARD)

    assert desk.pauses == [1.0]


def test_updates_and_searches_wait_for_nothing(desk: Desk) -> None:
    channel = desk.channel()
    reference = channel.ring("a", CARD)
    for _ in range(3):
        channel.update("a", reference, CARD)
        channel.find("a", DAWN)

    assert desk.pauses == []


def test_slack_as_it_paces_posts_itself_says_when_to_come_back(desk: Desk) -> None:
    channel = desk.channel()
    for number in range(5):
        channel.ring(str(number), CARD)  # Slack's clock stands still meanwhile
    with pytest.raises(Unreachable) as raised:
        channel.ring("5", CARD)

    assert raised.value.until is not None
    assert len(desk.messages()) == 5
    desk.clock.passes((raised.value.until - DAWN).total_seconds())
    channel.ring("5", CARD)
    assert len(desk.messages()) == 6
