"""Slack is away for an hour, in seconds: every doorbell of that hour rings afterwards, in order, once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from afk.adapters.slack import SlackChannel
from afk.core.records import Doorbell, DoorbellKind
from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.slack import SlackServer
from afk.systems import Slack
from tests.slackbot.conftest import unhurried

if TYPE_CHECKING:
    from tests.house import House

BELLS = 12


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(Trouble.DROP_BEFORE, "/api/", times=None), id="nobody-answers"),
        pytest.param(Fault(Trouble.STATUS, "/api/", times=None, status=503), id="unavailable"),
        pytest.param(Fault(Trouble.DROP_AFTER, "/api/chat.postMessage", times=None), id="answers-are-lost"),
    ],
)
def test_doorbells_of_an_hour_without_slack_ring_in_order_and_once(house: House, fault: Fault) -> None:
    with SlackServer(pacing=None) as slack:
        room = slack.create_channel("ops")
        settings = Slack(f"{slack.url}/api/", SecretStr(slack.bot_token()), room, frozenset())
        channel = SlackChannel(settings, house.world, hosts=set(), pace=unhurried())
        house.ports = replace(house.ports, channels=(channel,))
        slack.faults.add(fault)
        for number in range(BELLS):
            bell = Doorbell(f"bell-{number}", DoorbellKind.ALARM, house.world.now(), text=f"text of {number}")
            house.ledger.ring(bell)
            for _ in range(10):
                house.world.passes(seconds=30)
                house.deliver()
        slack.faults.clear()
        for _ in range(60):
            house.world.passes(seconds=30)
            house.deliver()

        told = [each["text"].splitlines()[-1] for each in slack.messages(room)]
    assert told == [f"text of {number}" for number in range(BELLS)]
