"""Read one thread's projection of protocol 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.adapters.t3.body import Body, Request, RequestState
from afk.adapters.t3.body_v1 import ask_of, usage_of
from afk.adapters.t3.fields import number, part, record, rows, some, text

if TYPE_CHECKING:
    from afk.adapters.t3.fields import Row
    from afk.core.prices import Usage

OVER = frozenset({"completed", "interrupted", "failed", "cancelled", "rolled_back"})
STATES = {"pending": RequestState.WAITING, "resolved": RequestState.ANSWERED}


def read_body(projection: Row, sequence: int) -> Body:
    thread, messages = record(projection.get("thread"), "thread"), rows(projection, "messages")
    selection = record(thread.get("modelSelection") or {}, "modelSelection")
    runs = runs_of(projection)
    return Body(
        sequence=sequence,
        archived=thread.get("archivedAt") is not None,
        model=text(selection, "model") or "",
        driver=text(thread, "providerInstanceId") or text(selection, "instanceId") or "",
        newest=text(runs[-1], "id") if runs else None,
        live=tuple(name for run in runs if run.get("status") not in OVER and (name := text(run, "id"))),
        said=tuple(
            said
            for each in messages
            if each.get("role") == "assistant" and not each.get("streaming") and (said := text(each, "text"))
        ),
        heard=heard_of(projection),
        requests=requests_of(projection),
        usages=tuple(usage for turn in some(projection, "providerTurns") if (usage := _usage(turn)) is not None),
    )


def runs_of(projection: Row) -> list[Row]:
    """Oldest first."""
    return sorted(rows(projection, "runs"), key=lambda run: number(run, "ordinal") or 0)


def heard_of(projection: Row) -> frozenset[str]:
    """A message that opened a run is named by the run; one that steered is only among the messages."""
    opened = {text(run, "userMessageId") or "" for run in rows(projection, "runs")}
    said = {text(each, "id") or "" for each in rows(projection, "messages") if each.get("role") == "user"}
    return frozenset((opened | said) - {""})


def requests_of(projection: Row) -> tuple[Request, ...]:
    items = {text(item, "requestId"): item for item in some(projection, "turnItems") if text(item, "requestId")}
    asked = sorted(some(projection, "runtimeRequests"), key=lambda each: text(each, "createdAt") or "")
    return tuple(_request(each, items.get(text(each, "id"), {})) for each in asked)


def _request(asked: Row, item: Row) -> Request:
    """The questions are not in the request but in the timeline's item for it."""
    kind = text(asked, "kind") or "unknown"
    is_approval = kind != "user_input"
    detail = text(item, "prompt")
    return Request(
        text(asked, "id") or "",
        STATES.get(str(asked.get("status")), RequestState.DEAD),
        is_approval,
        () if is_approval else tuple(ask_of(each) for each in some(item, "questions")),
        ": ".join(filter(None, (f"Leave for {kind}", detail))) if is_approval else "",
    )


def _usage(turn: Row) -> Usage | None:
    """A whole turn where the build counts it; else its latest call, which is too little."""
    return usage_of(part(turn, "turnTokenUsage") or {}) or usage_of(part(turn, "tokenUsage") or {})
