"""Set the table that every command works at: the operations, who asks, and how an answer is printed."""

from __future__ import annotations

import getpass
import json
import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console

from afk import settings, wiring
from afk.core.config import ConfigError
from afk.core.records import Via
from afk.core.text import plain
from afk.operations import Operations, Person, RefusedRequest
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from afk.ports import Clock

WIDE = 200  # columns, where nobody says how many there are
AsJson = Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")]


@dataclass(frozen=True, slots=True)
class Desk:
    """What a verb works with: the operations, who asks, and the time."""

    operations: Operations
    person: Person
    clock: Clock
    now: datetime

    @property
    def key(self) -> str:
        return f"cli:{self.clock.new_id()}{self.clock.new_id()}"


def fail(text: str) -> NoReturn:
    """One line that says what, why and the next step."""
    sys.stderr.write(f"afk: {plain(text, 2_000)}\n")
    raise typer.Exit(1)


@contextmanager
def open_desk() -> Iterator[Desk]:
    try:
        loaded = settings.read()
        clock = wiring.clock()
        with wiring.ledger(loaded.database_url) as ledger:
            person = Person(_user(), Via.CLI)
            yield Desk(Operations(ledger, loaded.config), person, clock, clock.now())
    except (ConfigError, RefusedRequest, PortError) as error:
        fail(str(error))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return "operator"


def print_json(facts: Any) -> None:
    sys.stdout.write(json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def answer(text: str, *, as_json: bool, **facts: Any) -> None:
    if as_json:
        print_json({"result": text, **facts})
    else:
        sys.stdout.write(text + "\n")


def show(parts: Iterable[Any]) -> None:
    """Tables and lines: as wide as the terminal or COLUMNS says, and without blanks at the end of a line in a pipe."""
    wide = None if sys.stdout.isatty() or os.environ.get("COLUMNS") else WIDE
    console = Console(width=wide, markup=False, highlight=False, soft_wrap=False)
    for part in parts:
        if console.is_terminal:
            console.print(part)
            continue
        with console.capture() as printed:
            console.print(part)
        sys.stdout.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())
