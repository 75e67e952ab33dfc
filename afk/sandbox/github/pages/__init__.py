"""Show the simulated GitHub to people: plain HTML of issues, commits and CI runs, to look at and not to act on."""

from __future__ import annotations

from afk.sandbox.github.pages.server import GithubPages

__all__ = ["GithubPages"]
