"""Say who holds everything back, if anybody does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.core import wording

if TYPE_CHECKING:
    from afk.core.config import Config
    from afk.core.records import Switches


def held_by(config: Config, switches: Switches) -> str:
    """Either kill switch is enough; empty if both are off."""
    if config.kill_switch:
        return wording.DEPLOYMENT_SWITCH
    if switches.killed is not None:
        return wording.runtime_switch(switches.killed.actor, switches.killed.detail)
    return ""
