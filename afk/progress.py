"""Show a checkup while it goes on: on a terminal with a line for each system that is not through, else line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.text import Text

from afk.core.checkup import Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.console import Console

    from afk.core.checkup import Checkup, Finding

STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "bold red"}


def shown(
    wanted: Sequence[Checkup], examined: Iterable[tuple[Checkup, list[Finding]]], console: Console
) -> Iterator[Finding]:
    """Each finding once it is on the screen."""
    if not console.is_terminal:
        for _, found in examined:
            for finding in found:
                console.file.write(finding.line + "\n")
                yield finding
        return
    with Progress(SpinnerColumn(), TextColumn("{task.description}"), console=console, transient=True) as progress:
        waiting = {each.system: progress.add_task(f"looking at {each.system}", total=None) for each in wanted}
        for each, found in examined:
            progress.remove_task(waiting[each.system])
            for finding in found:
                console.print(Text(finding.line, STYLES[finding.level]), soft_wrap=True)
                yield finding
