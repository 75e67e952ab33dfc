"""Bring a database to the schema of this version, once, however many start at the same time."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from afk.ports import Refused, Unexpected

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Connection

SCRIPTS = Path(__file__).with_name("migrations")
HEAD = "0003"  # the newest of them
VERSION_TABLE = "afk_schema"  # not alembic's default, which other programs use too

_MIGRATION_LOCK = 0x0AFC_1ED6
_ONE_THREAD = threading.Lock()  # alembic keeps what it works on in globals


def revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))  # noqa: S608 - ours
    return found


def upgrade(connection: Connection, where: str, scripts: Path, head: str) -> None:
    """Inside the caller's transaction, which on SQLite is the lock against all others."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = '60s'"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _MIGRATION_LOCK})
    current = revision(connection)
    if current == head:
        return
    if current is None and (strangers := set(inspect(connection).get_table_names()) - {VERSION_TABLE}):
        raise Refused(
            f"ledger {where}: it belongs to another program (table {min(strangers)}). "
            "Point AFK_DATABASE_URL at a database of its own"
        )
    _migrate(connection, current, where, scripts, head)


def _migrate(connection: Connection, current: str | None, where: str, scripts: Path, head: str) -> None:
    from alembic import command  # noqa: PLC0415 - a ledger that is up to date need not wait for its import
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = _config(scripts)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if current is not None and current not in known:
        raise Refused(
            f"ledger {where}: it was written by a newer AFK (schema {current}, this one knows {head}). "
            "Upgrade AFK, or restore the backup from before the upgrade"
        )
    config.attributes["connection"] = connection
    config.attributes["version_table"] = VERSION_TABLE
    with _ONE_THREAD:
        command.upgrade(config, head)
    _refuse_orphans(connection, where)


def _refuse_orphans(connection: Connection, where: str) -> None:
    """SQLite does not watch foreign keys while its tables are altered."""
    if connection.dialect.name == "sqlite":
        orphan = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if orphan is not None:
            raise Unexpected(
                f"ledger {where}: its upgrade would lose what {orphan[0]} refers to. Report it; nothing changed"
            )


def _config(scripts: Path) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
