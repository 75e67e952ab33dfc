"""Serve ntfy: publish to topics and read them back."""

from afk.sandbox.ntfy.server import ROUTES, NtfyServer

__all__ = ["ROUTES", "NtfyServer"]
