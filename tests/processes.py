"""Tell whether a process is still there."""

from __future__ import annotations

from pathlib import Path


def is_there(pid: int) -> bool:
    """One that nobody has buried yet is gone all the same."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
