"""Say which fields of which operations go wrong, and how often."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class GraphqlFault:
    """One error in a 200, for the next `times` operations (None: until cleared).

    With a `path` (response names joined by dots, list positions left out: `r1.issues`), that subtree becomes null and
    the rest stays. Without one there is no data at all. `operation` is searched in the operation's name.
    """

    path: str = ""
    operation: str = ""
    kind: str | None = "INTERNAL"  # None: GitHub's own breakdowns carry no type
    message: str = "Something went wrong while executing your query."
    times: int | None = 1


@dataclass(slots=True)
class GraphqlFaults:
    _script: list[tuple[GraphqlFault, int | None]] = field(default_factory=list)

    def add(self, fault: GraphqlFault) -> None:
        self._script.append((fault, fault.times))

    def clear(self) -> None:
        self._script.clear()

    def take(self, operation: str) -> list[GraphqlFault]:
        """Every fault that matches this operation; each is used up by it."""
        taken, kept = [], []
        for fault, left in self._script:
            if re.search(fault.operation, operation) is None:
                kept.append((fault, left))
                continue
            taken.append(fault)
            if left is None or left > 1:
                kept.append((fault, None if left is None else left - 1))
        self._script = kept
        return taken
