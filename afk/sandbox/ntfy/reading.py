"""Choose which of a topic's messages a reader asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from afk.sandbox.ntfy.publication import priority
from afk.sandbox.ntfy.refusals import Refusal, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from afk.sandbox.ntfy.publication import Parameters

Message = dict[str, Any]
NORMAL = 3


def since(parameters: Parameters, messages: Sequence[Message], *, now: int, poll: bool) -> list[Message]:
    """From a message id, a unix time or a span before now; `all`, `latest` and `none` are words for it."""
    asked = parameters.text("x-since", "since", "si") or ("all" if poll else "none")
    match asked:
        case "all":
            return list(messages)
        case "latest":
            return list(messages[-1:])
        case "none":
            return []
    if re.fullmatch(r"[A-Za-z0-9]{12}", asked):
        places = [place for place, one in enumerate(messages) if one["id"] == asked]
        return list(messages[places[0] + 1 :] if places else messages)
    start = int(asked) if asked.isdecimal() else now - _span(asked)
    return [one for one in messages if one["time"] >= start]


def wanted(parameters: Parameters) -> Callable[[Message], bool]:
    identity, text = parameters.text("x-id", "id"), parameters.text("x-message", "message", "m")
    title, tags = parameters.text("x-title", "title", "t"), set(parameters.words("x-tags", "tags", "tag", "ta"))
    levels = {priority(word) for word in parameters.words("x-priority", "priority", "prio", "p")}
    return lambda one: (
        identity in {"", one["id"]}
        and text in {"", one.get("message", "")}
        and title in {"", one.get("title", "")}
        and tags <= set(one.get("tags", []))
        and (not levels or (one.get("priority") or NORMAL) in levels)
    )


def _span(text: str) -> int:
    parts = re.findall(r"(\d+(?:\.\d+)?)(ms|h|m|s)", text)
    if not parts or "".join(amount + unit for amount, unit in parts) != text:
        raise RefusedError(Refusal.SINCE_INVALID)
    return int(sum(float(amount) * _SECONDS[unit] for amount, unit in parts))


_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
