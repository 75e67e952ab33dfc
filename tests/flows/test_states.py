"""The names under which flow runs end."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from afk.report import Line, Report
from flows.states import Name, run_name, state_of
from tests.flows.conftest import ROOT
from tests.runs import NOON

STARTED = Line("infra#42", "started", "infra-42-1 https://t3.example/env/t")
BLOCKED = Line("infra#43", "blocked", "It is blocked by acme/infra#7.")
TROUBLE = Line("web", "could-not-ask", "tracker: 403")
ENDED = Line("infra#42", "done", "CI is green.")
UNTIL = NOON + timedelta(minutes=5)

ROWS: list[tuple[str, dict[str, Any], int, tuple[str, str, str]]] = [
    ("off", {"off": "AFK_KILL_SWITCH is on"}, 0, ("poll", "Off", "COMPLETED")),
    ("quiet", {"quiet": "no enrolled repository is armed"}, 0, ("poll", "Quiet", "COMPLETED")),
    ("nothing to do", {}, 0, ("poll", "Quiet", "COMPLETED")),
    ("waiting", {"waiting": [BLOCKED]}, 0, ("poll · 1 waiting", "Waiting", "COMPLETED")),
    ("started", {"done": [STARTED], "waiting": [BLOCKED]}, 1, ("poll · 1 started", "Moved", "COMPLETED")),
    ("trouble", {"done": [STARTED], "troubles": [TROUBLE]}, 1, ("poll · 1 started", "Partly failed", "FAILED")),
    ("held", {"troubles": [TROUBLE], "held_until": UNTIL}, 0, ("poll", "Held: rate limit", "COMPLETED")),
    ("watching", {"tick": "watch", "waiting": [BLOCKED]}, 3, ("watch · 3 in flight", "Waiting", "COMPLETED")),
    ("ended", {"tick": "watch", "done": [ENDED]}, 0, ("watch · 1 ended", "Moved", "COMPLETED")),
]


@pytest.mark.parametrize(("fields", "in_flight", "told"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_run_is_named_after_what_came_of_it(fields: dict[str, Any], in_flight: int, told: tuple[str, str, str]) -> None:
    report = Report(**{"tick": "poll", "at": NOON, **fields})

    state = state_of(report)

    assert (run_name(report, in_flight), state.name, state.type.value) == told


def test_message_names_troubles_first_and_says_how_many_more_there_are() -> None:
    troubles = [Line(f"r{number}", "could-not-ask", "no") for number in range(7)]

    message = state_of(Report("poll", NOON, done=[STARTED], troubles=troubles)).message

    assert message is not None
    assert message.startswith("r0 could-not-ask: no; r1 ")
    assert message.endswith(" … and 3 more")


def test_every_state_is_explained_to_those_who_read_the_list() -> None:
    named = re.findall(
        r"^\| `([^`]+)` \| (?:green|red|grey) \|", (ROOT / "docs/operating.md").read_text(), re.MULTILINE
    )

    assert sorted(named) == sorted(name.value for name in Name)
