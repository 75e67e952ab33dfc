"""Simulate a T3 Code server: commands, read models, sockets, and the agents behind them."""

from afk.sandbox.t3.quirks import AnswerKey, Quirks
from afk.sandbox.t3.server import T3Server
from afk.sandbox.t3.story import Impossible

__all__ = ["AnswerKey", "Impossible", "Quirks", "T3Server"]
