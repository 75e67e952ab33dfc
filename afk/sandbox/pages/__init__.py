"""Show simulated systems to people: plain HTML, to look at and not to act on."""

from __future__ import annotations

from afk.sandbox.pages.server import Pages, View

__all__ = ["Pages", "View"]
