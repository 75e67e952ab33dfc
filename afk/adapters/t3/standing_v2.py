"""Judge how a watched run stands from protocol 2: the shell's row, or the projection where the row may be older."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.adapters.t3.body_v2 import OVER, heard_of, runs_of
from afk.adapters.t3.fields import digest, moment, part, some, text
from afk.adapters.t3.standing_v1 import receipt, starting
from afk.core.model import Thread, ThreadStatus
from afk.core.text import plain

if TYPE_CHECKING:
    from afk.adapters.t3.fields import Row
    from afk.ports import Watched

STATUSES = {
    "preparing": ThreadStatus.STARTING,
    "queued": ThreadStatus.STARTING,
    "starting": ThreadStatus.STARTING,
    "running": ThreadStatus.RUNNING,
    "waiting": ThreadStatus.RUNNING,  # winds up
    "completed": ThreadStatus.ENDED,
    "interrupted": ThreadStatus.INTERRUPTED,
    "failed": ThreadStatus.FAILED,
    "cancelled": ThreadStatus.INTERRUPTED,
    "rolled_back": ThreadStatus.INTERRUPTED,
}


def says_enough(row: Row, sequence: int, watched: Watched) -> bool:
    """The row names no message: only a run that is newer than our order can be ours."""
    newer = text(row, "latestRunId") not in {None, watched.before}
    return newer and sequence >= receipt(watched) and row.get("status") != "idle"


def standing(row: Row, watched: Watched) -> Thread:
    word = row.get("status")
    status = STATUSES.get(str(word), ThreadStatus.UNKNOWN)
    if word not in OVER and part(row, "pendingRuntimeRequest") is not None:
        status = ThreadStatus.ASKING
    elif word in OVER and text(row, "activeRunId") is not None:
        status = ThreadStatus.RUNNING
    error = ""
    if status is ThreadStatus.FAILED:
        error = plain(text(row, "lastError") or "T3 gave no reason", 500)
    if status is ThreadStatus.UNKNOWN:
        error = plain(f"T3 says run {word}", 200)
    times = ("updatedAt", "latestUserMessageAt", "latestRunRequestedAt", "latestRunStartedAt", "latestRunCompletedAt")
    active_at = max(filter(None, (moment(row, key) for key in times)), default=watched.sent_at)
    return Thread(watched.thread_id, status, text(row, "latestRunId"), active_at, _revision(row), error)


def standing_of_projection(projection: Row, row: Row, watched: Watched) -> Thread:
    """The newest run counts once our message has arrived; until then nothing has started."""
    runs = runs_of(projection)
    if watched.message_id not in heard_of(projection) or not runs:
        return starting(watched)
    newest = runs[-1]
    live = [text(run, "id") for run in runs if run.get("status") not in OVER]
    pending = [each for each in some(projection, "runtimeRequests") if each.get("status") == "pending"]
    seen = {
        **(part(projection, "thread") or {}),
        **row,
        "latestRunId": newest.get("id"),
        "latestRunRequestedAt": newest.get("requestedAt"),
        "latestRunStartedAt": newest.get("startedAt"),
        "latestRunCompletedAt": newest.get("completedAt"),
        "status": newest.get("status"),
        "activeRunId": live[0] if live else None,
        "pendingRuntimeRequest": pending[0] if pending else None,
    }
    if row.get("latestRunId") != newest.get("id"):
        seen["lastError"] = _last_error(projection)
    return standing(seen, watched)


def _last_error(projection: Row) -> str | None:
    """From the sessions, for a row that is older than the run."""
    errors = [error for each in some(projection, "providerSessions") if (error := text(each, "lastError"))]
    return errors[-1] if errors else None


def _revision(row: Row) -> str:
    pending, said = part(row, "pendingRuntimeRequest") or {}, part(row, "latestVisibleMessage") or {}
    told = (row.get("latestRunId"), row.get("status"), pending.get("id"), said.get("id"), said.get("updatedAt"))
    return digest((row.get("updatedAt"), row.get("itemCount"), *told))
