"""Run every benchmark, print a table, and fail if a promise is broken."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from benchmarks import bot, decisions, demo, prefect_costs, scale, ticks, wire

if TYPE_CHECKING:
    from benchmarks.figure import Figure


def main() -> None:
    parts = (demo, decisions, ticks, wire, scale, bot, prefect_costs)
    figures: list[Figure] = [figure for part in parts for figure in part.measure()]
    table = Table("what", "measured", "to hold", "", box=None)
    for figure in figures:
        table.add_row(figure.what, figure.shown, figure.promise, "ok" if figure.holds else "BROKEN")
    Console(width=120).print(table)
    sys.exit(0 if all(figure.holds for figure in figures) else 1)


main()
