"""Play the whole loop on this machine: `afk up`'s own parts, among simulated neighbours."""

from afk.demo.play import play

__all__ = ["play"]
