"""Cut lists into pages and say in `Link` where the others are."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.sandbox.github.rest.call import Call

DEFAULT, MOST = 30, 100
T = TypeVar("T")


def page(call: Call, rows: Sequence[T]) -> tuple[list[T], dict[str, str]]:
    """More than 100 a page is silently 100; nonsense is the default."""
    size = per_page(call.query)
    number = max(1, _whole(call.query.get("page"), 1))
    last = max(1, -(-len(rows) // size))
    return list(rows[(number - 1) * size : number * size]), _link(call, number, last)


def per_page(query: Mapping[str, str]) -> int:
    size = _whole(query.get("per_page"), DEFAULT)
    return min(size, MOST) if size > 0 else DEFAULT


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() else default


def _link(call: Call, number: int, last: int) -> dict[str, str]:
    places = []
    if number > 1:
        places.append(("prev", min(number - 1, last)))
    if number < last:
        places += [("next", number + 1), ("last", last)]
    if number > 1:
        places.append(("first", 1))
    return link(call, [(name, {"page": str(where)}) for name, where in places])


def link(call: Call, places: Sequence[tuple[str, Mapping[str, str]]]) -> dict[str, str]:
    """GitHub writes the repository's id into these addresses, not its name."""
    base = f"{call.url}{_by_id(call)}"
    kept = {name: value for name, value in call.query.items() if name not in {"page", "before", "after"}}
    parts = [f'<{base}?{urlencode({**kept, **extra})}>; rel="{name}"' for name, extra in places]
    return {"Link": ", ".join(parts)} if parts else {}


def _by_id(call: Call) -> str:
    path = call.path_qs.partition("?")[0]
    if not path.startswith("/repos/"):
        return path
    tail = path.split("/", 4)[4:]
    return "/".join([f"/repositories/{call.repo.id}", *tail])
