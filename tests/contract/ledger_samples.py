"""Make small records for the tests of doorbells, wishes and bad ledgers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from afk.core.model import IssueRef
from afk.core.records import Command, Delivery, DeliveryState, Doorbell, DoorbellKind, Entry, Note, Verb, Verdicted, Via
from afk.core.run import Outcome, Run, Turn, TurnKind

NOON = datetime(2026, 3, 1, 12, 0, 0, 123_457, UTC)
INFRA_42 = IssueRef("infra", 42)
HOSTILE = "'; DROP TABLE runs; -- \N{RIGHT-TO-LEFT OVERRIDE}\N{PILE OF POO} <!-- %s {0} \\ \n\t" + "x" * 5_000


def minutes(count: float) -> datetime:
    return NOON + timedelta(minutes=count)


def a_run(ref: IssueRef = INFRA_42, attempt: int = 1, **fields: Any) -> Run:
    identifier = fields.pop("id", f"{ref.repo}-{ref.number}-{attempt}")
    known = {"issue_key": "I_1", "title": "Fix it", "url": "https://example.org/42", "claimed_at": NOON}
    return Run(id=identifier, ref=ref, attempt=attempt, **known | fields)


def a_turn(number: int = 1, **fields: Any) -> Turn:
    return Turn(
        **{"number": number, "kind": TurnKind.FIRST, "generation": 1, "text": "Go", "ordered_at": NOON} | fields
    )


def finished(run: Run) -> Run:
    return replace(run, outcome=Outcome.DONE, outcome_at=minutes(9), finished_at=minutes(9))


def an_entry(verb: str = "start", at: datetime = NOON, **fields: Any) -> Entry:
    return Entry(**{"at": at, "actor": "ada", "via": Via.CLI, "verb": verb} | fields)


def a_command(key: str = "k", verb: Verb = Verb.STOP, at: datetime = NOON, **fields: Any) -> Command:
    return Command(**{"key": key, "verb": verb, "ref": INFRA_42, "actor": "ada", "via": Via.SLACK, "at": at} | fields)


def a_note(key: str = "n", at: datetime = NOON, text: str = "Try eu") -> Note:
    return Note(key, INFRA_42, "ada", at, text)


def a_doorbell(key: str = "d", at: datetime = NOON, **fields: Any) -> Doorbell:
    return Doorbell(**{"key": key, "kind": DoorbellKind.FROZEN, "at": at} | fields)


def a_delivery(
    doorbell: str = "d",
    state: DeliveryState = DeliveryState.SENT,
    channel: str = "slack",
    at: datetime = NOON,
    **more: Any,
) -> Delivery:
    return Delivery(doorbell, channel, state, at, **more)


def a_verdict(
    number: int = 1, code: str = "blocked", detail: str = "", at: datetime = NOON, repo: str = "infra"
) -> Verdicted:
    return Verdicted(IssueRef(repo, number), code, detail, at)
