"""Name runs, threads, messages, doorbells and comments so that a repeat after a crash names the same thing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import UUID, uuid5

if TYPE_CHECKING:
    from afk.core.model import IssueRef

NAMESPACE = UUID("6f0f3a52-6d0b-5c53-9a1e-2f4d1c7b8e90")  # never change: a new one forgets every thread in flight

_SAFE = re.compile(r"[A-Za-z0-9]++(?:[._-][A-Za-z0-9]++)*+")
_SAFE_LIMIT = 80
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")
_REPO_LIMIT = 24  # the whole identifier then fits in a label of 50 characters


def run_id(ref: IssueRef, attempt: int, unique: str) -> str:
    """A name that people can read: repository, issue, attempt, and what tells it from any other."""
    repo = _NOT_IN_NAMES.sub("-", ref.repo)[:_REPO_LIMIT].strip("-") or "repo"
    return f"{repo}-{ref.number}-{attempt}-{_derived('run', str(ref), str(attempt), unique).hex[:8]}"


def thread_id(run_id: str, generation: int) -> str:
    return str(_derived("thread", run_id, str(generation)))


def message_id(run_id: str, turn_number: int) -> str:
    return str(_derived("message", run_id, str(turn_number)))


def doorbell_key(run_id: str, kind: str, extra: str = "") -> str:
    return ":".join(_safe(part) for part in (run_id, kind, extra) if part)


def redispatch_key(ref: IssueRef, attempt: int) -> str:
    return f"redispatch:{_safe(ref.repo)}:{ref.number}:{attempt}"


def redispatched_attempt(key: str) -> int:
    """The attempt that a wish under this key comes after."""
    return int(key.rpartition(":")[2])


def marker(run_id: str, what: str) -> str:
    """The HTML comment by which one of our comments is found again. No name can end it early or pass for another."""
    return f"<!-- afk:{_safe(what)}:{_safe(run_id)} -->"


def _safe(name: str) -> str:
    """The name itself where it can do no harm, else what is derived from it."""
    if len(name) <= _SAFE_LIMIT and _SAFE.fullmatch(name):
        return name
    return _derived("name", name).hex


def _derived(*parts: str) -> UUID:
    # Lengths keep ("a", "bc") and ("ab", "c") apart, and a lone surrogate is no reason to fail.
    said = "".join(f"{len(part)}:{part}" for part in parts)
    return uuid5(NAMESPACE, said.encode("utf-8", "backslashreplace").decode())
