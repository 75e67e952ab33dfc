"""Simulate a presence service: who holds what, until they let go or fall silent."""

from afk.sandbox.presence.server import PresenceServer

__all__ = ["PresenceServer"]
