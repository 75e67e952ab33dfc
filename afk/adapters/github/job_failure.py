"""Find out what a corrective turn must know of a failed check: job, step, link and the first error lines."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from afk.adapters.github.answer import understood
from afk.adapters.github.check_fold import Mark, mark
from afk.core.text import plain
from afk.ports import PortError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.adapters.github.check_fold import Check
    from afk.adapters.github.client import Client
    from afk.core.model import Slug, StageReading

LINES_MAX = 20
LINE_LIMIT = 300
_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ?")
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_COMMAND = re.compile(r"^##\[(?:error|warning|debug|command|notice|section)\]")
_FOLD = re.compile(r"^##\[(?:group|endgroup)\]")
_ERROR = re.compile(
    r"##\[error\]|\b(?:\w*error|\w*exception|fail(?:ed|ure|s)?|fatal|panic|traceback|assert\w*)\b|^E\s", re.IGNORECASE
)


class JobFailures:
    def __init__(self, client: Client) -> None:
        self._client = client

    def described(self, slug: Slug, check: Check, reading: StageReading) -> StageReading:
        """The reading with what can be learnt about the check. What cannot is left out: red it is anyway."""
        plainly = replace(reading, job=check.name, url=check.url or reading.url, errors=_said(check))
        try:
            job = self._job(slug, check)
            return plainly if job is None else self._of_job(slug, check, job, plainly)
        except PortError:
            return plainly

    def _job(self, slug: Slug, check: Check) -> Mapping[str, Any] | None:
        """A check run of Actions and its job have the same id."""
        if check.job is not None:
            found: Mapping[str, Any] = self._client.json(
                slug, "GET", f"/actions/jobs/{check.job}", f"{slug} {check.name}"
            )
            return found
        if check.run is None:
            return None
        tail = f"/actions/runs/{check.run}/jobs"
        with understood(tail):
            for rows in self._client.pages(slug, tail, f"{slug} {check.name}", "jobs", filter="latest"):
                for row in rows:
                    if mark(row["status"], row["conclusion"]) is Mark.FAILED:
                        return dict(row)
        return None

    def _of_job(self, slug: Slug, check: Check, job: Mapping[str, Any], reading: StageReading) -> StageReading:
        with understood(f"job of {check.name} in {slug}"):
            steps = job.get("steps") or ()
            step = next((s["name"] for s in steps if mark(s["status"], s["conclusion"]) is Mark.FAILED), "")
            name = check.name if check.job else f"{check.name} / {job['name']}"
            errors = self._errors(slug, int(job["id"])) or reading.errors
            return replace(reading, job=name, step=step, url=job["html_url"] or reading.url, errors=errors)

    def _errors(self, slug: Slug, job: int) -> tuple[str, ...]:
        """A job that failed keeps its log: one that was read once is not fetched again."""
        key = f"github.errors.{slug}.{job}"
        if kept := self._client.memory.get(key):
            return tuple(json.loads(kept))
        try:
            log = self._client.rest(slug, "GET", f"/actions/jobs/{job}/logs", f"{slug} {job}").text
        except PortError:
            return ()
        found = error_lines(log)
        self._client.memory[key] = json.dumps(found)
        return found


def error_lines(log: str) -> tuple[str, ...]:
    """At most twenty lines: those that speak of an error first, then the end of the log."""
    raw = [_COLOUR.sub("", _STAMP.sub("", line)).rstrip() for line in log.splitlines()]
    lines = [line for line in raw if line and not _FOLD.match(line)]
    errors = [place for place, line in enumerate(lines) if _ERROR.search(line)][:LINES_MAX]
    known = set(errors)
    rest = [place for place in range(len(lines)) if place not in known]
    chosen = [*errors, *rest[len(rest) - (LINES_MAX - len(errors)) if len(rest) > LINES_MAX - len(errors) else 0 :]]
    return tuple(plain(_COMMAND.sub("", lines[place]), LINE_LIMIT) for place in chosen[:LINES_MAX])


def _said(check: Check) -> tuple[str, ...]:
    return (plain(check.says, LINE_LIMIT),) if check.says else ()
