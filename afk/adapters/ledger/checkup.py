"""Look where the ledger is, whether it can be written, and how far its schema is. Changes nothing in it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sqlalchemy import false, inspect, update

from afk.adapters.ledger import schema
from afk.adapters.ledger.address import address, file_of, is_memory, is_postgres, shown
from afk.adapters.ledger.sql import SqlLedger
from afk.adapters.ledger.tables import runs
from afk.adapters.ledger.transactions import Transactions
from afk.core.checkup import broken, doubtful, fine
from afk.core.gates import held_by
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy.engine import URL

    from afk.core.checkup import Finding
    from afk.core.config import Config
    from afk.core.records import Doorbell, TickRecord
    from afk.ports import Ledger

SYSTEM = "ledger"
MEND = "Until then AFK remembers nothing, so no tick runs"
WRITE = "Give this user write access, or point AFK_DATABASE_URL elsewhere"
OWN = "Point AFK_DATABASE_URL at a database of its own"
FILE = "a file that everybody on this ledger can reach, such as sqlite:////var/lib/afk/ledger.db"


def look(
    url: str, config: Config | None, now: datetime, alarms: Callable[[Ledger, Config], Iterable[Doorbell]]
) -> Iterator[Finding]:
    """With the settings, a ledger that is up to date also tells what holds AFK back, who may start, how it ticks."""
    try:
        at = address(url)
        if is_memory(at):
            yield doubtful(SYSTEM, "place", "in memory: each command forgets it", f"Set AFK_DATABASE_URL to {FILE}")
        elif not is_postgres(at) and not file_of(at).exists():
            yield _beginning(file_of(at))
        elif (yield from _existing(at)) and config is not None:
            yield from _running(url, config, now, alarms)
    except PortError as error:
        yield broken(SYSTEM, "database", str(error), MEND)


def _beginning(file: Path) -> Finding:
    """A file that is not there yet is made by the first tick, not by a look."""
    home = next(folder for folder in file.absolute().parents if folder.exists())
    as_ourselves = os.access in os.supports_effective_ids
    if home.is_dir() and os.access(home, os.W_OK | os.X_OK, effective_ids=as_ourselves):
        return fine(SYSTEM, "place", f"{file}: not there yet; the first tick makes it")
    return broken(SYSTEM, "place", f"{file}: it cannot be made, for {home} takes no file of this user", WRITE)


def _existing(at: URL) -> Generator[Finding, None, bool]:
    """Whether it is up to date."""
    place = Place(at)
    try:
        current, strangers = place.schema()
        if current is None and strangers:
            yield broken(SYSTEM, "schema", f"{shown(at)} belongs to another program (table {min(strangers)})", OWN)
            return False
        if current is not None:
            place.try_to_write()
    finally:
        place.close()
    yield fine(SYSTEM, "place", shown(at) + ("; it can be written" if current is not None else ""))
    if current == schema.HEAD:
        yield fine(SYSTEM, "schema", f"{current}, as this AFK knows it")
    elif current is None:
        yield fine(SYSTEM, "schema", f"empty; the next tick lays {schema.HEAD}")
    elif current < schema.HEAD:
        todo = "Stop the other processes and back it up before"
        yield doubtful(SYSTEM, "schema", f"{current}; the next tick brings it to {schema.HEAD}", todo)
    else:
        todo = "Upgrade AFK, or restore the backup from before the upgrade"
        yield broken(SYSTEM, "schema", f"{current}: written by a newer AFK (this one knows {schema.HEAD})", todo)
    return current == schema.HEAD


class Place(Transactions):
    """The database without its records."""

    def schema(self) -> tuple[str | None, set[str]]:
        """The schema that was laid, and tables that nobody of us laid."""
        with self._reading() as connection:
            current = schema.revision(connection)
            return current, set(inspect(connection).get_table_names()) if current is None else set()

    def try_to_write(self) -> None:
        """Ask for a change to no row at all: who may not write is refused that, too."""
        with self._writing() as connection:
            connection.execute(update(runs).values(repo=runs.c.repo).where(false()))

    def close(self) -> None:
        self._engine.dispose()


DOCTOR = ", then afk doctor"  # who reads this has asked it


def _running(
    url: str, config: Config, now: datetime, alarms: Callable[[Ledger, Config], Iterable[Doorbell]]
) -> Iterator[Finding]:
    with SqlLedger(url) as ledger:
        switches, ticks, bells = ledger.switches(), ledger.last_ticks(), list(alarms(ledger, config))
    yield fine(SYSTEM, "switches", held_by(config, switches) or "both kill switches are off")
    armed = sorted(name for name in config.repos if switches.is_armed(name, now))
    yield fine(SYSTEM, "armed", ", ".join(armed) or "no repository, so nothing starts")
    if bells:
        for bell in bells:
            what, _, todo = bell.text.partition(" Hint: ")
            yield doubtful(SYSTEM, "ticks", what.removesuffix("."), f"Next: {todo.removesuffix(DOCTOR)}")
    else:
        yield fine(SYSTEM, "ticks", _last(ticks) or "none has completed yet")


def _last(ticks: Mapping[str, TickRecord]) -> str:
    return ", ".join(f"{name} at {ticks[name].at:%Y-%m-%d %H:%M:%S} UTC" for name in ("poll", "watch") if name in ticks)
