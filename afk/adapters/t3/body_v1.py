"""Read one thread of protocol 1 with its messages and activities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.adapters.t3.body import Ask, Body, Request, RequestState
from afk.adapters.t3.fields import number, part, record, rows, some, text
from afk.core.prices import Usage

if TYPE_CHECKING:
    from afk.adapters.t3.fields import Row

ASKED = {"approval.requested": True, "user-input.requested": False}  # whether it is an approval
SETTLED = frozenset({"approval.resolved", "user-input.resolved"})
USAGE = "context-window.updated"


def read_body(thread: Row, sequence: int) -> Body:
    messages = rows(thread, "messages")
    selection = record(thread.get("modelSelection") or {}, "modelSelection")
    session = part(thread, "session") or {}
    usages, processed = _tokens(thread)
    return Body(
        sequence=sequence,
        archived=thread.get("archivedAt") is not None,
        model=text(selection, "model") or "",
        driver=text(session, "providerName") or text(selection, "instanceId") or "",
        newest=text(part(thread, "latestTurn") or {}, "turnId"),
        live=_live(thread),
        said=tuple(
            said
            for each in messages
            if each.get("role") == "assistant" and not each.get("streaming") and (said := text(each, "text"))
        ),
        heard=frozenset(text(each, "id") or "" for each in messages if each.get("role") == "user"),
        requests=requests_of(thread),
        usages=usages,
        processed=processed,
    )


def requests_of(thread: Row) -> tuple[Request, ...]:
    """A request waits until it is resolved, or until the turn that asked is over."""
    activities = some(thread, "activities")
    settled = {_request_id(each) for each in activities if each.get("kind") in SETTLED}
    asked = [each for each in activities if each.get("kind") in ASKED and _request_id(each)]
    return tuple(_request(each, settled, part(thread, "latestTurn")) for each in asked)


def _request(activity: Row, settled: set[str], turn: Row | None) -> Request:
    payload = part(activity, "payload") or {}
    is_approval = ASKED[str(activity.get("kind"))]
    asked_in = text(activity, "turnId")
    over = turn is not None and (turn.get("state") != "running" or asked_in not in {None, turn.get("turnId")})
    state = RequestState.DEAD if over else RequestState.WAITING
    summary, detail = text(activity, "summary"), text(payload, "detail")
    return Request(
        _request_id(activity),
        RequestState.ANSWERED if _request_id(activity) in settled else state,
        is_approval,
        () if is_approval else tuple(ask_of(each) for each in some(payload, "questions")),
        ": ".join(filter(None, (summary, detail))) if is_approval else "",
    )


def _request_id(activity: Row) -> str:
    return text(part(activity, "payload") or {}, "requestId") or ""


def ask_of(question: Row) -> Ask:
    labels = (text(option, "label") for option in some(question, "options"))
    said = text(question, "question") or text(question, "header") or ""
    return Ask(text(question, "id") or said, said, tuple(label for label in labels if label))


def _live(thread: Row) -> tuple[str, ...]:
    session, turn = part(thread, "session") or {}, part(thread, "latestTurn") or {}
    active = text(session, "activeTurnId") if session.get("status") == "running" else None
    running = text(turn, "turnId") if turn.get("state") == "running" else None
    live = active or running
    return (live,) if live else ()


def _tokens(thread: Row) -> tuple[tuple[Usage, ...], int]:
    """The calls that were reported, and the largest total of each life of the session."""
    payloads = [part(each, "payload") or {} for each in some(thread, "activities") if each.get("kind") == USAGE]
    usages: list[Usage] = []
    processed = life = 0
    before: Row = {}
    for payload in payloads:
        if payload != before and (usage := usage_of(payload)) is not None:
            usages.append(usage)
        before = payload
        total = number(payload, "totalProcessedTokens") or 0
        if total and total < life:
            processed += life
        life = total or life
    return tuple(usages), processed + life


def usage_of(counts: Row) -> Usage | None:
    """T3 counts what came from a cache as input, too."""
    given, made = number(counts, "inputTokens"), number(counts, "outputTokens")
    if given is None and made is None:
        return None
    return Usage(given or 0, number(counts, "cachedInputTokens") or 0, made or 0)
