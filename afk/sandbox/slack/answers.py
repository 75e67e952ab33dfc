"""Say what an app answered to one thing Slack sent it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Sent(StrEnum):
    """The envelope types of Socket Mode; over HTTP they differ in how the body is written."""

    COMMAND = "slash_commands"
    CLICK = "interactive"
    EVENT = "events_api"


class Problem(StrEnum):
    """What became of it when the app did not answer well. The values are Slack's retry reasons."""

    NONE = ""
    TIMEOUT = "timeout"
    HTTP_TIMEOUT = "http_timeout"
    HTTP_ERROR = "http_error"
    CONNECTION_FAILED = "connection_failed"


@dataclass(frozen=True, slots=True)
class Answer:
    problem: Problem = Problem.NONE
    payload: dict[str, Any] = field(default_factory=dict)
    status: int = 0
    seconds: float = 0.0
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        return self.problem is Problem.NONE


@dataclass(slots=True, eq=False)
class Delivery:
    """One payload and every attempt at handing it over; a command or a click gets one attempt alone."""

    sent: Sent
    payload: dict[str, Any]
    attempts: list[Answer] = field(default_factory=list)
    given_up: bool = False

    @property
    def delivered(self) -> bool:
        return any(answer.ok for answer in self.attempts)

    @property
    def over(self) -> bool:
        return self.delivered or self.given_up
