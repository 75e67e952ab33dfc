"""Show the demo: what happens line by line, and on a terminal below it how everything stands."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

    from afk.sandbox.village import Plot

FRAMES = 5  # a second


@dataclass
class Screen:
    """Without a terminal only the lines, each with the seconds since the start."""

    console: Console = field(default_factory=lambda: Console(file=sys.stdout, highlight=False, markup=False))
    places: dict[str, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)
    plots: Callable[[], Sequence[Plot]] = tuple
    waits_for: str = ""
    live: Live | None = None

    def __enter__(self) -> Self:
        if self.console.is_terminal:
            self.live = Live(get_renderable=self._view, console=self.console, refresh_per_second=FRAMES, transient=True)
            self.live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def tell(self, text: str) -> None:
        self.console.print(f"[{self.seconds:3.0f} s] {text}", soft_wrap=True)

    def act(self, title: str) -> None:
        self.console.print(Text(f"\n{title}", style="bold"), soft_wrap=True)

    def look_here(self, places: dict[str, str]) -> None:
        self.places = places
        for what, where in places.items():
            self.console.print(f"        {what:<14} {where}", soft_wrap=True)

    def _view(self) -> Group:
        table = Table("issue", "title", "in the tracker", "agent in T3", "CI", box=None, padding=(0, 2, 0, 0))
        for plot in self.plots():
            table.add_row(plot.issue, plot.title, plot.tracker, plot.agent, plot.ci)
        where = Text("   ".join(f"{what}: {address}" for what, address in self.places.items()), style="dim")
        now = Text(f"{self.seconds:3.0f} s  waiting for {self.waits_for}" if self.waits_for else "", style="cyan")
        return Group(Text(), table, where, now)
