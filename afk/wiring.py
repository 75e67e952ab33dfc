"""Turn settings into adapters: the only place that names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.adapters.clock import SystemClock
from afk.adapters.ledger import open_ledger
from afk.adapters.memory import World

if TYPE_CHECKING:
    from afk.ports import Clock, Ledger


def ledger(url: str) -> Ledger:
    return open_ledger(url)


def clock() -> Clock:
    return SystemClock()


def world() -> World:
    """Every foreign system in memory, for the demo."""
    return World()
