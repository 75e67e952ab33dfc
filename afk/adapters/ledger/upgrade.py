"""Bring a ledger to the schema of this version, and say what it was before."""

from __future__ import annotations

from dataclasses import dataclass

from afk.adapters.ledger import schema
from afk.adapters.ledger.address import address, file_of, is_memory, is_postgres, shown
from afk.adapters.ledger.checkup import Place
from afk.adapters.ledger.sql import SqlLedger


@dataclass(frozen=True, slots=True)
class Upgrade:
    """`before` is None where no schema was laid."""

    where: str
    before: str | None
    after: str


def upgrade(url: str) -> Upgrade:
    at = address(url)
    before = None
    if is_postgres(at) or is_memory(at) or file_of(at).exists():
        place = Place(at)
        try:
            before, _ = place.schema()
        finally:
            place.close()
    with SqlLedger(url):
        return Upgrade(shown(at), before, schema.HEAD)
