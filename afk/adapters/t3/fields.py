"""Read fields of foreign JSON: what is not of the expected kind is an error, what is absent is None."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from afk.ports import Unexpected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Row = dict[str, Any]


def record(value: object, what: str) -> Row:
    if not isinstance(value, dict):
        raise Unexpected(f"t3: {what} is {type(value).__name__}, not an object")
    return value


def part(row: Mapping[str, Any], key: str) -> Row | None:
    value = row.get(key)
    return None if value is None else record(value, key)


def rows(row: Mapping[str, Any], key: str) -> list[Row]:
    """A list that has to be there."""
    value = row.get(key)
    if not isinstance(value, list):
        raise Unexpected(f"t3: {key} is {type(value).__name__}, not a list")
    return [record(each, f"a member of {key}") for each in value]


def some(row: Mapping[str, Any], key: str) -> list[Row]:
    """A list that builds may leave out."""
    return rows(row, key) if row.get(key) is not None else []


def text(row: Mapping[str, Any], key: str) -> str | None:
    value = row.get(key)
    return value if isinstance(value, str) and value else None


def number(row: Mapping[str, Any], key: str) -> int | None:
    value = row.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def moment(row: Mapping[str, Any], key: str) -> datetime | None:
    value = text(row, key)
    try:
        at = datetime.fromisoformat(value) if value else None
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def sequence_of(answer: Mapping[str, Any], key: str) -> int:
    value = number(answer, key)
    if value is None:
        raise Unexpected(f"t3: {key} is missing or no number")
    return value


def digest(parts: Iterable[object]) -> str:
    """Short, and different when any of the parts is."""
    return hashlib.sha256(repr(list(parts)).encode("utf-8", "backslashreplace")).hexdigest()[:16]
