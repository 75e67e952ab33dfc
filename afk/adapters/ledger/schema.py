"""Bring a database to the schema of this version, once, however many start at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from afk.ports import Refused

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MIGRATION_LOCK = 0x0AFC_1ED6


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def head() -> str:
    newest = ScriptDirectory.from_config(_config()).get_current_head()
    assert newest is not None
    return newest


def upgrade(connection: Connection, where: str) -> None:
    """Inside the caller's transaction, which holds the database's own lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
    current = MigrationContext.configure(connection).get_current_revision()
    if current == head():
        return
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if current is not None and current not in known:
        raise Refused(
            f"ledger {where}: it was written by a newer AFK (schema {current}, this one knows {head()}). "
            "Upgrade AFK, or restore the backup from before the upgrade."
        )
    if current is None and (strangers := inspect(connection).get_table_names()):
        raise Refused(
            f"ledger {where}: it belongs to another program (table {min(strangers)}). "
            "Point AFK_DATABASE_URL at a database of its own."
        )
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
