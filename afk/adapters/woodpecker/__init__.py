"""Woodpecker as the stage that says how the pipelines of commits ended."""

from afk.adapters.woodpecker.stage import WoodpeckerStage

__all__ = ["WoodpeckerStage"]
