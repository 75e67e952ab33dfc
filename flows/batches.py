"""Ask about many subjects at once, and again only about those that could not be asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from afk.ports import PortError, Uncertain, Unreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def may_pass(error: object) -> bool:
    """Nobody answered, or the answer was lost. A refusal stays one; a rate limit says itself when to come back."""
    return isinstance(error, Unreachable | Uncertain) and getattr(error, "until", None) is None


@dataclass(slots=True)
class Batch:
    """One port call, however often it is tried. Subjects that were answered are not asked about again."""

    ask: Callable[[list[Any]], Mapping[Any, Any]]
    subjects: Sequence[Any]
    key_of: Callable[[Any], Any]
    answers: dict[Any, Any] = field(default_factory=dict)

    def once(self) -> Mapping[Any, Any]:
        """Raises what may pass, so that the call counts as failed and is tried again."""
        left = [each for each in self.subjects if self._is_open(each)]
        self.answers |= self.ask(left)
        for each in left:
            answer = self.answers.get(self.key_of(each))
            if isinstance(answer, PortError) and may_pass(answer):
                raise answer
        return self.answers

    def _is_open(self, subject: Any) -> bool:
        key = self.key_of(subject)
        return key not in self.answers or may_pass(self.answers[key])
