"""Word the forge's refusals and cut its lists into pages."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.sandbox.forgejo.call import Call

DEFAULT_PAGE = 30
LARGEST_PAGE = 50
NOT_FOUND = "The target couldn't be found."
_Row = TypeVar("_Row")


class RefusedError(Exception):
    """An answer that ends the call."""

    def __init__(self, response: web.Response) -> None:
        super().__init__(response.status)
        self.response = response


def answer(value: Any, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> web.Response:
    text = json.dumps(value, separators=(",", ":")) + "\n"
    return web.Response(
        status=status, body=text.encode(), headers={"Content-Type": "application/json;charset=utf-8", **(headers or {})}
    )


def refusal(root: str, status: int, message: str) -> web.Response:
    """A 500 says nothing to anybody but the site's admin."""
    return answer({"message": message, "url": f"{root}/api/swagger"}, status)


def refuse(call: Call, status: int, message: str) -> NoReturn:
    raise RefusedError(refusal(call.world.url, status, message))


def refuse_silently(status: int) -> NoReturn:
    """Some refusals have no body at all."""
    raise RefusedError(web.Response(status=status))


def not_found(call: Call, message: str = NOT_FOUND) -> NoReturn:
    body = {"errors": [], "message": message, "url": f"{call.world.url}/api/swagger"}
    raise RefusedError(answer(body, HTTPStatus.NOT_FOUND))


def page_of(call: Call, default: int = DEFAULT_PAGE) -> tuple[int, int]:
    """The page asked for and its size; more than 50 is quietly 50."""
    page = max(call.whole_number("page"), 1)
    limit = call.whole_number("limit")
    return page, default if limit <= 0 else min(limit, LARGEST_PAGE)


def cut(rows: Sequence[_Row], page: int, limit: int) -> Sequence[_Row]:
    return rows[(page - 1) * limit : page * limit]


def paged(call: Call, rows: Sequence[Any], total: int, page: int, limit: int) -> web.Response:
    headers = {"X-Total-Count": str(total), "Access-Control-Expose-Headers": "X-Total-Count"}
    links = _links(call, max(math.ceil(total / limit), 1), page)
    if links:
        headers |= {"Link": links, "Access-Control-Expose-Headers": "Link, X-Total-Count"}
    return answer(list(rows), headers=headers)


def _links(call: Call, last: int, page: int) -> str:
    wanted = {"next": page + 1, "last": last} if page < last else {}
    if page > 1:
        wanted |= {"first": 1, "prev": page - 1}
    base = f"{call.world.url}{call.request.path}"
    return ",".join(
        f'<{base}?{call.request.rel_url.update_query(page=str(number)).query_string}>; rel="{rel}"'
        for rel, number in wanted.items()
    )
