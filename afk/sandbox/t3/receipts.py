"""Remember what became of each command id, so that the same command has one effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Refusal(Exception):
    """The decider will not do it; the command id stays refused for ever."""

    def __init__(self, message: str, command_type: str = "") -> None:
        super().__init__(message)
        self.command_type = command_type


@dataclass(frozen=True, slots=True)
class Receipt:
    command_type: str
    aggregate: str
    result: Any
    refusal: str | None


class Receipts:
    def __init__(self) -> None:
        self._by_id: dict[str, Receipt] = {}

    def forget(self) -> None:
        self._by_id.clear()

    def once(
        self, command: dict[str, Any], aggregate: str, act: Callable[[], Any], *, detects_conflicts: bool
    ) -> tuple[Any, bool]:
        """Give the result, and whether it is a repeat's."""
        command_id, kind = command["commandId"], command["type"]
        known = self._by_id.get(command_id)
        if known is not None:
            if known.refusal is not None:
                raise Refusal(f"Command '{command_id}' was previously rejected: {known.refusal}", kind)
            if detects_conflicts and (known.command_type, known.aggregate) != (kind, aggregate):
                raise Refusal(f"Command id '{command_id}' was already used for {known.command_type}", kind)
            return known.result, True
        try:
            result = act()
        except Refusal as refusal:
            self._by_id[command_id] = Receipt(kind, aggregate, None, str(refusal))
            raise
        self._by_id[command_id] = Receipt(kind, aggregate, result, None)
        return result, False
