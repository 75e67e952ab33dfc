"""Read a GraphQL answer, in which one subject's error must not spoil the others."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afk.core.text import plain
from afk.ports import Gone, PortError, Refused, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Step = str | int
LIMITED = frozenset({"RATE_LIMIT", "RATE_LIMITED", "graphql_rate_limit"})
FORBIDDEN = frozenset({"FORBIDDEN", "INSUFFICIENT_SCOPES"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """One entry of `errors`. Without a path it is about everything."""

    path: tuple[Step, ...]
    kind: str
    code: str
    message: str

    @property
    def is_limit(self) -> bool:
        return self.kind in LIMITED or self.code in LIMITED or "secondary rate limit" in self.message.lower()


@dataclass(frozen=True, slots=True)
class Answer:
    operation: str
    data: Mapping[str, Any]
    troubles: tuple[Trouble, ...] = ()

    def at(self, *path: Step) -> Any:
        """What stands there; raises if there, above or below it something went wrong."""
        for trouble in self.troubles:
            if all(mine == asked for mine, asked in zip(trouble.path, path, strict=False)):
                raise self._error(trouble, below=len(trouble.path) > len(path))
        value: Any = self.data
        with understood(f"{self.operation} ({'.'.join(map(str, path))})"):
            for step in path:
                value = value[step]
        return value

    def _error(self, trouble: Trouble, *, below: bool) -> PortError:
        said = f"GitHub: {self.operation}: {plain(trouble.message, 200)}"
        if trouble.kind == "NOT_FOUND":  # something below it is missing: that says nothing about itself
            return Unexpected(said) if below else Gone(said)
        if trouble.kind in FORBIDDEN:
            return Refused(said)
        return Unreachable(said) if trouble.kind in {"", "INTERNAL"} else Unexpected(said)


def parsed(operation: str, body: Any) -> Answer:
    """The answer in the JSON of a 200. No data at all is an error of everything."""
    with understood(operation):
        troubles = tuple(
            Trouble(
                tuple(each.get("path") or ()),
                each.get("type") or "",
                str(each.get("code") or (each.get("extensions") or {}).get("code") or ""),
                str(each.get("message") or ""),
            )
            for each in body.get("errors") or ()
        )
        data = body.get("data")
    if data is None:
        found = troubles or (Trouble((), "EMPTY", "", "answered without data"),)
        return Answer(
            operation, {}, tuple(Trouble((), each.kind or "REFUSED", each.code, each.message) for each in found)
        )
    return Answer(operation, data, troubles)


@contextmanager
def understood(subject: str) -> Iterator[None]:
    """An answer of another shape than the documented one is not believed in any part."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise Unexpected(f"GitHub: {subject}: not the documented shape ({type(error).__name__}: {error})") from error
