"""Keep what must survive: the ledger on SQLAlchemy."""

from afk.adapters.ledger.sql import SqlLedger, open_ledger

__all__ = ["SqlLedger", "open_ledger"]
