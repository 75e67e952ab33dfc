"""Forgejo (or Gitea) as a tracker, and as the stage that says what was reported about its commits."""

from afk.adapters.forgejo.checks import ForgejoChecks
from afk.adapters.forgejo.client import Client
from afk.adapters.forgejo.tracker import ForgejoTracker

__all__ = ["Client", "ForgejoChecks", "ForgejoTracker"]
