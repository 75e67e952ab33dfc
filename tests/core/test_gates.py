"""Who holds everything back."""

from __future__ import annotations

import pytest

from afk.core.config import Config
from afk.core.gates import held_by
from afk.core.records import Entry, Switches, Via
from tests.runs import NOON

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
