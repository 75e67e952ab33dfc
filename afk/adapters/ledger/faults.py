"""Say in one line what is wrong with a ledger and what to do."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from afk.ports import PortError, Refused, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the drivers say, in lower case, and what it means.
_SPEECH: tuple[tuple[str, type[PortError], str], ...] = (
    ("readonly", Refused, "it is read-only. Give this user write access to the file and its directory"),
    ("read-only", Refused, "it is read-only. Connect to the primary, or give this user write access"),
    ("permission denied", Refused, "the user lacks a permission. Grant it, then try again"),
    ("full", Unreachable, "the disk is full. Make room; nothing was lost, and the next tick goes on"),
    ("no space left", Unreachable, "the disk is full. Make room; nothing was lost, and the next tick goes on"),
    ("locked", Unreachable, "another process holds it locked. Wait; the next tick goes on"),
    ("unable to open", Refused, "the file cannot be opened. Check the path and its permissions"),
    ("not a database", Refused, "the file is no database. Point AFK_DATABASE_URL somewhere else"),
    ("malformed", Refused, "the file is damaged. Restore it from a backup"),
    ("password authentication", Refused, "user or password is wrong. Correct AFK_DATABASE_URL"),
    ("does not exist", Refused, "database, role or table does not exist. Create it, or correct AFK_DATABASE_URL"),
    ("no such table", Refused, "a table is missing. Restore the ledger from a backup"),
)


def shown(url: str) -> str:
    """A database address without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except ArgumentError:
        return "AFK_DATABASE_URL"


def explained(error: SQLAlchemyError, where: str) -> PortError:
    speech = " ".join(str(getattr(error, "orig", None) or error).split())
    for words, kind, advice in _SPEECH:
        if words in speech.lower():
            return kind(f"ledger {where}: {advice}.")
    if isinstance(error, DBAPIError) and (error.connection_invalidated or "connect" in speech.lower()):
        return Unreachable(
            f"ledger {where}: the database cannot be reached ({speech[:160]}). Start it, or correct the address."
        )
    return Unexpected(f"ledger {where}: {speech[:200]}. See docs/operating.md, 'When things break'.")


@contextmanager
def explaining(where: str) -> Iterator[None]:
    try:
        yield
    except SQLAlchemyError as error:
        raise explained(error, where) from error
