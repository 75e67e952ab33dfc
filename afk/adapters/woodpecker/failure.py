"""Find out what a corrective turn must know of a failed pipeline: workflow, step, and the end of its log."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from afk.adapters.http import documented
from afk.adapters.woodpecker.server import SYSTEM
from afk.core.text import plain
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from afk.adapters.woodpecker.server import Home, Server
    from afk.core.model import StageReading

LINES_MAX = 20
LINE_LIMIT = 300
BAD = ("failure", "error", "killed")  # the most telling first
SPOKEN = frozenset({0, 1})  # standard output and error; the others are no words
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def described(server: Server, home: Home, number: int, reading: StageReading) -> StageReading:
    """The reading with what can be learnt. What cannot is left out: red it is anyway."""
    subject = f"pipeline {number} of {home.slug}"
    try:
        with documented(SYSTEM, subject):
            row = server.pipeline(home, number)
            workflow = _worst(row.get("workflows") or ())
            step = _worst(workflow.get("children") or ())
            told = [each["message"] for each in row.get("errors") or () if not each.get("is_warning")]
            told += [each["error"] for each in (workflow, step) if each.get("error")]
            job, name, step_id = workflow.get("name", ""), step.get("name", ""), step.get("id")
    except PortError:
        return reading
    said = [plain(line, LINE_LIMIT) for line in told][:LINES_MAX]
    tail = _tail(server, home, number, int(step_id), LINES_MAX - len(said)) if step_id else []
    return replace(reading, job=job, step=name, errors=(*said, *tail))


def _worst(rows: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    for state in BAD:
        for row in rows:
            if row["state"] == state:
                return row
    return {}


def _tail(server: Server, home: Home, number: int, step: int, count: int) -> list[str]:
    try:
        with documented(SYSTEM, f"log of pipeline {number} of {home.slug}"):
            rows = [row for row in server.log(home, number, step) if row.get("type", 0) in SPOKEN]
            raw = [base64.b64decode(row["data"] or "").decode(errors="replace") for row in rows]
    except PortError:
        return []
    lines = [plain(_COLOUR.sub("", line), LINE_LIMIT) for line in raw]
    spoken = [line for line in lines if line]
    return spoken[max(0, len(spoken) - count) :] if count > 0 else []
