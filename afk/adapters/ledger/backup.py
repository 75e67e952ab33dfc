"""Copy a ledger into a file while others write in it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from afk.adapters.ledger.address import address, file_of, is_memory, is_postgres, shown
from afk.ports import Gone, Refused

if TYPE_CHECKING:
    from pathlib import Path


def copy_ledger(url: str, file: Path) -> None:
    """Of SQLite alone; PostgreSQL brings a program of its own."""
    where = address(url)
    if is_postgres(where):
        raise Refused(f"ledger {shown(where)}: it is in PostgreSQL. Copy it with pg_dump")
    if is_memory(where) or not file_of(where).is_file():
        raise Gone(f"ledger {shown(where)}: there is nothing to copy yet")
    if file.exists():
        raise Refused(f"ledger {shown(where)}: {file} is there already. Name a new file")
    try:
        file.touch(mode=0o600, exist_ok=False)  # as closed as the ledger itself
        with (
            closing(sqlite3.connect(f"{file_of(where).resolve().as_uri()}?mode=ro", uri=True)) as ledger,
            closing(sqlite3.connect(file)) as copy,
        ):
            ledger.backup(copy)
    except (OSError, sqlite3.Error) as error:
        file.unlink(missing_ok=True)
        raise Refused(f"ledger {shown(where)}: it could not be copied to {file} ({error})") from error
