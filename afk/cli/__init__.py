"""Put the `afk` command together."""

from __future__ import annotations

import typer

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
    app()
