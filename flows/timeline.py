"""Draw the life of a run as a picture that Prefect's artifact pages can show."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from afk.core.run import Run, TurnKind, Verdict
from afk.core.wording import duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

WIDTH, LEFT, RIGHT = 760, 90, 20
ROW, BAR = 34, 16
AGENT, CI, PERSON, MARK = "#2563eb", "#d97706", "#7c3aed", "#111827"
VERDICTS = {Verdict.GREEN: "#16a34a", Verdict.RED: "#dc2626", Verdict.PENDING: CI}
TURNS = {
    TurnKind.FIRST: "first turn",
    TurnKind.FIX_FORWARD: "correction",
    TurnKind.NUDGE: "reminder",
    TurnKind.RESTART: "restart",
    TurnKind.WORDS: "words",
}


@dataclass(frozen=True, slots=True)
class Span:
    """A bar of one lane, or a mark where it ends when it begins."""

    lane: int
    label: str
    begins: datetime
    ends: datetime
    colour: str


LANES = ("agent", "CI", "person")


def picture(run: Run) -> str:
    """Markdown of an image that carries itself: both of Prefect's pages show it, and neither shows a diagram alike."""
    svg = b64encode(drawing(run).encode()).decode()
    return f"![timeline of {run.id}](data:image/svg+xml;base64,{svg})"


def spans(run: Run) -> Iterator[Span]:
    """Only what is recorded: the picture of a run that did not change does not change."""
    end = _last_known(run)
    sent = [turn for turn in run.turns if turn.sent_at is not None]
    ends = [*(turn.sent_at for turn in sent[1:]), run.outcome_at or end]
    for turn, until in zip(sent, ends, strict=False):
        assert turn.sent_at is not None
        yield Span(0, TURNS[turn.kind], turn.sent_at, max(until or end, turn.sent_at), AGENT)
    if run.commit_at is not None:
        decided = run.verdict_at if run.verdict_at is not None and run.verdict_at >= run.commit_at else end
        yield Span(1, f"{run.commit[:7]} {run.verdict.value}", run.commit_at, decided, VERDICTS[run.verdict])
    if run.first_red_at is not None and run.verdict is not Verdict.RED:
        yield Span(1, "first red", run.first_red_at, run.first_red_at, VERDICTS[Verdict.RED])
    if run.asked_at is not None:
        yield Span(2, "asked", run.asked_at, run.outcome_at or end, PERSON)
    if run.outcome_at is not None and run.outcome is not None:
        yield Span(2, run.outcome.value, run.outcome_at, run.outcome_at, MARK)


def _last_known(run: Run) -> datetime:
    moments = (run.claimed_at, run.started_at, run.commit_at, run.verdict_at, run.asked_at, run.outcome_at)
    return max(moment for moment in (*moments, *(turn.sent_at for turn in run.turns)) if moment is not None)


def drawing(run: Run) -> str:
    begin, end = run.claimed_at, _last_known(run)
    whole = max((end - begin).total_seconds(), 1.0)
    height = ROW * len(LANES) + 34

    def across(at: datetime) -> float:
        share = (at - begin).total_seconds() / whole
        return LEFT + (WIDTH - LEFT - RIGHT) * min(max(share, 0.0), 1.0)

    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
            f'viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">'
        ),
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        *(_lane(number, name) for number, name in enumerate(LANES)),
        *(_bar(span, across(span.begins), across(span.ends)) for span in spans(run)),
        *(_second(at, across(begin) + (across(end) - across(begin)) * at / 4, whole) for at in range(5)),
        "</svg>",
    ]
    return "\n".join(parts)


def _lane(number: int, name: str) -> str:
    top = ROW * number + 8
    return (
        f'<text x="8" y="{top + 13}" fill="#374151">{name}</text>'
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{top + BAR}" y2="{top + BAR}" stroke="#e5e7eb"/>'
    )


def _bar(span: Span, begins: float, ends: float) -> str:
    top = ROW * span.lane + 8
    width = max(ends - begins, 3.0)
    text_at, anchor = (begins + 2, "start") if begins < WIDTH / 2 else (begins + width, "end")
    return (
        f'<rect x="{begins:.1f}" y="{top}" width="{width:.1f}" height="{BAR}" rx="3" fill="{span.colour}" '
        f'fill-opacity="0.75" stroke="#ffffff"/>'
        f'<text x="{text_at:.1f}" y="{top + BAR + 12}" text-anchor="{anchor}" fill="#111827">'
        f"{escape(span.label)}</text>"
    )


def _second(part: int, x: float, whole: float) -> str:
    anchor = "start" if part == 0 else "end" if part == 4 else "middle"  # noqa: PLR2004 - four quarters
    y = ROW * len(LANES) + 26
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" fill="#6b7280">{duration(whole * part / 4)}</text>'
