"""Lay out what is armed, running and waiting as Slack messages that also read well as plain text. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.core import slack_words as words
from afk.core import wording
from afk.core.gates import off_line
from afk.core.slack_text import escaped, moment
from afk.core.text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from afk.core.records import Armed, Verdicted
    from afk.core.run import Run
    from afk.operations import Status

    Part = dict[str, Any]

ROWS = 25  # of a table; Slack allows 100, and some 13,000 characters in a message
CELL = 60
TITLE = 80
SECTION = 2_800
TEXT = 3_900
TICKS = 8


def said(text: str) -> Part:
    """One sentence for the person who asked. `text` is escaped already."""
    return {"response_type": "ephemeral", "text": text}


def status(now: Status) -> Part:
    lines = [
        headline(now),
        *(_repo_line(name, now) for name in now.enrolled),
        *(["Running:"] + [run_line(run, now.at) for run in now.live] if now.live else ["Nothing is running."]),
        *(["Waiting:"] + [waiting_line(each) for each in now.decisions] if now.decisions else []),
        *tick_lines(now),
    ]
    blocks = [_section(headline(now)), *_repo_table(now), *_listing("Running", [run_line(r, now.at) for r in now.live])]
    blocks += _listing("Waiting", [waiting_line(each) for each in now.decisions])
    if ticks := tick_lines(now):
        blocks.append({"type": "context", "elements": [_mrkdwn(line) for line in ticks]})
    return said(words.lines_within(lines, TEXT)) | {"blocks": blocks}


def headline(now: Status) -> str:
    off = off_line(now.off, now.ticks.get("poll"), now.at)
    if off:
        return words.shown(off, 600)
    if not now.enrolled:
        return "AFK is on, and no repository is enrolled. Hint: the operator sets AFK_ALLOWLIST or a rules file"
    return f"AFK is on: {len(now.armed)} of {len(now.enrolled)} repositories armed, {len(now.live)} running."


def why(decision: Verdicted) -> Part:
    ref, text = words.shown(str(decision.ref), words.NAME), words.shown(wording.why_not(decision), 1_500)
    since = f"{decision.at:%Y-%m-%d %H:%M} UTC"
    rows = [_cells("Issue", "Code", "Since"), _cells(str(decision.ref), decision.code, since)]
    told = said(f"{ref}: {text} [{escaped(decision.code, 40)}, since {moment(decision.at)}]")
    return told | {"blocks": [_section(f"{ref}: {text}"), _table(rows)]}


def history(runs: Sequence[Run], now: datetime) -> Part:
    if not runs:
        return said("There is no run yet. Hint: /afk status")
    lines = [run_line(run, now) for run in runs]
    rows = [_cells("Issue", "Attempt", "State", "Took", "Title")]
    rows += [
        _cells(str(run.ref), str(run.attempt), state(run), _took(run, now), plain(run.title, CELL))
        for run in runs[:ROWS]
    ]
    return said(words.lines_within(lines, TEXT)) | {"blocks": [_section("The newest runs:"), _table(rows)]}


def run_line(run: Run, now: datetime) -> str:
    about = f"{words.shown(str(run.ref), words.NAME)} attempt {run.attempt}"
    where = " · ".join(link for link in (_took(run, now), f"since {moment(run.claimed_at)}") if link)
    return f"• {about}: {escaped(state(run), CELL)} · {where} · {escaped(run.title, TITLE)}"


def waiting_line(decision: Verdicted) -> str:
    return f"• {words.shown(str(decision.ref), words.NAME)}: {words.shown(wording.why_not(decision), 300)}"


def tick_lines(now: Status) -> list[str]:
    ago = {name: wording.duration((now.at - tick.at).total_seconds()) for name, tick in now.ticks.items()}
    return [
        f"Last {escaped(name, 20)}: {ago[name]} ago, {escaped(tick.summary, 120)}"
        for name, tick in sorted(now.ticks.items())[:TICKS]
    ]


def state(run: Run) -> str:
    """Its outcome, or what it waits for."""
    if run.outcome is not None:
        return run.outcome.value if run.finished_at else f"{run.outcome.value}, ending"
    return run.reason.value if run.reason else "starting"


def armed_words(armed: Armed | None) -> str:
    if armed is None:
        return "not armed"
    until = f" until {moment(armed.until)}" if armed.until else ""
    because = f", because {escaped(armed.because, 120)}" if armed.because else ""
    return f"armed by {words.who(armed.by)}{until}{because}"


def _repo_line(name: str, now: Status) -> str:
    armed = {each.repo: each for each in now.armed}
    return f"• {escaped(name, CELL)}: {armed_words(armed.get(name))}"


def _repo_table(now: Status) -> list[Part]:
    if not now.enrolled:
        return []
    armed = {each.repo: each for each in now.armed}
    rows = [_cells("Repository", "Armed", "Until", "By", "Because")]
    for name in now.enrolled[:ROWS]:
        each = armed.get(name)
        if each is None:
            rows.append(_cells(name, "no", "", "", ""))
        else:
            until = f"{each.until:%Y-%m-%d %H:%M} UTC" if each.until else ""
            rows.append([*_cells(name, "yes", until), _person(each.by), *_cells(each.because)])
    missing = len(now.enrolled) - ROWS
    return [_table(rows), *([_section(f"… and {missing} more repositories")] if missing > 0 else [])]


def _listing(title: str, lines: Sequence[str]) -> list[Part]:
    return [_section(words.lines_within([f"*{title}*", *lines], SECTION))] if lines else []


def _took(run: Run, now: datetime) -> str:
    return wording.duration(((run.outcome_at or now) - run.claimed_at).total_seconds())


def _cells(*texts: str) -> list[Part]:
    return [{"type": "raw_text", "text": plain(text, CELL) or "-"} for text in texts]


def _person(name: str) -> Part:
    mention = words.who(name)
    if not mention.startswith("<@"):
        return _cells(name)[0]
    section = {"type": "rich_text_section", "elements": [{"type": "user", "user_id": name}]}
    return {"type": "rich_text", "elements": [section]}


def _table(rows: list[list[Part]]) -> Part:
    return {"type": "table", "rows": rows}


def _section(text: str) -> Part:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Part:
    return {"type": "mrkdwn", "text": text, "verbatim": True}
