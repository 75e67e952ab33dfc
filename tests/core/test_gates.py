"""Who holds everything back."""

from __future__ import annotations

import pytest

from afk.core.config import Config
from afk.core.gates import held_by, off_line
from afk.core.records import Entry, Switches, TickRecord, Via
from tests.runs import NOON, after

FREE = Switches()
KILLED = Switches(killed=Entry(NOON, "ada\n", Via.SLACK, "kill", detail="release week"))
KILLED_SILENTLY = Switches(killed=Entry(NOON, "ada", Via.CLI, "kill"))


@pytest.mark.parametrize(
    ("deployment", "switches", "held"),
    [
        pytest.param(False, FREE, "", id="both off"),
        pytest.param(True, FREE, "AFK_KILL_SWITCH is on", id="deployment"),
        pytest.param(False, KILLED, "killed by ada, because release week", id="runtime"),
        pytest.param(False, KILLED_SILENTLY, "killed by ada", id="runtime without a reason"),
        pytest.param(True, KILLED, "AFK_KILL_SWITCH is on", id="both"),
    ],
)
def test_either_switch_is_enough(*, deployment: bool, switches: Switches, held: str) -> None:
    assert held_by(Config(kill_switch=deployment), switches) == held


def test_defect_36_ships_with_the_switch_on_and_nothing_enrolled() -> None:
    assert held_by(Config(), FREE) == "AFK_KILL_SWITCH is on"
    assert not Config().repos


DEPLOYMENT = "AFK_KILL_SWITCH is on"
ALONE = (
    "AFK_KILL_SWITCH is on here, but not where the flows run: 20 s ago they polled and were not held. "
    "Hint: export AFK_KILL_SWITCH=off, or see `afk doctor`"
)
UNREADABLE = "AFK counts as switched off, since its settings cannot be read. AFK_T3_URL is missing."


@pytest.mark.parametrize(
    ("here", "last_poll", "line"),
    [
        pytest.param("", None, "", id="on"),
        pytest.param("", "1 done", "", id="on everywhere"),
        pytest.param(DEPLOYMENT, None, "AFK is off: AFK_KILL_SWITCH is on.", id="off before any poll"),
        pytest.param(
            DEPLOYMENT, "off: AFK_KILL_SWITCH is on", "AFK is off: AFK_KILL_SWITCH is on.", id="off everywhere"
        ),
        pytest.param(DEPLOYMENT, "1 done", ALONE, id="off in this terminal alone"),
        pytest.param("killed by ada", "1 done", "AFK is off: killed by ada.", id="killed since the last poll"),
        pytest.param("", "off: killed by ada", "", id="resumed since the last poll"),
        pytest.param("", f"off: {DEPLOYMENT}", f"AFK is off where the flows run: {DEPLOYMENT}.", id="on here alone"),
        pytest.param("", f"off: {UNREADABLE}", f"AFK is off where the flows run: {UNREADABLE}", id="unreadable there"),
    ],
)
def test_switch_is_told_as_it_is_here_and_where_the_flows_run(here: str, last_poll: str | None, line: str) -> None:
    """Each process reads its own environment."""
    poll = TickRecord("poll", NOON, last_poll) if last_poll is not None else None

    assert off_line(here, poll, after(seconds=20)) == line
