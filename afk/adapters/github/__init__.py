"""GitHub as a tracker, and as the stage that says what its checks found."""

from afk.adapters.github.checks import GithubChecks
from afk.adapters.github.client import Client
from afk.adapters.github.tracker import GithubTracker

__all__ = ["Client", "GithubChecks", "GithubTracker"]
