"""Serve Woodpecker: repositories, pipelines with their workflows, and step logs over `/api`."""

from afk.sandbox.woodpecker.server import ROUTES, WoodpeckerServer

__all__ = ["ROUTES", "WoodpeckerServer"]
