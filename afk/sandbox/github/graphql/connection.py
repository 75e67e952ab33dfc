"""Cut a list into the page that a connection's arguments ask for."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from afk.sandbox.github.graphql.context import FieldRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

Json = dict[str, Any]


def cursor(record: Any) -> str:
    return base64.b64encode(f"cursor:v2:{record.node_id}".encode()).decode()


def connection(
    rows: Sequence[Any], arguments: Mapping[str, Any], edge: Callable[[Any], Json] | None = None, **more: Any
) -> Json:
    """`after` and `before` name a row; a row that has gone in the meantime makes the cursor invalid."""
    start, end = 0, len(rows)
    marks = [cursor(row) for row in rows]
    if arguments.get("after"):
        start = _place(marks, arguments["after"]) + 1
    if arguments.get("before"):
        end = _place(marks, arguments["before"])
    if arguments.get("first") is not None:
        end = min(end, start + arguments["first"])
    elif arguments.get("last") is not None:
        start = max(start, end - arguments["last"])
    page = rows[start:end]
    return {
        "totalCount": len(rows),
        "nodes": page,
        "edges": [{"cursor": cursor(row), "node": row, **(edge(row) if edge else {})} for row in page],
        "pageInfo": {
            "hasNextPage": end < len(rows),
            "hasPreviousPage": start > 0,
            "startCursor": cursor(page[0]) if page else None,
            "endCursor": cursor(page[-1]) if page else None,
        },
        **more,
    }


def _place(marks: list[str], wanted: str) -> int:
    if wanted not in marks:
        raise FieldRefused("INVALID_CURSOR_ARGUMENTS", f"`{wanted}` does not appear to be a valid cursor.")
    return marks.index(wanted)
