"""Hold what opens the outside for a flow run: the settings, or what a test has arranged."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar

from afk.opening import Outside, opened

Opening = Callable[[str], AbstractContextManager[Outside]]

# A context variable, since Prefect would try to store whatever is passed to a flow or a task as an argument.
OPENING: ContextVar[Opening] = ContextVar("opening", default=opened)
