"""Put the `afk` command together."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from afk import log
from afk.cli import people, services

app = typer.Typer(
    name="afk",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(people.app)
app.add_typer(services.app)


def _version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"afk {version('afk')}\n")
        raise typer.Exit


@app.callback()
def options(
    *,
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Turn triaged issues into tested, deployed code with nobody at the keyboard."""


def main() -> None:
    """What a command meets outside is answered in its own words; this is about what it says, such as to a full disk."""
    if sys.stdout is None:  # the next file to be opened would take its place
        log.error("cannot-go-on", "cannot go on: standard output is closed. Send it somewhere, such as to /dev/null")
        sys.exit(1)
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # whoever stopped reading has seen enough
            log.error("cannot-go-on", f"cannot go on: {error}. Look at the disk, and at where the output goes")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else what is left would be tried again at the end
        sys.exit(1)
