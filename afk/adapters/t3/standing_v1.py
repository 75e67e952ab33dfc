"""Judge how a watched turn stands from a thread's row of protocol 1.

After a follow-up was accepted the row still shows the turn before it, mostly as completed: only a turn with another
id is ours to judge, and only in a read that is not older than the receipt.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from afk.adapters.t3.body import RequestState
from afk.adapters.t3.body_v1 import requests_of
from afk.adapters.t3.fields import digest, moment, part, some, text
from afk.core.model import Thread, ThreadStatus
from afk.core.text import plain

if TYPE_CHECKING:
    from datetime import datetime

    from afk.adapters.t3.fields import Row
    from afk.ports import Watched

ENDS = {
    "completed": ThreadStatus.ENDED,
    "error": ThreadStatus.FAILED,
    "interrupted": ThreadStatus.INTERRUPTED,
}
SESSIONS = frozenset({"idle", "starting", "running", "ready", "interrupted", "stopped", "error"})
CLOCKS_DIFFER = timedelta(minutes=1)


def standing(row: Row, sequence: int, watched: Watched) -> Thread:
    turn, session = part(row, "latestTurn") or {}, part(row, "session") or {}
    status = ThreadStatus.STARTING if sequence < receipt(watched) else _status(row, turn, session, watched)
    error = ""
    if status is ThreadStatus.FAILED:
        error = plain(text(session, "lastError") or "T3 gave no reason", 500)
    if status is ThreadStatus.UNKNOWN:
        error = plain(f"T3 says turn {turn.get('state')}, session {session.get('status')}", 200)
    return Thread(
        watched.thread_id, status, text(turn, "turnId"), _active_at(row, turn, session, watched), _revision(row), error
    )


def starting(watched: Watched) -> Thread:
    """Of a thread that a read from before its creation cannot show."""
    return Thread(watched.thread_id, ThreadStatus.STARTING, watched.before, watched.sent_at, "")


def receipt(watched: Watched) -> int:
    return int(watched.receipt) if watched.receipt.isascii() and watched.receipt.isdigit() else 0


def _status(row: Row, turn: Row, session: Row, watched: Watched) -> ThreadStatus:
    newest, state = text(turn, "turnId"), turn.get("state")
    if newest in {None, watched.before}:
        return _before_start(row, turn, session, watched)
    if state == "running":
        if session.get("status") == "error":
            return ThreadStatus.FAILED
        if waits(row):
            return ThreadStatus.ASKING
        return ThreadStatus.RUNNING if _known(session) else ThreadStatus.UNKNOWN
    if state not in ENDS:
        return ThreadStatus.UNKNOWN
    # An interrupt shows at once, while the agent may still be at work.
    at_work = session.get("status") == "running" and text(session, "activeTurnId") is not None
    return ThreadStatus.RUNNING if at_work else ENDS[state]


def _before_start(row: Row, turn: Row, session: Row, watched: Watched) -> ThreadStatus:
    running = turn.get("state") == "running"
    if waits(row) and (running or not turn):
        return ThreadStatus.ASKING
    if session.get("status") == "error" and _since_dispatch(row, turn, session, watched):
        return ThreadStatus.FAILED
    if turn and not running and turn.get("state") not in ENDS:
        return ThreadStatus.UNKNOWN
    if not _known(session):
        return ThreadStatus.UNKNOWN
    return ThreadStatus.RUNNING if running else ThreadStatus.STARTING


def _since_dispatch(row: Row, turn: Row, session: Row, watched: Watched) -> bool:
    """Did the session fail after our message? Both times are the server's, where its build shows them."""
    if not turn and watched.before is None:
        return True
    failed = moment(session, "updatedAt")
    return failed is not None and failed >= (_heard_at(row) or watched.sent_at - CLOCKS_DIFFER)


def _heard_at(row: Row) -> datetime | None:
    said = (moment(each, "createdAt") for each in some(row, "messages") if each.get("role") == "user")
    return moment(row, "latestUserMessageAt") or max(filter(None, said), default=None)


def _known(session: Row) -> bool:
    return not session or session.get("status") in SESSIONS


def waits(row: Row) -> bool:
    """Only the shell has the flags; elsewhere the activities tell."""
    if "hasPendingUserInput" in row or "hasPendingApprovals" in row:
        return row.get("hasPendingUserInput") is True or row.get("hasPendingApprovals") is True
    return any(each.state is RequestState.WAITING for each in requests_of(row))


def _active_at(row: Row, turn: Row, session: Row, watched: Watched) -> datetime:
    times = (
        moment(row, "updatedAt"),
        moment(row, "latestUserMessageAt"),
        moment(session, "updatedAt"),
        *(moment(turn, key) for key in ("requestedAt", "startedAt", "completedAt")),
    )
    return max(filter(None, times), default=watched.sent_at)


def _revision(row: Row) -> str:
    turn, session = part(row, "latestTurn") or {}, part(row, "session") or {}
    told = (turn.get("turnId"), turn.get("state"), session.get("status"), session.get("updatedAt"), waits(row))
    return digest((row.get("updatedAt"), *told))
