"""Every port in a dictionary: the world that tests and local development live in."""

from afk.adapters.memory.world import World

__all__ = ["World"]
