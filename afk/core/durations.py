"""Read a span of time as people write it: `30m`, `8h`, `2d`, `1h30m`."""

from __future__ import annotations

import re
from datetime import timedelta

UNITS = {"m": "minutes", "min": "minutes", "h": "hours", "d": "days", "w": "weeks"}
LEGAL = "such as 30m, 8h, 2d or 1h30m, up to 365 days"
LONGEST = timedelta(days=365)

_SPAN = re.compile(r"(?:[0-9]{1,5}\s?(?:min|m|h|d|w)\s?)+", re.IGNORECASE)
_PART = re.compile(r"([0-9]{1,5})\s?(min|m|h|d|w)", re.IGNORECASE)


def parse_duration(text: str) -> timedelta:
    """Raise ValueError, with the legal forms, for anything else."""
    if not _SPAN.fullmatch(text.strip()):
        raise ValueError(f"{text[:40]!r} is not a span of time: write one {LEGAL}")
    parts = [timedelta(**{UNITS[unit.lower()]: int(amount)}) for amount, unit in _PART.findall(text)]
    span = sum(parts, timedelta())
    if not timedelta() < span <= LONGEST:
        raise ValueError(f"{text[:40]!r} is out of range: write one {LEGAL}")
    return span
