"""Say who holds everything back, if anybody does, here and where the flows run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.core import wording

if TYPE_CHECKING:
    from datetime import datetime

    from afk.core.config import Config
    from afk.core.records import Switches, TickRecord


def held_by(config: Config, switches: Switches) -> str:
    """Either kill switch is enough; empty if both are off."""
    if config.kill_switch:
        return wording.DEPLOYMENT_SWITCH
    if switches.killed is not None:
        return wording.runtime_switch(switches.killed.actor, switches.killed.detail)
    return ""


def off_line(off: str, poll: TickRecord | None, now: datetime) -> str:
    """Whether AFK is off, here or where the flows polled last; empty if it is on. `off` is what holds it here."""
    held = poll.summary.removeprefix("off: ") if poll is not None and poll.summary.startswith("off: ") else ""
    if poll is not None and off == wording.DEPLOYMENT_SWITCH and not held:
        return wording.off_here_alone((now - poll.at).total_seconds())
    if not off and held.startswith((wording.DEPLOYMENT_SWITCH, wording.UNREADABLE)):
        return wording.off_elsewhere(held)
    return wording.off(off) if off else ""
