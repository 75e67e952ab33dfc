"""Translate between the ledger's rows and the records of the core."""

from __future__ import annotations

from dataclasses import asdict, fields
from enum import Enum
from typing import TYPE_CHECKING, Any

from afk.core.model import IssueRef
from afk.core.records import (
    Armed,
    Command,
    Delivery,
    DeliveryState,
    Doorbell,
    DoorbellKind,
    Entry,
    Note,
    Notice,
    Place,
    Verb,
    Verdicted,
    Via,
)
from afk.core.run import Evidence, Failure, Outcome, Phase, Reason, Run, Turn, TurnKind, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sqlalchemy import RowMapping

SEPARATE = frozenset({"turns", "evidence"})


def values(record: Any) -> dict[str, Any]:
    """A record's columns: an issue becomes two, words of a vocabulary become text."""
    named = {field.name: getattr(record, field.name) for field in fields(record) if field.name not in SEPARATE}
    return columns(named)


def columns(named: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in named.items():
        if name == "ref":
            row["repo"], row["number"] = (value.repo, value.number) if value else (None, None)
        elif isinstance(value, Enum):
            row[name] = value.value
        elif isinstance(value, Failure):
            row[name] = asdict(value) | {"errors": list(value.errors)}
        elif isinstance(value, tuple):
            row[name] = list(value)
        else:
            row[name] = value
    return row


def _ref(row: dict[str, Any]) -> IssueRef | None:
    repo, number = row.pop("repo"), row.pop("number")
    return IssueRef(repo, number) if repo is not None else None


def run_of(row: RowMapping, turns: Iterable[Turn], evidence: Iterable[Evidence]) -> Run:
    known = dict(row)
    ref = _ref(known)
    assert ref is not None
    failure = known.pop("failure")
    return Run(
        **known
        | {
            "ref": ref,
            "failure": Failure(**failure | {"errors": tuple(failure["errors"])}) if failure else None,
            "question_options": tuple(known["question_options"]),
            "verdict": Verdict(known["verdict"]),
            "outcome": Outcome(known["outcome"]) if known["outcome"] else None,
            "reason": Reason(known["reason"]) if known["reason"] else None,
            "turns": tuple(turns),
            "evidence": tuple(evidence),
        }
    )


def turn_of(row: RowMapping) -> Turn:
    known = {name: value for name, value in row.items() if name != "run_id"}
    return Turn(**known | {"kind": TurnKind(known["kind"])})


def evidence_of(row: RowMapping) -> Evidence:
    known = {name: value for name, value in row.items() if name != "run_id"}
    return Evidence(**known | {"phase": Phase(known["phase"])})


def armed_of(row: RowMapping) -> Armed:
    return Armed(**row)


def command_of(row: RowMapping) -> Command:
    known = dict(row)
    ref = _ref(known)
    return Command(**known | {"ref": ref, "verb": Verb(known["verb"]), "via": Via(known["via"])})


def note_of(row: RowMapping) -> Note:
    known = dict(row)
    ref = _ref(known)
    return Note(**known | {"ref": ref})


def decision_of(row: RowMapping) -> Verdicted:
    return Verdicted(IssueRef(row["repo"], row["number"]), row["code"], row["detail"], row["at"])


def doorbell_of(row: RowMapping) -> Doorbell:
    known = {field.name: row[field.name] for field in fields(Doorbell) if field.name != "ref"}
    ref = IssueRef(row["repo"], row["number"]) if row["repo"] is not None else None
    return Doorbell(**known | {"ref": ref, "kind": DoorbellKind(known["kind"])})


def delivery_of(row: Mapping[str, Any]) -> Delivery:
    return Delivery(**dict(row) | {"state": DeliveryState(row["state"])})


def notice_of(row: RowMapping) -> Notice:
    return Notice(**dict(row) | {"place": Place(row["place"]), "state": DeliveryState(row["state"])})


def entry_of(row: RowMapping) -> Entry:
    known = {name: value for name, value in row.items() if name != "id"}
    return Entry(**known | {"via": Via(known["via"])})
