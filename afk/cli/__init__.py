"""Put the `afk` command together."""

from __future__ import annotations

import os
import sys

import typer

from afk import log
from afk.cli import people, services

app = typer.Typer(
    name="afk",
    help="Turn triaged issues into tested, deployed code with nobody at the keyboard.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(people.app)
app.add_typer(services.app)


def main() -> None:
    """What a command meets outside is answered in its own words; this is about what it says, such as to a full disk."""
    try:
        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # whoever stopped reading has seen enough
            log.error("cannot-go-on", f"cannot go on: {error}. Look at the disk, and at where the output goes")
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # else what is left would be tried again at the end
        sys.exit(1)
