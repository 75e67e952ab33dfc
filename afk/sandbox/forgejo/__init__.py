"""Serve Forgejo (or Gitea): issues, labels, commits, statuses and Actions runs over `/api/v1`."""

from afk.sandbox.forgejo.server import ROUTES, ForgejoServer

__all__ = ["ROUTES", "ForgejoServer"]
