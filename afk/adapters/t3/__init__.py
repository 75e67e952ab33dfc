"""Drive coding agents through T3 Code, in either of its two protocols."""

from afk.adapters.t3.executor import T3Executor

__all__ = ["T3Executor"]
