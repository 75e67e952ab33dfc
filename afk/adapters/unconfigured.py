"""Stand where a system is not configured, and say so when it is asked."""

from __future__ import annotations

from typing import Any, NoReturn

from afk.ports import Refused


class Unconfigured:
    """Serves as any port. A tick that asks nobody never notices."""

    def __init__(self, system: str, variables: str) -> None:
        self._refusal = f"{system} is not configured. Set {variables}"

    def __getattr__(self, operation: str) -> Any:
        def refuse(*_subjects: Any, **_parts: Any) -> NoReturn:
            raise Refused(f"{operation}: {self._refusal}")

        return refuse
