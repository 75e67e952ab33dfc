"""Show the simulated T3 Code to people: its conversations, to look at and not to act on."""

from __future__ import annotations

from afk.sandbox.t3.pages.server import T3Pages

__all__ = ["T3Pages"]
