"""Turn a person's words into what an agent's request wants to hear."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.ports import Unexpected

if TYPE_CHECKING:
    from afk.adapters.t3.body import Ask, Request

YES = frozenset({"yes", "y", "ok", "okay", "accept", "accepted", "approve", "approved", "allow"})


def decision(words: str) -> str:
    """Only a plain yes is a yes."""
    return "accept" if words.strip().strip(".!").strip().casefold() in YES else "decline"


def answers(request: Request, words: str, *, by_text: bool) -> dict[str, str]:
    """One answer for each question: a line each where the lines are as many, else all the words for every one."""
    if not request.asks:
        raise Unexpected(f"t3: request {request.id} shows no question, so nothing can be answered")
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    split = lines if len(lines) == len(request.asks) > 1 else [words.strip()] * len(request.asks)
    given = zip(request.asks, split, strict=True)
    return {(ask.text if by_text else ask.id): _chosen(ask, part) for ask, part in given}


def _chosen(ask: Ask, words: str) -> str:
    """An option as T3 spells it, or the words themselves."""
    return next((label for label in ask.options if label.casefold() == words.casefold()), words)
